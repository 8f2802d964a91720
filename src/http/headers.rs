//! Security headers of every answer, and a text for answers that would have none.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, Entry};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::Response;

/// Allows only the server's own files, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// Adds the security headers to each answer of `router`.
///
/// Not for the endpoints of the modes: they are under load, and every header costs.
pub(super) fn hardened(router: Router) -> Router {
    router.layer(map_response(harden))
}

/// Answers a wrong method with a sentence.
pub(super) fn worded(router: Router) -> Router {
    router.method_not_allowed_fallback(not_allowed)
}

async fn harden(mut response: Response) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        // An answer may have a stricter value.
        if let Entry::Vacant(entry) = response.headers_mut().entry(name) {
            entry.insert(HeaderValue::from_static(value));
        }
    }
    response
}

async fn not_allowed(method: Method, uri: Uri, _: Request) -> (StatusCode, String) {
    let message = format!("{method} is not allowed at {}: the Allow header names what is\n", uri.path());
    (StatusCode::METHOD_NOT_ALLOWED, message)
}
