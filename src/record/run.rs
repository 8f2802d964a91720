//! One run: the load, its target, and the results.
//!
//! A run has up to two sides. The *client* side is what the load generator measured, the
//! *bench* side what the bench counted and timed itself. A load on another server has
//! only the first, and a load made by `ab` only the second. `weir load` on our own server
//! has both, and they have to agree. A prediction has neither.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Audit, JobsSide, LedgerState, LeftOut, Mark, Mode, Plan, Prediction, Series, Timing, WatchSide,
    WindowSide, date,
};
use crate::metrics;

/// The version of the format. Fields may be added under the same number.
pub const FORMAT: u32 = 1;

/// A run, as its file contains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Weir that wrote it.
    pub weir: String,
    /// Unique among the runs of a store; also the name of its file.
    pub id: String,
    /// The name that the user gave it.
    pub name: Option<String>,
    /// Where its figures come from.
    pub origin: Origin,
    /// The target of the load: a mode of the bench, or a URL.
    pub target: String,
    /// When it began, in UTC.
    pub began: String,
    /// Its length, from the first request to the last answer, or until the bench had
    /// drained.
    pub seconds: f64,
    /// The load, where it is known.
    pub load: Option<Plan>,
    /// The configuration in force at the beginning, where there was one.
    pub config: Option<Value>,
    /// Whether its figures can be trusted, and why.
    pub audit: Audit,
    /// What the load generator measured.
    pub client: Option<ClientSide>,
    /// What the bench measured.
    pub bench: Option<BenchSide>,
    /// The figures of a prediction.
    pub prediction: Option<Prediction>,
    /// The measurements of the jobs lab, if this is a run of jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobsSide>,
    /// The measurements of `weir load watch`, if this is a run of watchers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchSide>,
    /// The samples of a window of the history, if the run was cut out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowSide>,
    /// The beginning that was left out of the figures. Never in a stored run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<LeftOut>,
}

/// Where the figures of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Measured by the bench while another program made the load.
    Recorded,
    /// Measured by `weir load`.
    Load,
    /// Cut out of the bench's history on request.
    Kept,
    /// Measured under virtual time.
    Simulated,
    /// Computed by theory.
    Predicted,
    /// Imported from `ab`.
    Ab,
    /// Imported from `bombardier`.
    Bombardier,
    /// Imported from `hey`.
    Hey,
    /// Imported from `oha`.
    Oha,
    /// Imported from `wrk`.
    Wrk,
}

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

/// The kinds of times that a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimingKind {
    /// The time until a client has its answer: from the intended send in the open model,
    /// from the actual send in the closed one. Without a client side, the bench's HTTP
    /// time.
    Answer,
    /// From arrival to admission of events done.
    Wait,
    /// In the resource.
    Service,
    /// From arrival to finish of events done.
    Response,
}

/// What a run measures. Only runs of the same kind can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Requests to the bench or another server.
    Requests,
    /// Jobs of the jobs lab.
    Jobs,
    /// Watchers of a match.
    Watchers,
}

impl Measured {
    /// The word for what is timed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Jobs => "jobs",
            Self::Watchers => "watchers",
        }
    }
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
fn reliable(count: u64, rate: f64) -> Option<f64> {
    let enough = count == 0 || metrics::rate(count, count as f64 / rate + 1e-6).is_some();
    (rate > 0.0 && enough).then_some(rate)
}

impl Run {
    /// Returns a run without results. The store gives it its id.
    pub fn new(origin: Origin, target: &str, began: SystemTime) -> Self {
        Self {
            format: FORMAT,
            weir: env!("CARGO_PKG_VERSION").to_owned(),
            id: String::new(),
            name: None,
            origin,
            target: target.to_owned(),
            began: date(began),
            seconds: 0.0,
            load: None,
            config: None,
            audit: Audit::default(),
            client: None,
            bench: None,
            prediction: None,
            jobs: None,
            watch: None,
            window: None,
            skipped: None,
        }
    }

    /// The mode of the bench that was under load; if several were, the one with the most
    /// requests.
    pub fn mode(&self) -> Option<Mode> {
        let named = Mode::named(&self.target);
        let of_window = || {
            let modes = &self.window.as_ref()?.modes;
            let (name, _) = modes.iter().max_by_key(|(_, mode)| mode.arrived)?;
            Mode::named(name)
        };
        let busiest = || {
            let modes = &self.bench.as_ref()?.modes;
            let (name, _) = modes.iter().max_by_key(|(_, mode)| mode.requests)?;
            Mode::named(name)
        };
        named.or_else(busiest).or_else(of_window)
    }

    /// The bench's figures of that mode.
    pub fn mode_side(&self) -> Option<&ModeSide> {
        self.bench.as_ref()?.modes.get(self.mode()?.name())
    }

    /// What the run measures.
    pub fn measured(&self) -> Measured {
        match (&self.jobs, &self.watch) {
            (Some(_), _) => Measured::Jobs,
            (None, Some(_)) => Measured::Watchers,
            (None, None) => Measured::Requests,
        }
    }

    /// The times of this kind, of successes. A run of jobs has the times of users' jobs as
    /// answers, and the lateness of the load's jobs as responses. A run of watchers has ART
    /// as answers, and the times until the last watcher had an event as responses.
    pub fn timing(&self, kind: TimingKind) -> Option<&Timing> {
        if let Some(jobs) = &self.jobs {
            return match kind {
                TimingKind::Answer => Some(&jobs.yours),
                TimingKind::Response => Some(&jobs.lateness),
                TimingKind::Wait | TimingKind::Service => None,
            };
        }
        if let Some(watch) = &self.watch {
            return match kind {
                TimingKind::Answer => Some(&watch.art),
                TimingKind::Response => Some(&watch.last),
                TimingKind::Wait | TimingKind::Service => None,
            };
        }
        let side = self.mode_side();
        match kind {
            TimingKind::Answer => match &self.client {
                Some(client) => Some(&client.response.as_ref().unwrap_or(&client.service).ok),
                None => side.map(|side| &side.http),
            },
            TimingKind::Wait => side.map(|side| &side.wait),
            TimingKind::Service => side.map(|side| &side.service),
            TimingKind::Response => side.map(|side| &side.response),
        }
    }

    /// Answers per second, of any status. `None` below ten answers or one second. Of
    /// watchers, the handshakes per second while they connected.
    pub fn rate(&self) -> Option<f64> {
        if let Some(watch) = &self.watch {
            return (watch.connects_s > 0.0).then_some(watch.connects_s);
        }
        match &self.client {
            Some(client) => client.reliable_rate(),
            None => match &self.window {
                Some(window) => window.rate(self.mode()?.name()),
                None => self.mode_side()?.reliable_rate(),
            },
        }
    }

    /// Events or jobs done, or deliveries, per second, with the limits of [`rate`](Self::rate).
    pub fn done_rate(&self) -> Option<f64> {
        if let Some(jobs) = &self.jobs {
            return reliable(jobs.ledger.done, jobs.done_rate);
        }
        if let Some(watch) = &self.watch {
            return reliable(watch.deliveries, watch.deliveries as f64 / watch.seconds.max(1e-9));
        }
        self.mode_side()?.reliable_done_rate()
    }

    /// Returns the name, or the id if there is none.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}
