//! Reads a client of a [taken](super::TakenSocket) WebSocket without a task of its own: bytes in,
//! texts and answers out.
//!
//! For an owner of many sockets, which writes them itself. A reader that waits for a message
//! holds no buffer.

use super::codec::{Decoder, Event, MessageLimits};
use super::frame::{CloseCode, Opcode, append, append_close, close_frame};

/// Reads what a client sends, and answers pings and closes.
#[derive(Debug)]
pub(in crate::http) struct SocketReader {
    limits: MessageLimits,
    /// Present while something is half read.
    decoder: Option<Box<Decoder>>,
    is_over: bool,
}

impl SocketReader {
    pub(in crate::http) fn new(limits: MessageLimits) -> Self {
        Self { limits, decoder: None, is_over: false }
    }

    /// Takes bytes from the client. Appends frames to `answers`: pongs, what `on_message` appends
    /// for each message (`None` for one that is not text), and the close frame. Returns false
    /// once the socket must be closed behind the answers; `on_message` closes it by
    /// returning a code.
    pub(in crate::http) fn feed(
        &mut self,
        mut bytes: &[u8],
        answers: &mut Vec<u8>,
        mut on_message: impl FnMut(Option<&str>, &mut Vec<u8>) -> Option<CloseCode>,
    ) -> bool {
        let mut decoder = self.decoder.take().map_or_else(Decoder::default, |decoder| *decoder);
        while !self.is_over {
            let closed = match decoder.next(&mut bytes, self.limits) {
                Ok(None) => break,
                Ok(Some(Event::Text(text))) => on_message(Some(&text), answers),
                Ok(Some(Event::Binary(_))) => on_message(None, answers),
                Ok(Some(Event::Ping(payload))) => {
                    append(Opcode::Pong, &payload, answers);
                    None
                }
                Ok(Some(Event::Pong)) => None,
                Ok(Some(Event::Close(code))) => {
                    answers.extend_from_slice(&close_frame(code));
                    self.is_over = true;
                    None
                }
                Err(code) => Some(code),
            };
            if let Some(code) = closed {
                append_close(code, "", answers);
                self.is_over = true;
            }
        }
        if !self.is_over && !decoder.is_idle() {
            self.decoder = Some(Box::new(decoder));
        }
        !self.is_over
    }
}
