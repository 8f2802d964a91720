//! Runs of an exercise in the jobs lab, as `[[jobs]]` describes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::duration;

/// The input of a rogue with the original code.
const ENDLESS: i64 = -1;
/// The most jobs of one step.
const MOST: u32 = 1_000;

/// A run in a jobs lab of its own: a load of workers, steps, and a measurement of the lab's
/// figures.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsRun {
    /// The name, by which questions and facts refer to it.
    pub name: String,
    /// Keys that differ from the exercise's configuration, such as `jobs.load.workers=10000`.
    #[serde(default)]
    pub config: Vec<String>,
    /// The steps before the measurement, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The length of the measurement.
    #[serde(default = "two")]
    pub seconds: f64,
}

fn two() -> f64 {
    2.0
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Step {
    /// Submits a number once or several times: `submit -1`, or `submit -1 x10`.
    Submit {
        /// The number.
        input: i64,
        /// How many jobs.
        times: u32,
    },
    /// Kills the jobs with this number: `kill -1`.
    Kill(i64),
    /// Waits: `wait 500ms`.
    Wait(Duration),
}

/// A text that is not a step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a step: expected `submit N`, `submit N x10` (at most x{MOST}), `kill N` or `wait TIME`"
)]
pub struct StepError(String);

impl FromStr for Step {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, StepError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse().ok();
        let step = match words[..] {
            ["submit", input] => number(input).map(|input| Self::Submit { input, times: 1 }),
            ["submit", input, times] => {
                let times = times.strip_prefix('x').and_then(|times| times.parse().ok());
                let times = times.filter(|times| (1..=MOST).contains(times));
                number(input).zip(times).map(|(input, times)| Self::Submit { input, times })
            }
            ["kill", input] => number(input).map(Self::Kill),
            ["wait", time] => duration::parse(time).map(Self::Wait),
            _ => None,
        };
        step.ok_or_else(|| StepError(text.to_owned()))
    }
}

impl TryFrom<String> for Step {
    type Error = StepError;

    fn try_from(text: String) -> Result<Self, StepError> {
        text.parse()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit { input, times: 1 } => write!(f, "submit {input}"),
            Self::Submit { input, times } => write!(f, "submit {input} x{times}"),
            Self::Kill(input) => write!(f, "kill {input}"),
            Self::Wait(time) => write!(f, "wait {}", duration::format(*time)),
        }
    }
}

impl JobsRun {
    /// The rogues that run during the measurement.
    pub fn rogues(&self) -> u32 {
        self.steps.iter().fold(0_u32, |rogues, step| match step {
            Step::Submit { input: ENDLESS, times } => rogues.saturating_add(*times),
            Step::Kill(ENDLESS) => 0,
            _ => rogues,
        })
    }

    /// The steps in a line.
    pub fn in_words(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        if steps.is_empty() { "only the load".to_owned() } else { steps.join(", ") }
    }

    /// Seconds of the steps and the measurement.
    pub fn length(&self) -> f64 {
        let waits = self.steps.iter().map(|step| match step {
            Step::Wait(time) => time.as_secs_f64(),
            Step::Submit { .. } | Step::Kill(_) => 0.0,
        });
        self.seconds + waits.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written_as_they_are_read() {
        for text in ["submit -1", "submit 13 x10", "kill -1", "wait 500ms"] {
            assert_eq!(text.parse::<Step>().map(|step| step.to_string()), Ok(text.to_owned()));
        }
        for wrong in
            ["", "submit", "submit x", "submit 1 10", "submit 1 x0", "submit 1 x1001", "wait 5", "run 1"]
        {
            assert_eq!(wrong.parse::<Step>(), Err(StepError(wrong.to_owned())));
        }
    }

    #[test]
    fn rogues_are_the_endless_jobs_that_have_not_been_killed() {
        let run = |steps: &[&str]| {
            let steps = steps.iter().map(|step| step.parse().unwrap()).collect();
            JobsRun { name: "r".to_owned(), config: Vec::new(), steps, seconds: 1.0 }
        };
        assert_eq!(run(&["submit 5", "submit -1 x10", "wait 1s", "submit -1"]).rogues(), 11);
        assert_eq!(run(&["submit -1", "kill -1", "submit -1 x2"]).rogues(), 2);
        assert_eq!(run(&["wait 1s", "wait 500ms"]).length(), 2.5);
    }
}
