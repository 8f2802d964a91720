//! One GET request to a running server.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that takes longer is of no use to somebody who waits at a prompt.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer we ask for.
const LARGEST: usize = 16 * 1024 * 1024;

/// The body of a successful answer.
pub(super) async fn get(uri: &Uri) -> anyhow::Result<Bytes> {
    let body = timeout(PATIENCE, fetch(uri))
        .await
        .with_context(|| format!("{uri} did not answer in {PATIENCE:?}"))?;
    body.with_context(|| format!("cannot read {uri}"))
}

async fn fetch(uri: &Uri) -> anyhow::Result<Bytes> {
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
    let request =
        Request::get(path).header(header::HOST, format!("{host}:{port}")).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    ensure!(response.status().is_success(), "the server answered {}", response.status());
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(body.map_err(|error| anyhow::anyhow!(error))?.to_bytes())
}
