//! Plans from what people write, with everything that they leave out.

use std::time::Duration;

use thiserror::Error;

use crate::record::{Arrivals, Model, Plan, Profile, ProfileError, RequestPlan};

/// How many requests a closed load makes when nothing is said.
const REQUESTS: u64 = 1000;
/// How long an open load lasts when nothing is said.
const DURATION: Duration = Duration::from_secs(10);
/// The most clients or connections: more than one address has ports for.
const MOST_CLIENTS: usize = 60_000;
/// The highest rate, in requests a second.
const HIGHEST_RATE: f64 = 1e7;

/// Why what was written is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A profile does not read as one, or leaves open how long it lasts.
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
    /// There would be no request.
    #[error("0 requests are no load")]
    Nothing,
    /// The lengths of the phases and a duration, which may differ.
    #[error(
        "{what} {profile} says how long each phase lasts; leave out the duration {duration:?}, or the lengths"
    )]
    TwoDurations {
        /// Clients or rate.
        what: &'static str,
        /// As it was written.
        profile: String,
        /// As it was given.
        duration: Duration,
    },
    /// It is over before it begins.
    #[error("{what} {profile} lasts no time at all")]
    NoTime {
        /// Clients or rate.
        what: &'static str,
        /// As it was written.
        profile: String,
    },
}

impl Plan {
    /// A closed load of so many clients over time: so many requests, or for so
    /// long; 1000 requests if nothing is said.
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

    /// An open load of so many requests a second over time: so many, or for so
    /// long; for ten seconds if nothing is said.
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
        // Phases with lengths say how long it lasts; others need to be told.
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

/// Reads a profile that lasts for `duration`, of which `said` was written.
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
