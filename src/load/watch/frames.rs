//! Finds the WebSocket frames in the bytes of a server (RFC 6455, section 5.2).
//!
//! It is a client's reader for servers that send whole text messages: it refuses masked
//! frames, fragments and reserved bits, and it does not check UTF-8.

/// The longest frame that is waited for.
pub(super) const LONGEST: u64 = 128 << 10;

/// A frame of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// A message.
    Message(&'a [u8]),
    /// A ping, whose payload the answer repeats.
    Ping(&'a [u8]),
    /// An answer to no ping, which is allowed.
    Pong,
    /// The end, with its code if it has one.
    Close(Option<u16>),
}

/// Reads the frame at the beginning of `bytes`. Returns it with its length, or `None` if it
/// is incomplete.
///
/// # Errors
/// What is wrong with it, in words for a table of reasons.
pub(super) fn next(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, &'static str> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("a frame with a reserved bit");
    }
    if first & 0x80 == 0 || first & 0x0f == 0 {
        return Err("a message in fragments");
    }
    if second & 0x80 != 0 {
        return Err("a masked frame from the server");
    }
    let (length, head) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 10),
        (126 | 127, _) => return Ok(None),
        (length, _) => (u64::from(length), 2),
    };
    let opcode = first & 0x0f;
    if length > if opcode >= 8 { 125 } else { LONGEST } {
        return Err("a frame that is too long");
    }
    let end = head + length as usize;
    let Some(payload) = bytes.get(head..end) else { return Ok(None) };
    let frame = match opcode {
        1 | 2 => Frame::Message(payload),
        8 => Frame::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
        9 => Frame::Ping(payload),
        10 => Frame::Pong,
        _ => return Err("a frame of an unknown kind"),
    };
    Ok(Some((frame, end)))
}

/// Appends a control frame of a client, whose mask is zero: it hides nothing, and a mask
/// protects only proxies that are not in between here.
pub(super) fn control(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0]);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_each_length_form_are_found() {
        for length in [0_usize, 1, 125, 126, 65_535, 65_536, LONGEST as usize] {
            let mut bytes = vec![0x81];
            match length {
                ..126 => bytes.push(length as u8),
                126..65_536 => {
                    bytes.push(126);
                    bytes.extend((length as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend((length as u64).to_be_bytes());
                }
            }
            bytes.extend(vec![b'x'; length]);
            let all = bytes.len();
            bytes.push(0x81);
            assert_eq!(next(&bytes[..all - 1]), Ok(None), "{length}");
            assert_eq!(next(&bytes), Ok(Some((Frame::Message(&vec![b'x'; length]), all))), "{length}");
        }
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        for bytes in [
            [0xc1, 0].as_slice(),
            &[0x01, 0],
            &[0x80, 0],
            &[0x81, 0x80],
            &[0x83, 0],
            &[0x89, 126, 0, 126],
            &[0x81, 127, 0, 0, 0, 0, 0, 2, 0, 1],
        ] {
            assert!(next(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn control_frames_are_told_apart() {
        assert_eq!(next(&[0x88, 2, 3, 0xf4]), Ok(Some((Frame::Close(Some(1012)), 4))));
        assert_eq!(next(&[0x88, 0]), Ok(Some((Frame::Close(None), 2))));
        assert_eq!(next(&[0x89, 1, b'a']), Ok(Some((Frame::Ping(b"a"), 3))));
        assert_eq!(next(&[0x8a, 0]), Ok(Some((Frame::Pong, 2))));
        let mut pong = Vec::new();
        control(10, b"a", &mut pong);
        assert_eq!(pong, [0x8a, 0x81, 0, 0, 0, 0, b'a']);
    }
}
