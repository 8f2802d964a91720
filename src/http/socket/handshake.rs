//! The handshake of a WebSocket: a GET that is answered with 101 (RFC 6455, section 4.2).

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use sha1_smol::Sha1;

use super::{MessageLimits, WebSocket};
use crate::http::base64::{DIGITS, base64};
use crate::http::server::{TakenSocket, Takeover};

/// What the server appends to the client's key before it hashes both.
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request for a WebSocket, as an argument of a handler. Any other request is answered with
/// 426, and one without a key with 400.
///
/// [`serve_within`](crate::http::serve_within) must serve the route: it gives the socket to
/// the handler.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
}

impl Handshake {
    /// Returns the answer, after which `serve` has the socket. It takes messages within
    /// `limits`; a larger one closes the socket.
    pub fn upgrade<F>(
        self,
        limits: MessageLimits,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.take(move |socket| serve(WebSocket::new(socket, limits)))
    }

    /// Returns the answer, after which `owner` has the socket, for an owner that speaks the
    /// protocol itself.
    pub(in crate::http) fn take<F>(self, owner: impl FnOnce(TakenSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("Upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
        response.extensions_mut().insert(Takeover::by(owner));
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Handshake {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let headers = &parts.headers;
        let asks = names(headers, &header::CONNECTION, "upgrade")
            && names(headers, &header::UPGRADE, "websocket")
            && parts.version == Version::HTTP_11;
        if !asks {
            return Err(upgrade_required("this is a WebSocket: connect with a WebSocket client\n"));
        }
        let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
        if version != Some(b"13") {
            return Err(upgrade_required("the server speaks version 13 of WebSocket alone (RFC 6455)\n"));
        }
        match headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes) {
            Some(key) if is_key(key) => Ok(Self { accept: accept(key) }),
            _ => {
                let why = "Sec-WebSocket-Key is missing or is not the base64 of 16 bytes\n";
                Err((StatusCode::BAD_REQUEST, why).into_response())
            }
        }
    }
}

fn upgrade_required(why: &'static str) -> Response {
    let headers = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
    ];
    (StatusCode::UPGRADE_REQUIRED, headers, why).into_response()
}

/// Returns whether the list in a header has `token`, in any case.
fn names(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// Returns whether `key` is the base64 of 16 bytes.
fn is_key(key: &[u8]) -> bool {
    let digits = key.strip_suffix(b"==").unwrap_or_default();
    digits.len() == 22 && digits.iter().all(|digit| DIGITS.contains(digit))
}

/// Returns the proof that the server has read the key.
fn accept(key: &[u8]) -> HeaderValue {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(SALT);
    // Base64 is always a valid value.
    HeaderValue::from_str(&base64(&hash.digest().bytes())).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    const LIMITS: MessageLimits = MessageLimits { size: 1000, frames: 10 };
    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    async fn answer(headers: &[(&str, &str)], version: Version) -> Response {
        let router = Router::new()
            .route("/", get(async |handshake: Handshake| handshake.upgrade(LIMITS, async |_| ())));
        let mut request = Request::builder().uri("/").version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The good headers, with another value of one, or without it.
    fn with(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
        let other =
            GOOD.iter().map(|(known, good)| (*known, if *known == name { value } else { Some(*good) }));
        other.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    #[tokio::test]
    async fn the_key_of_the_standard_is_answered_as_in_the_standard() {
        let response = answer(&GOOD, Version::HTTP_11).await;
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(response.extensions().get::<Takeover>().is_some());
    }

    #[tokio::test]
    async fn other_requests_are_refused_in_one_line_and_have_no_owner() {
        for (headers, version, status, says) in [
            (with("connection", Some("close")), Version::HTTP_11, 426, "connect with a WebSocket client"),
            (with("upgrade", None), Version::HTTP_11, 426, "connect with a WebSocket client"),
            (GOOD.to_vec(), Version::HTTP_10, 426, "connect with a WebSocket client"),
            (with("sec-websocket-version", Some("8")), Version::HTTP_11, 426, "version 13"),
            (with("sec-websocket-version", None), Version::HTTP_11, 426, "version 13"),
            (with("sec-websocket-key", None), Version::HTTP_11, 400, "Sec-WebSocket-Key is missing"),
            (with("sec-websocket-key", Some("c2hvcnQ=")), Version::HTTP_11, 400, "base64 of 16 bytes"),
        ] {
            let response = answer(&headers, version).await;
            assert_eq!(response.status(), status, "{headers:?}");
            assert!(response.extensions().get::<Takeover>().is_none());
            let version = response.headers().get(header::SEC_WEBSOCKET_VERSION);
            assert_eq!(version.is_some(), status == 426, "the client learns which version to use");
            let text = to_bytes(response.into_body(), 1000).await.unwrap();
            let text = std::str::from_utf8(&text).unwrap();
            assert!(text.contains(says) && text.lines().count() == 1, "{text}");
        }
    }
}
