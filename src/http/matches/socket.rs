//! The figures of a match over a WebSocket for the page: `{"match": …}` four times a second, and
//! at once when an event begins or is complete.
//!
//! The first record has the whole history, later ones its latest points. The socket takes no
//! orders and ignores what a client sends. A client that reads slowly misses records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use tokio::sync::watch;

use crate::http::feed::{Feed, Figures};
use crate::http::{Handshake, MessageLimits, Step, WebSocket, text_frame};
use crate::lab::matches::{MatchSnapshot, MatchesLab};

/// What a client sends is ignored.
const MESSAGES: MessageLimits = MessageLimits { size: 4 * 1024, frames: 64 };

/// The figures of one match.
#[derive(Debug)]
struct OneMatch {
    matches: Arc<MatchesLab>,
    id: String,
}

#[derive(Serialize)]
struct Envelope {
    #[serde(rename = "match")]
    figures: MatchSnapshot,
}

impl Figures for OneMatch {
    fn ticks(&self) -> watch::Receiver<u64> {
        self.matches.ticks()
    }

    fn encode(&self, from_ms: u64) -> (u64, Bytes) {
        let Some(figures) = self.matches.snapshot_since(&self.id, from_ms) else {
            // A lab removes no match.
            return (0, Bytes::new());
        };
        let at_ms = figures.at_ms;
        // Numbers and strings, which JSON can always represent.
        (at_ms, text_frame(&serde_json::to_string(&Envelope { figures }).unwrap_or_default()))
    }
}

/// The state that all sockets share: a feed for each match that a page shows or has shown.
#[derive(Debug)]
struct Shared {
    matches: Arc<MatchesLab>,
    feeds: Mutex<HashMap<String, Arc<Feed<OneMatch>>>>,
}

/// Returns the route of the socket.
pub(super) fn routes(matches: &Arc<MatchesLab>) -> Router {
    let shared = Shared { matches: Arc::clone(matches), feeds: Mutex::default() };
    Router::new().route("/api/matches/{id}/socket", get(connect)).with_state(Arc::new(shared))
}

async fn connect(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    handshake: Handshake,
) -> Response {
    if shared.matches.find(&id).is_none() {
        return super::no_match(&shared.matches, &id);
    }
    let feed = shared.feed(id);
    handshake.upgrade(MESSAGES, move |socket| serve(feed, socket))
}

impl Shared {
    fn feed(&self, id: String) -> Arc<Feed<OneMatch>> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Feed::new(OneMatch { matches: Arc::clone(&self.matches), id: id.clone() });
        Arc::clone(feeds.entry(id.clone()).or_insert_with(new))
    }
}

async fn serve(feed: Arc<Feed<OneMatch>>, mut socket: WebSocket) {
    let mut figures = feed.subscribe();
    loop {
        let is_sent = socket.is_sent();
        tokio::select! {
            step = socket.step() => match step {
                Step::Message(_) | Step::Sent => {}
                Step::Closed => return,
            },
            Some(frame) = figures.next(), if is_sent => socket.send(frame),
        }
    }
}
