//! One request to a running server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::http::uri::InvalidUri;
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::token::{TOKEN_HEADER, Token};
use crate::clean;

/// The time limit for an answer: a user waits at a prompt.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Why a server could not be asked, or refused.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The address is not a URL.
    #[error("{:?} is not a URL: {reason}", clean::line(url))]
    NotAUrl {
        /// The address.
        url: String,
        /// The reason.
        reason: InvalidUri,
    },
    /// The URL has no host.
    #[error("{0}: expected a URL with a host, such as http://127.0.0.1:4000")]
    NoHost(Uri),
    /// The URL has another scheme than http.
    #[error("{0}: expected an http:// URL")]
    NotHttp(Uri),
    /// No server answers.
    #[error("no server answers at {uri}: {error}; is weir running?")]
    NoServer {
        /// The URL.
        uri: Uri,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The server took too long.
    #[error("{uri} did not answer within {} s", limit.as_secs())]
    TooSlow {
        /// The URL.
        uri: Uri,
        /// The time limit.
        limit: Duration,
    },
    /// The answer is not HTTP, or breaks off.
    #[error("{uri} did not answer in HTTP: {reason}")]
    NoAnswer {
        /// The URL.
        uri: Uri,
        /// The reason.
        reason: String,
    },
    /// The server answered with another status than a success.
    #[error("{uri} answered {status}: {}", clean::line(said))]
    Refused {
        /// The URL.
        uri: Uri,
        /// The status.
        status: StatusCode,
        /// The body.
        said: String,
    },
    /// There is no runtime to ask with.
    #[error("cannot start a runtime: {0}")]
    NoRuntime(std::io::Error),
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body of a success.
    ///
    /// # Errors
    /// [`RequestError::Refused`].
    pub fn success(self, uri: &Uri) -> Result<Bytes, RequestError> {
        let Self { status, body } = self;
        if status.is_success() {
            return Ok(body);
        }
        let said = String::from_utf8_lossy(&body).trim().to_owned();
        Err(RequestError::Refused { uri: uri.clone(), status, said })
    }
}

/// The URL of a server of this machine that listens at `address`. An unspecified address
/// becomes loopback, since no client can connect to it.
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

/// A running server: its address, and the token for changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Such as `http://127.0.0.1:4000`.
    pub base: String,
    /// Needed for changes if the server listens beyond loopback.
    pub token: Option<Token>,
}

impl Peer {
    /// The server at a URL, which may lack its scheme.
    pub fn named(url: &str, token: Option<&Token>) -> Self {
        let scheme = if url.contains("://") { "" } else { "http://" };
        Self { base: format!("{scheme}{}", url.trim_end_matches('/')), token: token.cloned() }
    }

    /// The URL of a route. A base that already ends with the route is not extended.
    ///
    /// # Errors
    /// [`RequestError::NotAUrl`].
    pub fn uri(&self, path: &str) -> Result<Uri, RequestError> {
        let base = self.base.trim_end_matches(path).trim_end_matches('/');
        let url = format!("{base}{path}");
        url.parse().map_err(|reason| RequestError::NotAUrl { url, reason })
    }

    /// Sends a request on a runtime of its own, and returns the body of a success.
    ///
    /// # Errors
    /// [`RequestError`].
    ///
    /// # Panics
    /// Inside a runtime.
    pub fn request(&self, method: Method, path: &str) -> Result<Bytes, RequestError> {
        self.request_within(PATIENCE, method, path)
    }

    /// Like [`request`](Self::request), with another time limit.
    ///
    /// # Errors
    /// [`RequestError`].
    ///
    /// # Panics
    /// Inside a runtime.
    pub fn request_within(
        &self,
        limit: Duration,
        method: Method,
        path: &str,
    ) -> Result<Bytes, RequestError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(RequestError::NoRuntime)?;
        runtime.block_on(self.ask_within(limit, method, path))?.success(&self.uri(path)?)
    }

    /// Like [`request_within`](Self::request_within), with a body in JSON.
    ///
    /// # Errors
    /// [`RequestError`].
    ///
    /// # Panics
    /// Inside a runtime.
    pub fn send_within(
        &self,
        limit: Duration,
        method: Method,
        path: &str,
        json: String,
    ) -> Result<Bytes, RequestError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(RequestError::NoRuntime)?;
        let uri = self.uri(path)?;
        let asked = async {
            let extra = Extra { resume: None, json: Some(json) };
            match timeout(limit, fetch(method, &uri, self.token.as_ref(), extra)).await {
                Ok(reply) => reply?.success(&uri),
                Err(_) => Err(RequestError::TooSlow { uri: uri.clone(), limit }),
            }
        };
        runtime.block_on(asked)
    }

    /// Sends a request, and returns the answer with any status.
    ///
    /// # Errors
    /// [`RequestError`], but not for a status.
    ///
    /// # Cancel safety
    /// The server may have received the request when the future is dropped.
    pub async fn ask(&self, method: Method, path: &str) -> Result<Reply, RequestError> {
        self.ask_within(PATIENCE, method, path).await
    }

    /// Sends a GET request for a stream that may have no end, and returns the answer once its
    /// head has arrived. `resume` becomes the header `Last-Event-ID`.
    ///
    /// # Errors
    /// [`RequestError`], but not for a status.
    ///
    /// # Cancel safety
    /// The server may have received the request when the future is dropped.
    pub async fn open(&self, path: &str, resume: Option<&str>) -> Result<Response<Incoming>, RequestError> {
        let uri = self.uri(path)?;
        let extra = Extra { resume, json: None };
        match timeout(PATIENCE, send(Method::GET, &uri, self.token.as_ref(), extra)).await {
            Ok(response) => response,
            Err(_) => Err(RequestError::TooSlow { uri, limit: PATIENCE }),
        }
    }

    /// Like [`ask`](Self::ask), with another time limit.
    ///
    /// # Errors
    /// [`RequestError`], but not for a status.
    ///
    /// # Cancel safety
    /// The server may have received the request when the future is dropped.
    pub async fn ask_within(
        &self,
        limit: Duration,
        method: Method,
        path: &str,
    ) -> Result<Reply, RequestError> {
        let uri = self.uri(path)?;
        match timeout(limit, fetch(method, &uri, self.token.as_ref(), Extra::default())).await {
            Ok(reply) => reply,
            Err(_) => Err(RequestError::TooSlow { uri, limit }),
        }
    }
}

/// The parts that most requests do not have.
#[derive(Debug, Default)]
struct Extra<'a> {
    /// The header `Last-Event-ID`.
    resume: Option<&'a str>,
    /// The body.
    json: Option<String>,
}

async fn fetch(
    method: Method,
    uri: &Uri,
    token: Option<&Token>,
    extra: Extra<'_>,
) -> Result<Reply, RequestError> {
    let response = send(method, uri, token, extra).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    Ok(Reply { status, body: body.map_err(|error| no_answer(uri, error.to_string()))?.to_bytes() })
}

fn no_answer(uri: &Uri, reason: String) -> RequestError {
    RequestError::NoAnswer { uri: uri.clone(), reason }
}

/// Sends a request, and returns the answer once its head has arrived.
async fn send(
    method: Method,
    uri: &Uri,
    token: Option<&Token>,
    Extra { resume, json }: Extra<'_>,
) -> Result<Response<Incoming>, RequestError> {
    let host = uri.host().ok_or_else(|| RequestError::NoHost(uri.clone()))?;
    if uri.scheme_str() != Some("http") {
        return Err(RequestError::NotHttp(uri.clone()));
    }
    let port = uri.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|error| RequestError::NoServer { uri: uri.clone(), error })?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| no_answer(uri, error.to_string()))?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::builder().method(method).uri(path).header(header::HOST, format!("{host}:{port}"));
    if let Some(token) = token {
        request = request.header(TOKEN_HEADER, token.reveal());
    }
    if let Some(resume) = resume {
        request = request.header("last-event-id", resume);
    }
    if json.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = Full::<Bytes>::from(json.unwrap_or_default());
    let request = request.body(body).map_err(|error| no_answer(uri, error.to_string()))?;
    sender.send_request(request).await.map_err(|error| no_answer(uri, error.to_string()))
}
