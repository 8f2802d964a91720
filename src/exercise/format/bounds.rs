//! What an exercise may hold at most. Sets come from other people, and a mistake in
//! one must not panic, fill the memory or run for days.

use super::{Exercise, Load};
use crate::exercise::Value;
use crate::record::{Arrivals, Model, Plan};

/// How many times faster a load may be measured.
const FASTEST: u32 = 1000;
/// The most loads, questions, choices and so on of one exercise.
const MOST: usize = 200;
/// The most requests of a load.
pub(in crate::exercise) const MOST_REQUESTS: u64 = 1_000_000;
/// The longest load, in seconds, at the pace that is asked about.
pub(in crate::exercise) const LONGEST_S: f64 = 3600.0;

/// Whether the exercise is within its bounds.
///
/// # Errors
/// What is not, and what is allowed.
pub(super) fn check(exercise: &Exercise) -> Result<(), String> {
    let Exercise { config, loads, questions, given, facts, hints, .. } = exercise;
    let counts = [
        ("settings", config.len()),
        ("loads", loads.len()),
        ("questions", questions.len()),
        ("given numbers", given.len()),
        ("facts", facts.len()),
        ("hints", hints.len()),
        ("choices", questions.iter().map(|question| question.choices.len()).max().unwrap_or(0)),
        ("wrong answers", questions.iter().map(|question| question.wrong.len()).max().unwrap_or(0)),
        ("edits", loads.iter().map(|load| load.edits.len()).max().unwrap_or(0)),
    ];
    if let Some((what, count)) = counts.into_iter().find(|(_, count)| *count > MOST) {
        return Err(format!("{count} {what}: expected at most {MOST}"));
    }
    if let Some(Load { name, faster, .. }) = loads.iter().find(|load| !(1..=FASTEST).contains(&load.faster))
    {
        return Err(format!("load {name:?}: faster = {faster}, expected 1 to {FASTEST}"));
    }
    for question in questions {
        let is_finite = |value: &Value| !matches!(value, Value::Number(number) if !number.is_finite());
        let numbers = question.wrong.iter().map(|wrong| &wrong.is).chain([&question.answer]);
        let allowances = [question.tolerance, question.within];
        if !numbers.into_iter().all(is_finite) || !allowances.iter().all(|by| by.is_finite() && *by >= 0.0)
        {
            return Err(format!("question {:?}: expected numbers that are finite", question.name));
        }
    }
    match facts.iter().find(|fact| !fact.tolerance.is_finite()) {
        Some(fact) => Err(format!("fact {:?}: expected a tolerance that is finite", fact.says)),
        None => Ok(()),
    }
}

/// Whether a load is short enough for an exercise.
///
/// # Errors
/// What is not, and what is allowed.
pub(in crate::exercise) fn check_plan(plan: &Plan) -> Result<(), String> {
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
        return Err(format!("{requests:.0} requests: an exercise has at most {MOST_REQUESTS} in a load"));
    }
    if at_once > MOST_REQUESTS {
        return Err(format!(
            "bursts of {at_once}: an exercise has at most {MOST_REQUESTS} requests in a load"
        ));
    }
    match seconds.filter(|seconds| *seconds > LONGEST_S) {
        Some(seconds) => Err(format!("{seconds:.0} s: an exercise's load lasts at most {LONGEST_S} s")),
        None => Ok(()),
    }
}
