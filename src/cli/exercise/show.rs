//! How exercises look in a terminal of 80 columns.

use std::fmt::Write;

use super::markdown::{WIDTH, markdown, wrapped};
use super::outcome::Outcome;
use crate::clean;
use crate::cli::report::ms;
use crate::exercise::{Exercise, Judgement, Progress, Question, Score, Set, State, Value, Verdict};

/// Every exercise with how far somebody has come.
pub(super) fn list(set: &Set, progress: &Progress) -> String {
    let mut text = format!("{}\n", set.title);
    let states = set.exercises.iter().map(|exercise| progress.of(&exercise.id));
    let finished = states.filter(|state| state.finished.is_some()).count();
    for (n, title) in set.parts.iter().enumerate() {
        let _ = write!(text, "\nPart {}: {title}\n", n + 1);
        for exercise in set.exercises.iter().filter(|exercise| exercise.part as usize == n + 1) {
            let state = progress.of(&exercise.id);
            let mark = match &state {
                State { finished: Some(_), .. } => "✓",
                State { checks: 1.., .. } => "·",
                _ => " ",
            };
            let kind = match (&exercise.code, exercise.hard) {
                (Some(_), true) => " (code, hard)",
                (Some(_), false) => " (code)",
                (None, true) => " (hard)",
                (None, false) => "",
            };
            let Exercise { id, minutes, title, .. } = exercise;
            let title = cut(title, WIDTH - 32 - kind.len());
            let _ = writeln!(text, "  {mark} {id:<20} {minutes:>2} min  {title}{kind}");
        }
    }
    let _ = write!(text, "\n✓ finished, · begun: {finished} of {} finished", set.exercises.len());
    if let Some(next) = next(set, progress) {
        let _ = write!(text, "; next: weir exercise start {}", next.id);
    }
    text
}

/// The same, for programs.
pub(super) fn list_in_json(set: &Set, progress: &Progress) -> serde_json::Value {
    let one = |exercise: &Exercise| {
        let state = progress.of(&exercise.id);
        serde_json::json!({ "id": exercise.id, "title": exercise.title, "part": exercise.part,
            "minutes": exercise.minutes, "hard": exercise.hard, "code": exercise.code.is_some(),
            "questions": exercise.questions.len(), "predicted": state.predictions.len(),
            "hints": state.hints, "checks": state.checks, "first": state.first,
            "finished": state.finished })
    };
    let exercises: Vec<_> = set.exercises.iter().map(one).collect();
    serde_json::json!({ "title": set.title, "parts": set.parts, "exercises": exercises,
        "next": next(set, progress).map(|next| &next.id) })
}

/// The first that is not finished.
pub(super) fn next<'a>(set: &'a Set, progress: &Progress) -> Option<&'a Exercise> {
    set.exercises.iter().find(|exercise| progress.of(&exercise.id).finished.is_none())
}

/// The text of an exercise.
pub(super) fn text(exercise: &Exercise) -> std::io::Result<String> {
    Ok(markdown(&exercise.text()?))
}

/// The text of an exercise, and what to do next.
pub(super) fn start(exercise: &Exercise) -> std::io::Result<String> {
    let mut text = text(exercise)?;
    let _ = write!(text, "\n{}\n", "─".repeat(WIDTH));
    for question in exercise.questions.iter().filter(|question| !question.choices.is_empty()) {
        let _ = writeln!(text, "{}, by its number:", question.name);
        text += &choices(question);
    }
    let id = &exercise.id;
    if !exercise.questions.is_empty() {
        let names = to_predict(exercise.questions.iter().map(|question| &question.name));
        text += &labelled("predict", &format!("weir exercise predict {id}{names}"));
    }
    if exercise.code.is_some() {
        let file = exercise.folder.join("exercise.rs");
        text += &labelled("write", &clean::path(&file));
        text += &labelled("watch", &format!("weir exercise watch {id}"));
    }
    text += &labelled("check", &format!("weir exercise check {id}"));
    text += &labelled("stuck?", &format!("weir exercise hint {id}"));
    Ok(text)
}

/// A label in front of what may be longer than a line.
fn labelled(label: &str, text: &str) -> String {
    let lines = wrapped(text, 10);
    format!("{label:<10}{}", lines.trim_start())
}

/// What is asked, and what was answered.
pub(super) fn questions(exercise: &Exercise, state: &State) -> String {
    let mut text = String::new();
    for question in &exercise.questions {
        text += &self::question(question);
        let _ = match state.predictions.get(&question.name) {
            Some(value) => writeln!(text, "    {} = {}\n", question.name, with_unit(value, &question.unit)),
            None => writeln!(text, "    {} is still open\n", question.name),
        };
    }
    let open = exercise.questions.iter().filter(|q| !state.predictions.contains_key(&q.name));
    let open = to_predict(open.map(|question| &question.name));
    let then = if open.is_empty() { "check" } else { "predict" };
    let _ = writeln!(text, "then: weir exercise {then} {}{open}", exercise.id);
    text
}

/// A question, and what can be chosen.
pub(super) fn question(question: &Question) -> String {
    let unit = if question.unit.is_empty() { String::new() } else { format!(" (in {})", question.unit) };
    wrapped(&format!("{}{unit}", question.ask.trim()), 0) + &choices(question)
}

/// What an answer is called, with its unit.
pub(super) fn name(question: &Question) -> String {
    match question.unit.as_str() {
        "" => question.name.clone(),
        unit => format!("{} ({unit})", question.name),
    }
}

/// What is to be written behind `predict ID`.
fn to_predict<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!(" {name}=…")).collect()
}

fn choices(question: &Question) -> String {
    let numbered = question.choices.iter().enumerate();
    numbered.map(|(n, choice)| wrapped(&format!("{}  {choice}", n + 1), 4)).collect()
}

/// What the answers are worth, why, and what to do next.
pub(super) fn verdict(set: &Set, exercise: &Exercise, outcome: &Outcome) -> String {
    result(exercise, outcome, outcome.state.is_explained()) + &then(set, exercise, outcome)
}

/// What the answers are worth, and why.
pub(super) fn result(exercise: &Exercise, outcome: &Outcome, explain: bool) -> String {
    let Outcome { judgements, code, passed, state, .. } = outcome;
    let mut text = table(judgements);
    text += &in_words(judgements);
    text += &notes(exercise, outcome);
    for judgement in judgements {
        let Some(said) = judgement.says() else { continue };
        let _ = write!(text, "\n{}:\n{}", judgement.question, wrapped(&said, 2));
        text += &wrapped(&format!("Look: {}", judgement.look), 2);
    }
    if let Some(code) = code {
        let says = match (code.passed, code.written) {
            (true, _) => "your code passes",
            (false, true) => "your code does not pass yet",
            (false, false) => "your code is still to be written",
        };
        let _ = write!(text, "\n{says}\n");
    }
    text += &score(state);
    if *passed {
        let _ = write!(text, "\n✓ {} is finished.\n", exercise.title);
    }
    if explain {
        let _ = write!(text, "\n{}", markdown(&exercise.explained()));
    }
    text
}

/// The first attempt, if this is another one or it was not right.
fn score(state: &State) -> String {
    match &state.first {
        Some(Score { right, of, .. }) if state.checks > 1 || right < of => {
            format!("\nfirst attempt: {right} of {of} right\n")
        }
        _ => String::new(),
    }
}

/// What to do next.
fn then(set: &Set, exercise: &Exercise, outcome: &Outcome) -> String {
    let Outcome { judgements, passed, state, .. } = outcome;
    let here = set.exercises.iter().position(|other| other.id == exercise.id);
    let next = here.and_then(|here| set.exercises.get(here + 1));
    let next = next.map(|next| format!("next: weir exercise start {}\n", next.id)).unwrap_or_default();
    if *passed {
        return if next.is_empty() { next } else { format!("\n{next}") };
    }
    let open = judgements.iter().filter(|judgement| judgement.verdict == Verdict::Missing);
    let open = to_predict(open.map(|judgement| &judgement.question));
    let id = &exercise.id;
    let again = match (judgements.is_empty(), open.is_empty()) {
        (true, _) => format!("weir exercise check {id}"),
        (false, true) => format!("weir exercise predict {id} NAME=…"),
        (false, false) => format!("weir exercise predict {id}{open}"),
    };
    let mut text = format!("\nNot yet. Again:\n{}", wrapped(&again, 2));
    if state.is_explained() {
        text += &next;
    } else {
        let _ = write!(text, "or ask:\n  weir exercise hint {id}\n");
    }
    text
}

/// Whether an answer is in words, which have no room in a column.
fn is_in_words(judgement: &Judgement) -> bool {
    let figures = [&judgement.predicted, &judgement.simulated, &judgement.measured];
    figures.into_iter().flatten().any(|value| matches!(value, Value::Text(_)))
}

fn mark(judgement: &Judgement) -> &'static str {
    match &judgement.verdict {
        Verdict::Right => "✓",
        Verdict::Wrong(_) => "✗",
        Verdict::Missing => "open",
        Verdict::Unknown(_) => "?",
    }
}

/// A row for each answer in numbers.
fn table(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    for judgement in judgements.iter().filter(|judgement| !is_in_words(judgement)) {
        if text.is_empty() {
            let _ = writeln!(
                text,
                "{:<20} {:>11} {:>11} {:>11} {:>11}  verdict",
                "", "predicted", "theory", "simulated", "measured"
            );
        }
        let value = |value: &Option<Value>| value.as_ref().map_or("–".to_owned(), in_short);
        let row = [
            value(&judgement.predicted),
            judgement.theory.map_or("–".to_owned(), ms),
            value(&judgement.simulated),
            value(&judgement.measured),
        ];
        let unit = if judgement.unit.is_empty() { String::new() } else { format!(", {}", judgement.unit) };
        let off = if judgement.verdict == Verdict::Right { String::new() } else { off(judgement) };
        let [predicted, theory, simulated, measured] = row.map(|cell| cut(&cell, 11));
        let name = cut(&format!("{}{unit}", judgement.question), 20);
        let _ = writeln!(
            text,
            "{name:<20} {predicted:>11} {theory:>11} {simulated:>11} {measured:>11}  {}{}",
            mark(judgement),
            cut(&off, 8)
        );
    }
    text
}

/// Lines of its own for each answer in words.
fn in_words(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    for judgement in judgements.iter().filter(|judgement| is_in_words(judgement)) {
        let _ = writeln!(text, "{}  {}", judgement.question, mark(judgement));
        let mut line = |label: &str, value: &Option<Value>| {
            if let Some(value) = value {
                let lines = wrapped(&value.to_string(), 13);
                let _ = write!(text, "  {label:<11}{}", lines.trim_start());
            }
        };
        line("predicted", &judgement.predicted);
        line("simulated", &judgement.simulated);
        line(if judgement.quiz { "right" } else { "measured" }, &judgement.measured);
    }
    text
}

/// What the columns need to be understood.
fn notes(exercise: &Exercise, Outcome { judgements, measured_at, .. }: &Outcome) -> String {
    let mut text = String::new();
    let by_theory = |judgement: &Judgement| judgement.theory.is_some() || judgement.quiz;
    let mut shown = judgements.iter().filter(|one| one.measured.is_some() && !is_in_words(one));
    if shown.any(|judgement| !by_theory(judgement)) {
        text += &wrapped("theory –: no model of queueing theory fits", 0);
    }
    let faster = exercise.measured_loads().map(|load| load.faster).max().unwrap_or(1);
    if faster > 1 {
        let said = format!(
            "measured up to {faster} times faster, and converted: a millisecond that the machine takes for \
             itself counts {faster}-fold"
        );
        text += &wrapped(&said, 0);
    }
    if let Some(at) = measured_at {
        let said = format!(
            "measured before, on {at}; to measure once more: weir exercise check {} --again",
            exercise.id
        );
        text += &wrapped(&said, 0);
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// How far off a prediction is: as a factor, in per cent, or where that says
/// nothing, as it is.
fn off(Judgement { off, predicted, measured, .. }: &Judgement) -> String {
    match (off, predicted, measured) {
        (Some(off), _, _) if *off >= 1.0 => format!(" ×{}", ms(off + 1.0)),
        (Some(off), Some(Value::Number(predicted)), Some(Value::Number(measured))) if off.abs() < 0.01 => {
            let sign = if predicted < measured { '−' } else { '+' };
            format!(" {sign}{}", in_short(&Value::Number((predicted - measured).abs())))
        }
        (Some(off), _, _) => format!(" {:+.0} %", off * 100.0),
        _ => String::new(),
    }
}

/// The right answers and the explanation, and the solution in code.
pub(super) fn solution(exercise: &Exercise) -> std::io::Result<String> {
    let mut text = String::new();
    for question in &exercise.questions {
        let answer = with_unit(&question.answer, &question.unit);
        text += &wrapped(&format!("{}: {answer}", question.name), 0);
    }
    let _ = write!(text, "\n{}", markdown(&exercise.explained()));
    if exercise.code.is_some() {
        let file = exercise.folder.join("solution.rs");
        let _ = write!(text, "\n{}:\n\n{}", clean::path(&file), exercise.solution()?);
    }
    Ok(text)
}

/// A paragraph of at most 80 columns.
pub(super) fn paragraph(text: &str) -> String {
    wrapped(text, 0)
}

fn with_unit(value: &Value, unit: &str) -> String {
    if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") }
}

fn in_short(value: &Value) -> String {
    match value {
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e9 => number.to_string(),
        Value::Number(number) => ms(*number),
        Value::Text(text) => text.clone(),
    }
}

fn cut(text: &str, width: usize) -> String {
    let text = clean::line(text);
    if text.chars().count() <= width {
        return text.into_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
