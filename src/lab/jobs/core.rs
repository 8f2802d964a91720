//! The state that all parts of the lab share: the engine, the account, and the load's counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;
use weir_job_wasm::jobs::Jobs;

use super::ledger::Ledger;
use crate::metrics::PerThreadHistogram;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) jobs: Jobs,
    pub(super) ledger: Arc<Ledger>,
    /// When the lab was started.
    pub(super) epoch: Instant,
    /// Restarts of workers since the start.
    pub(super) restarts: AtomicU64,
    /// The share of the load's jobs that fail, as the bits of a float.
    fail_share: AtomicU64,
    /// The lateness of all jobs of the load, for the metrics.
    pub(super) lateness: Arc<PerThreadHistogram>,
}

impl Core {
    pub(super) fn new(jobs: Jobs, lateness: Arc<PerThreadHistogram>) -> Self {
        Self {
            jobs,
            ledger: Arc::default(),
            epoch: Instant::now(),
            restarts: AtomicU64::new(0),
            fail_share: AtomicU64::new(0),
            lateness,
        }
    }

    /// Milliseconds since the start.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn fail_share(&self) -> f64 {
        f64::from_bits(self.fail_share.load(Ordering::Relaxed))
    }

    pub(super) fn set_fail_share(&self, share: f64) {
        self.fail_share.store(share.to_bits(), Ordering::Relaxed);
    }
}
