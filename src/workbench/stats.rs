//! The numbers of one mode: requests, events, and where their time went.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{Key, Label};

use super::{Mode, Workbench};
use crate::metrics::{Registry, Sharded};
use crate::pipeline::{Account, Outcome, Stamp, Times};

/// Load that pauses for longer than this is a new burst.
const QUIET: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct ModeStats {
    pub(super) account: Arc<Account>,
    /// Responses sent.
    pub(super) requests: Tally,
    /// Responses that were not a success.
    pub(super) errors: Tally,
    /// Requests whose client went away before the response.
    pub(super) aborted: Tally,
    in_flight: AtomicUsize,
    /// When the last response was ready, in nanoseconds of the clock.
    last_response: AtomicU64,
    burst: Mutex<Burst>,
    http: ByOutcome,
    wait: ByOutcome,
    service: ByOutcome,
    response: ByOutcome,
}

/// A counter that a reset can zero, while its total goes on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    total: AtomicU64,
    base: AtomicU64,
}

impl Tally {
    fn add_one(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn since_reset(&self) -> u64 {
        self.total().saturating_sub(self.base.load(Ordering::Relaxed))
    }

    fn reset(&self) {
        self.base.store(self.total(), Ordering::Relaxed);
    }
}

/// A stretch of load without a pause.
#[derive(Debug, Clone, Copy, Default)]
struct Burst {
    began: Option<Stamp>,
    /// All requests that were answered before it.
    before: u64,
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

impl ModeStats {
    pub(super) fn new(mode: Mode, registry: &Registry) -> Self {
        let events = ["done", "failed"];
        Self {
            account: Arc::default(),
            requests: Tally::default(),
            errors: Tally::default(),
            aborted: Tally::default(),
            in_flight: AtomicUsize::new(0),
            last_response: AtomicU64::new(0),
            burst: Mutex::default(),
            http: ByOutcome::new(registry, "weir_http_request_duration_seconds", mode, ["ok", "error"]),
            wait: ByOutcome::new(registry, "weir_event_wait_seconds", mode, events),
            service: ByOutcome::new(registry, "weir_event_service_seconds", mode, events),
            response: ByOutcome::new(registry, "weir_event_response_seconds", mode, events),
        }
    }

    /// Records where the time of a settled event went.
    pub(super) fn record(&self, outcome: Outcome, times: Times) {
        let done = outcome == Outcome::Done;
        self.wait.of(done).record_duration(times.wait);
        self.service.of(done).record_duration(times.service);
        self.response.of(done).record_duration(times.response);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Requests a second over the present burst, or the last one: from its first
    /// request to its last response.
    pub(super) fn rate(&self, now: Stamp) -> f64 {
        let burst = *self.burst.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(began) = burst.began else { return 0.0 };
        let ended = match self.in_flight() {
            0 => self.last_response.load(Ordering::Relaxed),
            _ => now.as_nanos(),
        };
        let seconds = ended.saturating_sub(began.as_nanos()) as f64 / 1e9;
        let requests = self.requests.total().saturating_sub(burst.before) as f64;
        if seconds > 0.0 { requests / seconds } else { 0.0 }
    }

    /// HTTP times of all responses, good or not, as a load generator sees them.
    pub(super) fn http(&self) -> Histogram {
        let mut all = self.http.good.merged();
        // Cannot fail: merged histograms grow as they need to.
        let _ = all.add(self.http.bad.merged());
        all
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

    pub(super) fn reset(&self) {
        self.account.reset();
        for tally in [&self.requests, &self.errors, &self.aborted] {
            tally.reset();
        }
        for histograms in [&self.http, &self.wait, &self.service, &self.response] {
            histograms.reset();
        }
        // What is in flight belongs to a burst that begins here.
        *self.burst.lock().unwrap_or_else(PoisonError::into_inner) = Burst::default();
    }

    fn begin(&self, now: Stamp) {
        if self.in_flight.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        let last = Duration::from_nanos(self.last_response.load(Ordering::Relaxed));
        let mut burst = self.burst.lock().unwrap_or_else(PoisonError::into_inner);
        if burst.began.is_none() || Duration::from_nanos(now.as_nanos()).saturating_sub(last) > QUIET {
            *burst = Burst { began: Some(now), before: self.requests.total() };
        }
    }
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

    /// Notes that the answer is ready, and whether it is a success.
    pub fn answered(mut self, success: bool) {
        self.answered = true;
        let stats = self.workbench.bench.stats(self.mode);
        let now = self.workbench.bench.clock.now();
        stats.http.of(success).record_duration(now.since(self.arrived));
        stats.last_response.store(now.as_nanos(), Ordering::Relaxed);
        stats.requests.add_one();
        if !success {
            stats.errors.add_one();
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let stats = self.workbench.bench.stats(self.mode);
        stats.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.answered {
            stats.aborted.add_one();
        }
    }
}
