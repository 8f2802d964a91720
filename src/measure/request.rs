//! One request to a running server.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clean;

/// A server that takes longer is of no use to somebody who waits at a prompt.
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

/// The body of a successful answer, by a runtime of its own.
///
/// # Errors
/// When there is no server, or it answers otherwise.
///
/// # Panics
/// Within a runtime.
pub fn request(method: Method, uri: &Uri) -> anyhow::Result<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(method, uri))?.success(uri)
}

/// The answer, whatever it says.
///
/// # Errors
/// When there is no server, or it takes too long, or what it answers is not HTTP.
pub async fn ask(method: Method, uri: &Uri) -> anyhow::Result<Reply> {
    let reply = timeout(PATIENCE, fetch(method, uri))
        .await
        .with_context(|| format!("{uri} did not answer in {PATIENCE:?}"))?;
    reply.with_context(|| format!("cannot ask {uri}"))
}

async fn fetch(method: Method, uri: &Uri) -> anyhow::Result<Reply> {
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
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("{host}:{port}"))
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(Reply { status, body: body.map_err(|error| anyhow::anyhow!(error))?.to_bytes() })
}
