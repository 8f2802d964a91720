//! The figures by which the answers of an exercise are judged. They are stored, so that a
//! new answer needs no new measurement.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{Exercise, FigureName, Measure, Measured, Question, Value};
use crate::record::{date, now};

/// The figures for each question of an exercise, and reasons to doubt them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// The date of the measurement, in UTC.
    pub at: String,
    /// By the question's name.
    pub figures: BTreeMap<String, Figures>,
    /// What the audits of the measured runs found wrong.
    pub doubts: Vec<String>,
    /// What a run has observed besides the figures that are asked for: a sentence for each run.
    pub observed: Vec<String>,
    /// True until they are stored for a later check.
    #[serde(skip)]
    pub fresh: bool,
    /// A fingerprint of the exercise: see [`Findings::fit`].
    made_for: u64,
}

/// The figures for one question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// The figure by theory, where a model fits.
    pub theory: Option<f64>,
    /// The figure in the simulation.
    pub simulated: Option<Value>,
    /// The measured figure, or the author's answer in a quiz.
    pub measured: Option<Value>,
}

impl Findings {
    /// Takes from measured loads what the questions of an exercise ask about.
    pub fn of(exercise: &Exercise, measured: &[Measured]) -> Self {
        let figures = exercise.questions.iter().map(|question| {
            let figures = Figures::of(question, measured);
            (question.name.clone(), figures)
        });
        let off = measured.iter().filter(|of_load| !of_load.invalid.is_empty());
        Self {
            at: date(now()),
            figures: figures.collect(),
            doubts: off
                .map(|of_load| {
                    format!("the load {} may be off: {}", of_load.load, of_load.invalid.join("; "))
                })
                .collect(),
            observed: measured.iter().filter_map(Measured::observed).collect(),
            fresh: true,
            made_for: fingerprint(exercise),
        }
    }

    /// A copy for a later check.
    pub fn to_keep(&self) -> Self {
        Self { fresh: false, ..self.clone() }
    }

    /// Whether they belong to this version of the exercise: its author may have changed the
    /// configuration, the loads or the questions.
    pub fn fit(&self, exercise: &Exercise) -> bool {
        self.made_for == fingerprint(exercise)
    }

    pub(super) fn of_question(&self, question: &Question) -> Figures {
        self.figures.get(&question.name).cloned().unwrap_or_default()
    }
}

fn fingerprint(exercise: &Exercise) -> u64 {
    let Exercise { config, loads, jobs, watch, rooms, engine, questions, .. } = exercise;
    let asked: Vec<_> = questions.iter().map(|q| (&q.name, q.measure.to_string(), &q.answer)).collect();
    let mut hasher = DefaultHasher::new();
    format!("{config:?} {loads:?} {asked:?}").hash(&mut hasher);
    if !jobs.is_empty() {
        format!("{jobs:?}").hash(&mut hasher);
    }
    if !watch.is_empty() {
        format!("{watch:?}").hash(&mut hasher);
    }
    if !rooms.is_empty() {
        format!("{rooms:?}").hash(&mut hasher);
    }
    if !engine.is_empty() {
        format!("{engine:?}").hash(&mut hasher);
    }
    // JSON numbers are exact up to 2^53.
    hasher.finish() >> 11
}

impl Figures {
    fn of(question: &Question, measured: &[Measured]) -> Self {
        match &question.measure {
            Measure::Author => Self { measured: Some(question.answer.clone()), ..Self::default() },
            Measure::Figure(name) => Self::of_figure(name, measured),
            Measure::Least(names) => {
                let figures: Vec<Self> = names.iter().map(|name| Self::of_figure(name, measured)).collect();
                let least = |value: &dyn Fn(&Self) -> Option<f64>| {
                    let values: Option<Vec<f64>> = figures.iter().map(value).collect();
                    let values = values.into_iter().flatten().zip(names);
                    let (_, name) = values.min_by(|a, b| a.0.total_cmp(&b.0))?;
                    Some(Value::Text(name.load.clone()))
                };
                Self {
                    theory: None,
                    simulated: least(&|figures| number(figures.simulated.as_ref()?)),
                    measured: least(&|figures| number(figures.measured.as_ref()?)),
                }
            }
            Measure::Ratio(of, to) => {
                let (of, to) = (Self::of_figure(of, measured), Self::of_figure(to, measured));
                let ratio = |of: Option<Value>, to: Option<Value>| {
                    let ratio = number(&of?)? / number(&to?)?;
                    ratio.is_finite().then_some(Value::Number(ratio))
                };
                Self {
                    theory: of.theory.zip(to.theory).map(|(of, to)| of / to),
                    simulated: ratio(of.simulated, to.simulated),
                    measured: ratio(of.measured, to.measured),
                }
            }
        }
    }

    fn of_figure(name: &FigureName, measured: &[Measured]) -> Self {
        let Some(of_load) = measured.iter().find(|measured| measured.load == name.load) else {
            return Self::default();
        };
        Self {
            theory: of_load.predicted(name),
            simulated: of_load.simulated(name),
            measured: of_load.measured(name),
        }
    }
}

/// The number of an answer, if it is one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(_) => None,
    }
}
