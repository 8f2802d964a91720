//! The two sides of a run of requests: what the load generator measured, and what the bench did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LedgerState, Mark, Series, Timing};
use crate::metrics;

/// What the load generator measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSide {
    /// Requests sent.
    pub sent: u64,
    /// Requests answered with success: a status below 400.
    pub ok: u64,
    /// Requests refused: with 429, 503, or the bench's `resource.reject_status`.
    pub refused: u64,
    /// Requests answered with any other status from 400 up.
    pub failed: u64,
    /// Requests without an answer: no connection, a broken one, an answer that is not
    /// HTTP, a timeout, or the end of the load.
    pub aborted: u64,
    /// Requests that were due and not sent before the load ended.
    pub unsent: u64,
    /// Requests that were sent late because no connection was free when they were due.
    /// Open model only.
    pub waited: u64,
    /// Requests sent again on a new connection because the server closed the old one
    /// before the first byte of an answer. Counted once in `sent`.
    pub repeated: u64,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Answers per second, of any status.
    pub rate: f64,
    /// The number of answers with each status.
    pub statuses: BTreeMap<String, u64>,
    /// The number of requests aborted for each reason.
    pub errors: BTreeMap<String, u64>,
    /// Bytes of answers, heads and bodies.
    pub bytes: u64,
    /// From sending a request to the end of its answer.
    pub service: ByAnswer,
    /// From the moment a request was due to the end of its answer: the wait that a user
    /// would see. Open model only.
    pub response: Option<ByAnswer>,
    /// How late requests were sent. Open model only.
    pub lag: Option<Timing>,
    /// The mean number of requests in flight, measured directly.
    pub in_flight: f64,
    /// The mean number of requests due or in flight. Open model only.
    pub in_flight_due: Option<f64>,
    /// The share of a core that the generator used.
    pub cpu: Option<f64>,
    /// The share of the time in which the generator was runnable but had no core.
    pub starved: Option<f64>,
    /// The cores that the server used, if it was a process of the same machine
    /// and not that of the generator.
    pub server_cpu: Option<f64>,
    /// The cores that other processes used.
    pub other_cpu: Option<f64>,
    /// The mean number of the server's threads that were runnable but had no core.
    pub server_starved: Option<f64>,
    /// The stalls of the generator: it was suspended, or had no core.
    pub stalls: Stalls,
    /// True if the load was stopped before its plan ended.
    pub interrupted: bool,
    /// The figures over time.
    pub series: Series,
}

impl ClientSide {
    /// The number of answers, of any status.
    pub fn answered(&self) -> u64 {
        self.ok.saturating_add(self.refused).saturating_add(self.failed)
    }

    /// True if the requests were counted. A file of percentiles, as `ab -e` writes it,
    /// has times only; counts, rate and duration are then zero.
    pub fn is_counted(&self) -> bool {
        let times = [&self.service.ok, &self.service.refused, &self.service.failed];
        self.sent > 0 || self.rate > 0.0 || times.into_iter().all(Timing::is_empty)
    }
}

/// Stalls of the load generator, of at least 0.1 s each.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stalls {
    /// Their number.
    pub count: u64,
    /// Their total length.
    pub seconds: f64,
    /// The length of the longest.
    pub longest_s: f64,
}

/// Times by the kind of answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ByAnswer {
    /// Times of successes.
    pub ok: Timing,
    /// Times of refusals.
    pub refused: Timing,
    /// Times of other errors.
    pub failed: Timing,
}

/// What the bench measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchSide {
    /// From the first request to the last event or answer.
    pub seconds: f64,
    /// True if everything accepted was finished at the end.
    pub drained: bool,
    /// From the last request or answer to the last event finished.
    pub drain_s: f64,
    /// The account of every event of this run.
    pub ledger: LedgerState,
    /// The most events in the resource at once.
    pub peak_in_use: usize,
    /// The most events in the queue at once.
    pub peak_depth: usize,
    /// The modes that were used.
    pub modes: BTreeMap<String, ModeSide>,
    /// The figures over time: levels at the end of each interval, counts within it.
    pub series: Series,
    /// The marks, with `t` in seconds since the beginning.
    pub marks: Vec<Mark>,
}

/// What the bench measured in one mode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModeSide {
    /// Responses sent.
    pub requests: u64,
    /// Responses that were not successes.
    pub errors: u64,
    /// Requests whose client went away before the response.
    pub aborted: u64,
    /// From the first request to the last event or answer of this mode.
    pub seconds: f64,
    /// Responses per second, from the first request to the last response.
    pub rate: f64,
    /// Events done per second, from the first request to the last event finished.
    pub done_rate: f64,
    /// Events accepted, including those inside when the run began.
    pub accepted: u64,
    /// Events inside when the run began. `None` in runs of earlier versions.
    pub inside_before: Option<u64>,
    /// Requests refused: never accepted.
    pub refused: u64,
    /// Events done.
    pub done: u64,
    /// Events that failed.
    pub failed: u64,
    /// Events that the queue's policy dropped.
    pub dropped: u64,
    /// The most events of this mode in the resource at once.
    pub peak_in_use: usize,
    /// The mean number of events inside, from arrival to finish. Measured directly,
    /// independent of the histograms.
    pub in_system: f64,
    /// From the request head to the response, of successes.
    pub http: Timing,
    /// From the request head to the response, of refusals and other errors.
    pub http_errors: Timing,
    /// From arrival to admission by the resource, of events done.
    pub wait: Timing,
    /// In the resource, of events done.
    pub service: Timing,
    /// From arrival to finish, of events done.
    pub response: Timing,
    /// From arrival to finish, of events that failed.
    pub response_failed: Timing,
}

impl ClientSide {
    /// The rate of answers, if it is [reliable](metrics::rate).
    pub fn reliable_rate(&self) -> Option<f64> {
        reliable(self.ok + self.refused + self.failed, self.rate)
    }
}

impl ModeSide {
    /// The rate of responses, if it is [reliable](metrics::rate).
    pub fn reliable_rate(&self) -> Option<f64> {
        reliable(self.requests, self.rate)
    }

    /// The rate of events done, if it is [reliable](metrics::rate).
    pub fn reliable_done_rate(&self) -> Option<f64> {
        reliable(self.done, self.done_rate)
    }
}

/// A rate of the file, if it is reliable. Other tools may give a rate without counts,
/// which cannot be judged and is taken as it is.
pub(super) fn reliable(count: u64, rate: f64) -> Option<f64> {
    let enough = count == 0 || metrics::rate(count, count as f64 / rate + 1e-6).is_some();
    (rate > 0.0 && enough).then_some(rate)
}
