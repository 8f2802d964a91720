//! What a check came to: a table, what is behind each wrong answer, and the next step.

use std::fmt::Write;

use super::markdown::{markdown, words};
use super::outcome::Outcome;
use super::show::to_predict;
use crate::cli::text::{NONE, Table, cut, hang, left, number, right, wrap};
use crate::exercise::{Exercise, Grade, Judgement, Score, Set, State, Value};

/// The result of a check, and the next step.
pub(super) fn verdict(set: &Set, exercise: &Exercise, outcome: &Outcome) -> String {
    result(exercise, outcome, outcome.state.is_explained()) + &then(set, exercise, outcome)
}

/// The result of a check. `explain` adds the explanation.
pub(super) fn result(exercise: &Exercise, outcome: &Outcome, explain: bool) -> String {
    let Outcome { judgements, code, passed, state, .. } = outcome;
    let mut text = table(judgements);
    text += &in_words(judgements);
    text += &notes(exercise, outcome);
    for judgement in judgements {
        let Some(said) = judgement.says() else { continue };
        let _ = write!(text, "\n{}:\n{}", judgement.question, wrap(&words(&said), 2));
        text += &wrap(&format!("Look: {}", words(&judgement.look)), 2);
    }
    if let Some(code) = code {
        let says = match (code.passed, code.written) {
            (true, _) => "your code passes",
            (false, true) => "your code does not pass yet",
            (false, false) => "your code still has `todo!()`",
        };
        let _ = write!(text, "\n{says}\n");
    }
    text += &score(state);
    if *passed {
        let _ = write!(text, "\n{}", hang("✓ ", &format!("{} is finished.", exercise.title)));
    }
    if explain {
        let _ = write!(text, "\n{}", markdown(&exercise.explained()));
    }
    text
}

/// The score of the first attempt, unless this is the first one and right.
fn score(state: &State) -> String {
    match &state.first {
        Some(Score { right, of, .. }) if state.checks > 1 || right < of => {
            format!("\nfirst attempt: {right} of {of} right\n")
        }
        _ => String::new(),
    }
}

/// The next step.
fn then(set: &Set, exercise: &Exercise, outcome: &Outcome) -> String {
    let Outcome { judgements, passed, state, .. } = outcome;
    let next = set
        .after(exercise)
        .map(|next| format!("next: weir exercise start {}\n", next.id))
        .unwrap_or_default();
    if *passed {
        return if next.is_empty() { next } else { format!("\n{next}") };
    }
    let open = judgements.iter().filter(|judgement| judgement.verdict == Grade::Missing);
    let open = to_predict(open.map(|judgement| &judgement.question));
    let id = &exercise.id;
    let again = match (judgements.is_empty(), open.is_empty()) {
        (true, _) => format!("weir exercise check {id}"),
        (false, true) => format!("weir exercise predict {id} NAME=…"),
        (false, false) => format!("weir exercise predict {id}{open}"),
    };
    let mut text = format!("\nNot yet. Try again:\n{}", wrap(&again, 2));
    if state.is_explained() {
        text += &next;
    } else {
        let _ = write!(text, "or ask for a hint:\n  weir exercise hint {id}\n");
    }
    text
}

/// Whether an answer is in words, for which a column has no room.
fn is_in_words(judgement: &Judgement) -> bool {
    let figures = [&judgement.predicted, &judgement.simulated, &judgement.measured];
    figures.into_iter().flatten().any(|value| matches!(value, Value::Text(_)))
}

fn mark(judgement: &Judgement) -> &'static str {
    match &judgement.verdict {
        Grade::Right => "✓",
        Grade::Wrong(_) => "✗",
        Grade::Missing => "open",
        Grade::Unknown(_) => "?",
    }
}

/// A row for each answer in numbers.
fn table(judgements: &[Judgement]) -> String {
    let columns = [left(18), right(9), right(9), right(9), right(9), left(10)];
    let header = ["", "predicted", "theory", "simulated", "measured", "verdict"];
    let mut table = Table::new(columns).header(header);
    for judgement in judgements.iter().filter(|judgement| !is_in_words(judgement)) {
        let value = |value: &Option<Value>| value.as_ref().map_or(NONE.to_owned(), in_short);
        let unit = if judgement.unit.is_empty() { String::new() } else { format!(", {}", judgement.unit) };
        let off = if judgement.verdict == Grade::Right { String::new() } else { off(judgement) };
        table.row([
            cut(&format!("{}{unit}", judgement.question), 20),
            value(&judgement.predicted),
            judgement.theory.map_or(NONE.to_owned(), number),
            value(&judgement.simulated),
            value(&judgement.measured),
            format!("{}{off}", mark(judgement)),
        ]);
    }
    table.section().trim_start_matches('\n').to_owned()
}

/// Some lines for each answer in words.
fn in_words(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    for judgement in judgements.iter().filter(|judgement| is_in_words(judgement)) {
        let _ = writeln!(text, "{}  {}", judgement.question, mark(judgement));
        let mut line = |label: &str, value: &Option<Value>| {
            if let Some(value) = value {
                text += &hang(&format!("  {label:<11}"), &words(&value.to_string()));
            }
        };
        line("predicted", &judgement.predicted);
        line("simulated", &judgement.simulated);
        line(if judgement.quiz { "right" } else { "measured" }, &judgement.measured);
    }
    text
}

/// The notes below the table.
fn notes(exercise: &Exercise, Outcome { judgements, measured_at, observed, .. }: &Outcome) -> String {
    let mut text: String = observed.iter().map(|said| wrap(said, 0)).collect();
    let by_theory = |judgement: &Judgement| judgement.theory.is_some() || judgement.quiz;
    let mut shown = judgements.iter().filter(|one| one.measured.is_some() && !is_in_words(one));
    if shown.any(|judgement| !by_theory(judgement)) {
        text += &wrap("theory –: no model of queueing theory fits this load", 0);
    }
    let faster = exercise.measured_loads().map(|load| load.faster).max().unwrap_or(1);
    if faster > 1 {
        let said = format!(
            "measured at up to {faster} times the speed and converted: a millisecond of overhead counts \
             {faster}-fold"
        );
        text += &wrap(&said, 0);
    }
    if let Some(at) = measured_at {
        let said =
            format!("measured on {at}; to measure again: weir exercise check {} --again", exercise.id);
        text += &wrap(&said, 0);
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// The error of a prediction: a factor, a percentage, or below 1 % the difference.
fn off(Judgement { off, predicted, measured, .. }: &Judgement) -> String {
    match (off, predicted, measured) {
        (Some(off), _, _) if *off >= 1.0 => format!(" ×{}", number(off + 1.0)),
        (Some(off), Some(Value::Number(predicted)), Some(Value::Number(measured))) if off.abs() < 0.01 => {
            let sign = if predicted < measured { '−' } else { '+' };
            format!(" {sign}{}", in_short(&Value::Number((predicted - measured).abs())))
        }
        (Some(off), _, _) => format!(" {:+.0} %", off * 100.0),
        _ => String::new(),
    }
}

/// A value in a column.
fn in_short(value: &Value) -> String {
    match value {
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e9 => number.to_string(),
        Value::Number(number) => self::number(*number),
        Value::Text(text) => text.clone(),
    }
}
