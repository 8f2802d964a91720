//! A server with the lab, and a client of its socket.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;
use crate::config::Sources;
use crate::http::{Access, listen, router_with_jobs, serve};
use crate::lab::jobs::JobsLab;
use crate::measure::Token;
use crate::workbench::Workbench;

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) workbench: Arc<Workbench>,
    pub(super) jobs: Arc<JobsLab>,
    pub(super) token: String,
}

impl Server {
    pub(super) fn start(flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let sources = Sources { file: None, flags };
        let workbench = Workbench::start(sources.load().unwrap(), &sources);
        let jobs = JobsLab::start(&workbench.settings(), workbench.registry()).unwrap();
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let token = Token::random().unwrap();
        let text = token.reveal().to_owned();
        let access = Arc::new(Access { listen: Some(address), token: Some(token) });
        let router = router_with_jobs(&workbench, &access, &jobs);
        tokio::spawn(serve(listener, router, workbench.shutdown().clone()));
        Self { address, workbench, jobs, token: text }
    }

    /// Sends a handshake with more headers.
    pub(super) async fn handshake(&self, headers: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET /api/jobs/socket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        Client { stream, head: String::from_utf8(head).unwrap() }
    }

    pub(super) async fn program(&self) -> Client {
        self.handshake("").await
    }

    pub(super) async fn page(&self) -> Client {
        self.handshake(&format!("Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", self.address)).await
    }

    pub(super) fn counts(&self) -> (u64, u64) {
        let counts = self.jobs.ledger();
        (counts.accepted, counts.refused)
    }
}

pub(super) struct Client {
    stream: TcpStream,
    pub(super) head: String,
}

impl Client {
    pub(super) async fn send(&mut self, text: &str) {
        let size = u16::try_from(text.len()).unwrap().to_be_bytes();
        let frame = [&[0x81, 0x80 | 126, size[0], size[1], 0, 0, 0, 0], text.as_bytes()];
        // The shortest form of a length is the only one allowed.
        let short = [0x81, 0x80 | size[1], 0, 0, 0, 0];
        let frame = if text.len() < 126 { [&short[..], frame[1]].concat() } else { frame.concat() };
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(super) async fn submit(&mut self, input: &str, reference: u64) {
        self.send(&json!({ "submit": input, "ref": reference }).to_string()).await;
    }

    /// Reads the next frame: its opcode and payload.
    pub(super) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let reading = async {
            let opcode = self.stream.read_u8().await.unwrap() & 0x0f;
            let size = match self.stream.read_u8().await.unwrap() {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                size => u64::from(size),
            };
            let mut payload = vec![0; usize::try_from(size).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            (opcode, payload)
        };
        timeout(PATIENCE, reading).await.expect("a frame in time")
    }

    /// Reads until a message has the field, and returns its value.
    pub(super) async fn next(&mut self, field: &str) -> Value {
        loop {
            let (opcode, payload) = self.frame().await;
            assert_eq!(opcode, 1, "a text: {payload:?}");
            let mut message: Value = serde_json::from_slice(&payload).unwrap();
            if let Some(value) = message.get_mut(field) {
                return value.take();
            }
        }
    }
}
