//! A dead letter as JSON: what the API, the page and the command line show of it.

use serde::Serialize;

use crate::engine::DeadEvent;
use crate::http::base64::base64;

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// The number that the header `weir-event` had when the event was accepted.
    pub id: u64,
    /// The number of attempts.
    pub tries: u32,
    /// Why the last attempt failed.
    pub why: String,
    /// The length of the payload in bytes.
    pub bytes: usize,
    /// The payload, or its beginning, if it is text.
    pub payload: Option<String>,
    /// The payload, or its beginning, in base64, if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl DeadLetter {
    /// Returns a dead letter with at most `most` bytes of its payload.
    pub fn new(event: DeadEvent, most: usize) -> Self {
        let DeadEvent { id, payload: whole, tries, why } = event;
        let id = id.0;
        let (payload, base64) = match std::str::from_utf8(&whole) {
            Ok(text) => (Some(beginning(text, most).to_owned()), None),
            Err(_) => (None, Some(base64(&whole[..whole.len().min(most)]))),
        };
        Self { id, tries, why, bytes: whole.len(), payload, base64 }
    }
}

/// Returns at most `most` bytes of a text, in whole characters.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EventId;

    fn letter(payload: &[u8], most: usize) -> DeadLetter {
        let why = "the resource failed".to_owned();
        DeadLetter::new(DeadEvent { id: EventId(7), payload: payload.to_vec(), tries: 3, why }, most)
    }

    #[test]
    fn a_payload_is_text_or_else_base64() {
        let text = letter("ada → ben".as_bytes(), 100);
        assert_eq!((text.payload.as_deref(), text.base64), (Some("ada → ben"), None));
        let bytes = letter(&[0xff, 0xfe, 0xfd, 0xfc], 100);
        assert_eq!((bytes.payload, bytes.base64.as_deref()), (None, Some("//79/A==")));
        assert_eq!(letter(b"", 100).payload.as_deref(), Some(""), "an event without a payload");
    }

    #[test]
    fn a_payload_is_cut_between_characters_and_keeps_its_length() {
        let text = letter("ada → ben".as_bytes(), 5);
        assert_eq!((text.payload.as_deref(), text.bytes), (Some("ada "), 11));
        let bytes = letter(&[0xff; 50], 3);
        assert_eq!((bytes.base64.as_deref(), bytes.bytes), (Some("////"), 50));
    }
}
