//! Judges answers: right, or wrong with the idea behind it.

use serde::Serialize;

use super::findings::Figures;
use super::{Exercise, Findings, Measure, Question, State, Value};

/// The judgement of one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The question's name.
    pub question: String,
    /// The question's text.
    pub ask: String,
    /// The unit of the figures.
    pub unit: String,
    /// The participant's prediction.
    pub predicted: Option<Value>,
    /// The figure by theory, where a model fits.
    pub theory: Option<f64>,
    /// The figure in the simulation.
    pub simulated: Option<Value>,
    /// The measured figure, or the author's answer in a quiz.
    pub measured: Option<Value>,
    /// The error of the prediction, as a share of the measured figure.
    pub off: Option<f64>,
    /// The error of a wrong number in words: `4.2 times too high`.
    pub far: Option<String>,
    /// True if nothing measures the answer, so that the author's answer counts.
    pub quiz: bool,
    /// The grade.
    pub verdict: Grade,
    /// A place to look on the page or in the source.
    pub look: String,
}

/// The grade of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Within the tolerance.
    Right,
    /// Outside the tolerance, with the idea behind it if it is a known mistake.
    Wrong(Option<String>),
    /// Not predicted.
    Missing,
    /// Not measured, with the reason.
    Unknown(String),
}

/// Judges the answers of an exercise by the findings. The figures of an unanswered question
/// stay hidden, since a participant could only copy them.
pub fn judge(exercise: &Exercise, state: &State, findings: &Findings) -> Vec<Judgement> {
    let one = |question: &Question| {
        let predicted = state.predictions.get(&question.name).cloned();
        let mut found = findings.of_question(question);
        let verdict = match (&predicted, &found.measured) {
            (_, None) => Grade::Unknown(format!(
                "no measurement of {}: its load needs its own configuration, so check without --url",
                question.measure
            )),
            (None, _) => Grade::Missing,
            (Some(predicted), Some(truth)) if agrees(question, predicted, truth) => Grade::Right,
            (Some(predicted), Some(_)) => Grade::Wrong(reveals(question, predicted)),
        };
        let off = match (&predicted, &found.measured) {
            (Some(Value::Number(predicted)), Some(Value::Number(truth))) if *truth != 0.0 => {
                Some(predicted / truth - 1.0)
            }
            _ => None,
        };
        let far = match (&verdict, &predicted, &found.measured) {
            (Grade::Wrong(_), Some(Value::Number(predicted)), Some(Value::Number(truth))) => {
                Some(far(*predicted, *truth))
            }
            _ => None,
        };
        if verdict == Grade::Missing {
            found = Figures::default();
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
            far,
            quiz: question.measure == Measure::Author,
            verdict,
            look: question.look.clone(),
        }
    };
    exercise.questions.iter().map(one).collect()
}

/// Whether an exercise is finished: every answer is right, and the code passes if
/// there is any.
pub fn finishes(judgements: &[Judgement], code: Option<bool>) -> bool {
    judgements.iter().all(|judgement| judgement.verdict == Grade::Right) && code != Some(false)
}

/// Whether a check was honest: everything that is asked was answered, and the code
/// was written if there is any to write.
pub fn is_honest(judgements: &[Judgement], code_is_written: Option<bool>) -> bool {
    let open = |judgement: &Judgement| matches!(judgement.verdict, Grade::Missing | Grade::Unknown(_));
    !judgements.iter().any(open) && code_is_written != Some(false)
}

/// Reasons to doubt the measurements, if an answer is wrong by them.
pub fn doubts(judgements: &[Judgement], findings: &Findings) -> Vec<String> {
    let wrong = judgements.iter().any(|judgement| matches!(judgement.verdict, Grade::Wrong(_)));
    if wrong { findings.doubts.clone() } else { Vec::new() }
}

impl Judgement {
    /// The text for a wrong answer: the known mistake behind it, or else its error. Nothing
    /// for an answer that is right or open.
    pub fn says(&self) -> Option<String> {
        match (&self.verdict, &self.far) {
            (Grade::Right | Grade::Missing, _) => None,
            (Grade::Wrong(Some(reveals)), _) => Some(reveals.clone()),
            (Grade::Wrong(None), Some(far)) => {
                let column = if self.simulated.is_some() { "simulated" } else { "measured" };
                Some(format!("{far}. Compare your number with the {column} column"))
            }
            (Grade::Wrong(None), None) => Some("Not this one.".to_owned()),
            (Grade::Unknown(why), _) => Some(why.clone()),
        }
    }
}

/// The error of a number as a factor, or as a percentage where the factor would be 1.00.
fn far(predicted: f64, truth: f64) -> String {
    let way = if predicted > truth { "high" } else { "low" };
    let factor = (predicted / truth).max(truth / predicted);
    match factor {
        f if !f.is_finite() || f < 0.0 => format!("too {way}: it is {}", Value::Number(truth)),
        f if f < 1.01 => format!("{:.2} % too {way}", (f - 1.0) * 100.0),
        f if f < 2.0 => format!("{f:.2} times too {way}"),
        f if f < 9.95 => format!("{f:.1} times too {way}"),
        f => format!("{f:.0} times too {way}"),
    }
}

/// Whether a prediction is as close to the truth as the question asks.
pub(super) fn agrees(question: &Question, predicted: &Value, truth: &Value) -> bool {
    match (predicted, truth) {
        (Value::Number(predicted), Value::Number(truth)) => {
            // Floating-point arithmetic is not exact to the last bit.
            let allowed = question.within.max(question.tolerance * truth.abs()) + 1e-9;
            (predicted - truth).abs() <= allowed
        }
        (Value::Text(predicted), Value::Text(truth)) => predicted.trim().eq_ignore_ascii_case(truth.trim()),
        _ => false,
    }
}

/// The idea behind a wrong answer: that of the closest known mistake, if the answer is
/// within the tolerance of it.
fn reveals(question: &Question, predicted: &Value) -> Option<String> {
    let distance = |wrong: &Value| match (predicted, wrong) {
        (Value::Number(predicted), Value::Number(wrong)) => (predicted - wrong).abs(),
        _ => 0.0,
    };
    let close = question.wrong.iter().filter(|wrong| agrees(question, predicted, &wrong.is));
    let closest = close.min_by(|a, b| distance(&a.is).total_cmp(&distance(&b.is)));
    closest.map(|wrong| wrong.reveals.clone())
}
