//! How exercises look in a terminal of 80 columns.

use std::fmt::Write;

use super::markdown::{WIDTH, markdown, wrapped};
use crate::cli::report::ms;
use crate::exercise::{Exercise, Judgement, Progress, Set, State, Value, Verdict};

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
                (Some(_), true) => ", code, hard",
                (Some(_), false) => ", code",
                (None, true) => ", hard",
                (None, false) => "",
            };
            let about = format!("{} ({} min{kind})", exercise.title, exercise.minutes);
            let _ = writeln!(text, "  {mark} {:<20} {}", exercise.id, cut(&about, WIDTH - 25));
        }
    }
    let next = set.exercises.iter().find(|exercise| progress.of(&exercise.id).finished.is_none());
    let _ = write!(text, "\n{finished} of {} finished", set.exercises.len());
    if let Some(next) = next {
        let _ = write!(text, "; next: weir exercise start {}", next.id);
    }
    text
}

/// The text of an exercise, and what to do next.
pub(super) fn start(exercise: &Exercise) -> std::io::Result<String> {
    let mut text = markdown(&exercise.text()?);
    let _ = write!(text, "\n{}\n", "─".repeat(WIDTH));
    if !exercise.questions.is_empty() {
        let names = exercise.questions.iter().map(|question| format!("{}=…", question.name));
        let names = names.collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "predict   weir exercise predict {} {names}", exercise.id);
    }
    if exercise.code.is_some() {
        let file = exercise.folder.join("exercise.rs");
        let _ = writeln!(text, "write     {}   (weir exercise watch {})", file.display(), exercise.id);
    }
    let _ = writeln!(text, "check     weir exercise check {}", exercise.id);
    let _ = writeln!(text, "stuck?    weir exercise hint {}", exercise.id);
    Ok(text)
}

/// What is asked, and what was answered.
pub(super) fn questions(exercise: &Exercise, state: &State) -> String {
    let mut text = String::new();
    for question in &exercise.questions {
        let unit =
            if question.unit.is_empty() { String::new() } else { format!(" (in {})", question.unit) };
        text += &wrapped(&format!("{}{unit}", question.ask.trim()), 0);
        for (n, choice) in question.choices.iter().enumerate() {
            text += &wrapped(&format!("{}  {choice}", n + 1), 4);
        }
        let _ = match state.predictions.get(&question.name) {
            Some(value) => writeln!(text, "    {} = {}\n", question.name, with_unit(value, &question.unit)),
            None => writeln!(text, "    {} is still open\n", question.name),
        };
    }
    let open = exercise.questions.iter().any(|q| !state.predictions.contains_key(&q.name));
    let then = if open { "predict" } else { "check" };
    let _ = writeln!(text, "then: weir exercise {then} {}", exercise.id);
    text
}

/// What the answers are worth, and why.
pub(super) fn verdict(
    set: &Set,
    exercise: &Exercise,
    judgements: &[Judgement],
    code: Option<bool>,
    passed: bool,
) -> String {
    let mut text = String::new();
    if !judgements.is_empty() {
        let _ = writeln!(
            text,
            "{:<20} {:>11} {:>11} {:>11} {:>11}  verdict",
            "", "predicted", "theory", "simulated", "measured"
        );
    }
    for judgement in judgements {
        let value = |value: &Option<Value>| value.as_ref().map_or("–".to_owned(), in_short);
        let row = [
            value(&judgement.predicted),
            judgement.theory.map_or("–".to_owned(), ms),
            value(&judgement.simulated),
            value(&judgement.measured),
        ];
        let unit = if judgement.unit.is_empty() { String::new() } else { format!(", {}", judgement.unit) };
        let mark = match &judgement.verdict {
            Verdict::Right => "✓",
            Verdict::Wrong(_) => "✗",
            Verdict::Missing => "open",
            Verdict::Unknown(_) => "?",
        };
        let off = judgement.off.filter(|_| judgement.verdict != Verdict::Right);
        let off = off.map_or(String::new(), |off| format!(" {:+.0} %", off * 100.0));
        let [predicted, theory, simulated, measured] = row.map(|cell| cut(&cell, 11));
        let name = cut(&format!("{}{unit}", judgement.question), 20);
        let _ = writeln!(
            text,
            "{name:<20} {predicted:>11} {theory:>11} {simulated:>11} {measured:>11}  {mark}{}",
            cut(&off, 8)
        );
    }
    for judgement in judgements {
        let said = match &judgement.verdict {
            Verdict::Right => continue,
            Verdict::Wrong(Some(reveals)) => reveals.clone(),
            Verdict::Wrong(None) => {
                "none of the usual wrong ideas leads there; compare the columns".to_owned()
            }
            Verdict::Missing => format!("not predicted yet: {}", judgement.ask.trim()),
            Verdict::Unknown(why) => why.clone(),
        };
        let _ = write!(text, "\n{}:\n{}", judgement.question, wrapped(&said, 2));
        text += &wrapped(&format!("Look: {}", judgement.look), 2);
    }
    if let Some(code) = code {
        let _ = write!(text, "\nyour code {}\n", if code { "passes" } else { "does not pass yet" });
    }
    if passed {
        let _ = write!(text, "\n✓ {} is finished.\n\n{}", exercise.title, markdown(&exercise.explained()));
        let here = set.exercises.iter().position(|other| other.id == exercise.id);
        if let Some(next) = here.and_then(|here| set.exercises.get(here + 1)) {
            let _ = write!(text, "\nnext: weir exercise start {}\n", next.id);
        }
    } else if exercise.questions.is_empty() {
        let _ = write!(text, "\nNot yet. A hint: weir exercise hint {}\n", exercise.id);
    } else {
        let _ = write!(
            text,
            "\nNot yet. Answer again:   weir exercise predict {0}\n         or ask:         weir exercise hint {0}\n",
            exercise.id
        );
    }
    text
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
        let _ = write!(text, "\n{}:\n\n{}", file.display(), std::fs::read_to_string(&file)?);
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
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
