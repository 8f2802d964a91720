use axum::body::Body;

use super::*;
use crate::config::Sources;

/// A guard, with the token `secret`.
fn guard(listen: &str, flags: &[&str]) -> Guard {
    let flags = flags.iter().map(ToString::to_string).collect();
    let sources = Sources { file: None, flags };
    let workbench = Workbench::start(sources.load().unwrap(), &sources);
    let access = Access { listen: Some(listen.parse().unwrap()), token: Some("secret".parse().unwrap()) };
    Guard { workbench, access: Arc::new(access) }
}

/// The status of a refusal, or 200; of a request with these headers, `host` first.
fn status(guard: &Guard, method: &Method, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri("/api/pause");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    guard.refuses(&request.body(Body::empty()).unwrap()).map_or(200, |(status, _)| status.as_u16())
}

const OURS: (&str, &str) = ("host", "127.0.0.1:4000");
const PAGE: (&str, &str) = ("origin", "http://127.0.0.1:4000");
const TOKEN: (&str, &str) = ("weir-token", "secret");

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_ours_is_refused_whatever_else_a_request_says() {
    let guard = guard("127.0.0.1:4000", &[]);
    let evil = ("host", "evil.example:4000");
    let as_our_page =
        [evil, ("origin", "http://evil.example:4000"), ("sec-fetch-site", "same-origin"), TOKEN];
    for method in [Method::GET, Method::POST, Method::HEAD, Method::PUT] {
        for headers in [&as_our_page[..], &[evil], &[OURS, evil], &[evil, OURS]] {
            assert_eq!(status(&guard, &method, headers), 421, "{method} {headers:?}");
        }
    }
    let absolute = Request::builder().uri("http://evil.example/api/snapshot").header("host", "localhost");
    let (status, why) = guard.refuses(&absolute.body(Body::empty()).unwrap()).unwrap();
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert!(why.contains("evil.example") && why.contains("server.hosts"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_configured_name_is_ours_as_soon_as_it_is_in_force() {
    let guard = guard("127.0.0.1:4000", &["server.hosts=bench.example"]);
    assert_eq!(status(&guard, &Method::GET, &[("host", "bench.example:8080")]), 200);
    assert_eq!(status(&guard, &Method::GET, &[("host", "other.example")]), 421);
    guard.workbench.set("server.hosts", "[\"other.example\"]").await.unwrap();
    assert_eq!(status(&guard, &Method::GET, &[("host", "other.example")]), 200);
    assert_eq!(status(&guard, &Method::GET, &[("host", "bench.example:8080")]), 421);
}

#[tokio::test(start_paused = true)]
async fn on_loopback_a_page_needs_the_token_and_a_program_nothing() {
    let guard = guard("127.0.0.1:4000", &[]);
    let post = |headers: &[(&str, &str)]| status(&guard, &Method::POST, headers);
    assert_eq!(post(&[OURS]), 200);
    assert_eq!(post(&[]), 200, "HTTP/1.0 names no host");
    for browser in
        [&[OURS, PAGE][..], &[OURS, ("sec-fetch-site", "same-origin")], &[OURS, ("sec-fetch-mode", "cors")]]
    {
        assert_eq!(post(browser), 403, "{browser:?}");
        assert_eq!(post(&[browser, &[TOKEN]].concat()), 200, "{browser:?}");
        assert_eq!(post(&[browser, &[("authorization", "Bearer secret")]].concat()), 200, "{browser:?}");
        for wrong in ["", "Secret", "secre", "secrets"] {
            assert_eq!(post(&[browser, &[("weir-token", wrong)]].concat()), 403, "{wrong}");
        }
        assert_eq!(status(&guard, &Method::GET, browser), 200, "numbers may be read");
    }
    let proxied = ("x-forwarded-for", "192.0.2.1");
    assert_eq!((post(&[OURS, proxied]), post(&[OURS, proxied, TOKEN])), (403, 200));
}

#[tokio::test(start_paused = true)]
async fn another_sites_page_is_refused_even_with_the_token_but_may_link() {
    let guard = guard("127.0.0.1:4000", &[]);
    let (site, evil) = ("sec-fetch-site", "http://evil.example");
    for headers in [
        &[OURS, (site, "cross-site"), TOKEN][..],
        &[OURS, (site, "same-site"), TOKEN],
        &[OURS, ("origin", evil), TOKEN],
        &[OURS, ("origin", "null"), TOKEN],
        &[OURS, ("origin", evil), (site, "none"), TOKEN],
        &[OURS, ("origin", evil), (site, "same-origin"), TOKEN],
        &[OURS, ("origin", "https://127.0.0.1:4000"), TOKEN],
        &[OURS, ("origin", "http://127.0.0.1:4001"), TOKEN],
        &[("host", "localhost:4000"), PAGE, TOKEN],
    ] {
        assert_eq!(status(&guard, &Method::POST, headers), 403, "{headers:?}");
        assert_eq!(status(&guard, &Method::GET, headers), 403, "{headers:?}");
    }
    let link = [OURS, (site, "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!((status(&guard, &Method::GET, &link), status(&guard, &Method::POST, &link)), (200, 403));
}

#[tokio::test(start_paused = true)]
async fn where_others_can_reach_the_server_a_program_needs_the_token_too() {
    for listen in ["0.0.0.0:4000", "192.0.2.5:4000", "[::]:4000"] {
        let guard = guard(listen, &[]);
        for headers in [&[OURS][..], &[OURS, PAGE], &[]] {
            assert_eq!(status(&guard, &Method::POST, headers), 403, "{listen}");
            assert_eq!(status(&guard, &Method::POST, &[headers, &[TOKEN]].concat()), 200, "{listen}");
            assert_eq!(status(&guard, &Method::GET, headers), 200, "{listen}");
        }
    }
    for listen in ["127.0.0.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
        assert_eq!(status(&guard(listen, &[]), &Method::POST, &[OURS]), 200, "{listen}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_refuses_every_change_and_shows_its_numbers() {
    let guard = guard("127.0.0.1:4000", &["server.read_only=true"]);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(status(&guard, &method, &[OURS, TOKEN]), 403, "{method}");
    }
    assert_eq!(status(&guard, &Method::GET, &[OURS]), 200);
    assert!(guard.workbench.snapshot().read_only);
}
