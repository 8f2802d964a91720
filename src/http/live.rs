//! The snapshot, the history, and the live stream of ten snapshots a second.
//!
//! While there are readers, one task takes and encodes a snapshot at each tick. All
//! connections write the same buffer, so a reader costs a write and no snapshot.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::workbench::Workbench;

/// The time between two snapshots of the live stream.
const FRAME: Duration = Duration::from_millis(100);

/// Returns the route of the live stream.
pub(super) fn routes(workbench: &Arc<Workbench>) -> Router {
    let live = Arc::new(Live {
        workbench: Arc::clone(workbench),
        frames: watch::Sender::default(),
        is_ticking: Mutex::default(),
    });
    Router::new().route("/api/live", get(frames)).with_state(live)
}

pub(super) async fn snapshot(State(workbench): State<Arc<Workbench>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.snapshot())).into_response()
}

/// The part of the history that the client asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Since {
    /// An uptime in seconds; only points after it are sent.
    #[serde(default = "always")]
    since: f64,
}

const fn always() -> f64 {
    f64::NEG_INFINITY
}

pub(super) async fn history(
    State(workbench): State<Arc<Workbench>>,
    Query(Since { since }): Query<Since>,
) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.history_since(since))).into_response()
}

/// The state that all readers share.
#[derive(Debug)]
struct Live {
    workbench: Arc<Workbench>,
    /// The newest snapshot as a server-sent event.
    frames: watch::Sender<Bytes>,
    /// True while the task runs. It ends under this lock and only without readers, so a
    /// reader that holds the lock either finds it running or starts it.
    is_ticking: Mutex<bool>,
}

impl Live {
    /// Returns a reader of the frames, from the newest on. The first reader starts the
    /// task.
    fn subscribe(self: &Arc<Self>) -> watch::Receiver<Bytes> {
        let mut is_ticking = self.is_ticking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = self.frames.subscribe();
        if !std::mem::replace(&mut *is_ticking, true) {
            self.frames.send_replace(self.frame());
            tokio::spawn(Arc::clone(self).tick());
        }
        reader.mark_changed();
        reader
    }

    async fn tick(self: Arc<Self>) {
        let mut tick = interval(FRAME);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is due at once, and its frame exists already.
        tick.tick().await;
        loop {
            tick.tick().await;
            {
                let mut is_ticking = self.is_ticking.lock().unwrap_or_else(PoisonError::into_inner);
                if self.frames.receiver_count() == 0 {
                    *is_ticking = false;
                    return;
                }
            }
            self.frames.send_replace(self.frame());
        }
    }

    fn frame(&self) -> Bytes {
        let mut frame = b"data: ".to_vec();
        // Numbers and strings, which JSON can always represent, and a buffer that grows.
        let _ = serde_json::to_writer(&mut frame, &self.workbench.snapshot());
        frame.extend_from_slice(b"\n\n");
        frame.into()
    }
}

/// Streams snapshots as server-sent events until the workbench stops.
async fn frames(State(live): State<Arc<Live>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    let shutdown = live.workbench.shutdown().clone();
    // Otherwise an open page would prevent a graceful shutdown.
    let frames = each(live.subscribe()).take_until(async move { shutdown.stopping().await });
    (headers, Body::from_stream(frames)).into_response()
}

/// A reader that is not ready for a frame misses it. Nothing queues up for it; its next
/// frame is the newest.
fn each(reader: watch::Receiver<Bytes>) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold(reader, async |mut reader| {
        reader.changed().await.ok()?;
        let frame = reader.borrow_and_update().clone();
        Some((Ok(frame), reader))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn live() -> Arc<Live> {
        let sources = Sources::default();
        let workbench = Workbench::start(sources.load().unwrap(), &sources);
        Arc::new(Live { workbench, frames: watch::Sender::default(), is_ticking: Mutex::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn all_readers_are_sent_the_same_buffer() {
        let live = live();
        let mut readers: Vec<_> = (0..100).map(|_| Box::pin(each(live.subscribe()))).collect();
        for _ in 0..3 {
            let mut buffers = Vec::new();
            for reader in &mut readers {
                let Ok(frame) = reader.next().await.unwrap();
                assert!(frame.starts_with(b"data: {") && frame.ends_with(b"}\n\n"));
                buffers.push(frame.as_ptr());
            }
            buffers.dedup();
            assert_eq!(buffers.len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_frame_comes_at_once_and_is_new() {
        let live = live();
        let uptime = async || {
            let Ok(frame) = Box::pin(each(live.subscribe())).next().await.unwrap();
            let json = frame.strip_prefix(b"data: ").unwrap();
            serde_json::from_slice::<serde_json::Value>(json).unwrap()["uptime_s"].as_f64().unwrap()
        };
        assert_eq!(uptime().await, 0.0);
        // No reader reads for a while; the frame from before is not what the next reader gets.
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(uptime().await, 60.0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_readers_no_snapshot_is_taken() {
        let live = live();
        let reader = live.subscribe();
        assert!(*live.is_ticking.lock().unwrap());
        drop(reader);
        tokio::time::sleep(2 * FRAME).await;
        assert!(!*live.is_ticking.lock().unwrap());
        assert_eq!(Arc::strong_count(&live), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_misses_frames_and_then_gets_the_newest() {
        let live = live();
        let mut slow = Box::pin(each(live.subscribe()));
        slow.next().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let Ok(frame) = slow.next().await.unwrap();
        assert_eq!(frame.as_ptr(), live.frames.borrow().as_ptr());
    }
}
