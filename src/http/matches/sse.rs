//! Watchers over server-sent events: one chunk a message, whose `id` lets a client resume.

use std::fmt::Write;

use crate::lab::matches::{Ending, Heard, Message, Reader, Transport};

/// What a stream begins with: a client that is disconnected comes back after this time.
pub(super) const RETRY: &[u8] = b"retry: 1000\n\n";

/// The transport.
#[derive(Debug)]
pub(super) struct ServerSentEvents;

impl Transport for ServerSentEvents {
    fn name(&self) -> &'static str {
        "sse"
    }

    fn frame(&self, message: Message<'_>, out: &mut Vec<u8>) {
        let mut event = String::with_capacity(message.json.len() + 64);
        // Writing to a string never fails.
        if let Some(seq) = message.seq {
            let _ = writeln!(event, "id: {seq}");
        }
        let _ = write!(event, "event: {}\ndata: {}\n\n", message.kind, message.json);
        chunk(event.as_bytes(), out);
    }

    /// The chunk that ends the body.
    fn last(&self, _: Ending, out: &mut Vec<u8>) {
        out.extend_from_slice(b"0\r\n\r\n");
    }

    fn ping(&self, out: &mut Vec<u8>) {
        chunk(b":\n\n", out);
    }

    fn is_answered(&self) -> bool {
        false
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Unheard)
    }
}

fn chunk(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// A client of events has nothing more to say. A further request on the connection is ignored,
/// because the body before it ends with the connection.
struct Unheard;

impl Reader for Unheard {
    fn feed(&mut self, _: &[u8], _: &mut Vec<u8>) -> Heard {
        Heard::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_chunk_with_the_number_to_resume_behind() {
        let mut out = Vec::new();
        ServerSentEvents.frame(Message { kind: "event", seq: Some(17), json: "{}" }, &mut out);
        assert_eq!(out, b"1e\r\nid: 17\nevent: event\ndata: {}\n\n\r\n");
        out.clear();
        ServerSentEvents.frame(Message { kind: "end", seq: None, json: "{}" }, &mut out);
        assert_eq!(out, b"15\r\nevent: end\ndata: {}\n\n\r\n");
        out.clear();
        ServerSentEvents.ping(&mut out);
        ServerSentEvents.last(Ending::Over, &mut out);
        assert_eq!(out, b"3\r\n:\n\n\r\n0\r\n\r\n");
    }
}
