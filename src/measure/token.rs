//! The secret that a request carries to change something at a server.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use hyper::header::HeaderName;
use thiserror::Error;

/// The header that carries it; `Authorization: Bearer` does too.
pub const TOKEN_HEADER: HeaderName = HeaderName::from_static("weir-token");

/// The longest token, in characters.
const LONGEST: usize = 256;

/// A secret, printed only on purpose: its `Debug` is not it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A text that cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a token is 1 to {LONGEST} of A-Z, a-z, 0-9, \".\", \"_\", \"~\" and \"-\"")]
pub struct TokenError;

impl Token {
    /// A new one, of 128 bits from the system's random source.
    ///
    /// # Errors
    /// When that source cannot be read.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The secret, to be shown or sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the secret, in a time that tells its length and nothing of
    /// what is in it.
    pub fn is(&self, carried: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        let pairs = carried.iter().zip(secret);
        let differs = pairs.fold(0, |differs, (a, b)| std::hint::black_box(differs | (a ^ b)));
        carried.len() == secret.len() && differs == 0
    }
}

impl std::str::FromStr for Token {
    type Err = TokenError;

    /// Takes what can stand in a header and behind `#token=` as it is.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"._~-".contains(&c);
        match (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(TokenError),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_token_is_long_and_never_the_same() {
        let (a, b) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(a.reveal().len(), 32);
        assert_ne!(a, b);
        assert_eq!(a.reveal().parse::<Token>().unwrap(), a);
        assert!(!format!("{a:?}").contains(a.reveal()));
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token: Token = "secret-1".parse().unwrap();
        assert!(token.is(b"secret-1"));
        for wrong in ["", "secret-", "secret-11", "secret-2", "SECRET-1"] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_token() {
        for wrong in ["", "a b", "a\n", "ä", "a#b", &"x".repeat(257)] {
            assert_eq!(wrong.parse::<Token>(), Err(TokenError), "{wrong:?}");
        }
    }
}
