//! The sampler: looks at the bench every quarter of a second, adds a point to the history,
//! and shows the recorder what has happened since.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::busy::BusyShares;
use super::delta::{Delta, Tracker};
use super::heat::Heat;
use super::history::{HISTORY_INTERVAL, History, Recent};
use super::judge::Judge;
use super::point::Point;
use super::recording::{Observation, Recorder};
use super::stats::HistogramKind;
use super::{Peaks, Workbench};
use crate::metrics::empty_histogram;
use crate::record::{ByMode, MarkKind, p50_and_p99_ms};
use crate::runs::Store;

#[derive(Debug, Default)]
pub(super) struct Sampler {
    pub(super) recent: Recent,
    trackers: ByMode<Tracker>,
    since_point: ByMode<SincePoint>,
    heat: Heat,
    pub(super) busy: BusyShares,
    pub(super) recorder: Recorder,
    pub(super) judge: Judge,
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
        // Neither can fail: the histograms grow on demand.
        let _ = self.wait.add(&times[HistogramKind::Wait as usize]);
        let _ = self.response.add(&times[HistogramKind::Response as usize]);
    }
}

impl Workbench {
    /// Takes a point every [`HISTORY_INTERVAL`] until the workbench stops, and saves the
    /// runs that end meanwhile to `store`.
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
            // In a separate task, so that a slow disk does not delay a point.
            if keeping.as_ref().is_none_or(JoinHandle::is_finished) {
                let (this, store) = (Arc::clone(&self), store.clone());
                keeping = Some(tokio::spawn(async move { this.keep_finished(store.as_ref()).await }));
            }
        }
    }

    /// Takes a point now.
    pub fn sample(&self) {
        self.mark_failures();
        self.bench.forget_inputs();
        let mut sampler = self.sampler();
        let observation = self.observe(&mut sampler);
        let now = observation.now.as_secs();
        sampler.busy.sample(now, &self.stages.inspect(), observation.numbers.busy, observation.concurrency);
        self.judge(&mut sampler.judge, &observation);
        let modes = &self.bench.modes;
        let since = std::mem::take(&mut sampler.since_point);
        for (_, since) in since.iter() {
            sampler.heat.add(&since.response);
        }
        let point = Point {
            t: in_milliseconds(now),
            arrived: modes.as_ref().map(|stats| stats.totals().arrived),
            requests: modes.as_ref().map(|stats| stats.totals().requests),
            finished: modes.as_ref().map(|stats| {
                let totals = stats.account.totals();
                totals.done + totals.failed
            }),
            depth: observation.numbers.depth,
            in_use: observation.numbers.usage.in_use,
            busy: observation.numbers.busy,
            held: observation.numbers.held,
            concurrency: observation.concurrency,
            wait_ms: since.as_ref().map(|since| p50_and_p99_ms(&since.wait)),
            response_ms: since.as_ref().map(|since| p50_and_p99_ms(&since.response)),
            heat: sampler.heat.take(now),
        };
        sampler.recent.push(point);
        self.drain_rate.store(sampler.recent.drain_rate().to_bits(), Ordering::Relaxed);
    }

    /// Observes the bench, and shows the recorder the activity since the last
    /// observation.
    pub(super) fn observe(&self, sampler: &mut Sampler) -> Observation {
        let modes = &self.bench.modes;
        let deltas = ByMode::from_fn(|mode| sampler.trackers[mode].delta(&modes[mode]));
        for (mode, since) in sampler.since_point.iter_mut() {
            since.add(&deltas[mode]);
        }
        self.note_services(&mut sampler.judge, &deltas);
        let concurrency = self.in_force().config.settings.consumers.concurrency;
        let observation =
            Observation { now: self.bench.clock.now(), numbers: self.numbers(), concurrency, deltas };
        if sampler.recorder.observe(&self.bench, &observation, || self.effective()) {
            self.lap();
        }
        observation
    }

    /// Zeroes counters, peaks and histograms. Events that are held count as accepted
    /// anew. The history and the run that is being recorded are not affected. Labs zero
    /// theirs.
    pub fn reset(&self) {
        let mut sampler = self.sampler();
        self.observe(&mut sampler);
        self.bench.resource.reset();
        self.bench.queue.reset_peak();
        for (mode, tracker) in sampler.trackers.iter_mut() {
            self.bench.stats(mode).reset();
            tracker.zeroed();
        }
        *self.peaks() = Peaks::default();
        drop(sampler);
        self.labs().iter().for_each(|lab| lab.reset());
        self.mark(MarkKind::Reset, "counters, peaks and histograms zeroed");
    }

    /// Returns the history of the last ten minutes.
    pub fn recent_history(&self) -> History {
        self.history_since(f64::NEG_INFINITY)
    }

    /// Returns the history after an uptime in seconds, and all marks.
    pub fn history_since(&self, uptime_s: f64) -> History {
        self.sampler().recent.since(uptime_s)
    }

    pub(super) fn last_point(&self) -> Point {
        self.sampler().recent.last_point()
    }

    pub(super) fn sampler(&self) -> MutexGuard<'_, Sampler> {
        self.sampler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An uptime without its fraction of a millisecond, as the columns of the history send it.
/// A page can then match a point from a snapshot with the same point in the history.
fn in_milliseconds(uptime_s: f64) -> f64 {
    (uptime_s * 1000.0).floor() / 1000.0
}
