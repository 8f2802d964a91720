//! Access rules: a request needs a known `Host`, and one that changes something also
//! needs the same origin and, in some cases, the token.
//!
//! The rules stop three attacks. A website whose name resolves to this machine (DNS
//! rebinding) looks like the server's own page to a browser, but its `Host` differs. A
//! website that sends requests across origins is recognised by `Origin` and
//! `Sec-Fetch-Site`, and has no token. Other machines, if the server listens for them,
//! have no token either.
//!
//! | the server listens on | a page needs | a program needs |
//! |---|---|---|
//! | loopback | the token that is written into it | nothing |
//! | another address | the token, from `#token=` in its address | the token |
//!
//! The work endpoints and `/healthz` are exempt: any load generator may use them.

mod host;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::encoding::compressed;
use super::headers::{hardened, worded};
use crate::clean;
use crate::measure::{TOKEN_HEADER, Token};
use crate::workbench::Workbench;

pub use host::reachable;

/// Headers with which a proxy marks forwarded requests.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// The access data of a server.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The server's address, if it is known.
    pub listen: Option<SocketAddr>,
    /// The token that changes need. Without a token, no page can change anything.
    pub token: Option<Token>,
}

impl Access {
    /// Returns whether other machines may reach the server, so that programs need the
    /// token as well. An unknown address counts as loopback.
    pub fn is_shared(&self) -> bool {
        self.listen.is_some_and(|address| !address.ip().to_canonical().is_loopback())
    }

    /// Returns what a client needs to change something, by the headers of its request.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Caller {
        let is_page = headers.contains_key(header::ORIGIN) || has_fetch_metadata(headers);
        Caller { is_page, needs_token: is_page || self.is_shared() || is_forwarded(headers) }
    }

    /// Returns whether `text` is the token.
    pub(super) fn is_token(&self, text: &[u8]) -> bool {
        self.token.as_ref().is_some_and(|token| token.is(text))
    }

    /// Returns how the page in answer to such a request gets the token.
    pub(super) fn for_page(&self, headers: &HeaderMap) -> PageControl<'_> {
        match &self.token {
            Some(token) if !self.is_shared() && !is_forwarded(headers) => PageControl::Token(token),
            _ => PageControl::Bring,
        }
    }
}

/// A client that may want to change something. A WebSocket keeps it from the handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    is_page: bool,
    needs_token: bool,
}

impl Caller {
    /// Returns why a change is refused, if it is.
    pub(super) fn refused(self, has_token: bool, is_read_only: bool) -> Option<&'static str> {
        if is_read_only {
            return Some("this server is read-only (server.read_only, --read-only)");
        }
        match (self.needs_token && !has_token, self.is_page) {
            (false, _) => None,
            (true, true) => Some(
                "a page needs the server's token to change something; reload it, or open it by the address \
                 that the server has printed",
            ),
            (true, false) => Some(
                "a change needs the server's token here: --token or WEIR_TOKEN, in a request the header \
                 Weir-Token; the server has printed it",
            ),
        }
    }
}

/// How a page gets the token.
pub(super) enum PageControl<'a> {
    /// It is written into the page.
    Token(&'a Token),
    /// The user opens the page with the token behind the `#` of its address.
    Bring,
}

/// The guard of the routes.
#[derive(Debug)]
struct Guard {
    workbench: Arc<Workbench>,
    access: Arc<Access>,
}

/// Guards routes: only requests that [`Access`] allows are answered. Every method except
/// GET, HEAD and OPTIONS counts as a change. Long answers are compressed.
pub fn guarded(routes: Router, workbench: &Arc<Workbench>, access: &Arc<Access>) -> Router {
    let guard = Guard { workbench: Arc::clone(workbench), access: Arc::clone(access) };
    hardened(compressed(worded(routes).layer(from_fn_with_state(Arc::new(guard), check))))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.refuses(&request) {
        None => next.run(request).await,
        Some((status, why)) => (status, format!("refused: {why}\n")).into_response(),
    }
}

/// A status and a sentence.
type Rejection = Option<(StatusCode, String)>;

impl Guard {
    fn refuses(&self, request: &Request) -> Rejection {
        let headers = request.headers();
        let server = self.workbench.settings().server;
        if let Some(name) = host::stranger(request, self.access.listen, &server.hosts) {
            let why = format!(
                "this server is not {:?}; use an address of this machine, or add the name to server.hosts",
                clean::line(&name)
            );
            return Some((StatusCode::MISDIRECTED_REQUEST, why));
        }
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let refused = |why: &str| Some((StatusCode::FORBIDDEN, why.to_owned()));
        if is_from_elsewhere(headers, changes) {
            return refused("this request comes from another site's page");
        }
        if !changes {
            return None;
        }
        let has_token = self.access.token.as_ref().is_some_and(|token| is_in(token, headers));
        self.access.caller(headers).refused(has_token, server.read_only).and_then(refused)
    }
}

/// Returns whether the headers have the token, as `Weir-Token` or as a bearer token.
fn is_in(token: &Token, headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
    });
    let own = headers.get(TOKEN_HEADER).map(|value| value.as_bytes());
    [own, bearer].into_iter().flatten().any(|carried| token.is(carried))
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn has_fetch_metadata(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// Returns whether a browser says that another site's page made the request. Such a page
/// may only link to the server's pages.
fn is_from_elsewhere(headers: &HeaderMap, changes: bool) -> bool {
    let site = text(headers, "sec-fetch-site");
    let is_link = !changes && text(headers, "sec-fetch-mode") == Some("navigate");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) && !is_link {
        return true;
    }
    let (Some(origin), host) = (text(headers, header::ORIGIN), text(headers, header::HOST)) else {
        return false;
    };
    let of = |scheme: &str| host.is_some_and(|host| origin == format!("{scheme}://{host}"));
    // Behind a TLS proxy the origin is https; only the browser knows that it is the same
    // origin.
    !(of("http") || site == Some("same-origin") && of("https"))
}

#[cfg(test)]
mod tests;
