//! One run: what was done to what, and what came of it.
//!
//! A run may have two sides. The *client* side is what the load generator has
//! seen; the *bench* side is what the bench has counted and timed itself. A load
//! at another server has only the first, a load made by `ab` only the
//! second, and `weir load` at our own server has both, which then have to agree.
//! A *prediction* has neither, only figures.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Audit, LedgerState, Mark, Mode, Plan, Prediction, Series, Timing, date};
use crate::metrics;

/// The version of the format. Fields may be added under the same number.
pub const FORMAT: u32 = 1;

/// A run, as it is kept in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Weir that wrote it.
    pub weir: String,
    /// Unique among the runs of a store; also the name of its file.
    pub id: String,
    /// What a person has called it.
    pub name: Option<String>,
    /// Where its figures come from.
    pub origin: Origin,
    /// What was put under load: a mode of the bench, or a URL.
    pub target: String,
    /// When it began, in UTC.
    pub began: String,
    /// How long it took, from the first request until the last answer, or until
    /// the bench had drained.
    pub seconds: f64,
    /// The load, where we know it.
    pub load: Option<Plan>,
    /// The configuration in force when it began, where there was one.
    pub config: Option<Value>,
    /// Whether its figures can be trusted, and why not.
    pub audit: Audit,
    /// What the maker of the load has seen.
    pub client: Option<ClientSide>,
    /// What the bench has seen.
    pub bench: Option<BenchSide>,
    /// What theory says, for a prediction.
    pub prediction: Option<Prediction>,
}

/// Where the figures of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Measured by the bench while another program made the load.
    Recorded,
    /// Measured by `weir load`.
    Load,
    /// Measured under virtual time.
    Simulated,
    /// Computed.
    Predicted,
    /// Told by `ab`.
    Ab,
    /// Told by `bombardier`.
    Bombardier,
    /// Told by `hey`.
    Hey,
    /// Told by `oha`.
    Oha,
    /// Told by `wrk`.
    Wrk,
}

/// What the maker of the load has seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSide {
    /// Requests sent.
    pub sent: u64,
    /// Answered with success: a status below 400.
    pub ok: u64,
    /// Turned away: 429, 503, or the bench's `resource.reject_status`.
    pub refused: u64,
    /// Answered with any other status from 400 on.
    pub failed: u64,
    /// Not answered: no connection, a broken one, an answer that is not HTTP, a
    /// timeout, or the end of the load.
    pub aborted: u64,
    /// Due, and not sent before the load ended.
    pub unsent: u64,
    /// Due when no connection was free, and so sent later. Open model only.
    pub waited: u64,
    /// Sent again on a new connection, as the server closed the old one before the
    /// first byte of an answer. Counted once in `sent`.
    pub repeated: u64,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Answers a second, whatever they said.
    pub rate: f64,
    /// How many answers had which status.
    pub statuses: BTreeMap<String, u64>,
    /// How many requests were aborted for which reason.
    pub errors: BTreeMap<String, u64>,
    /// Bytes of answers, heads and bodies.
    pub bytes: u64,
    /// From sending a request to the end of its answer.
    pub service: ByAnswer,
    /// From the moment a request was due to the end of its answer: what a person
    /// would have waited. Open model only.
    pub response: Option<ByAnswer>,
    /// How late requests were sent. Open model only.
    pub lag: Option<Timing>,
    /// How many requests were under way, on average: measured as it went.
    pub in_flight: f64,
    /// How many were due or under way, on average. Open model only.
    pub in_flight_due: Option<f64>,
    /// The share of a core that the generator used.
    pub cpu: Option<f64>,
    /// The share of the time in which the generator was ready to run and had no
    /// core.
    pub starved: Option<f64>,
    /// The cores that the server used, if it was a process of the same machine
    /// and not that of the generator.
    pub server_cpu: Option<f64>,
    /// The cores that other processes used.
    pub other_cpu: Option<f64>,
    /// How many threads of the server were ready to run and had no core, on average.
    pub server_starved: Option<f64>,
    /// When the generator stood still, being suspended or kept from its core.
    pub stalls: Stalls,
    /// Whether the load was ended before its plan was.
    pub interrupted: bool,
    /// What happened when.
    pub series: Series,
}

impl ClientSide {
    /// Answers, whatever they said.
    pub fn answered(&self) -> u64 {
        self.ok.saturating_add(self.refused).saturating_add(self.failed)
    }

    /// Whether the requests were counted. A file of percentiles, as `ab -e` writes it,
    /// has times and no counts, rate or duration; those are then zero here.
    pub fn is_counted(&self) -> bool {
        let times = [&self.service.ok, &self.service.refused, &self.service.failed];
        self.sent > 0 || self.rate > 0.0 || times.into_iter().all(Timing::is_empty)
    }
}

/// Times in which the load generator did nothing, each of a tenth of a second or
/// more.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stalls {
    /// How many there were.
    pub count: u64,
    /// How long all of them were together.
    pub seconds: f64,
    /// How long the longest was.
    pub longest_s: f64,
}

/// Times, by what the answer was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ByAnswer {
    /// Of successes.
    pub ok: Timing,
    /// Of those who were turned away.
    pub refused: Timing,
    /// Of other errors.
    pub failed: Timing,
}

/// What the bench has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchSide {
    /// From the first request to the last thing that happened.
    pub seconds: f64,
    /// Whether everything accepted was finished at the end.
    pub drained: bool,
    /// From when a request last began or was answered to the last event finished.
    pub drain_s: f64,
    /// The account of every event of this run.
    pub ledger: LedgerState,
    /// The most events in the resource at once.
    pub peak_in_use: usize,
    /// The most events in the queue at once.
    pub peak_depth: usize,
    /// Each mode that was used.
    pub modes: BTreeMap<String, ModeSide>,
    /// What happened when: levels at the end of each interval, counts within it.
    pub series: Series,
    /// What was changed when; `t` in seconds since the beginning.
    pub marks: Vec<Mark>,
}

/// What one mode has seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModeSide {
    /// Responses sent.
    pub requests: u64,
    /// Responses that were not a success.
    pub errors: u64,
    /// Requests whose client went away before the response.
    pub aborted: u64,
    /// From the first request to the last thing that happened in this mode.
    pub seconds: f64,
    /// Responses a second, from the first request to the last response.
    pub rate: f64,
    /// Events done a second, from the first request to the last event finished.
    pub done_rate: f64,
    /// Events accepted. Those that were inside when the run began are among them.
    pub accepted: u64,
    /// How many of them were. `None` in runs of earlier versions.
    pub inside_before: Option<u64>,
    /// Events refused, and so never accepted.
    pub refused: u64,
    /// Events done.
    pub done: u64,
    /// Events that failed.
    pub failed: u64,
    /// Events given up by the queue's policy.
    pub dropped: u64,
    /// The most events of this mode in the resource at once.
    pub peak_in_use: usize,
    /// How many events were inside, from arrival to finish, on average: measured
    /// as they came and went, apart from the histograms.
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

/// Which times of a run are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// What a client waits for an answer. From the intended send in the open
    /// model, or else from the real one; as the bench has it, if no generator of
    /// ours was there.
    Answer,
    /// From arrival to admission of events done.
    Wait,
    /// In the resource.
    Service,
    /// From arrival to finish of events done.
    Response,
}

impl ClientSide {
    /// The rate, if it is one: see [`metrics::rate`].
    pub fn told_rate(&self) -> Option<f64> {
        told(self.ok + self.refused + self.failed, self.rate)
    }
}

impl ModeSide {
    /// The rate of responses, if it is one: see [`metrics::rate`].
    pub fn told_rate(&self) -> Option<f64> {
        told(self.requests, self.rate)
    }

    /// The rate of events done, if it is one: see [`metrics::rate`].
    pub fn told_done_rate(&self) -> Option<f64> {
        told(self.done, self.done_rate)
    }
}

/// A rate that is written in a run, if it comes of enough. Other tools may tell a rate
/// and no counts; there is no judging that.
fn told(count: u64, rate: f64) -> Option<f64> {
    let enough = count == 0 || metrics::rate(count, count as f64 / rate + 1e-6).is_some();
    (rate > 0.0 && enough).then_some(rate)
}

impl Run {
    /// A run of which nothing else is known yet. Its id is
    /// given by the store.
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
        }
    }

    /// The mode of the bench that was put under load. When several were, the one
    /// with the most requests.
    pub fn mode(&self) -> Option<Mode> {
        let named = Mode::named(&self.target);
        let busiest = || {
            let modes = &self.bench.as_ref()?.modes;
            let (name, _) = modes.iter().max_by_key(|(_, mode)| mode.requests)?;
            Mode::named(name)
        };
        named.or_else(busiest)
    }

    /// The bench's numbers of that mode.
    pub fn mode_side(&self) -> Option<&ModeSide> {
        self.bench.as_ref()?.modes.get(self.mode()?.name())
    }

    /// The times of what went well, on one of the clocks.
    pub fn timing(&self, clock: Clock) -> Option<&Timing> {
        let side = self.mode_side();
        match clock {
            Clock::Answer => match &self.client {
                Some(client) => Some(&client.response.as_ref().unwrap_or(&client.service).ok),
                None => side.map(|side| &side.http),
            },
            Clock::Wait => side.map(|side| &side.wait),
            Clock::Service => side.map(|side| &side.service),
            Clock::Response => side.map(|side| &side.response),
        }
    }

    /// Answers a second, whatever they said. Nothing below ten answers or one second.
    pub fn rate(&self) -> Option<f64> {
        match &self.client {
            Some(client) => client.told_rate(),
            None => self.mode_side()?.told_rate(),
        }
    }

    /// Events done a second, as [`rate`](Self::rate).
    pub fn done_rate(&self) -> Option<f64> {
        self.mode_side()?.told_done_rate()
    }

    /// What to call it: its name, or else its id.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}
