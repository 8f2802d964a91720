//! The request as bytes, built once and sent repeatedly.

use std::fmt::Write;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Method, Uri};

use super::TargetError;
use crate::record::RequestPlan;

/// The `User-Agent` header.
pub(super) const AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

/// A request, ready to be sent.
#[derive(Debug)]
pub(super) struct Request {
    /// Head and body together, so that one write sends both.
    pub(super) bytes: Box<[u8]>,
    /// True if the answer ends with the head, whatever the head says.
    pub(super) head_only: bool,
    /// True if the connection may be reused.
    pub(super) keep_alive: bool,
}

impl Request {
    /// # Errors
    /// A method or a header that cannot be sent.
    pub(super) fn new(
        uri: &Uri,
        plan: &RequestPlan,
        headers: &[(String, String)],
    ) -> Result<Self, TargetError> {
        let method = method(&plan.method)?;
        let own: Vec<(HeaderName, &str)> = headers
            .iter()
            .map(|(name, value)| Ok((header(name, value)?, value.trim())))
            .collect::<Result<_, TargetError>>()?;
        let has = |name: HeaderName| own.iter().any(|(given, _)| *given == name);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // `http://host?x` has an empty path, which is sent as a slash.
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut head = format!("{method} {slash}{path} HTTP/1.1\r\n");
        let mut line = |name: &HeaderName, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        if !has(HOST) {
            line(&HOST, uri.authority().map_or("", |authority| authority.as_str()));
        }
        if !has(USER_AGENT) {
            line(&USER_AGENT, AGENT);
        }
        if !plan.keep_alive {
            line(&CONNECTION, "close");
        }
        let body = plan.body.as_deref();
        // Without a length, a server must guess whether a POST has a body; some wait for
        // one.
        if body.is_some() || matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            line(&CONTENT_LENGTH, &body.map_or(0, str::len).to_string());
        }
        for (name, value) in &own {
            line(name, value);
        }
        head.push_str("\r\n");
        head.push_str(body.unwrap_or_default());
        Ok(Self {
            bytes: head.into_bytes().into(),
            head_only: method == Method::HEAD,
            keep_alive: plan.keep_alive,
        })
    }
}

fn method(text: &str) -> Result<Method, TargetError> {
    let wrong = |reason| TargetError::Method { method: text.to_owned(), reason };
    match Method::from_bytes(text.as_bytes()) {
        Ok(Method::CONNECT) => Err(wrong("it makes a tunnel, not a request and an answer")),
        Ok(method) => Ok(method),
        Err(_) => Err(wrong("expected one word, such as GET or POST")),
    }
}

fn header(name: &str, value: &str) -> Result<HeaderName, TargetError> {
    let wrong = |reason| TargetError::Header { name: name.to_owned(), reason };
    let known: HeaderName = name.parse().map_err(|_| wrong("its name is not a word of HTTP"))?;
    HeaderValue::from_str(value).map_err(|_| wrong("its value has line breaks or control characters"))?;
    if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&known) {
        return Err(wrong("it follows from the load's plan"));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str, plan: &RequestPlan, headers: &[(&str, &str)]) -> Result<String, TargetError> {
        let headers: Vec<_> =
            headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = Request::new(&url.parse().unwrap(), plan, &headers)?;
        Ok(String::from_utf8(request.bytes.to_vec()).unwrap())
    }

    #[test]
    fn a_plain_request_has_four_lines() {
        let text = sent("http://127.0.0.1:4000/serial?x=1", &RequestPlan::default(), &[]).unwrap();
        let expected =
            format!("GET /serial?x=1 HTTP/1.1\r\nhost: 127.0.0.1:4000\r\nuser-agent: {AGENT}\r\n\r\n");
        assert_eq!(text, expected);
    }

    #[test]
    fn an_empty_path_is_a_slash() {
        for (url, line) in
            [("http://weir.test", "GET / HTTP/1.1\r\n"), ("http://weir.test?x", "GET /?x HTTP/1.1\r\n")]
        {
            assert!(sent(url, &RequestPlan::default(), &[]).unwrap().starts_with(line), "{url}");
        }
    }

    #[test]
    fn a_body_has_its_length_and_a_post_always_one() {
        let post = RequestPlan { method: "POST".to_owned(), ..RequestPlan::default() };
        let text = sent("http://weir.test/", &post, &[]).unwrap();
        assert!(text.contains("\r\ncontent-length: 0\r\n"), "{text}");
        let post = RequestPlan { body: Some("größer".to_owned()), keep_alive: false, ..post };
        let text = sent("http://weir.test/", &post, &[]).unwrap();
        assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
        assert!(text.contains("\r\ncontent-length: 8\r\n") && text.ends_with("\r\n\r\ngrößer"), "{text}");
    }

    #[test]
    fn headers_of_ones_own_are_added_or_replace_ours() {
        let headers = [("Accept", "*/*"), ("HOST", "elsewhere.test"), ("User-Agent", "me")];
        let text = sent("http://weir.test/", &RequestPlan::default(), &headers).unwrap();
        assert_eq!(text, "GET / HTTP/1.1\r\naccept: */*\r\nhost: elsewhere.test\r\nuser-agent: me\r\n\r\n");
    }

    #[test]
    fn what_would_break_the_request_is_refused() {
        for (name, value) in [
            ("a b", "x"),
            ("", "x"),
            ("x", "1\r\nY: 2"),
            ("Content-Length", "5"),
            ("transfer-encoding", "chunked"),
            ("Connection", "close"),
        ] {
            let refused = sent("http://weir.test/", &RequestPlan::default(), &[(name, value)]);
            assert!(matches!(refused, Err(TargetError::Header { .. })), "{name}: {value}");
        }
        for method in ["", "GET /", "CONNECT", "GE\r\nT"] {
            let plan = RequestPlan { method: method.to_owned(), ..RequestPlan::default() };
            let refused = sent("http://weir.test/", &plan, &[]);
            assert!(matches!(refused, Err(TargetError::Method { .. })), "{method}");
        }
    }
}
