//! The request of a watcher, built once, and what the server answers.

use httparse::{EMPTY_HEADER, Response, Status};

use super::{WatchTarget, WatchTransport};

/// A key, and what the server must answer to it. Both are the example of RFC 6455; a key
/// guards against caches, which a load does not have.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The most headers of an answer.
const MOST_HEADERS: usize = 64;
/// The longest head of an answer.
const LONGEST_HEAD: usize = 16 << 10;
/// The most of a refusal's words that a table of reasons shows.
const LONGEST_REASON: usize = 80;

/// The request of all watchers, with a gap where each puts its name.
#[derive(Debug)]
pub(super) struct Handshake {
    before: Vec<u8>,
    /// True if the name of the user goes between the two.
    named: bool,
    after: Vec<u8>,
    transport: WatchTransport,
}

impl Handshake {
    pub(super) fn new(target: &WatchTarget, transport: WatchTransport) -> Self {
        let named = target.match_id.is_some();
        let user = if named { "&user=" } else { "" };
        let upgrade = match transport {
            WatchTransport::Ws => format!(
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: {KEY}\r\n"
            ),
            WatchTransport::Sse => "Accept: text/event-stream\r\n".to_owned(),
        };
        Self {
            before: format!("GET {}{user}", target.path).into_bytes(),
            named,
            after: format!(" HTTP/1.1\r\nHost: {}\r\n{upgrade}\r\n", target.host).into_bytes(),
            transport,
        }
    }

    /// Writes the request of watcher `n`, whose user is `wN`.
    pub(super) fn write(&self, n: usize, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.before);
        if self.named {
            out.extend_from_slice(format!("w{n}").as_bytes());
        }
        out.extend_from_slice(&self.after);
    }

    /// Returns the length of the answer's head, or `None` if it is incomplete.
    ///
    /// # Errors
    /// Why the server refuses, in words for a table of reasons.
    pub(super) fn answer(&self, bytes: &[u8]) -> Result<Option<usize>, String> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut head = Response::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if bytes.len() < LONGEST_HEAD => return Ok(None),
            Ok(Status::Partial) => return Err("the answer's head is too long".to_owned()),
            Err(error) => return Err(format!("the answer is not HTTP: {error}")),
        };
        let status = head.code.unwrap_or_default();
        let value = |name: &str| {
            let header = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.map_or(b"".as_slice(), |header| header.value)
        };
        let expected = match self.transport {
            WatchTransport::Ws => 101,
            WatchTransport::Sse => 200,
        };
        if status != expected {
            return Err(refusal(status, &bytes[length..]));
        }
        match self.transport {
            WatchTransport::Ws if value("sec-websocket-accept") != ACCEPT => {
                Err("the handshake's key was answered wrongly".to_owned())
            }
            WatchTransport::Sse if !value("content-type").starts_with(b"text/event-stream") => {
                Err("the answer is not an event stream".to_owned())
            }
            WatchTransport::Sse if !value("transfer-encoding").eq_ignore_ascii_case(b"chunked") => {
                Err("the event stream has no chunks".to_owned())
            }
            _ => Ok(Some(length)),
        }
    }
}

/// Such as `404: no match "x"`, with the message of the body if it came along.
fn refusal(status: u16, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let message = body.split_once("\"message\":\"").and_then(|(_, rest)| rest.split('"').next());
    match message.map(|message| message.chars().take(LONGEST_REASON).collect::<String>()) {
        Some(message) => format!("answered {status}: {message}"),
        None => format!("answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(transport: WatchTransport) -> Handshake {
        Handshake::new(&WatchTarget::of_match("http://127.0.0.1:4000", "m").unwrap(), transport)
    }

    #[test]
    fn each_watcher_has_a_name() {
        let mut out = Vec::new();
        handshake(WatchTransport::Ws).write(17, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with(
                "GET /api/matches/watch?match=m&user=w17 HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n"
            )
        );
        assert!(text.ends_with("\r\n\r\n") && text.contains("Upgrade: websocket\r\n"));
        let target = WatchTarget::of_server("http://127.0.0.1:4000/x").unwrap();
        let mut out = Vec::new();
        Handshake::new(&target, WatchTransport::Sse).write(17, &mut out);
        assert!(out.starts_with(b"GET /x HTTP/1.1\r\n"));
    }

    #[test]
    fn only_the_right_answer_opens_a_stream() {
        let ws = handshake(WatchTransport::Ws);
        let good = b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nrest";
        assert_eq!(ws.answer(good), Ok(Some(good.len() - 4)));
        assert_eq!(ws.answer(&good[..60]), Ok(None));
        assert!(ws.answer(b"HTTP/1.1 101 X\r\nsec-websocket-accept: no\r\n\r\n").is_err());
        assert_eq!(ws.answer(b"HTTP/1.1 503 X\r\n\r\n"), Err("answered 503".to_owned()));
        let named =
            b"HTTP/1.1 404 X\r\n\r\n{\"error\":{\"name\":\"unknown_match\",\"message\":\"no match x\"}}";
        assert_eq!(ws.answer(named), Err("answered 404: no match x".to_owned()));
        assert!(ws.answer(b"SSH-2.0\r\n").is_err());
        let sse = handshake(WatchTransport::Sse);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
        assert_eq!(sse.answer(chunked.as_bytes()), Ok(Some(chunked.len())));
        assert!(sse.answer(format!("{head}\r\n").as_bytes()).is_err());
        assert!(sse.answer(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n").is_err());
    }
}
