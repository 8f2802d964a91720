//! The figures of one mode: requests, events and their times.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Key, Label};

use super::Workbench;
use crate::metrics::{PerThreadHistogram, Registry};
use crate::per_thread::PerThread;
use crate::pipeline::{Account, EventTimes, Outcome, Stamp};
use crate::record::Mode;

/// A longer pause than this separates two bursts of load.
const QUIET: Duration = Duration::from_secs(1);
/// The fewest responses, and the shortest time in nanoseconds, that make a rate.
const RATE: (u64, u64) = (10, 1_000_000_000);

#[derive(Debug)]
pub(super) struct ModeStats {
    pub(super) account: Arc<Account>,
    traffic: PerThread<Traffic>,
    /// Requests that had arrived and ended at the last reset.
    arrived_before: AtomicU64,
    /// Requests aborted before the last reset.
    aborted_before: AtomicU64,
    burst: Mutex<Burst>,
    /// True once `burst` has begun; false at the start and after a reset.
    in_burst: AtomicBool,
    http: ByOutcome,
    wait: ByOutcome,
    service: ByOutcome,
    response: ByOutcome,
}

/// One thread's part of the requests.
#[derive(Debug, Default)]
struct Traffic {
    begun: AtomicU64,
    answered: AtomicU64,
    aborted: AtomicU64,
    /// When this thread last began or ended a request, in nanoseconds of the
    /// clock.
    active: AtomicU64,
}

/// Requests since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Requests that arrived.
    pub(super) arrived: u64,
    /// Responses sent.
    pub(super) requests: u64,
    /// Requests whose client disconnected before the response.
    pub(super) aborted: u64,
    /// Requests without a response yet.
    pub(super) in_flight: u64,
}

/// A burst: load without a pause.
#[derive(Debug, Clone, Copy, Default)]
struct Burst {
    began: Option<Stamp>,
    /// The number of requests answered before it.
    before: u64,
    /// True if the next request begins a new burst, however soon it comes.
    over: bool,
}

/// The histograms of a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistogramKind {
    /// Server times of successes.
    Http,
    /// Server times of other responses.
    HttpErrors,
    /// Wait of events done.
    Wait,
    /// Service of events done.
    Service,
    /// Response of events done.
    Response,
    /// Response of events that failed.
    ResponseFailed,
}

impl HistogramKind {
    /// All of them, in order.
    pub(super) const ALL: [Self; 6] =
        [Self::Http, Self::HttpErrors, Self::Wait, Self::Service, Self::Response, Self::ResponseFailed];
}

/// A histogram of successes and one of failures.
#[derive(Debug)]
struct ByOutcome {
    good: Arc<PerThreadHistogram>,
    bad: Arc<PerThreadHistogram>,
}

impl ByOutcome {
    fn new(registry: &Registry, name: &'static str, mode: Mode, outcomes: [&'static str; 2]) -> Self {
        let [good, bad] = outcomes.map(|outcome| {
            let labels = vec![Label::new("mode", mode.name()), Label::new("outcome", outcome)];
            registry.histogram(&Key::from_parts(name, labels))
        });
        Self { good, bad }
    }

    fn of(&self, good: bool) -> &PerThreadHistogram {
        if good { &self.good } else { &self.bad }
    }

    fn reset(&self) {
        self.good.reset();
        self.bad.reset();
    }
}

type Histogram = hdrhistogram::Histogram<u64>;

/// The times of responses since the last reset.
pub(super) struct Http {
    /// Of successes.
    pub(super) ok: Histogram,
    /// Of other responses. A refusal takes almost no time, so among the successes it
    /// would make a slow server look fast.
    pub(super) errors: Histogram,
}

impl ModeStats {
    pub(super) fn new(mode: Mode, registry: &Registry) -> Self {
        let events = ["done", "failed"];
        Self {
            account: Arc::default(),
            traffic: PerThread::default(),
            arrived_before: AtomicU64::new(0),
            aborted_before: AtomicU64::new(0),
            burst: Mutex::default(),
            in_burst: AtomicBool::new(false),
            http: ByOutcome::new(registry, "weir_http_request_duration_seconds", mode, ["ok", "error"]),
            wait: ByOutcome::new(registry, "weir_event_wait_seconds", mode, events),
            service: ByOutcome::new(registry, "weir_event_service_seconds", mode, events),
            response: ByOutcome::new(registry, "weir_event_response_seconds", mode, events),
        }
    }

    /// Records the times of a settled event.
    pub(super) fn record(&self, outcome: Outcome, times: EventTimes) {
        let done = outcome == Outcome::Done;
        self.wait.of(done).record_duration(times.wait);
        self.service.of(done).record_duration(times.service);
        self.response.of(done).record_duration(times.response);
    }

    /// Returns the requests since the start, regardless of resets.
    pub(super) fn totals(&self) -> Totals {
        let sum = |part: fn(&Traffic) -> &AtomicU64| -> u64 {
            self.traffic.iter().map(|traffic| part(traffic).load(Ordering::Acquire)).sum()
        };
        // Ended requests are read first. In the other order, a request that begins and
        // ends in between would count as minus one.
        let requests = sum(|traffic| &traffic.answered);
        let aborted = sum(|traffic| &traffic.aborted);
        let arrived = sum(|traffic| &traffic.begun);
        debug_assert!(requests + aborted <= arrived, "{requests} + {aborted} requests ended of {arrived}");
        Totals { arrived, requests, aborted, in_flight: arrived.saturating_sub(requests + aborted) }
    }

    /// Returns the responses per second of the present burst, or the last one, from its
    /// first request to its last response. `None` below one second or 10 responses, where
    /// chance would decide.
    pub(super) fn rate(&self, now: Stamp) -> Option<f64> {
        let burst = *lock(&self.burst);
        let began = burst.began?;
        let totals = self.totals();
        let ended = if totals.in_flight > 0 { now.as_nanos() } else { self.last_active() };
        // Another thread may have begun the burst a moment after this one read the clock.
        let nanos = ended.saturating_sub(began.as_nanos());
        debug_assert!(burst.before <= totals.requests, "the count of responses fell");
        let requests = totals.requests.saturating_sub(burst.before);
        (requests >= RATE.0 && nanos >= RATE.1).then(|| requests as f64 / (nanos as f64 / 1e9))
    }

    /// Returns all histograms, in the order of [`HistogramKind::ALL`].
    pub(super) fn times(&self) -> [Histogram; HistogramKind::ALL.len()] {
        HistogramKind::ALL.map(|kind| {
            let histogram = match kind {
                HistogramKind::Http => &self.http.good,
                HistogramKind::HttpErrors => &self.http.bad,
                HistogramKind::Wait => &self.wait.good,
                HistogramKind::Service => &self.service.good,
                HistogramKind::Response => &self.response.good,
                HistogramKind::ResponseFailed => &self.response.bad,
            };
            histogram.merged()
        })
    }

    /// Returns the beginning of the present burst, or of the last one.
    pub(super) fn burst_began(&self) -> Option<Stamp> {
        lock(&self.burst).began
    }

    /// Returns the requests that arrived since the last reset, including those in flight
    /// at that time.
    pub(super) fn arrived(&self) -> u64 {
        let before = self.arrived_before.load(Ordering::Acquire);
        let arrived = self.totals().arrived;
        debug_assert!(before <= arrived, "{before} requests had arrived, and then {arrived}");
        arrived.saturating_sub(before)
    }

    /// Returns the requests aborted since the last reset.
    pub(super) fn aborted(&self) -> u64 {
        let before = self.aborted_before.load(Ordering::Acquire);
        let aborted = self.totals().aborted;
        debug_assert!(before <= aborted, "{before} requests were aborted, and then {aborted}");
        aborted.saturating_sub(before)
    }

    /// Returns when a request last began or ended, in nanoseconds of the clock.
    pub(super) fn last_active(&self) -> u64 {
        self.traffic.iter().map(|traffic| traffic.active.load(Ordering::Acquire)).max().unwrap_or(0)
    }

    /// Returns the server times since the last reset. The counts of responses come from
    /// here too, so the two cannot disagree.
    pub(super) fn http(&self) -> Http {
        Http { ok: self.http.good.merged(), errors: self.http.bad.merged() }
    }

    /// From arrival to admission, of events done.
    pub(super) fn wait(&self) -> Histogram {
        self.wait.good.merged()
    }

    /// In the resource, of events done.
    pub(super) fn service(&self) -> Histogram {
        self.service.good.merged()
    }

    /// From arrival to finish, of events done.
    pub(super) fn response(&self) -> Histogram {
        self.response.good.merged()
    }

    /// From arrival to finish, of events that failed.
    pub(super) fn response_failed(&self) -> Histogram {
        self.response.bad.merged()
    }

    pub(super) fn reset(&self) {
        self.account.reset();
        self.account.reset_peak();
        let totals = self.totals();
        self.arrived_before.store(totals.requests + totals.aborted, Ordering::Release);
        self.aborted_before.store(totals.aborted, Ordering::Release);
        for histograms in [&self.http, &self.wait, &self.service, &self.response] {
            histograms.reset();
        }
        // The next request begins a new burst.
        self.in_burst.store(false, Ordering::Release);
        *lock(&self.burst) = Burst { before: self.totals().requests, ..Burst::default() };
    }

    /// Lets the next request begin a new burst. A run has ended, and the next one must
    /// not include the earlier load.
    pub(super) fn end_burst(&self) {
        lock(&self.burst).over = true;
        self.in_burst.store(false, Ordering::Release);
    }

    fn begin(&self, now: Stamp) {
        let mine = self.traffic.local();
        // Under load this thread was active a moment ago, and need not look at the
        // others.
        if is_quiet(mine.active.load(Ordering::Acquire), now) || !self.in_burst.load(Ordering::Acquire) {
            self.maybe_new_burst(now);
        }
        mine.active.store(now.as_nanos(), Ordering::Release);
        mine.begun.fetch_add(1, Ordering::Release);
    }

    fn maybe_new_burst(&self, now: Stamp) {
        let mut burst = lock(&self.burst);
        let totals = self.totals();
        let goes_on = totals.in_flight > 0 || !is_quiet(self.last_active(), now);
        if burst.began.is_none() || burst.over || !goes_on {
            *burst = Burst { began: Some(now), before: totals.requests, over: false };
            self.in_burst.store(true, Ordering::Release);
            self.traffic.local().active.store(now.as_nanos(), Ordering::Release);
        }
    }
}

fn is_quiet(active: u64, now: Stamp) -> bool {
    u128::from(now.as_nanos().saturating_sub(active)) > QUIET.as_nanos()
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request in progress. If it is dropped without an answer, it counts as aborted: the
/// client disconnected.
#[derive(Debug)]
pub struct Request<'a> {
    workbench: &'a Workbench,
    mode: Mode,
    arrived: Stamp,
    answered: bool,
}

impl Workbench {
    /// Notes the arrival of a request.
    pub fn request(&self, mode: Mode) -> Request<'_> {
        let arrived = self.bench.clock.now();
        self.bench.stats(mode).begin(arrived);
        Request { workbench: self, mode, arrived, answered: false }
    }
}

impl Request<'_> {
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the time of arrival.
    pub fn arrived(&self) -> Stamp {
        self.arrived
    }

    /// Notes that the answer is ready, and whether it is a success.
    pub fn answered(self, success: bool) {
        let now = self.workbench.bench.clock.now();
        self.answered_at(now, success);
    }

    /// Like [`answered`](Self::answered), at a time that is already known: reading the
    /// clock takes longer than all the counting.
    pub fn answered_at(mut self, now: Stamp, success: bool) {
        self.answered = true;
        let stats = self.workbench.bench.stats(self.mode);
        stats.http.of(success).record_duration(now.since(self.arrived));
        let mine = stats.traffic.local();
        mine.active.store(now.as_nanos(), Ordering::Release);
        mine.answered.fetch_add(1, Ordering::Release);
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let stats = self.workbench.bench.stats(self.mode);
            stats.traffic.local().aborted.fetch_add(1, Ordering::Release);
        }
    }
}
