//! A running server: where it is, and one request to it.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Sources;

/// A server that takes longer is of no use to somebody who waits at a prompt.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer we ask for.
const LARGEST: usize = 16 * 1024 * 1024;

/// Which server is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// The server; by default where the configuration says it listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Server {
    /// Where something of this server is.
    ///
    /// # Errors
    /// When no server is named, and the configuration cannot say either.
    pub(super) fn at(&self, path: &str, sources: &Sources) -> anyhow::Result<Uri> {
        let base = match &self.url {
            Some(url) if url.contains("://") => url.clone(),
            Some(host) => format!("http://{host}"),
            None => format!("http://{}", sources.load()?.settings.server.listen),
        };
        let base = base.trim_end_matches(path).trim_end_matches('/');
        format!("{base}{path}").parse().context("not a URL")
    }
}

/// The body of a successful answer.
///
/// # Errors
/// When there is no server, or it answers otherwise.
pub(super) fn request(method: Method, uri: &Uri) -> anyhow::Result<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(method, uri))
}

async fn ask(method: Method, uri: &Uri) -> anyhow::Result<Bytes> {
    let body = timeout(PATIENCE, fetch(method, uri))
        .await
        .with_context(|| format!("{uri} did not answer in {PATIENCE:?}"))?;
    body.with_context(|| format!("cannot ask {uri}"))
}

async fn fetch(method: Method, uri: &Uri) -> anyhow::Result<Bytes> {
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
    ensure!(response.status().is_success(), "the server answered {}", response.status());
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(body.map_err(|error| anyhow::anyhow!(error))?.to_bytes())
}
