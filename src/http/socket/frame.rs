//! Frames from the server to a client: whole, and not masked (RFC 6455, section 5).

use axum::body::Bytes;

/// The largest payload of a control frame, in bytes.
pub(super) const LARGEST_CONTROL: usize = 125;

/// The kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::http) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    /// Returns the kind with this number, unless the number is reserved.
    pub(super) fn of(number: u8) -> Option<Self> {
        let known = [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong];
        known.into_iter().find(|opcode| *opcode as u8 == number)
    }

    /// Returns true for frames that may stand between the frames of a message.
    pub(super) fn is_control(self) -> bool {
        self as u8 >= Self::Close as u8
    }
}

/// Why a WebSocket is closed: the code of a close frame (RFC 6455, section 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server is stopping.
    pub const GOING_AWAY: Self = Self(1001);
    /// The other side violates the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A text is not UTF-8.
    pub const INVALID_TEXT: Self = Self(1007);
    /// The other side violates a rule of the server, such as the number of fragments.
    pub const POLICY: Self = Self(1008);
    /// A message is too large.
    pub const TOO_LARGE: Self = Self(1009);

    /// Returns the code with this number, if it may be in a frame.
    pub(in crate::http) fn received(number: u16) -> Option<Self> {
        matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Returns a text message as a frame. Many sockets can send clones of one frame.
///
/// ```
/// let frame = weir::http::text_frame("Weir");
/// assert_eq!(frame, &b"\x81\x04Weir"[..]);
/// ```
#[must_use]
pub fn text_frame(text: &str) -> Bytes {
    frame(Opcode::Text, text.as_bytes())
}

/// Returns a whole frame. A control frame must not have more than [`LARGEST_CONTROL`] bytes.
pub(super) fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    append(opcode, payload, &mut frame);
    frame.into()
}

/// Appends a whole frame, as [`frame`] makes it.
pub(in crate::http) fn append(opcode: Opcode, payload: &[u8], frame: &mut Vec<u8>) {
    frame.push(0x80 | opcode as u8);
    let size = payload.len();
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(size @ 0..=125), _) => frame.push(size),
        (_, Ok(size)) => {
            frame.push(126);
            frame.extend_from_slice(&size.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
}

/// Appends a close frame with a code and a reason, which is cut to the size that a control frame
/// may have.
pub(in crate::http) fn append_close(code: CloseCode, reason: &str, frame: &mut Vec<u8>) {
    let mut size = reason.len().min(LARGEST_CONTROL - 2);
    while !reason.is_char_boundary(size) {
        size -= 1;
    }
    append(Opcode::Close, &[&code.0.to_be_bytes(), &reason.as_bytes()[..size]].concat(), frame);
}

/// Returns a close frame. A client that closes without a code is answered without one.
pub(super) fn close_frame(code: Option<CloseCode>) -> Bytes {
    match code {
        Some(CloseCode(number)) => frame(Opcode::Close, &number.to_be_bytes()),
        None => frame(Opcode::Close, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_the_shortest_form() {
        for (size, head) in [
            (0, &b"\x82\x00"[..]),
            (125, b"\x82\x7d"),
            (126, b"\x82\x7e\x00\x7e"),
            (65_535, b"\x82\x7e\xff\xff"),
            (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ] {
            let frame = frame(Opcode::Binary, &vec![7; size]);
            assert_eq!((&frame[..head.len()], frame.len()), (head, head.len() + size));
        }
    }

    #[test]
    fn a_close_frame_carries_its_code_or_nothing() {
        assert_eq!(close_frame(Some(CloseCode::GOING_AWAY)), &b"\x88\x02\x03\xe9"[..]);
        assert_eq!(close_frame(None), &b"\x88\x00"[..]);
        let mut frame = Vec::new();
        append_close(CloseCode::NORMAL, &"ü".repeat(100), &mut frame);
        let expected = [&b"\x88\x7c\x03\xe8"[..], "ü".repeat(61).as_bytes()].concat();
        assert_eq!(frame, expected, "a reason is cut between two characters");
    }

    #[test]
    fn codes_that_must_not_be_in_a_frame_are_not_accepted() {
        for number in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            assert_eq!(CloseCode::received(number), None, "{number}");
        }
        for number in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(CloseCode::received(number).map(CloseCode::number), Some(number));
        }
    }
}
