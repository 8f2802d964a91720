//! What an answer is worth: right, or wrong, and then which wrong idea it suggests.

use serde::Serialize;

use super::findings::Figures;
use super::{Exercise, Findings, Measure, Question, State, Value};

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
    /// How far off a wrong number is, in words: `4.2 times too high`.
    pub far: Option<String>,
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
pub fn judge(exercise: &Exercise, state: &State, findings: &Findings) -> Vec<Judgement> {
    let one = |question: &Question| {
        let predicted = state.predictions.get(&question.name).cloned();
        let mut found = findings.of_question(question);
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
        let far = match (&verdict, &predicted, &found.measured) {
            (Verdict::Wrong(_), Some(Value::Number(predicted)), Some(Value::Number(truth))) => {
                Some(far(*predicted, *truth))
            }
            _ => None,
        };
        if verdict == Verdict::Missing {
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
    judgements.iter().all(|judgement| judgement.verdict == Verdict::Right) && code != Some(false)
}

/// Whether a check was honest: everything that is asked was answered, and the code
/// was written if there is any to write.
pub fn is_honest(judgements: &[Judgement], code_is_written: Option<bool>) -> bool {
    let open = |judgement: &Judgement| matches!(judgement.verdict, Verdict::Missing | Verdict::Unknown(_));
    !judgements.iter().any(open) && code_is_written != Some(false)
}

/// What speaks against the measurements, for those whose answer is wrong by them.
/// Nobody whose answer agrees needs to doubt.
pub fn doubts(judgements: &[Judgement], findings: &Findings) -> Vec<String> {
    let wrong = judgements.iter().any(|judgement| matches!(judgement.verdict, Verdict::Wrong(_)));
    if wrong { findings.doubts.clone() } else { Vec::new() }
}

impl Judgement {
    /// What a wrong answer suggests: the mistake behind it, if it is a known one, or
    /// else how far off it is. Nothing where it is right or open.
    pub fn says(&self) -> Option<String> {
        match (&self.verdict, &self.far) {
            (Verdict::Right | Verdict::Missing, _) => None,
            (Verdict::Wrong(Some(reveals)), _) => Some(reveals.clone()),
            (Verdict::Wrong(None), Some(far)) => {
                let column = if self.simulated.is_some() { "simulated" } else { "measured" };
                Some(format!("{far}. Compare your number with the {column} column"))
            }
            (Verdict::Wrong(None), None) => Some("not this one".to_owned()),
            (Verdict::Unknown(why), _) => Some(why.clone()),
        }
    }
}

/// How far a number is from the truth, as a factor, or in per cent where a factor
/// would say "1.00 times".
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
