//! The numbers of one mode: requests, events, and where their time went.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Key, Label};

use super::Workbench;
use crate::metrics::{Registry, Sharded};
use crate::per_thread::PerThread;
use crate::pipeline::{Account, EventTimes, Outcome, Stamp};
use crate::record::Mode;

/// Load that pauses for longer than this is a new burst.
const QUIET: Duration = Duration::from_secs(1);
/// A rate is one of at least this many responses, in nanoseconds of at least this many.
const RATE: (u64, u64) = (10, 1_000_000_000);

#[derive(Debug)]
pub(super) struct ModeStats {
    pub(super) account: Arc<Account>,
    traffic: PerThread<Traffic>,
    /// Requests that arrived and were over at the last reset.
    arrived_before: AtomicU64,
    /// Requests aborted until the last reset.
    aborted_before: AtomicU64,
    burst: Mutex<Burst>,
    /// Whether `burst` has begun: false at the start and after a reset.
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
    /// Requests whose client went away before the response.
    pub(super) aborted: u64,
    /// Requests without a response yet.
    pub(super) in_flight: u64,
}

/// A stretch of load without a pause.
#[derive(Debug, Clone, Copy, Default)]
struct Burst {
    began: Option<Stamp>,
    /// All requests that were answered before it.
    before: u64,
    /// Whether the next request begins another, however soon it comes.
    over: bool,
}

/// What a histogram of a mode is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Responses that were a success.
    Http,
    /// Other responses.
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

impl Kind {
    /// All of them, in order.
    pub(super) const ALL: [Self; 6] =
        [Self::Http, Self::HttpErrors, Self::Wait, Self::Service, Self::Response, Self::ResponseFailed];
}

/// One histogram for what went well, and one for what did not.
#[derive(Debug)]
struct ByOutcome {
    good: Arc<Sharded>,
    bad: Arc<Sharded>,
}

impl ByOutcome {
    fn new(registry: &Registry, name: &'static str, mode: Mode, outcomes: [&'static str; 2]) -> Self {
        let [good, bad] = outcomes.map(|outcome| {
            let labels = vec![Label::new("mode", mode.name()), Label::new("outcome", outcome)];
            registry.histogram(&Key::from_parts(name, labels))
        });
        Self { good, bad }
    }

    fn of(&self, good: bool) -> &Sharded {
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
    /// Of responses that were a success.
    pub(super) ok: Histogram,
    /// Of those that were not. A refusal takes next to no time, so among the successes
    /// it would make a slow server look quick.
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

    /// Records where the time of a settled event went.
    pub(super) fn record(&self, outcome: Outcome, times: EventTimes) {
        let done = outcome == Outcome::Done;
        self.wait.of(done).record_duration(times.wait);
        self.service.of(done).record_duration(times.service);
        self.response.of(done).record_duration(times.response);
    }

    /// Requests since the start, resets aside.
    pub(super) fn totals(&self) -> Totals {
        let sum = |part: fn(&Traffic) -> &AtomicU64| -> u64 {
            self.traffic.iter().map(|traffic| part(traffic).load(Ordering::Acquire)).sum()
        };
        // Those that ended first: read the other way round, a request that
        // comes and goes in between would count as minus one.
        let requests = sum(|traffic| &traffic.answered);
        let aborted = sum(|traffic| &traffic.aborted);
        let arrived = sum(|traffic| &traffic.begun);
        Totals { arrived, requests, aborted, in_flight: arrived.saturating_sub(requests + aborted) }
    }

    /// Responses a second over the present burst, or the last one: from its first
    /// request to its last response. `None` where that is less than a second, or fewer
    /// than 10 responses: such a rate would be an accident.
    pub(super) fn rate(&self, now: Stamp) -> Option<f64> {
        let burst = *lock(&self.burst);
        let began = burst.began?;
        let totals = self.totals();
        let ended = if totals.in_flight > 0 { now.as_nanos() } else { self.last_active() };
        let nanos = ended.saturating_sub(began.as_nanos());
        let requests = totals.requests.saturating_sub(burst.before);
        (requests >= RATE.0 && nanos >= RATE.1).then(|| requests as f64 / (nanos as f64 / 1e9))
    }

    /// Everything that was timed, in the order of [`Kind::ALL`].
    pub(super) fn times(&self) -> [Histogram; Kind::ALL.len()] {
        Kind::ALL.map(|kind| {
            let histogram = match kind {
                Kind::Http => &self.http.good,
                Kind::HttpErrors => &self.http.bad,
                Kind::Wait => &self.wait.good,
                Kind::Service => &self.service.good,
                Kind::Response => &self.response.good,
                Kind::ResponseFailed => &self.response.bad,
            };
            histogram.merged()
        })
    }

    /// When the present burst began, or the last one.
    pub(super) fn burst_began(&self) -> Option<Stamp> {
        lock(&self.burst).began
    }

    /// Requests that arrived since the last reset, those included that were in flight
    /// then.
    pub(super) fn arrived(&self) -> u64 {
        let before = self.arrived_before.load(Ordering::Acquire);
        self.totals().arrived.saturating_sub(before)
    }

    /// Requests aborted since the last reset.
    pub(super) fn aborted(&self) -> u64 {
        let before = self.aborted_before.load(Ordering::Acquire);
        self.totals().aborted.saturating_sub(before)
    }

    /// When a request last began or ended, in nanoseconds of the clock.
    pub(super) fn last_active(&self) -> u64 {
        self.traffic.iter().map(|traffic| traffic.active.load(Ordering::Acquire)).max().unwrap_or(0)
    }

    /// Responses since the last reset. Their counts come from here too, so that they
    /// and the times cannot disagree.
    pub(super) fn http(&self) -> Http {
        Http { ok: self.http.good.merged(), errors: self.http.bad.merged() }
    }

    /// From arrival to admission, of events that are done.
    pub(super) fn wait(&self) -> Histogram {
        self.wait.good.merged()
    }

    /// In the resource, of events that are done.
    pub(super) fn service(&self) -> Histogram {
        self.service.good.merged()
    }

    /// From arrival to finish, of events that are done.
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

    /// Has the next request begin a new burst: a run has ended, and the next one
    /// must not begin with what was before.
    pub(super) fn end_burst(&self) {
        lock(&self.burst).over = true;
        self.in_burst.store(false, Ordering::Release);
    }

    fn begin(&self, now: Stamp) {
        let mine = self.traffic.local();
        // Under load this thread was active a moment ago, and need not ask the
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

/// A request in progress. Dropped without an answer, it counts as aborted: the
/// client went away.
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
    /// When it arrived.
    pub fn arrived(&self) -> Stamp {
        self.arrived
    }

    /// Notes that the answer is ready now, and whether it is a success.
    pub fn answered(self, success: bool) {
        let now = self.workbench.bench.clock.now();
        self.answered_at(now, success);
    }

    /// Notes that the answer was ready at `now`. Reading a clock takes longer than
    /// all the counting, so a moment that is known already is used again.
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
