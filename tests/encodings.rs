//! Compressed answers: encodings, tags, and answers that must stay as they are.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use flate2::read::GzDecoder;
use tower::ServiceExt;
use weir::http::router;
use weir::workbench::Workbench;

use crate::http::{Answer, send};
use crate::support::bench;

/// What Chromium sends to this machine.
pub(crate) const BROWSER: &str = "gzip, deflate, br, zstd";

/// Makes a request with these headers.
pub(crate) async fn ask(
    bench: &Arc<Workbench>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(bench, request.body(Body::empty()).unwrap()).await
}

async fn get(bench: &Arc<Workbench>, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(bench, Method::GET, path, headers).await
}

/// A header as text, or nothing.
fn header_of(answer: &Answer, name: header::HeaderName) -> &str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

pub(crate) fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_it_and_any_other_gets_the_plain_bytes() {
    let bench = bench(&[]);
    // A file is compressed once, a page each time it is sent.
    for path in ["/page/style.css", "/page/bench/picture.js", "/exercises"] {
        let plain = get(&bench, path, &[]).await;
        let small = get(&bench, path, &[("accept-encoding", BROWSER)]).await;
        assert_eq!(unpacked(&small.body), plain.text(), "{path}");
        assert!(small.body.len() < plain.body.len() / 2, "{path}: {}", small.body.len());
        for (answer, encoding) in [(&plain, ""), (&small, "gzip")] {
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(header_of(answer, header::CONTENT_ENCODING), encoding, "{path}");
            assert_eq!(header_of(answer, header::VARY), "Accept-Encoding", "{path}");
            assert_eq!(header_of(answer, header::CACHE_CONTROL), "no-cache", "{path}");
            let length = header_of(answer, header::CONTENT_LENGTH);
            assert_eq!(length, answer.body.len().to_string(), "{path}");
        }
        assert_eq!(small.headers[header::CONTENT_TYPE], plain.headers[header::CONTENT_TYPE]);
        for hostile in ["gzip;q=0", "gzip;q=NaN", "identity", ",,,;;;q=q", "br", "gzip;q=0.1, identity"] {
            let answer = get(&bench, path, &[("accept-encoding", hostile)]).await;
            assert_eq!(answer.body, plain.body, "{path} for {hostile:?}");
            assert_eq!(header_of(&answer, header::CONTENT_ENCODING), "", "{path} for {hostile:?}");
        }
    }
}

#[tokio::test]
async fn each_encoding_of_a_file_has_a_strong_tag_of_its_own() {
    let bench = bench(&[]);
    let of = async |path: &str, encoding: &str| {
        let answer = get(&bench, path, &[("accept-encoding", encoding)]).await;
        header_of(&answer, header::ETAG).to_owned()
    };
    let plain = of("/page/app.js", "identity").await;
    let small = of("/page/app.js", "gzip").await;
    assert!(plain.starts_with('"') && plain.ends_with('"'), "strong: {plain}");
    assert_ne!(plain, small);
    assert_eq!(plain, of("/page/app.js", "br").await, "the same bytes have the same tag");
    assert_ne!(plain, of("/page/style.css", "identity").await);
    // A page has another state in it each time.
    assert_eq!(of("/", "gzip").await, "");
}

#[tokio::test]
async fn a_client_that_has_a_file_gets_304_without_its_bytes() {
    let bench = bench(&[]);
    for encoding in ["identity", "gzip"] {
        let with = async |known: &str| {
            let headers = [("accept-encoding", encoding), ("if-none-match", known)];
            get(&bench, "/page/app.js", &headers).await
        };
        let full = with("\"0\"").await;
        assert_eq!(full.status, StatusCode::OK);
        let tag = header_of(&full, header::ETAG);
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"a\", W/\"b\" , {tag}"), "*".to_owned()]
        {
            let answer = with(&known).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{known}");
            assert!(answer.body.is_empty());
            assert_eq!(header_of(&answer, header::ETAG), tag);
            assert_eq!(header_of(&answer, header::VARY), "Accept-Encoding");
            assert_eq!(header_of(&answer, header::CACHE_CONTROL), "no-cache");
            assert_eq!(header_of(&answer, header::CONTENT_ENCODING), "");
        }
        let other = if encoding == "gzip" { "identity" } else { "gzip" };
        let answer =
            get(&bench, "/page/app.js", &[("accept-encoding", other), ("if-none-match", tag)]).await;
        assert_eq!(answer.status, StatusCode::OK, "the tag of {encoding} is not that of {other}");
        for wrong in ["", "\"", "W/", ",", "app.js", tag.trim_matches('"')] {
            assert_eq!(with(wrong).await.status, StatusCode::OK, "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let bench = bench(&[]);
    for path in ["/page/app.js", "/exercises", "/page/nothing.js"] {
        for encoding in ["identity", "gzip"] {
            let headers = [("accept-encoding", encoding)];
            let whole = get(&bench, path, &headers).await;
            let head = ask(&bench, Method::HEAD, path, &headers).await;
            assert_eq!(
                (head.status, &head.headers),
                (whole.status, &whole.headers),
                "{path} as {encoding}"
            );
            assert!(head.body.is_empty() && !whole.body.is_empty());
        }
    }
    let headers = [("accept-encoding", "gzip"), ("if-none-match", "*")];
    assert_eq!(ask(&bench, Method::HEAD, "/page/app.js", &headers).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test(start_paused = true)]
async fn endpoints_and_short_answers_are_never_compressed() {
    let bench = bench(&["resource.latency.mean=1ms"]);
    for path in ["/serial", "/async", "/pipelined", "/healthz", "/api/load", "/nothing"] {
        let answer = get(&bench, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(header_of(&answer, header::CONTENT_ENCODING), "", "{path}");
        assert_eq!(header_of(&answer, header::VARY), "", "{path}");
    }
    let live = Request::get("/api/live").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let live = router(Arc::clone(&bench)).oneshot(live).await.unwrap();
    assert_eq!(live.headers().get(header::CONTENT_ENCODING), None, "a stream");
    let snapshot = get(&bench, "/api/snapshot", &[("accept-encoding", "gzip")]).await;
    assert!(unpacked(&snapshot.body).starts_with("{\"version\""));
}
