//! Reads the head of a client's frame byte by byte, and refuses it as soon as a byte is
//! wrong.

use crate::http::socket::frame::{CloseCode, LARGEST_CONTROL, Opcode};

/// The longest head: two bytes, eight of length, four of mask.
const LONGEST: usize = 14;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// True for the last frame of a message.
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// The length of the payload, in bytes.
    pub(super) size: u64,
}

/// The part of a head that was received.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    bytes: [u8; LONGEST],
    len: usize,
}

impl HeadReader {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes bytes off `input` until the head is complete, and returns it. `None` needs more
    /// bytes.
    ///
    /// # Errors
    /// 1002 for a head that no client may send.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Head>, CloseCode> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.bytes[self.len] = *byte;
            self.len += 1;
            if let Some(head) = self.head()? {
                self.len = 0;
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    /// Returns the head, if all of it is there.
    fn head(&self) -> Result<Option<Head>, CloseCode> {
        let wrong = Err(CloseCode::PROTOCOL_ERROR);
        let [first, second, rest @ ..] = &self.bytes;
        let is_last = first & 0x80 != 0;
        let Some(opcode) = Opcode::of(first & 0x0f) else { return wrong };
        // No extension was agreed on that would use the reserved bits.
        if first & 0x70 != 0 || opcode.is_control() && !is_last {
            return wrong;
        }
        if self.len < 2 {
            return Ok(None);
        }
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        if !is_masked || opcode.is_control() && usize::from(short) > LARGEST_CONTROL {
            return wrong;
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.len < 2 + extended + 4 {
            return Ok(None);
        }
        let (length, mask) = rest.split_at(extended);
        let size = length.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
        let size = if extended == 0 { u64::from(short) } else { size };
        // Only the shortest form is allowed, and the topmost bit must be 0.
        let is_too_long_a_form = extended == 2 && size < 126 || extended == 8 && size <= 0xffff;
        if is_too_long_a_form || size >> 63 != 0 {
            return wrong;
        }
        Ok(Some(Head { is_last, opcode, mask: [mask[0], mask[1], mask[2], mask[3]], size }))
    }
}
