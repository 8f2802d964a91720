//! Finds the end of an answer: a state machine over incoming bytes, without I/O.

use thiserror::Error;

use super::RequestError;
use super::chunks::Chunks;
use super::head::{self, Body, Head, malformed};
use crate::load::target::Answer;

/// The connection was closed before the answer was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("closed in the middle of an answer")]
pub(super) struct Incomplete;

/// An answer that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    stage: Stage,
    answer: Answer,
    /// True if the answer has no body because of the request.
    head_only: bool,
}

/// The part of the answer that is read next.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// A head.
    ///
    /// To itself after an interim head; to the end if there is no body; to one of
    /// the others.
    Head,
    /// This number of bytes of the body.
    ///
    /// To the end.
    Length(u64),
    /// A chunked body.
    ///
    /// To the end.
    Chunks(Chunks),
    /// A body without an end of its own.
    ///
    /// To the end when the connection is closed.
    UntilClosed,
}

impl Reading {
    /// Begins to read an answer. `head_only` says that it has no body, as for a HEAD
    /// request.
    pub(super) fn new(head_only: bool) -> Self {
        let answer = Answer { status: 0, bytes: 0, reusable: false };
        Self { stage: Stage::Head, answer, head_only }
    }

    /// Consumes as much of `input` as possible, and returns the answer once it is
    /// complete. Otherwise the rest of `input` must be given again with more bytes after
    /// it.
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Answer>, RequestError> {
        let before = input.len();
        let ended = self.advance(input)?;
        self.answer.bytes += (before - input.len()) as u64;
        Ok(ended.then_some(self.answer))
    }

    /// Returns true at the end of the answer.
    fn advance(&mut self, input: &mut &[u8]) -> Result<bool, RequestError> {
        loop {
            match &mut self.stage {
                Stage::Head => {
                    let Some((length, head)) = head::read(input)? else { return Ok(false) };
                    *input = &input[length..];
                    match head.status {
                        101 => return Err(malformed("switched protocols unasked")),
                        // An interim head, such as Continue; the head of the answer
                        // follows.
                        100..200 => {}
                        _ if self.begin(head) => return Ok(true),
                        _ => {}
                    }
                }
                Stage::Length(to_come) => {
                    let here = (*to_come).min(input.len() as u64);
                    // No more than the input's length, which is a usize.
                    *input = &input[here as usize..];
                    *to_come -= here;
                    return Ok(*to_come == 0);
                }
                Stage::Chunks(chunks) => return chunks.take(input),
                Stage::UntilClosed => {
                    *input = &[];
                    return Ok(false);
                }
            }
        }
    }

    /// Takes in the head. Returns true if nothing follows it.
    fn begin(&mut self, head: Head) -> bool {
        let Head { status, body, keep_alive } = head;
        let no_body = self.head_only || matches!(status, 204 | 304) || body == Body::Length(0);
        self.answer.status = status;
        self.answer.reusable = keep_alive && (no_body || body != Body::UntilClosed);
        self.stage = match body {
            Body::Length(length) => Stage::Length(length),
            Body::Chunked => Stage::Chunks(Chunks::Size),
            Body::UntilClosed => Stage::UntilClosed,
        };
        no_body
    }

    /// Returns true if no byte of the answer has been consumed.
    pub(super) fn is_untouched(&self) -> bool {
        self.answer.bytes == 0
    }

    /// Returns the answer that ends because the server closed the connection.
    ///
    /// # Errors
    /// [`Incomplete`], if the answer was not complete.
    pub(super) fn closed(&self) -> Result<Answer, Incomplete> {
        match self.stage {
            Stage::UntilClosed => Ok(self.answer),
            _ => Err(Incomplete),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a connection does, with the pieces as they are given.
    fn read(pieces: &[&[u8]], head_only: bool) -> Result<(Answer, usize), RequestError> {
        let mut reading = Reading::new(head_only);
        let mut held: Vec<u8> = Vec::new();
        for (n, piece) in pieces.iter().enumerate() {
            held.extend_from_slice(piece);
            let mut input = &held[..];
            if let Some(answer) = reading.take(&mut input)? {
                let later: usize = pieces[n + 1..].iter().map(|piece| piece.len()).sum();
                return Ok((answer, input.len() + later));
            }
            held = input.to_vec();
        }
        reading.closed().map(|answer| (answer, 0)).map_err(|error| RequestError::Broken(error.to_string()))
    }

    /// Reads it whole, byte by byte, and in two pieces split anywhere: all the same.
    fn answer(text: &str) -> Result<(Answer, usize), RequestError> {
        let bytes = text.as_bytes();
        let whole = read(&[bytes], false);
        for split in 0..bytes.len() {
            assert_eq!(read(&[&bytes[..split], &bytes[split..]], false), whole, "{split} of {text:?}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single, false), whole, "byte by byte: {text:?}");
        whole
    }

    fn ok(text: &str) -> (u16, bool) {
        let (answer, left) = answer(text).unwrap();
        assert_eq!((answer.bytes, left), (text.len() as u64, 0), "{text:?}");
        (answer.status, answer.reusable)
    }

    #[test]
    fn each_kind_of_body_is_read_to_its_end() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", (200, true)),
            ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", (202, true)),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", (200, false)),
            ("HTTP/1.1 200 OK\r\n\r\n", (200, false)),
            ("HTTP/1.1 204 No Content\r\n\r\n", (204, true)),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", (304, true)),
            ("HTTP/1.1 503\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", (503, false)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\nA: b\r\n\r\n",
                (200, true),
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
                (204, true),
            ),
        ] {
            assert_eq!(ok(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_answer_to_head_ends_with_its_head() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
        let (answer, left) = read(&[text], true).unwrap();
        assert_eq!((answer.status, answer.reusable, left), (200, true, 0));
    }

    #[test]
    fn what_comes_after_the_end_is_left() {
        let (_, left) = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1").unwrap();
        assert_eq!(left, 8);
    }

    #[test]
    fn an_end_in_the_middle_of_an_answer_is_broken() {
        let broken = |text: &str| answer(text).unwrap_err().to_string();
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Len",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(broken(text), "connection broken: closed in the middle of an answer", "{text:?}");
        }
    }

    #[test]
    fn what_is_not_http_is_malformed() {
        for text in [
            "SSH-2.0-x\r\n",
            "\0\0\0\0",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        ] {
            assert!(matches!(answer(text), Err(RequestError::Malformed(_))), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_it_takes_no_more_than_there_is(
            head in prop_oneof![Just(""), Just("HTTP/1.1 200 OK\r\n"), Just("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")],
            rest in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0_usize..200,
        ) {
            let bytes = [head.as_bytes(), &rest].concat();
            let cut = cut.min(bytes.len());
            let whole = read(&[&bytes], false);
            let parts = read(&[&bytes[..cut], &bytes[cut..]], false);
            if let Ok((answer, left)) = &whole {
                prop_assert_eq!(answer.bytes + *left as u64, bytes.len() as u64);
            }
            prop_assert_eq!(whole, parts);
        }
    }
}
