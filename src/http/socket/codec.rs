//! Decodes what a WebSocket client sends: bytes in, events out (RFC 6455).
//!
//! The decoder knows no socket, no clock and no task. Bytes may be cut anywhere: feeding them
//! in parts gives the same events as feeding them at once, which a property test checks.
//!
//! The rules that are easy to miss: a payload is taken as it comes, so a length that is only
//! promised costs nothing. Control frames may stand between the frames of a message. A text is
//! checked part by part, so that its first wrong byte ends the connection. What follows a
//! close frame is ignored.

mod head;
mod message;

use self::head::{Head, HeadReader};
use self::message::Message;
use super::frame::{CloseCode, Opcode};

/// The largest message that a client may send.
#[derive(Debug, Clone, Copy)]
pub struct MessageLimits {
    /// Bytes of a message.
    pub size: usize,
    /// Frames of a message.
    pub frames: u32,
}

/// A message or control frame of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Text(String),
    Binary(Vec<u8>),
    /// A ping, which the server answers with the same bytes.
    Ping(Vec<u8>),
    Pong,
    /// The client's last frame, with its code if it has one.
    Close(Option<CloseCode>),
}

/// The state between two parts of what a client sends.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    head: HeadReader,
    frame: Option<Frame>,
    /// The incomplete message: more frames must come, or its first frame is being read.
    message: Option<Message>,
    /// True after a close frame or an error.
    is_over: bool,
}

/// A frame whose payload is being read.
#[derive(Debug)]
struct Frame {
    head: Head,
    /// The bytes still missing.
    left: u64,
    /// The payload of a control frame.
    control: Vec<u8>,
}

impl Decoder {
    /// Returns true if nothing is half read, so that a new decoder can take over.
    pub(super) fn is_idle(&self) -> bool {
        self.head.is_empty() && self.frame.is_none() && self.message.is_none() && !self.is_over
    }

    /// Decodes up to the next event, and takes what it decodes off `bytes`. What stands behind
    /// the event stays, so behind a message the socket can change its owner. `None` needs more
    /// bytes.
    ///
    /// # Errors
    /// The code to close with, if the client violates the protocol or `limits`. What is fed
    /// afterwards is ignored.
    pub(super) fn next(
        &mut self,
        bytes: &mut &[u8],
        limits: MessageLimits,
    ) -> Result<Option<Event>, CloseCode> {
        let event = self.decode(bytes, limits);
        if event.is_err() {
            *self = Self { is_over: true, ..Self::default() };
        }
        event
    }

    fn decode(&mut self, bytes: &mut &[u8], limits: MessageLimits) -> Result<Option<Event>, CloseCode> {
        while !bytes.is_empty() && !self.is_over {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.head.read(bytes)? {
                    Some(head) => self.begin(head, limits)?,
                    None => return Ok(None),
                },
            };
            let size = usize::try_from(frame.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (part, rest) = bytes.split_at(size);
            *bytes = rest;
            let position = frame.head.size - frame.left;
            frame.left -= size as u64;
            let is_complete = frame.left == 0;
            if frame.head.opcode.is_control() {
                let from = frame.control.len();
                frame.control.extend_from_slice(part);
                unmask(&mut frame.control[from..], frame.head.mask, position);
            } else if let Some(message) = &mut self.message {
                unmask(message.add(part, limits), frame.head.mask, position);
                message.check(is_complete && frame.head.is_last)?;
            }
            if !is_complete {
                self.frame = Some(frame);
            } else if let Some(event) = self.end(frame)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Begins a frame, if it may stand here and is not too large.
    fn begin(&mut self, head: Head, limits: MessageLimits) -> Result<Frame, CloseCode> {
        match (head.opcode, &self.message) {
            (Opcode::Text | Opcode::Binary, None) => {
                self.message = Some(Message::new(head.opcode == Opcode::Text));
            }
            // A message inside of a message, or the continuation of none.
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => {
                return Err(CloseCode::PROTOCOL_ERROR);
            }
            (Opcode::Continuation, Some(_)) | (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        if let Some(message) = self.message.as_mut().filter(|_| !head.opcode.is_control()) {
            message.add_frame(head.size, limits)?;
        }
        Ok(Frame { head, left: head.size, control: Vec::new() })
    }

    /// Ends a frame whose payload is complete.
    fn end(&mut self, frame: Frame) -> Result<Option<Event>, CloseCode> {
        Ok(match frame.head.opcode {
            Opcode::Ping => Some(Event::Ping(frame.control)),
            Opcode::Pong => Some(Event::Pong),
            Opcode::Close => {
                let code = close_code(&frame.control)?;
                self.is_over = true;
                Some(Event::Close(code))
            }
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                match self.message.take_if(|_| frame.head.is_last) {
                    Some(message) => Some(message.finish()?),
                    None => None,
                }
            }
        })
    }
}

/// Returns the code in the payload of a close frame: nothing, or a code and a reason.
fn close_code(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    if payload.is_empty() {
        return Ok(None);
    }
    let Some((number, reason)) = payload.split_first_chunk() else {
        return Err(CloseCode::PROTOCOL_ERROR);
    };
    let code = CloseCode::received(u16::from_be_bytes(*number)).ok_or(CloseCode::PROTOCOL_ERROR)?;
    std::str::from_utf8(reason).map_err(|_| CloseCode::INVALID_TEXT)?;
    Ok(Some(code))
}

/// Removes the mask from the bytes at `position` of a payload.
fn unmask(bytes: &mut [u8], mut mask: [u8; 4], position: u64) {
    mask.rotate_left((position % 4) as usize);
    // Four bytes at a time: a byte at a time takes several times as long.
    let (groups, rest) = bytes.as_chunks_mut::<4>();
    for group in groups {
        *group = (u32::from_ne_bytes(*group) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
