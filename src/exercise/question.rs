//! A question of an exercise, and the answers that participants write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{FigureName, FigureNameError};
use crate::duration;

/// A question, which asks for a prediction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The name, under which the answer is stored and written on the command line.
    pub name: String,
    /// The question.
    pub ask: String,
    /// `s`, `ms`, `/s`, `events`, or nothing.
    #[serde(default)]
    pub unit: String,
    /// The figure that decides the answer, such as `serial.client.seconds`, the ratio of two
    /// figures (`a.watch.last_ms / b.watch.last_ms`), the load with the least of several
    /// (`least of a.watch.kb, b.watch.kb`), or `answer`.
    pub measure: Measure,
    /// The allowed deviation, as a share of the measured figure.
    #[serde(default)]
    pub tolerance: f64,
    /// The allowed deviation, in the unit, if that is more.
    #[serde(default)]
    pub within: f64,
    /// The author's answer.
    pub answer: Value,
    /// The choices, if the answer is not a number.
    #[serde(default)]
    pub choices: Vec<String>,
    /// A place to look on the page or in the source.
    pub look: String,
    /// Known wrong answers.
    #[serde(default)]
    pub wrong: Vec<Wrong>,
}

/// The figure that decides the answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Measure {
    /// The author's answer stands: no measurement can decide. Written `answer`.
    Author,
    /// A figure of a load decides.
    Figure(FigureName),
    /// The ratio of two figures decides: the first, divided by the second.
    Ratio(FigureName, FigureName),
    /// The name of the load with the lowest of these figures decides.
    Least(Vec<FigureName>),
}

impl FromStr for Measure {
    type Err = FigureNameError;

    fn from_str(text: &str) -> Result<Self, FigureNameError> {
        if let Some(names) = text.strip_prefix("least of ") {
            let names: Result<_, _> = names.split(',').map(|name| name.trim().parse()).collect();
            return names.map(Self::Least);
        }
        match (text, text.split_once('/')) {
            ("answer", _) => Ok(Self::Author),
            (_, Some((of, to))) => Ok(Self::Ratio(of.trim().parse()?, to.trim().parse()?)),
            (name, None) => name.parse().map(Self::Figure),
        }
    }
}

impl TryFrom<String> for Measure {
    type Error = FigureNameError;

    fn try_from(text: String) -> Result<Self, FigureNameError> {
        text.parse()
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Author => f.write_str("answer"),
            Self::Figure(name) => name.fmt(f),
            Self::Ratio(of, to) => write!(f, "{of} / {to}"),
            Self::Least(names) => {
                let names: Vec<String> = names.iter().map(FigureName::to_string).collect();
                write!(f, "least of {}", names.join(", "))
            }
        }
    }
}

/// A known wrong answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The answer.
    pub is: Value,
    /// The idea behind it.
    pub reveals: String,
}

/// Why a text is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// The exercise has no such question.
    #[error("{question:?} is not a question: expected one of {}", questions.join(", "))]
    Question {
        /// The name that was given.
        question: String,
        /// The names of the questions.
        questions: Vec<String>,
    },
    /// The question asks for a number.
    #[error(
        "{question} = {answer:?}: expected a number such as 1500 or 0.5{}",
        if unit.is_empty() { String::new() } else { format!(", in {unit}") }
    )]
    Number {
        /// The question.
        question: String,
        /// The text.
        answer: String,
        /// The unit of the answer.
        unit: String,
    },
    /// The question asks for a choice.
    #[error("{question} = {answer:?}: expected one of the choices, or its number from 1 to {choices}")]
    Choice {
        /// The question.
        question: String,
        /// The text.
        answer: String,
        /// How many choices there are.
        choices: usize,
    },
}

/// A number, or one of the choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A choice.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{}", (number * 1e6).round() / 1e6),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The largest answer.
const MOST: f64 = 1e12;

impl Question {
    fn read_number(&self, answer: &str) -> Option<f64> {
        let plain = answer.strip_suffix(self.unit.as_str()).unwrap_or(answer).trim();
        let whole = plain.split('.').next()?;
        if whole.starts_with(',') || whole.split(',').skip(1).any(|group| group.len() != 3) {
            return None;
        }
        let plain = plain.replace([',', '_'], "");
        let time = duration::parse(answer).map(|time| time.as_secs_f64());
        match self.unit.as_str() {
            "s" => plain.parse().ok().or(time),
            "ms" => plain.parse().ok().or(time.map(|time| time * 1e3)),
            _ => plain.parse().ok(),
        }
    }

    /// Reads an answer: a number, which may have a unit (`500ms` is 0.5 where seconds are
    /// asked for), or one of the choices, by its number or its text.
    ///
    /// # Errors
    /// [`AnswerError::Number`] and [`AnswerError::Choice`].
    pub fn read(&self, answer: &str) -> Result<Value, AnswerError> {
        let answer = answer.trim();
        if self.choices.is_empty() {
            let number = self.read_number(answer).filter(|number| (0.0..=MOST).contains(number));
            return number.map(Value::Number).ok_or_else(|| AnswerError::Number {
                question: self.name.clone(),
                answer: answer.to_owned(),
                unit: self.unit.clone(),
            });
        }
        let by_number = answer.parse().ok().and_then(|n: usize| self.choices.get(n.checked_sub(1)?));
        let by_text = || self.choices.iter().find(|choice| choice.eq_ignore_ascii_case(answer));
        by_number.or_else(by_text).map(|choice| Value::Text(choice.clone())).ok_or_else(|| {
            AnswerError::Choice {
                question: self.name.clone(),
                answer: answer.to_owned(),
                choices: self.choices.len(),
            }
        })
    }
}
