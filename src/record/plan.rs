//! The plan of a load: how many clients or what rate, for how long, and with which
//! requests.
//!
//! ```text
//!   closed   N clients; each sends its next request when it has its answer.
//!            The slower the server, the lower the rate: it cannot be overrun.
//!   open     requests are due at times that do not depend on the answers, as
//!            from many independent users.
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::duration;

/// A profile with more phases than this is summarised when it is shown.
const SHOWN: usize = 8;

/// The statuses that count as a refusal, unless the server is known to use others.
pub const REFUSALS: [u16; 2] = [429, 503];

/// The plan of a load. Every run that a load made contains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What decides when a request is sent.
    #[serde(flatten)]
    pub model: Model,
    /// The number of requests that ends the load, if the profile does not end first.
    pub requests: Option<u64>,
    /// The requests of a load.
    pub request: RequestPlan,
}

/// What decides when a request is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "lowercase")]
pub enum Model {
    /// Clients that each wait for their answer.
    Closed {
        /// The number of clients over time.
        clients: Profile,
    },
    /// A schedule that does not wait for answers.
    Open {
        /// Requests a second over time.
        rate: Profile,
        /// How arrivals are spread at that rate.
        arrivals: Arrivals,
        /// The seed of the schedule.
        seed: u64,
        /// The most connections at once. A request that is due while none is free waits
        /// for one; its response time includes the wait.
        connections: usize,
    },
}

/// How arrivals are spread at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// At random and without memory, as from many independent users.
    Poisson,
    /// This many at once, then a pause.
    Burst(u64),
}

/// The requests of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestPlan {
    /// The HTTP method, such as `GET`.
    pub method: String,
    /// The body of each request, if any.
    pub body: Option<String>,
    /// True if a connection carries more than one request.
    pub keep_alive: bool,
    /// The timeout of an answer, in seconds. A request without an answer by then is
    /// aborted.
    pub timeout_s: f64,
}

impl Default for RequestPlan {
    fn default() -> Self {
        Self { method: "GET".to_owned(), body: None, keep_alive: true, timeout_s: 60.0 }
    }
}

impl RequestPlan {
    /// True if the method is idempotent (RFC 9110, section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(&self.method.as_str())
    }

    /// Returns the timeout of an answer.
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout_s).unwrap_or(Duration::MAX)
    }
}

/// A level over time, piecewise linear: clients in a closed model, requests a second in
/// an open one.
///
/// Written as `400`, `100..400` (a ramp), `100,200,400` (steps), each with a
/// length of its own or a share of the whole: `100:10s,100..400:20s,400:30s`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profile {
    phases: Vec<Phase>,
}

/// One straight piece of a [`Profile`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The level at its beginning.
    pub from: f64,
    /// The level at its end.
    pub to: f64,
    /// Its length in seconds. `None` is for ever, which only the last phase may be.
    pub seconds: Option<f64>,
}

/// Why a text is not a profile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// It does not have the form of a profile.
    #[error(
        "{0:?} is not a level over time; expected such as 400, 100..400, 100,200,400 or 100:10s,100..400:20s"
    )]
    Unreadable(String),
    /// The length of a phase is not a time.
    #[error("in {phase:?}, {length:?} is not a time; expected such as 30s, 2min or 1m30s")]
    Length {
        /// The phase as it was written.
        phase: String,
        /// The text after its colon.
        length: String,
    },
    /// A phase has no length although another has one, or it is a ramp.
    #[error("{0:?} needs a duration: give each phase one (100:10s) or all of them together (--duration)")]
    NoDuration(String),
    /// Its level is zero all the time.
    #[error("{0:?} is zero all the time")]
    Zero(String),
}

impl Plan {
    /// Returns this load `times` times faster: with higher rates and shorter phases.
    pub fn faster(&self, times: f64) -> Self {
        let model = match &self.model {
            Model::Closed { clients } => Model::Closed { clients: clients.scaled(1.0, times) },
            Model::Open { rate, arrivals, seed, connections } => {
                let (arrivals, seed, connections) = (*arrivals, *seed, *connections);
                Model::Open { rate: rate.scaled(times, times), arrivals, seed, connections }
            }
        };
        Self { model, ..self.clone() }
    }
}

impl Profile {
    /// Multiplies the levels by `levels` and divides the lengths by `times`.
    fn scaled(&self, levels: f64, times: f64) -> Self {
        let scaled = |phase: &Phase| Phase {
            from: phase.from * levels,
            to: phase.to * levels,
            seconds: phase.seconds.map(|seconds| seconds / times),
        };
        Self { phases: self.phases.iter().map(scaled).collect() }
    }

    /// Returns a constant level for `seconds`, or without an end.
    pub fn constant(level: f64, seconds: Option<f64>) -> Self {
        Self { phases: vec![Phase { from: level, to: level, seconds }] }
    }

    /// Reads a profile. Phases without a length of their own share `duration`.
    ///
    /// # Errors
    /// [`ProfileError`], which quotes the text.
    pub fn parse(text: &str, duration: Option<Duration>) -> Result<Self, ProfileError> {
        let unreadable = || ProfileError::Unreadable(text.to_owned());
        let read = |phase: &str| read_phase(phase)?.ok_or_else(unreadable);
        let mut phases = text.split(',').map(read).collect::<Result<Vec<Phase>, _>>()?;
        if phases.iter().all(|phase| phase.from == 0.0 && phase.to == 0.0) {
            return Err(ProfileError::Zero(text.to_owned()));
        }
        let open: Vec<&mut Phase> = phases.iter_mut().filter(|phase| phase.seconds.is_none()).collect();
        let share = duration.map(|all| all.as_secs_f64() / open.len() as f64);
        let steady = open.len() == 1 && open[0].from == open[0].to;
        let may_go_on = steady && phases.len() == 1;
        for phase in phases.iter_mut().filter(|phase| phase.seconds.is_none()) {
            phase.seconds = share;
        }
        if !may_go_on && phases.iter().any(|phase| phase.seconds.is_none()) {
            return Err(ProfileError::NoDuration(text.to_owned()));
        }
        Ok(Self { phases })
    }

    /// The phases, in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The length in seconds; `None` without an end.
    pub fn seconds(&self) -> Option<f64> {
        self.phases.iter().map(|phase| phase.seconds).sum()
    }

    /// The level after `seconds`; `None` after the end.
    pub fn at(&self, mut seconds: f64) -> Option<f64> {
        for phase in &self.phases {
            let Some(length) = phase.seconds else { return Some(phase.from) };
            if seconds < length {
                return Some(phase.from + (phase.to - phase.from) * seconds / length);
            }
            seconds -= length;
        }
        None
    }

    /// The highest level it reaches.
    pub fn peak(&self) -> f64 {
        self.phases.iter().flat_map(|phase| [phase.from, phase.to]).fold(0.0, f64::max)
    }

    /// The level, if it is constant.
    pub fn steady(&self) -> Option<f64> {
        let level = self.phases.first()?.from;
        self.phases.iter().all(|phase| phase.from == level && phase.to == level).then_some(level)
    }
}

/// `None` if the levels are not numbers.
fn read_phase(text: &str) -> Result<Option<Phase>, ProfileError> {
    let (levels, length) = text.split_once(':').map_or((text, None), |(levels, time)| (levels, Some(time)));
    let (from, to) = levels.split_once("..").unwrap_or((levels, levels));
    let level =
        |text: &str| text.trim().parse().ok().filter(|level: &f64| level.is_finite() && *level >= 0.0);
    let (Some(from), Some(to)) = (level(from), level(to)) else { return Ok(None) };
    let seconds = match length {
        None => None,
        Some(length) => {
            let not_a_time =
                || ProfileError::Length { phase: text.trim().to_owned(), length: length.trim().to_owned() };
            Some(duration::parse_seconds(length).ok_or_else(not_a_time)?.as_secs_f64())
        }
    };
    Ok(Some(Phase { from, to, seconds }))
}

impl fmt::Display for Profile {
    /// Such as `400`, `100..400`, `100:10s, 400:5s` or, of many phases, `1440 steps
    /// from 0.5 to 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.phases.len() > SHOWN {
            let levels = || self.phases.iter().flat_map(|phase| [phase.from, phase.to]);
            let (lowest, highest) = (levels().fold(f64::INFINITY, f64::min), self.peak());
            return write!(f, "{} steps from {lowest} to {highest}", self.phases.len());
        }
        for (n, Phase { from, to, seconds }) in self.phases.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{from}")?;
            if from != to {
                write!(f, "..{to}")?;
            }
            if let (Some(seconds), true) = (seconds, self.phases.len() > 1) {
                write!(f, ":{seconds}s")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Poisson => f.write_str("poisson"),
            Self::Burst(size) => write!(f, "burst:{size}"),
        }
    }
}

/// A text that names no way to spread arrivals.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is none of constant, poisson, burst, burst:SIZE")]
pub struct ArrivalsError(String);

impl FromStr for Arrivals {
    type Err = ArrivalsError;

    /// Reads `constant`, `poisson`, `burst` (of 10) or `burst:SIZE`.
    fn from_str(text: &str) -> Result<Self, ArrivalsError> {
        let allowed = || ArrivalsError(text.to_owned());
        match text.split_once(':') {
            None if text == "constant" => Ok(Self::Constant),
            None if text == "poisson" => Ok(Self::Poisson),
            None if text == "burst" => Ok(Self::Burst(10)),
            Some(("burst", size)) => {
                let size = size.parse().ok().filter(|size| (1..=1_000_000).contains(size));
                size.map(Self::Burst).ok_or_else(allowed)
            }
            _ => Err(allowed()),
        }
    }
}

impl fmt::Display for Plan {
    /// Such as `closed, 50 clients, 3000 requests` or `open, 400/s poisson, 10 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = match &self.model {
            Model::Closed { clients } => {
                let s = if clients.steady() == Some(1.0) { "" } else { "s" };
                write!(f, "closed, {clients} client{s}")?;
                clients
            }
            Model::Open { rate, arrivals, .. } => {
                write!(f, "open, {rate}/s {arrivals}")?;
                rate
            }
        };
        if let Some(requests) = self.requests {
            write!(f, ", {requests} request{}", if requests == 1 { "" } else { "s" })?;
        }
        if let Some(seconds) = profile.seconds() {
            write!(f, ", {seconds} s")?;
        }
        Ok(())
    }
}
