//! The snapshot: once, as a history, and ten times a second.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::IntervalStream;

use crate::workbench::{History, Workbench};

/// The time between two snapshots of the live stream.
const FRAME: Duration = Duration::from_millis(100);

pub(super) async fn snapshot(State(workbench): State<Arc<Workbench>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.snapshot())).into_response()
}

pub(super) async fn history(State(workbench): State<Arc<Workbench>>) -> Json<History> {
    Json(workbench.recent_history())
}

/// Snapshots as server-sent events, until the workbench stops.
pub(super) async fn live(State(workbench): State<Arc<Workbench>>) -> impl IntoResponse {
    Sse::new(frames(workbench))
}

/// Each frame is made when the connection is ready for it. A slow reader gets
/// fewer of them, always new ones, and nothing piles up for it.
fn frames(workbench: Arc<Workbench>) -> impl Stream<Item = Result<Event, axum::Error>> {
    let mut tick = interval(FRAME);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let shutdown = workbench.shutdown().clone();
    IntervalStream::new(tick)
        .map(move |_| Event::default().json_data(workbench.snapshot()))
        // Without this an open page would keep a graceful shutdown from ending.
        .take_until(async move { shutdown.stopping().await })
}
