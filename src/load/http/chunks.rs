//! Finds the end of a chunked body, and skips its content.

use httparse::{EMPTY_HEADER, Status};

use super::RequestError;
use super::head::malformed;

/// More trailers are refused.
const MOST_TRAILERS: usize = 32;

/// The position in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before the line with a chunk's size.
    ///
    /// To `Data`, or to `Trailers` if the size is zero.
    Size,
    /// In a chunk's data, with this number of bytes to come.
    ///
    /// To `DataEnd`.
    Data(u64),
    /// Before the line break that ends a chunk.
    ///
    /// To `Size`.
    DataEnd,
    /// After the last chunk, before the empty line.
    ///
    /// The end.
    Trailers,
}

impl Chunks {
    /// Consumes as much of `input` as possible. Returns true at the end of the body;
    /// otherwise the rest of `input` is the beginning of an incomplete line.
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<bool, RequestError> {
        while !input.is_empty() {
            match *self {
                Self::Size => {
                    // The parser reads an empty size as zero, which would end the body.
                    if !input[0].is_ascii_hexdigit() {
                        return Err(malformed("invalid chunk size"));
                    }
                    match httparse::parse_chunk_size(input) {
                        Ok(Status::Complete((length, size))) => {
                            *input = &input[length..];
                            *self = if size == 0 { Self::Trailers } else { Self::Data(size) };
                        }
                        Ok(Status::Partial) => return Ok(false),
                        Err(_) => return Err(malformed("invalid chunk size")),
                    }
                }
                Self::Data(to_come) => {
                    let here = to_come.min(input.len() as u64);
                    // No more than the input's length, which is a usize.
                    *input = &input[here as usize..];
                    *self = if here == to_come { Self::DataEnd } else { Self::Data(to_come - here) };
                }
                Self::DataEnd => match input {
                    [b'\r', b'\n', rest @ ..] => {
                        *input = rest;
                        *self = Self::Size;
                    }
                    [b'\r'] => return Ok(false),
                    _ => return Err(malformed("chunk longer than its size")),
                },
                Self::Trailers => {
                    let mut trailers = [EMPTY_HEADER; MOST_TRAILERS];
                    match httparse::parse_headers(input, &mut trailers) {
                        Ok(Status::Complete((length, _))) => {
                            *input = &input[length..];
                            return Ok(true);
                        }
                        Ok(Status::Partial) => return Ok(false),
                        Err(_) => return Err(malformed("invalid trailer")),
                    }
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the body in two pieces, split at each place in turn.
    fn end(body: &[u8]) -> Result<Option<usize>, RequestError> {
        let mut results = (0..=body.len()).map(|split| {
            let mut chunks = Chunks::Size;
            let mut input = &body[..split];
            if !chunks.take(&mut input)? {
                input = &body[split - input.len()..];
                if !chunks.take(&mut input)? {
                    return Ok(None);
                }
                return Ok(Some(body.len() - input.len()));
            }
            Ok(Some(split - input.len()))
        });
        let first = results.next().unwrap();
        results.for_each(|other| assert_eq!(other, first));
        first
    }

    #[test]
    fn a_body_ends_after_its_last_chunk_and_its_trailers() {
        for body in [
            "0\r\n\r\n",
            "2\r\nOK\r\n0\r\n\r\n",
            "A\r\n0123456789\r\n1;name=\"value\"\r\nx\r\n000\r\n\r\n",
            "3 ; x\r\n\r\n\r\r\n0\r\nDigest: abc\r\nExpires: now\r\n\r\n",
        ] {
            assert_eq!(end(body.as_bytes()), Ok(Some(body.len())), "{body:?}");
            let more = format!("{body}HTTP/1.1");
            assert_eq!(end(more.as_bytes()), Ok(Some(body.len())), "{body:?} and more");
            assert_eq!(end(&body.as_bytes()[..body.len() - 1]), Ok(None), "{body:?} but one");
        }
    }

    #[test]
    fn what_is_no_chunk_is_malformed() {
        for (body, expected) in [
            ("\r\n\r\n", "invalid chunk size"),
            ("x\r\n", "invalid chunk size"),
            ("-1\r\n", "invalid chunk size"),
            (";x\r\n", "invalid chunk size"),
            ("11111111111111111\r\n", "invalid chunk size"),
            ("2\r\nOKAY\r\n0\r\n\r\n", "chunk longer than its size"),
            ("0\r\nnot a trailer\r\n\r\n", "invalid trailer"),
        ] {
            assert_eq!(end(body.as_bytes()), Err(malformed(expected)), "{body:?}");
        }
    }

    #[test]
    fn the_largest_size_is_counted_without_overflow() {
        let mut chunks = Chunks::Size;
        let mut input = &b"fffffffffffffff\r\nabc"[..];
        assert_eq!(chunks.take(&mut input), Ok(false));
        assert_eq!(chunks, Chunks::Data(0x0fff_ffff_ffff_ffff - 3));
    }
}
