//! Reads the head of an answer: its status, how its body ends, and whether the connection
//! is kept.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::RequestError;

/// The most headers of a head.
const MOST_HEADERS: usize = 100;

/// The relevant part of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) struct Head {
    pub(in crate::load) status: u16,
    pub(in crate::load) body: Body,
    /// True if the server keeps the connection, unless the body ends with it.
    pub(super) keep_alive: bool,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Body {
    /// After this number of bytes.
    Length(u64),
    /// After its last chunk.
    Chunked,
    /// When the connection is closed.
    UntilClosed,
}

/// Reads a head from the beginning of `input`. Returns it with its length in bytes, or
/// `None` if it is incomplete.
///
/// # Errors
/// [`RequestError::Malformed`], if it is not a head, or does not say where the body ends.
pub(in crate::load) fn read(input: &[u8]) -> Result<Option<(usize, Head)>, RequestError> {
    // The parser fills in as many as there are headers. Clearing a hundred entries for
    // each answer would cost more than parsing five.
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed =
        ParserConfig::default().parse_response_with_uninit_headers(&mut response, input, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(RequestError::Malformed(error.to_string())),
    };
    let (Some(status), Some(version)) = (response.code, response.version) else {
        return Err(malformed("no status"));
    };
    interpret(status, version, response.headers).map(|head| Some((length, head)))
}

/// The rules of RFC 9112, sections 6.3 and 9.3.
fn interpret(status: u16, version: u8, headers: &[Header<'_>]) -> Result<Head, RequestError> {
    let mut length = None;
    let mut encoded = None;
    let (mut close, mut keep) = (false, false);
    for Header { name, value } in headers {
        // The lengths of the three names. Hardly any other header has one of them, so
        // most are skipped without comparing letters.
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                for word in words(value) {
                    close |= word.eq_ignore_ascii_case(b"close");
                    keep |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                let number = number(value).ok_or_else(|| malformed("invalid Content-Length"))?;
                if length.replace(number).is_some() {
                    return Err(malformed("more than one Content-Length"));
                }
            }
            // The last coding of the last line is the outermost.
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                encoded = words(value).last().map(|word| word.eq_ignore_ascii_case(b"chunked"));
            }
            _ => {}
        }
    }
    let body = match (encoded, length) {
        (Some(true), _) => Body::Chunked,
        (Some(false), _) | (None, None) => Body::UntilClosed,
        (None, Some(length)) => Body::Length(length),
    };
    // HTTP/1.0 has no transfer codings. If one is present, a proxy in between may not
    // have understood it, and the connection must not be reused.
    let keep_alive = !close && (version == 1 || keep && encoded.is_none());
    Ok(Head { status, body, keep_alive })
}

/// The members of a comma-separated list.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// Only digits: `parse` also accepts `+5`, which is not a length.
fn number(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

pub(super) fn malformed(reason: &str) -> RequestError {
    RequestError::Malformed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Result<Head, RequestError> {
        let text = format!("{}\r\n\r\n", lines.replace('\n', "\r\n"));
        read(text.as_bytes()).map(|read| {
            let (length, head) = read.expect("a whole head");
            assert_eq!(length, text.len());
            head
        })
    }

    #[test]
    fn the_end_of_the_body_follows_from_the_headers() {
        for (lines, body) in [
            ("HTTP/1.1 200 OK\ncontent-length: 5", Body::Length(5)),
            ("HTTP/1.1 200 OK\nCONTENT-LENGTH:  5  ", Body::Length(5)),
            ("HTTP/1.1 200\nContent-Length: 0", Body::Length(0)),
            ("HTTP/1.1 200 OK", Body::UntilClosed),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: Chunked", Body::Chunked),
            ("HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked", Body::Chunked),
            ("HTTP/1.1 200 OK\ntransfer-encoding: gzip\ntransfer-encoding: chunked", Body::Chunked),
            ("HTTP/1.1 200 OK\ntransfer-encoding: chunked, gzip", Body::UntilClosed),
            ("HTTP/1.1 200 OK\ncontent-length: 5\ntransfer-encoding: chunked", Body::Chunked),
            ("HTTP/1.1 200 OK\ncontent-lengths: 5", Body::UntilClosed),
        ] {
            assert_eq!(head(lines).unwrap().body, body, "{lines}");
        }
    }

    #[test]
    fn who_keeps_the_connection_is_asked_in_both_versions() {
        for (lines, keep_alive) in [
            ("HTTP/1.1 200 OK\ncontent-length: 0", true),
            ("HTTP/1.1 200 OK\ncontent-length: 0\nConnection: Close", false),
            ("HTTP/1.1 200 OK\ncontent-length: 0\nconnection: x, close", false),
            ("HTTP/1.1 200 OK\ncontent-length: 0\nconnection: closed", true),
            ("HTTP/1.1 200 OK\ncontent-length: 0\nconnection: keep-alive\nconnection: close", false),
            ("HTTP/1.0 200 OK\ncontent-length: 0", false),
            ("HTTP/1.0 200 OK\ncontent-length: 0\nconnection: Keep-Alive", true),
            ("HTTP/1.0 200 OK\ntransfer-encoding: chunked\nconnection: keep-alive", false),
        ] {
            assert_eq!(head(lines).unwrap().keep_alive, keep_alive, "{lines}");
        }
    }

    #[test]
    fn a_length_that_is_none_or_two_is_malformed() {
        for value in ["", "x", "-1", "+1", "1 2", "1,1", "0x10", "99999999999999999999999"] {
            let found = head(&format!("HTTP/1.1 200 OK\ncontent-length: {value}"));
            assert_eq!(found, Err(malformed("invalid Content-Length")), "{value}");
        }
        let found = head("HTTP/1.1 200 OK\ncontent-length: 1\ncontent-length: 1");
        assert_eq!(found, Err(malformed("more than one Content-Length")));
    }
}
