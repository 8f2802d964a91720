//! Reads what a server tells a watcher: a snapshot, an event, a gap, the end.
//!
//! It finds the few numbers that matter without a JSON parser, because a load generator
//! must not cost more than the server. Weir's messages begin with their kind; a message of
//! another server is an event if it contains `"seq":N`, and `"at":N` dates it.

/// A message of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// The status of the match. The first event after it has the number `next`, if known.
    Snapshot { next: Option<u64> },
    /// An event with its number, published at `at`, in microseconds since the epoch.
    Event { seq: u64, at: Option<u64> },
    /// The watcher lost the events from `from` to `to`, both included.
    Gap { from: u64, to: u64 },
    /// The match sends nothing more, with the reason.
    End { why: &'a str },
    /// The server refuses to let the client watch, with the name of the error.
    Refused { name: &'a str },
    /// A message without a number.
    Other,
}

/// Reads a message. `None` if it says to be one of ours and lacks its numbers.
pub(super) fn read(text: &[u8]) -> Option<Message<'_>> {
    if let Some(rest) = text.strip_prefix(br#"{"event":{"seq":"#) {
        let (seq, rest) = number(rest)?;
        let at = rest.strip_prefix(br#","at":"#).and_then(number).map(|(at, _)| at);
        return Some(Message::Event { seq, at });
    }
    if text.starts_with(br#"{"snapshot":"#) {
        return Some(Message::Snapshot { next: last_after(text, br#""next":"#) });
    }
    if text.starts_with(br#"{"gap":"#) {
        let (from, to) = (after(text, br#""from":"#)?, after(text, br#""to":"#)?);
        return (from <= to).then_some(Message::Gap { from, to });
    }
    if text.starts_with(br#"{"end":"#) {
        return Some(Message::End { why: word(text, br#""why":""#).unwrap_or("the match is over") });
    }
    if text.starts_with(br#"{"error":"#) {
        return Some(Message::Refused { name: word(text, br#""name":""#).unwrap_or("an error") });
    }
    match after(text, br#""seq":"#) {
        Some(seq) => Some(Message::Event { seq, at: after(text, br#""at":"#) }),
        None if text.starts_with(br#"{"event":"#) => None,
        None => Some(Message::Other),
    }
}

/// Reads the number at the beginning of `text`, and returns what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // 19 digits never overflow.
    if !(1..=19).contains(&digits) {
        return None;
    }
    let value = text[..digits].iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    Some((value, &text[digits..]))
}

/// Returns the number after the first `key`.
fn after(text: &[u8], key: &[u8]) -> Option<u64> {
    let at = text.windows(key.len()).position(|window| window == key)?;
    number(&text[at + key.len()..]).map(|(value, _)| value)
}

/// Returns the number after the last `key`. A snapshot ends with it, behind all names.
fn last_after(text: &[u8], key: &[u8]) -> Option<u64> {
    let at = text.windows(key.len()).rposition(|window| window == key)?;
    number(&text[at + key.len()..]).map(|(value, _)| value)
}

/// Returns the text between `key` and the next quotation mark.
fn word<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let at = text.windows(key.len()).position(|window| window == key)? + key.len();
    let length = text[at..].iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&text[at..at + length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_the_protocol_are_read() {
        let event =
            br#"{"event":{"seq":17,"at":1764523000123456,"minute":12,"kind":"goal","text":"\"seq\":9"}}"#;
        assert_eq!(read(event), Some(Message::Event { seq: 17, at: Some(1_764_523_000_123_456) }));
        let snapshot = br#"{"snapshot":{"match":"weir-sluice","home":{"name":"\"next\":3"},"next":17}}"#;
        assert_eq!(read(snapshot), Some(Message::Snapshot { next: Some(17) }));
        assert_eq!(read(br#"{"gap":{"from":437,"to":448}}"#), Some(Message::Gap { from: 437, to: 448 }));
        let end = br#"{"end":{"why":"the match is over"}}"#;
        assert_eq!(read(end), Some(Message::End { why: "the match is over" }));
        let error = br#"{"error":{"name":"unknown_match","message":"..."}}"#;
        assert_eq!(read(error), Some(Message::Refused { name: "unknown_match" }));
    }

    #[test]
    fn messages_of_other_servers_are_events_if_they_have_a_number() {
        let other = br#"{"topic":"a","seq":5,"at":7,"body":""}"#;
        assert_eq!(read(other), Some(Message::Event { seq: 5, at: Some(7) }));
        assert_eq!(read(br#"["seq":5]"#), Some(Message::Event { seq: 5, at: None }));
        assert_eq!(read(b"hello"), Some(Message::Other));
        assert_eq!(read(b""), Some(Message::Other));
    }

    #[test]
    fn a_message_without_its_numbers_is_not_guessed() {
        assert_eq!(read(br#"{"event":{"seq":x}}"#), None);
        assert_eq!(read(br#"{"event":{"seq":99999999999999999999}}"#), None);
        assert_eq!(read(br#"{"gap":{"from":5}}"#), None);
        assert_eq!(read(br#"{"gap":{"from":5,"to":4}}"#), None);
        assert_eq!(read(br#"{"event":{}}"#), None);
        assert_eq!(read(br#"{"snapshot":{}}"#), Some(Message::Snapshot { next: None }));
    }
}
