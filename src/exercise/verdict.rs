//! What an answer is worth: right, or wrong, and then which wrong idea it suggests.

use serde::Serialize;

use super::{Exercise, Measured, Question, State, Value};

/// The measure of a question that nothing can measure: the author's answer stands.
const BY_AUTHOR: &str = "answer";

/// What one answer is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The question's name.
    pub question: String,
    /// What was asked.
    pub ask: String,
    /// The unit of all of these.
    pub unit: String,
    /// What somebody predicted.
    pub predicted: Option<Value>,
    /// What theory says, where a model fits.
    pub theory: Option<f64>,
    /// What the simulation came to.
    pub simulated: Option<Value>,
    /// What was measured, or what the author says if it is a quiz.
    pub measured: Option<Value>,
    /// How far off the prediction is, as a share of what was measured.
    pub off: Option<f64>,
    /// Whether nothing measures it, and the author's answer stands.
    pub quiz: bool,
    /// What it is worth.
    pub verdict: Verdict,
    /// Where to look on the page or in the source.
    pub look: String,
}

/// What an answer is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As close as was asked for.
    Right,
    /// Not, and what that suggests, if it is one that people often give.
    Wrong(Option<String>),
    /// Nothing was predicted.
    Missing,
    /// Nothing could be measured, and why.
    Unknown(String),
}

/// Judges the answers of an exercise by what was measured. Where nothing was
/// predicted, the figures stay hidden: who has seen them can only copy.
pub fn judge(exercise: &Exercise, state: &State, measured: &[Measured]) -> Vec<Judgement> {
    let one = |question: &Question| {
        let predicted = state.predictions.get(&question.name).cloned();
        let mut found = Found::of(question, measured);
        let verdict = match (&predicted, &found.measured) {
            (_, None) => Verdict::Unknown(format!(
                "nothing was measured at {}; a load that needs a configuration of its own is only made \
                 without --url",
                question.measure
            )),
            (None, _) => Verdict::Missing,
            (Some(predicted), Some(truth)) if agrees(question, predicted, truth) => Verdict::Right,
            (Some(predicted), Some(_)) => Verdict::Wrong(reveals(question, predicted)),
        };
        let off = match (&predicted, &found.measured) {
            (Some(Value::Number(predicted)), Some(Value::Number(truth))) if *truth != 0.0 => {
                Some(predicted / truth - 1.0)
            }
            _ => None,
        };
        if verdict == Verdict::Missing {
            found = Found::default();
        }
        Judgement {
            question: question.name.clone(),
            ask: question.ask.clone(),
            unit: question.unit.clone(),
            predicted,
            theory: found.theory,
            simulated: found.simulated,
            measured: found.measured,
            off,
            quiz: question.measure == BY_AUTHOR,
            verdict,
            look: question.look.clone(),
        }
    };
    exercise.questions.iter().map(one).collect()
}

/// Whether an exercise is finished: every answer is right, and the code passes if
/// there is any.
pub fn finishes(judgements: &[Judgement], code: Option<bool>) -> bool {
    judgements.iter().all(|judgement| judgement.verdict == Verdict::Right) && code != Some(false)
}

/// What speaks against the measurements, for those whose answer is wrong by them.
/// Nobody whose answer agrees needs to doubt.
pub fn doubts(judgements: &[Judgement], measured: &[Measured]) -> Vec<String> {
    let wrong = judgements.iter().any(|judgement| matches!(judgement.verdict, Verdict::Wrong(_)));
    let off = measured.iter().filter(|of_load| wrong && !of_load.invalid.is_empty());
    off.map(|of_load| format!("the load {} may be off: {}", of_load.load, of_load.invalid.join("; ")))
        .collect()
}

/// What is known about the answer to a question.
#[derive(Default)]
struct Found {
    theory: Option<f64>,
    simulated: Option<Value>,
    measured: Option<Value>,
}

impl Found {
    fn of(question: &Question, measured: &[Measured]) -> Self {
        if question.measure == BY_AUTHOR {
            return Self { measured: Some(question.answer.clone()), ..Self::default() };
        }
        let of = |load: &str| measured.iter().find(|measured| measured.load == load);
        let Some((of_load, path)) =
            question.measure.split_once('.').and_then(|(load, path)| Some((of(load)?, path)))
        else {
            return Self::default();
        };
        Self {
            theory: of_load.predicted(path),
            simulated: of_load.simulated(path),
            measured: of_load.measured(path),
        }
    }
}

/// Whether a prediction is as close to the truth as the question asks.
pub(super) fn agrees(question: &Question, predicted: &Value, truth: &Value) -> bool {
    match (predicted, truth) {
        (Value::Number(predicted), Value::Number(truth)) => {
            // Arithmetic is not exact to the last bit, and nobody asks for that.
            let allowed = question.within.max(question.tolerance * truth.abs()) + 1e-9;
            (predicted - truth).abs() <= allowed
        }
        (Value::Text(predicted), Value::Text(truth)) => predicted.trim().eq_ignore_ascii_case(truth.trim()),
        _ => false,
    }
}

/// What a wrong answer suggests: the closest of those that people give, if it is
/// as close to it as a right one would have to be to the truth.
fn reveals(question: &Question, predicted: &Value) -> Option<String> {
    let distance = |wrong: &Value| match (predicted, wrong) {
        (Value::Number(predicted), Value::Number(wrong)) => (predicted - wrong).abs(),
        _ => 0.0,
    };
    let close = question.wrong.iter().filter(|wrong| agrees(question, predicted, &wrong.is));
    let closest = close.min_by(|a, b| distance(&a.is).total_cmp(&distance(&b.is)));
    closest.map(|wrong| wrong.reveals.clone())
}
