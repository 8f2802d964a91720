//! One request to a running server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::token::{TOKEN_HEADER, Token};
use crate::clean;

/// How long a command waits for an answer: its user sits at a prompt.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer we ask for.
const LARGEST: usize = 64 * 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// All of its body.
    pub body: Bytes,
}

impl Reply {
    /// The body of a success.
    ///
    /// # Errors
    /// When it is none, with what the server says.
    pub fn success(self, uri: &Uri) -> anyhow::Result<Bytes> {
        let Self { status, body } = self;
        ensure!(
            status.is_success(),
            "{uri} answered {status}: {}",
            clean::line(String::from_utf8_lossy(&body).trim())
        );
        Ok(body)
    }
}

/// Where a server of this machine is found that listens at `address`: an address
/// that stands for all of them is nowhere to connect to.
pub fn local_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

/// A running server: where it is, and the token that lets it be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Such as `http://127.0.0.1:4000`.
    pub base: String,
    /// Needed where the server listens on more than its own machine.
    pub token: Option<Token>,
}

impl Peer {
    /// The server at a URL as a person writes it, perhaps without its scheme.
    pub fn named(url: &str, token: Option<&Token>) -> Self {
        let scheme = if url.contains("://") { "" } else { "http://" };
        Self { base: format!("{scheme}{}", url.trim_end_matches('/')), token: token.cloned() }
    }

    /// The address of a route. A base that names the route already is taken as it is.
    ///
    /// # Errors
    /// When it is not a URL.
    pub fn uri(&self, path: &str) -> anyhow::Result<Uri> {
        let base = self.base.trim_end_matches(path).trim_end_matches('/');
        format!("{base}{path}").parse().context("not a URL")
    }

    /// The body of a successful answer, by a runtime of its own.
    ///
    /// # Errors
    /// When there is no server, or it answers otherwise.
    ///
    /// # Panics
    /// Within a runtime.
    pub fn request(&self, method: Method, path: &str) -> anyhow::Result<Bytes> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.ask(method, path))?.success(&self.uri(path)?)
    }

    /// The answer, whatever it says.
    ///
    /// # Errors
    /// When there is no server, or it takes too long, or what it answers is not HTTP.
    pub async fn ask(&self, method: Method, path: &str) -> anyhow::Result<Reply> {
        let uri = self.uri(path)?;
        let reply = timeout(PATIENCE, fetch(method, &uri, self.token.as_ref()))
            .await
            .with_context(|| format!("{uri} did not answer in {PATIENCE:?}"))?;
        reply.with_context(|| format!("cannot ask {uri}"))
    }
}

async fn fetch(method: Method, uri: &Uri, token: Option<&Token>) -> anyhow::Result<Reply> {
    let host = uri.host().context("the URL names no host")?;
    if uri.scheme_str() != Some("http") {
        bail!("only http:// URLs are understood");
    }
    let port = uri.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .context("no server answers there; is weir running?")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::builder().method(method).uri(path).header(header::HOST, format!("{host}:{port}"));
    if let Some(token) = token {
        request = request.header(TOKEN_HEADER, token.reveal());
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(Reply { status, body: body.map_err(|error| anyhow::anyhow!(error))?.to_bytes() })
}
