//! What the head of an answer says: its status, how its body ends, and whether
//! the connection lives on.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::Failure;

/// Heads with more headers are refused.
const MOST_HEADERS: usize = 100;

/// A head, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) body: Body,
    /// Whether the server keeps the connection, if the body does not end it.
    pub(super) keep_alive: bool,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// After this number of bytes.
    Length(u64),
    /// After its last chunk.
    Chunked,
    /// When the connection is closed.
    UntilClosed,
}

/// Reads a head from the beginning of `input`, and how many bytes it has; `None`
/// if its end has not come yet.
///
/// # Errors
/// [`Failure::Malformed`], when it is no head, or one that leaves open where the
/// body ends.
pub(super) fn read(input: &[u8]) -> Result<Option<(usize, Head)>, Failure> {
    // Filled in by the parser as far as there are headers: to clear the places of
    // a hundred for each answer would cost more than to parse five.
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed =
        ParserConfig::default().parse_response_with_uninit_headers(&mut response, input, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Failure::Malformed(error.to_string())),
    };
    let (Some(status), Some(version)) = (response.code, response.version) else {
        return Err(malformed("no status"));
    };
    interpret(status, version, response.headers).map(|head| Some((length, head)))
}

/// The rules of RFC 9112, sections 6.3 and 9.3.
fn interpret(status: u16, version: u8, headers: &[Header<'_>]) -> Result<Head, Failure> {
    let mut length = None;
    let mut encoded = None;
    let (mut close, mut keep) = (false, false);
    for Header { name, value } in headers {
        // The three lengths, and hardly any other header has one of them: most
        // are passed over without a comparison of letters.
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
    // HTTP/1.0 knows no encodings: who sends one has a proxy in between that may
    // not have understood it, and such a connection is not to be used again.
    let keep_alive = !close && (version == 1 || keep && encoded.is_none());
    Ok(Head { status, body, keep_alive })
}

/// The members of a comma-separated list.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// Only digits: what `parse` takes besides, such as `+5`, is no length.
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

pub(super) fn malformed(reason: &str) -> Failure {
    Failure::Malformed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Result<Head, Failure> {
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
