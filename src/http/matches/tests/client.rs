//! A server with the lab, and clients that watch over raw sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Sources;
use crate::http::{
    Access, ConnectionCounts, Limits, listen, match_transports, router_with_matches, serve_counted,
};
use crate::lab::Lab;
use crate::lab::matches::{ConnectionFigures, MatchesLab};
use crate::workbench::Workbench;

const PATIENCE: Duration = Duration::from_secs(20);

/// A client's frame with the mask 0, which leaves the payload as it is.
pub(super) fn sent(first: u8, payload: &str) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload.as_bytes()].concat()
}

pub(super) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(super) fn start(settings: &[&str]) -> Self {
        let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
        let sources = Sources { file: None, flags };
        let workbench = Workbench::start(sources.load().unwrap(), &sources);
        let matches = MatchesLab::start(&workbench.settings(), workbench.registry(), match_transports());
        workbench.host(vec![Arc::clone(&matches) as Arc<dyn Lab>]);
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let access = Arc::new(Access { listen: Some(address), ..Access::default() });
        let router = router_with_matches(&workbench, &access, &matches);
        let counts = Arc::new(ConnectionCounts::default());
        matches.set_connections(Arc::clone(&counts) as Arc<dyn ConnectionFigures>);
        let shutdown = workbench.shutdown().clone();
        tokio::spawn(serve_counted(listener, router, shutdown, Limits::default, counts));
        Self { address }
    }

    /// Sends a request, and returns all that is answered until the server closes.
    pub(super) async fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer in time").unwrap();
        answer
    }

    async fn body(&self, method: &str, path: &str) -> String {
        let rest = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = self.exchange(&format!("{method} {path} {rest}")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub(super) async fn get(&self, path: &str) -> String {
        self.body("GET", path).await
    }

    pub(super) async fn post(&self, path: &str) -> String {
        self.body("POST", path).await
    }

    /// Watches the default match over a WebSocket.
    pub(super) async fn websocket(&self, user: &str, since: Option<u64>) -> Client {
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        self.upgrade(&format!("/api/matches/watch?match=weir-sluice&user={user}{since}")).await
    }

    /// Connects without a match.
    pub(super) async fn unbound_websocket(&self) -> Client {
        self.upgrade("/api/matches/watch").await
    }

    pub(super) async fn page_socket(&self) -> Client {
        self.upgrade("/api/matches/weir-sluice/socket").await
    }

    async fn upgrade(&self, path: &str) -> Client {
        let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        Client::connect(self.address, path, headers, true).await
    }

    /// Watches the default match over server-sent events.
    pub(super) async fn events(&self, user: &str, headers: &[&str]) -> Client {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let path = format!("/api/matches/watch?match=weir-sluice&user={user}");
        Client::connect(self.address, &path, &headers, false).await
    }
}

/// A client of either transport.
pub(super) struct Client {
    stream: TcpStream,
    is_websocket: bool,
    code: Option<u16>,
}

impl Client {
    async fn connect(address: SocketAddr, path: &str, headers: &str, is_websocket: bool) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut this = Self { stream, is_websocket, code: None };
        let head = this.until("\r\n\r\n").await;
        let status = if is_websocket { "HTTP/1.1 101 " } else { "HTTP/1.1 200 " };
        assert!(head.starts_with(status), "{head}");
        if !is_websocket {
            assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
            assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
            assert_eq!(this.chunk().await, "retry: 1000\n\n");
        }
        this
    }

    /// Sends bytes. The server may have closed the connection already.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await.expect("bytes in time").unwrap();
        bytes
    }

    async fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.extend(self.bytes(1).await);
        }
        String::from_utf8(text).unwrap()
    }

    async fn chunk(&mut self) -> String {
        let size = self.until("\r\n").await;
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let chunk = self.bytes(size + 2).await;
        String::from_utf8(chunk[..size].to_vec()).unwrap()
    }

    /// Returns the next message: its name, the last event that the client then has, and the value.
    /// `None` after the end. Pongs are skipped.
    pub(super) async fn ended_or_next(&mut self) -> Option<(String, Option<u64>, Value)> {
        let (id, json) = if self.is_websocket { (None, self.text().await?) } else { self.event().await? };
        let json: Value = serde_json::from_str(&json).unwrap();
        let (name, value) = json.as_object().unwrap().iter().next().unwrap();
        let next = value["next"].as_u64().and_then(|next| next.checked_sub(1));
        let id = if self.is_websocket { value["seq"].as_u64().or(next) } else { id };
        Some((name.clone(), id, value.clone()))
    }

    async fn text(&mut self) -> Option<String> {
        loop {
            let head = self.bytes(2).await;
            let size = match head[1] {
                126 => usize::from(u16::from_be_bytes(self.bytes(2).await.try_into().unwrap())),
                127 => u64::from_be_bytes(self.bytes(8).await.try_into().unwrap()) as usize,
                size => usize::from(size),
            };
            let payload = self.bytes(size).await;
            match head[0] {
                0x81 => return Some(String::from_utf8(payload).unwrap()),
                0x88 => {
                    self.code = Some(u16::from_be_bytes([payload[0], payload[1]]));
                    return None;
                }
                other => assert!(matches!(other, 0x89 | 0x8a), "{other:x}"),
            }
        }
    }

    async fn event(&mut self) -> Option<(Option<u64>, String)> {
        let chunk = self.chunk().await;
        if chunk.is_empty() {
            self.code = Some(1000);
            return None;
        }
        let field = |name: &str| chunk.lines().find_map(|line| line.strip_prefix(name));
        let data = field("data: ").unwrap_or_else(|| panic!("{chunk}"));
        let kind = field("event: ").unwrap();
        assert!(data.starts_with(&format!("{{\"{kind}\":")), "{chunk}");
        Some((field("id: ").map(|id| id.parse().unwrap()), data.to_owned()))
    }

    /// Returns the next message, which must have this name.
    pub(super) async fn next(&mut self, name: &str) -> (Option<u64>, Value) {
        let next = self.ended_or_next().await;
        let (found, id, value) = next.unwrap_or_else(|| panic!("ended, and no {name} came"));
        assert_eq!(found, name, "{value}");
        (id, value)
    }

    /// The code of the close frame; 1000 for a stream that has ended as it should.
    pub(super) fn code(&self) -> Option<u16> {
        self.code
    }

    /// Waits for the end, and returns its code.
    pub(super) async fn ended(&mut self) -> Option<u16> {
        assert_eq!(self.ended_or_next().await, None);
        self.code
    }
}
