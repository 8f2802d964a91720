//! The message that a client is sending: its kind, and what was received of it.

use super::{Event, MessageLimits};
use crate::http::socket::frame::CloseCode;

/// A message that is not complete.
#[derive(Debug)]
pub(super) struct Message {
    is_text: bool,
    bytes: Vec<u8>,
    /// The length of the beginning that is known to be UTF-8, of a text.
    valid: usize,
    frames: u32,
}

impl Message {
    pub(super) fn new(is_text: bool) -> Self {
        Self { is_text, bytes: Vec::new(), valid: 0, frames: 0 }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Checks a frame before its payload is read. Nothing is allocated for a length that is
    /// only promised.
    ///
    /// # Errors
    /// 1009 for a message that is too large, 1008 for one in too many frames: empty ones
    /// cost the sender next to nothing.
    pub(super) fn add_frame(&mut self, size: u64, limits: MessageLimits) -> Result<(), CloseCode> {
        let room = limits.size.saturating_sub(self.bytes.len());
        if size > room as u64 {
            return Err(CloseCode::TOO_LARGE);
        }
        self.frames += 1;
        if self.frames > limits.frames {
            return Err(CloseCode::POLICY);
        }
        Ok(())
    }

    /// Adds a part of a payload, and returns where it stands now.
    pub(super) fn add(&mut self, part: &[u8], limits: MessageLimits) -> &mut [u8] {
        let (before, after) = (self.bytes.len(), self.bytes.len() + part.len());
        if after > self.bytes.capacity() {
            // As a vector grows by itself, but not beyond the limit.
            let doubled = self.bytes.capacity().saturating_mul(2).min(limits.size);
            self.bytes.reserve_exact(doubled.max(after) - before);
        }
        self.bytes.extend_from_slice(part);
        &mut self.bytes[before..]
    }

    /// Checks what is new of a text. Only the end of the message may not cut a character.
    ///
    /// # Errors
    /// 1007 at the first byte that cannot belong to UTF-8.
    pub(super) fn check(&mut self, is_end: bool) -> Result<(), CloseCode> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(&self.bytes[self.valid..]) {
            Ok(valid) => self.valid += valid.len(),
            Err(error) if error.error_len().is_none() && !is_end => self.valid += error.valid_up_to(),
            Err(_) => return Err(CloseCode::INVALID_TEXT),
        }
        Ok(())
    }

    /// Returns the complete message.
    ///
    /// # Errors
    /// 1007 if it is a text and not UTF-8.
    pub(super) fn finish(self) -> Result<Event, CloseCode> {
        if !self.is_text {
            return Ok(Event::Binary(self.bytes));
        }
        String::from_utf8(self.bytes).map(Event::Text).map_err(|_| CloseCode::INVALID_TEXT)
    }
}
