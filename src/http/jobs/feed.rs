//! The figures of the jobs lab as frames for WebSockets.

use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use crate::http::feed::Figures;
use crate::http::text_frame;
use crate::lab::jobs::{JobsLab, Snapshot};

/// The feed of the lab.
pub(super) type Feed = crate::http::feed::Feed<Arc<JobsLab>>;

#[derive(Serialize)]
struct Envelope {
    jobs: Snapshot,
}

impl Figures for Arc<JobsLab> {
    fn ticks(&self) -> watch::Receiver<u64> {
        JobsLab::ticks(self)
    }

    fn encode(&self, from_ms: u64) -> (u64, Bytes) {
        let jobs = self.snapshot_since(from_ms);
        let at_ms = jobs.at_ms;
        // Numbers and strings, which JSON can always represent.
        (at_ms, text_frame(&serde_json::to_string(&Envelope { jobs }).unwrap_or_default()))
    }
}
