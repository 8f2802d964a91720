//! Builds plans from text, with defaults for what is not given.

use std::time::Duration;

use thiserror::Error;

use crate::record::{Arrivals, Model, Plan, Profile, ProfileError, RequestPlan};

/// The default number of requests of a closed load.
const REQUESTS: u64 = 1000;
/// The default length of an open load.
const DURATION: Duration = Duration::from_secs(10);
/// The most clients or connections: about as many as one address has ports.
const MOST_CLIENTS: usize = 60_000;
/// The highest rate, in requests a second.
const HIGHEST_RATE: f64 = 1e7;

/// Why a text is not a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A profile is not readable, or its length is open.
    #[error("{what}: {error}")]
    Profile {
        /// Clients or rate.
        what: &'static str,
        /// What is wrong with it.
        error: ProfileError,
    },
    /// The number of clients is too high or not whole.
    #[error("clients {0}: expected whole numbers up to {MOST_CLIENTS}")]
    Clients(String),
    /// The rate is too high.
    #[error("rate {0}: expected at most {HIGHEST_RATE} requests a second")]
    Rate(String),
    /// The number of connections is zero or too high.
    #[error("connections {0}: expected 1 to {MOST_CLIENTS}")]
    Connections(usize),
    /// The load has no requests.
    #[error("0 requests are no load")]
    Nothing,
    /// Both the phases and `duration` give a length.
    #[error(
        "{what} {profile} says how long each phase lasts; leave out the duration {duration:?}, or the lengths"
    )]
    TwoDurations {
        /// Clients or rate.
        what: &'static str,
        /// The text of the profile.
        profile: String,
        /// The duration that was given.
        duration: Duration,
    },
    /// The load has no length.
    #[error("{what} {profile} lasts no time at all")]
    NoTime {
        /// Clients or rate.
        what: &'static str,
        /// The text of the profile.
        profile: String,
    },
}

impl Plan {
    /// Builds a closed load of `clients` over time, which ends after `requests` or
    /// `duration`; after 1000 requests if neither is given.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn closed(
        clients: &str,
        requests: Option<u64>,
        duration: Option<Duration>,
    ) -> Result<Self, PlanError> {
        let profile = read("clients", clients, duration, duration)?;
        let whole = |level: f64| level.fract() == 0.0 && level <= MOST_CLIENTS as f64;
        if !profile.phases().iter().all(|phase| whole(phase.from) && whole(phase.to)) {
            return Err(PlanError::Clients(clients.to_owned()));
        }
        let endless = profile.seconds().is_none();
        let requests = requests.or(endless.then_some(REQUESTS));
        Self::of(Model::Closed { clients: profile }, requests)
    }

    /// Builds an open load of `rate` requests a second over time, which ends after
    /// `requests` or `duration`; after 10 s if neither is given.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn open(
        rate: &str,
        requests: Option<u64>,
        duration: Option<Duration>,
        arrivals: Arrivals,
        seed: u64,
        connections: usize,
    ) -> Result<Self, PlanError> {
        // Phases with lengths give the length of the load; others need one.
        let nothing_said = requests.is_none() && !rate.contains(':');
        let profile = read("rate", rate, duration.or(nothing_said.then_some(DURATION)), duration)?;
        if profile.peak() > HIGHEST_RATE {
            return Err(PlanError::Rate(rate.to_owned()));
        }
        if !(1..=MOST_CLIENTS).contains(&connections) {
            return Err(PlanError::Connections(connections));
        }
        Self::of(Model::Open { rate: profile, arrivals, seed, connections }, requests)
    }

    fn of(model: Model, requests: Option<u64>) -> Result<Self, PlanError> {
        if requests == Some(0) {
            return Err(PlanError::Nothing);
        }
        Ok(Self { model, requests, request: RequestPlan::default() })
    }
}

/// Reads a profile that lasts for `duration`; `said` is the part of it that the user
/// gave.
fn read(
    what: &'static str,
    text: &str,
    duration: Option<Duration>,
    said: Option<Duration>,
) -> Result<Profile, PlanError> {
    let lengths_of_its_own = text.split(',').all(|phase| phase.contains(':'));
    let profile = || text.to_owned();
    if let (true, Some(duration)) = (lengths_of_its_own, said) {
        return Err(PlanError::TwoDurations { what, profile: profile(), duration });
    }
    let read = Profile::parse(text, duration).map_err(|error| PlanError::Profile { what, error })?;
    if read.seconds() == Some(0.0) {
        return Err(PlanError::NoTime { what, profile: profile() });
    }
    Ok(read)
}
