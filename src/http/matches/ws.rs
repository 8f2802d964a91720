//! Watchers over WebSocket: one text frame a message, a close frame with a code at the end, and
//! pings.

use crate::http::socket::{CloseCode, Opcode, SocketReader, append, append_close};
use crate::http::{MessageLimits, text_frame};
use crate::lab::matches::{Ending, Heard, Message, Reader, Transport};

use super::command::{self, Command, Wrong};

/// The messages of a client, which are commands.
pub(super) const MESSAGES: MessageLimits = MessageLimits { size: 4 * 1024, frames: 64 };

/// The transport.
#[derive(Debug)]
pub(super) struct WebSockets;

impl Transport for WebSockets {
    fn name(&self) -> &'static str {
        "ws"
    }

    fn frame(&self, message: Message<'_>, out: &mut Vec<u8>) {
        append(Opcode::Text, message.json.as_bytes(), out);
    }

    fn last(&self, why: Ending, out: &mut Vec<u8>) {
        // Every ending has a code that may be in a frame.
        let code = CloseCode::received(why.code()).unwrap_or(CloseCode::NORMAL);
        append_close(code, &why.to_string(), out);
    }

    fn ping(&self, out: &mut Vec<u8>) {
        append(Opcode::Ping, &[], out);
    }

    fn is_answered(&self) -> bool {
        true
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Commands(SocketReader::new(MESSAGES)))
    }
}

/// Reads the commands of a watcher. It may leave.
struct Commands(SocketReader);

impl Reader for Commands {
    fn feed(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Heard {
        let is_open = self.0.feed(bytes, answers, |text, answers| {
            let wrong = match text.map(command::read) {
                Some(Ok(Command::Leave)) => return Some(CloseCode::NORMAL),
                Some(Ok(Command::Watch(_))) => Wrong::already_watching(),
                Some(Err(wrong)) => wrong,
                None => Wrong::binary(),
            };
            answers.extend_from_slice(&text_frame(&wrong.json()));
            None
        });
        if is_open { Heard::Open } else { Heard::Ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame with the mask 0, which leaves the payload as it is.
    fn sent(first: u8, payload: &str) -> Vec<u8> {
        [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload.as_bytes()].concat()
    }

    #[test]
    fn each_ending_has_a_close_frame_with_its_code_and_its_words() {
        let endings = [Ending::NotBegun, Ending::Over, Ending::Restarted, Ending::Silent, Ending::Behind];
        for why in endings.into_iter().chain([Ending::Unread, Ending::ShuttingDown]) {
            let mut out = Vec::new();
            WebSockets.last(why, &mut out);
            assert_eq!(out[..2], [0x88, out.len() as u8 - 2]);
            assert_eq!(out[2..4], why.code().to_be_bytes());
            assert_eq!(out[4..], *why.to_string().as_bytes());
        }
    }

    #[test]
    fn commands_that_are_cut_at_any_byte_are_answered_alike() {
        let session = [
            sent(0x89, "?"),
            sent(0x01, r#"{"command":"#),
            sent(0x8a, ""),
            sent(0x80, r#""dance"}"#),
            sent(0x82, "bytes"),
            sent(0x81, r#"{"command":"watch","user":"ada","match":"a"}"#),
            sent(0x81, r#"{"command":"leave"}"#),
            sent(0x89, "late"),
        ]
        .concat();
        let mut whole = Vec::new();
        assert_eq!(WebSockets.reader().feed(&session, &mut whole), Heard::Ended);
        let text = String::from_utf8_lossy(&whole);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is missing in {text}"));
        assert!(at("unknown_command") < at("not_json") && at("not_json") < at("already_watching"));
        assert!(whole.starts_with(b"\x8a\x01?") && whole.ends_with(b"\x88\x02\x03\xe8"), "{text}");
        for at in 0..=session.len() {
            let (mut reader, mut answers) = (WebSockets.reader(), Vec::new());
            reader.feed(&session[..at], &mut answers);
            assert_eq!(reader.feed(&session[at..], &mut answers), Heard::Ended);
            assert_eq!(answers, whole, "cut at {at}");
        }
    }

    #[test]
    fn a_close_is_answered_with_its_code_and_a_violation_with_its_own() {
        let close: Vec<u8> = [&[0x88, 0x82, 0, 0, 0, 0][..], &4000_u16.to_be_bytes()].concat();
        for (bytes, answer) in [
            (close, &b"\x88\x02\x0f\xa0"[..]),
            (sent(0x88, ""), b"\x88\x00"),
            (b"\x81\x05hello".to_vec(), b"\x88\x02\x03\xea"),
            (b"\x81\xfe\xff\xff\0\0\0\0".to_vec(), b"\x88\x02\x03\xf1"),
        ] {
            let mut answers = Vec::new();
            assert_eq!(WebSockets.reader().feed(&bytes, &mut answers), Heard::Ended);
            assert_eq!(answers, answer);
        }
    }
}
