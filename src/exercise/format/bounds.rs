//! The bounds of an exercise. Sets come from strangers, and a mistake in one must not
//! panic, fill the memory or run for days.

use thiserror::Error;

use super::{EngineRun, Exercise, Load, RoomsRun, WatchRun};
use crate::exercise::Value;
use crate::record::{Arrivals, Model, Plan};

/// The highest speed at which a load may be measured, as a factor.
const FASTEST: u32 = 1000;
/// The most items of a list, such as loads, questions or choices.
const MOST: usize = 200;
/// The most requests of a load.
pub(in crate::exercise) const MOST_REQUESTS: u64 = 1_000_000;
/// The longest load, in seconds of the exercise.
pub(in crate::exercise) const LONGEST_S: f64 = 3600.0;

/// What exceeds the bounds of an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BoundsError {
    /// A list is too long.
    #[error("{found} {what}: expected at most {MOST}")]
    TooMany {
        /// What the list holds.
        what: &'static str,
        /// How many it holds.
        found: usize,
    },
    /// A load is measured too fast.
    #[error("load {load:?}: faster = {faster}, expected 1 to {FASTEST}")]
    Faster {
        /// The load.
        load: String,
        /// The factor.
        faster: u32,
    },
    /// A question has an infinite answer or tolerance.
    #[error("question {0:?}: expected finite numbers")]
    Question(String),
    /// A fact has an infinite tolerance.
    #[error("fact {0:?}: expected a finite tolerance")]
    Fact(String),
    /// A load has too many requests.
    #[error("{0} requests: expected at most {MOST_REQUESTS} in a load of an exercise")]
    Requests(u64),
    /// A burst has too many requests.
    #[error("bursts of {0}: expected at most {MOST_REQUESTS} requests in a load of an exercise")]
    Burst(u64),
    /// A run in a lab is too large.
    #[error("{0}")]
    Lab(String),
    /// A load is too long.
    #[error("a load of {0} s: expected at most {LONGEST_S} s in an exercise")]
    Length(u64),
}

/// Checks the bounds of an exercise.
///
/// # Errors
/// The first bound that is exceeded.
pub(super) fn check(exercise: &Exercise) -> Result<(), BoundsError> {
    let Exercise { config, loads, jobs, watch, rooms, engine, questions, given, facts, hints, .. } =
        exercise;
    let counts = [
        ("settings", config.len()),
        ("loads", loads.len()),
        ("runs of jobs", jobs.len()),
        ("runs of watchers", watch.len()),
        ("runs of rooms", rooms.len()),
        ("runs of engines", engine.len()),
        ("steps", jobs.iter().map(|run| run.steps.len()).max().unwrap_or(0)),
        ("questions", questions.len()),
        ("given numbers", given.len()),
        ("facts", facts.len()),
        ("hints", hints.len()),
        ("choices", questions.iter().map(|question| question.choices.len()).max().unwrap_or(0)),
        ("wrong answers", questions.iter().map(|question| question.wrong.len()).max().unwrap_or(0)),
        ("edits", loads.iter().map(|load| load.edits.len()).max().unwrap_or(0)),
    ];
    if let Some((what, found)) = counts.into_iter().find(|(_, count)| *count > MOST) {
        return Err(BoundsError::TooMany { what, found });
    }
    if let Some(Load { name, faster, .. }) = loads.iter().find(|load| !(1..=FASTEST).contains(&load.faster))
    {
        return Err(BoundsError::Faster { load: name.clone(), faster: *faster });
    }
    // Also refuses a length that is not a number.
    if let Some(run) = jobs.iter().find(|run| !(0.1..=LONGEST_S).contains(&run.length())) {
        return Err(BoundsError::Length(run.length() as u64));
    }
    let of_rooms = rooms.iter().find_map(RoomsRun::problem);
    let of_engines = engine.iter().find_map(EngineRun::problem);
    if let Some(problem) = watch.iter().find_map(WatchRun::problem).or(of_rooms).or(of_engines) {
        return Err(BoundsError::Lab(problem));
    }
    for question in questions {
        let is_finite = |value: &Value| !matches!(value, Value::Number(number) if !number.is_finite());
        let numbers = question.wrong.iter().map(|wrong| &wrong.is).chain([&question.answer]);
        let allowances = [question.tolerance, question.within];
        if !numbers.into_iter().all(is_finite) || !allowances.iter().all(|by| by.is_finite() && *by >= 0.0)
        {
            return Err(BoundsError::Question(question.name.clone()));
        }
    }
    match facts.iter().find(|fact| !fact.tolerance.is_finite()) {
        Some(fact) => Err(BoundsError::Fact(fact.says.clone())),
        None => Ok(()),
    }
}

/// Checks that a load is small enough for an exercise.
///
/// # Errors
/// The first bound that is exceeded.
pub(in crate::exercise) fn check_plan(plan: &Plan) -> Result<(), BoundsError> {
    let (profile, at_once) = match &plan.model {
        Model::Closed { clients } => (clients, 0),
        Model::Open { rate, arrivals: Arrivals::Burst(size), .. } => (rate, *size),
        Model::Open { rate, .. } => (rate, 0),
    };
    let seconds = profile.seconds();
    let by_rate = match &plan.model {
        // An upper bound: as if the highest rate lasted.
        Model::Open { rate, .. } => seconds.map(|seconds| rate.peak() * seconds),
        Model::Closed { .. } => None,
    };
    let requests = plan.requests.map(|requests| requests as f64).or(by_rate);
    if let Some(requests) = requests.filter(|requests| *requests > MOST_REQUESTS as f64) {
        return Err(BoundsError::Requests(requests.round() as u64));
    }
    if at_once > MOST_REQUESTS {
        return Err(BoundsError::Burst(at_once));
    }
    match seconds.filter(|seconds| *seconds > LONGEST_S) {
        Some(seconds) => Err(BoundsError::Length(seconds.round() as u64)),
        None => Ok(()),
    }
}
