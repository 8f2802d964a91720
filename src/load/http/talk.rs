//! A connection for requests that differ and whose answers are read: a conversation rather than
//! a load of equal requests.

use std::fmt::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::{buffer, exchange, is_open};
use super::{RequestError, TargetError, head, reason, url};

/// The longest answer that is kept.
const LONGEST: usize = 64 << 20;

/// A server with which connections talk. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::load) struct Talker {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    /// The headers of every request, with the line breaks.
    headers: String,
    timeout: Duration,
}

/// A connection to the server. It connects when it needs to.
#[derive(Debug)]
pub(in crate::load) struct Talk {
    shared: Rc<Shared>,
    stream: Option<TcpStream>,
    buffer: Box<[u8]>,
    request: String,
    answer: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Reply<'a> {
    /// The HTTP status.
    pub(in crate::load) status: u16,
    pub(in crate::load) body: &'a [u8],
}

impl Talker {
    /// Returns the server at `base`, such as `http://127.0.0.1:4000`. Every request carries
    /// `headers` as well, and waits for its answer for at most `timeout`. Resolves the host,
    /// which may block.
    ///
    /// # Errors
    /// [`TargetError`].
    pub(in crate::load) fn new(
        base: &str,
        headers: &[(String, String)],
        timeout: Duration,
    ) -> Result<Self, TargetError> {
        let uri = url::parse(base)?;
        let addresses = url::resolve(&uri)?;
        // `localhost` often has two addresses; Weir listens on the older kind by default.
        let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        let unresolved = || TargetError::Unresolved { host: base.to_owned(), reason: "no address".into() };
        let address = *address.ok_or_else(unresolved)?;
        let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let agent = super::request::AGENT;
        let mut lines = format!("host: {host}\r\nuser-agent: {agent}\r\n");
        for (name, value) in headers {
            let wrong = |reason| TargetError::Header { name: name.clone(), reason };
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("its name is not a word of HTTP"))?;
            HeaderValue::from_str(value).map_err(|_| wrong("its value has control characters"))?;
            lines += &format!("{name}: {value}\r\n");
        }
        Ok(Self { shared: Rc::new(Shared { address, headers: lines, timeout }) })
    }

    pub(in crate::load) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The headers of every request, with their line breaks.
    pub(in crate::load) fn headers(&self) -> &str {
        &self.shared.headers
    }

    /// Returns a connection that is not connected yet.
    pub(in crate::load) fn talk(&self) -> Talk {
        Talk {
            shared: Rc::clone(&self.shared),
            stream: None,
            buffer: buffer(),
            request: String::new(),
            answer: Vec::new(),
        }
    }
}

impl Talk {
    /// Sends a request, and returns the answer with any status. A `body` is JSON. The request is
    /// sent once; after an error the server may have received it.
    ///
    /// # Errors
    /// [`RequestError`]. The next request makes a new connection.
    ///
    /// # Cancel safety
    /// If the future is dropped, the server may have received the request. The next request makes
    /// a new connection.
    pub(in crate::load) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<Reply<'_>, RequestError> {
        let Self { shared, stream, buffer, request, answer } = self;
        request.clear();
        answer.clear();
        // Writing to a string cannot fail.
        let _ = write!(request, "{method} {path} HTTP/1.1\r\n{}", shared.headers);
        if body.is_some() || method != "GET" {
            let length = body.map_or(0, str::len);
            let _ = write!(request, "content-type: application/json\r\ncontent-length: {length}\r\n");
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        // Taken out, so that it is closed unless the answer is complete.
        let used = stream.take().filter(is_open);
        let ends_too_late = |_| RequestError::TimedOut;
        let asked = async {
            let mut connected = match used {
                Some(used) => used,
                None => connect(shared.address).await?,
            };
            let keep = |piece: &[u8]| {
                if answer.len() <= LONGEST {
                    answer.extend_from_slice(piece);
                }
            };
            let found = exchange(&mut connected, buffer, request.as_bytes(), false, keep).await?;
            *stream = Some(connected).filter(|_| found.reusable);
            Ok(())
        };
        timeout(shared.timeout, asked).await.map_err(ends_too_late)??;
        if answer.len() > LONGEST {
            return Err(RequestError::Malformed(format!("an answer of over {LONGEST} bytes")));
        }
        split(answer)
    }
}

/// Connects to a server, with Nagle's algorithm off.
///
/// # Errors
/// [`RequestError::Connect`].
pub(in crate::load) async fn connect(address: SocketAddr) -> Result<TcpStream, RequestError> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|error| RequestError::Connect(reason(&error)))?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Splits a complete answer into its status and its body, without the marks of chunks.
fn split(answer: &mut Vec<u8>) -> Result<Reply<'_>, RequestError> {
    let mut begin = 0;
    let (status, body) = loop {
        let incomplete = || RequestError::Malformed("no head".to_owned());
        let (length, found) = head::read(&answer[begin..])?.ok_or_else(incomplete)?;
        begin += length;
        // An interim head is followed by another one.
        if found.status >= 200 {
            break (found.status, found.body);
        }
    };
    if body == head::Body::Chunked {
        unchunk(answer, begin)?;
    }
    Ok(Reply { status, body: &answer[begin..] })
}

/// Moves the content of the chunks together.
fn unchunk(answer: &mut Vec<u8>, begin: usize) -> Result<(), RequestError> {
    let (mut from, mut to) = (begin, begin);
    let wrong = || head::malformed("invalid chunk size");
    while let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(&answer[from..]) {
        let size = usize::try_from(size).map_err(|_| wrong())?;
        if size == 0 {
            answer.truncate(to);
            return Ok(());
        }
        from += line;
        let end = from.checked_add(size).filter(|end| *end <= answer.len()).ok_or_else(wrong)?;
        answer.copy_within(from..end, to);
        to += size;
        // The line break after the content.
        from = (end + 2).min(answer.len());
    }
    Err(wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(u16, String), RequestError> {
        let mut answer = text.as_bytes().to_vec();
        let reply = split(&mut answer)?;
        Ok((reply.status, String::from_utf8(reply.body.to_vec()).unwrap()))
    }

    #[test]
    fn a_body_is_read_with_a_length_in_chunks_and_without_either() {
        for (text, status, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200, "OK"),
            ("HTTP/1.1 404 x\r\n\r\nuntil the end", 404, "until the end"),
            ("HTTP/1.1 204 x\r\n\r\n", 204, ""),
            ("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\ny", 200, "y"),
            (
                "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=1\r\ncde\r\n0\r\n\r\n",
                200,
                "abcde",
            ),
        ] {
            assert_eq!(read(text).unwrap(), (status, body.to_owned()), "{text:?}");
        }
        for text in
            ["HTTP/1.1 200", "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab\r\n0\r\n\r\n"]
        {
            assert!(matches!(read(text), Err(RequestError::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn a_header_that_would_break_the_request_is_refused() {
        let with = |name: &str, value: &str| {
            let headers = [(name.to_owned(), value.to_owned())];
            Talker::new("http://127.0.0.1:1", &headers, Duration::from_secs(1))
        };
        let talker = with("weir-token", "abc").unwrap();
        assert!(talker.headers().ends_with("weir-token: abc\r\n"), "{}", talker.headers());
        for (name, value) in [("a b", "x"), ("x", "1\r\ny: 2"), ("", "x")] {
            assert!(matches!(with(name, value), Err(TargetError::Header { .. })), "{name}: {value}");
        }
    }
}
