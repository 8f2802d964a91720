//! The sampler: looks at the bench every quarter of a second, adds a point to the history,
//! and shows the recorder what has happened since.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::busy::BusyShares;
use super::delta::{Delta, Watch};
use super::history::{HISTORY_INTERVAL, History, Point, Recent};
use super::recording::{Look, Recorder};
use super::stats::Kind;
use super::{Peaks, Workbench};
use crate::metrics::empty_histogram;
use crate::record::{ByMode, MarkKind, p50_and_p99_ms};
use crate::runs::Store;

#[derive(Debug, Default)]
pub(super) struct Sampler {
    pub(super) recent: Recent,
    watches: ByMode<Watch>,
    since_point: ByMode<SincePoint>,
    pub(super) busy: BusyShares,
    pub(super) recorder: Recorder,
}

/// The times of a mode since the last point.
#[derive(Debug)]
struct SincePoint {
    wait: Histogram<u64>,
    response: Histogram<u64>,
}

impl Default for SincePoint {
    fn default() -> Self {
        Self { wait: empty_histogram(), response: empty_histogram() }
    }
}

impl SincePoint {
    fn add(&mut self, delta: &Delta) {
        let Some(times) = &delta.times else { return };
        // Neither can fail: histograms grow as they need to.
        let _ = self.wait.add(&times[Kind::Wait as usize]);
        let _ = self.response.add(&times[Kind::Response as usize]);
    }
}

impl Workbench {
    /// Takes a point every [`HISTORY_INTERVAL`] until the workbench stops, and
    /// keeps the runs that end meanwhile in `store`.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn sample_forever(self: Arc<Self>, store: Option<Store>) {
        let mut tick = interval(HISTORY_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut keeping: Option<JoinHandle<()>> = None;
        loop {
            tokio::select! {
                () = self.shutdown.stopping() => return,
                _ = tick.tick() => self.sample(),
            }
            // Apart, so that a disk that hangs holds up no point.
            if keeping.as_ref().is_none_or(JoinHandle::is_finished) {
                let (this, store) = (Arc::clone(&self), store.clone());
                keeping = Some(tokio::spawn(async move { this.keep_finished(store.as_ref()).await }));
            }
        }
    }

    /// Takes a point now.
    pub fn sample(&self) {
        let mut sampler = self.sampler();
        let look = self.look(&mut sampler);
        let now = look.now.as_secs();
        sampler.busy.sample(now, &self.pipeline.inspect(), look.numbers.busy, look.concurrency);
        let modes = &self.bench.modes;
        let since = std::mem::take(&mut sampler.since_point);
        let point = Point {
            t: now,
            arrived: modes.as_ref().map(|stats| stats.totals().arrived),
            requests: modes.as_ref().map(|stats| stats.totals().requests),
            finished: modes.as_ref().map(|stats| {
                let totals = stats.account.totals();
                totals.done + totals.failed
            }),
            depth: look.numbers.depth,
            in_use: look.numbers.usage.in_use,
            busy: look.numbers.busy,
            held: look.numbers.held,
            concurrency: look.concurrency,
            wait_ms: since.as_ref().map(|since| p50_and_p99_ms(&since.wait)),
            response_ms: since.as_ref().map(|since| p50_and_p99_ms(&since.response)),
        };
        sampler.recent.push(point);
        self.drain_rate.store(sampler.recent.drain_rate().to_bits(), Ordering::Relaxed);
    }

    /// Lets the recorder see what has happened since the last look.
    pub(super) fn look(&self, sampler: &mut Sampler) -> Look {
        let modes = &self.bench.modes;
        let deltas = ByMode::from_fn(|mode| sampler.watches[mode].look(&modes[mode]));
        for (mode, since) in sampler.since_point.iter_mut() {
            since.add(&deltas[mode]);
        }
        let concurrency = self.in_force().config.settings.consumers.concurrency;
        let look = Look { now: self.bench.clock.now(), numbers: self.numbers(), concurrency, deltas };
        if sampler.recorder.look(&self.bench, &look, || self.effective()) {
            self.lap();
        }
        look
    }

    /// Zeroes counters, peaks and histograms. Events that are held stay, and
    /// count as accepted anew. The history keeps what it shows, and a run that is
    /// being recorded what it has.
    pub fn reset(&self) {
        let mut sampler = self.sampler();
        self.look(&mut sampler);
        self.bench.resource.reset();
        self.bench.queue.reset_peak();
        for (mode, watch) in sampler.watches.iter_mut() {
            self.bench.stats(mode).reset();
            watch.zeroed();
        }
        *self.peaks() = Peaks::default();
        drop(sampler);
        self.mark(MarkKind::Reset, "counters, peaks and histograms zeroed");
    }

    /// The last minutes.
    pub fn recent_history(&self) -> History {
        self.sampler().recent.history()
    }

    pub(super) fn last_point(&self) -> Point {
        self.sampler().recent.last_point()
    }

    pub(super) fn sampler(&self) -> MutexGuard<'_, Sampler> {
        self.sampler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
