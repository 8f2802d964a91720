//! Names as parts of a NATS subject.

use crate::trouble::NatsError;

/// Writes a name as one part of a subject. Letters, digits, `-` and `_` stay as they are; every
/// other byte becomes `=` and two hexadecimal digits, so different names stay different.
pub(crate) fn escaped(name: &str) -> String {
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            token.push(char::from(byte));
        } else {
            token.push('=');
            token.push_str(&format!("{byte:02x}"));
        }
    }
    // A subject may not have an empty part, and no other name is written as `=`.
    if token.is_empty() { "=".to_owned() } else { token }
}

/// Checks the name of a stream or bucket, which cannot be escaped.
pub(crate) fn plain(what: &'static str, name: &str) -> Result<String, NatsError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(fits) {
        Ok(name.to_owned())
    } else {
        Err(NatsError::Name { what, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_one_part_of_a_subject() {
        assert_eq!(escaped("room-7_a"), "room-7_a");
        assert_eq!(escaped("a.b *>"), "a=2eb=20=2a=3e");
        assert_eq!(escaped(""), "=");
        assert_eq!(escaped("é"), "=c3=a9");
    }

    #[test]
    fn a_stream_takes_no_dots() {
        assert_eq!(plain("a stream", "weir"), Ok("weir".to_owned()));
        let refused = plain("a stream", "we.ir").unwrap_err().to_string();
        assert_eq!(
            refused,
            "\"we.ir\" cannot name a stream: only letters, digits, `-` and `_` are allowed"
        );
        assert!(plain("a stream", "").is_err());
    }

    proptest! {
        #[test]
        fn no_two_names_are_one(one in ".{0,6}", other in ".{0,6}") {
            prop_assert_eq!(one == other, escaped(&one) == escaped(&other));
            prop_assert!(!escaped(&one).contains(['.', '*', '>', ' ']));
        }
    }
}
