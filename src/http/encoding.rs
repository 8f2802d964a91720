//! Compressed answers: which clients accept gzip, and the layer that compresses for them.
//!
//! The page's own files are compressed once, in `page_files.rs`. Other long answers, such as
//! the history, are compressed when they are sent.

use std::io::Write;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A shorter body fits into one packet, so there is nothing to save.
const SHORTEST: u64 = 1400;
/// A longer body is sent as it is: it would be held in memory twice.
const LONGEST: u64 = 64 << 20;

/// Compresses long answers of `router` for clients that accept gzip. An answer stays as it is
/// if it is already compressed, has an `ETag`, or has no known length (a stream).
pub(super) fn compressed(router: Router) -> Router {
    router.layer(from_fn(compress))
}

/// Returns the bytes as a gzip file.
pub(super) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Returns whether a client prefers gzip to the plain bytes (RFC 9110, section 12.5.3). A
/// header that cannot be read selects the plain bytes, which every client accepts.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let coding = match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "identity" => &mut identity,
            "*" => &mut any,
            _ => continue,
        };
        *coding = Some(weight(parameters));
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// Returns the weight in the parameters of a coding: from 0 to 1, and 1 without one.
/// Anything else counts as 0.
fn weight(parameters: &str) -> f32 {
    if parameters.trim().is_empty() {
        return 1.0;
    }
    let Some((name, value)) = parameters.split_once('=') else { return 0.0 };
    let weight = value.trim().parse().unwrap_or(0.0);
    if name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight) { weight } else { 0.0 }
}

async fn compress(request: Request, next: Next) -> Response {
    let takes_gzip = accepts_gzip(request.headers());
    let mut response = next.run(request).await;
    if !is_compressible(&response) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !takes_gzip {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The length is known and the body is in memory, so this does not fail.
    let Ok(bytes) = to_bytes(body, LONGEST as usize).await else { return unreadable() };
    // A megabyte takes some 20 ms, during which this thread would serve nothing else.
    let compressing = tokio::task::spawn_blocking(move || gzip(&bytes, Compression::default()));
    let Ok(bytes) = compressing.await else { return unreadable() };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Body::from(Bytes::from(bytes)))
}

fn is_compressible(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let length = response.body().size_hint().exact();
    response.status() == StatusCode::OK
        && (kind.starts_with("text/") || kind.starts_with("application/json"))
        && length.is_some_and(|length| (SHORTEST..=LONGEST).contains(&length))
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(ETAG)
}

fn unreadable() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be compressed\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&'static str]) -> bool {
        let values = values.iter().map(|value| (ACCEPT_ENCODING, HeaderValue::from_static(value)));
        accepts_gzip(&values.collect())
    }

    #[test]
    fn clients_that_name_gzip_or_anything_get_it() {
        for value in [
            "gzip",
            "GZip",
            "x-gzip",
            "*",
            "gzip, deflate, br, zstd",
            "deflate,gzip;q=0.001",
            " br ; q=1 , gzip ; q=0.8 ",
            "*;q=0.1, identity;q=0",
            "gzip;q=1.000, identity",
            "*;q=0, gzip",
        ] {
            assert!(accepts(&[value]), "{value}");
        }
        assert!(accepts(&["br", "gzip"]), "two headers are one list");
    }

    #[test]
    fn clients_that_refuse_gzip_or_ask_for_nonsense_get_the_plain_bytes() {
        assert!(!accepts(&[]));
        for value in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip;q=0, *",
            "*;q=0",
            "gzip;q=0.5, identity",
            "gzip;q=-1",
            "gzip;q=2",
            "gzip;q=NaN",
            "gzip;q=inf",
            "gzip;q=1e-99999",
            "gzip;q=",
            "gzip;level=9",
            "gzip;q",
            "gzipped",
            "g zip",
            ",,,;;;q=q=q",
        ] {
            assert!(!accepts(&[value]), "{value}");
        }
        let binary = HeaderValue::from_bytes(b"gzip\xff").unwrap();
        assert!(!accepts_gzip(&[(ACCEPT_ENCODING, binary)].into_iter().collect()));
    }
}
