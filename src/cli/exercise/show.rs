//! The exercises as text: the list, an exercise, its questions, its solution. What a
//! check came to is in `verdict`.

use std::fmt::Write;

use super::markdown::{markdown, words};
use crate::clean;
use crate::cli::text::{Table, WIDTH, cut, hang, left, pad, right, rule, wrap};
use crate::exercise::{Exercise, Progress, Question, Set, State, Value};

/// The columns that the list leaves for a title, behind an id of 20.
const TITLE: usize = 45;

/// Every exercise with the participant's progress.
pub(super) fn list(set: &Set, progress: &Progress) -> String {
    let mut text = wrap(&set.title, 0);
    let checked = || set.exercises.iter().filter(|exercise| exercise.needs.is_none());
    let finished = checked().filter(|exercise| progress.of(&exercise.id).finished.is_some()).count();
    for (n, title) in set.parts.iter().enumerate() {
        let _ = write!(text, "\n{}", wrap(&format!("Part {}: {title}", n + 1), 0));
        let columns = [left(1), left(20), right(6), left(0)];
        let mut table = Table::new(columns).indented(2);
        for exercise in set.exercises.iter().filter(|exercise| exercise.part as usize == n + 1) {
            let Exercise { id, minutes, title, .. } = exercise;
            let mark = match progress.of(id) {
                State { finished: Some(_), .. } => "✓",
                State { checks: 1.., .. } => "·",
                _ => "",
            };
            let kind = match (&exercise.code, exercise.hard) {
                (Some(_), true) => " (code, hard)",
                (Some(_), false) => " (code)",
                (None, true) => " (hard)",
                (None, false) => "",
            };
            let needs = exercise.needs.as_ref().map(|need| format!(" (needs {})", need.what));
            let kind = cut(needs.as_deref().unwrap_or(kind), TITLE / 2);
            let title = cut(title, TITLE - kind.chars().count()) + &kind;
            table.row([mark, id, &format!("{minutes} min"), &title]);
        }
        text += &table.to_string();
    }
    let mut legend = format!("✓ finished, · begun: {finished} of {} finished", checked().count());
    if let Some(next) = next(set, progress) {
        let _ = write!(legend, "; next: weir exercise start {}", next.id);
    }
    text + "\n" + &wrap(&legend, 0)
}

/// The list as JSON.
pub(super) fn list_in_json(set: &Set, progress: &Progress) -> serde_json::Value {
    let one = |exercise: &Exercise| {
        let state = progress.of(&exercise.id);
        serde_json::json!({ "id": exercise.id, "title": exercise.title, "part": exercise.part,
            "minutes": exercise.minutes, "hard": exercise.hard, "code": exercise.code.is_some(),
            "questions": exercise.questions.len(), "predicted": state.predictions.len(),
            "hints": state.hints, "checks": state.checks, "first": state.first,
            "finished": state.finished, "needs": exercise.needs })
    };
    let exercises: Vec<_> = set.exercises.iter().map(one).collect();
    serde_json::json!({ "title": set.title, "parts": set.parts, "exercises": exercises,
        "next": next(set, progress).map(|next| &next.id) })
}

/// The first exercise that can be checked and is not finished.
pub(super) fn next<'a>(set: &'a Set, progress: &Progress) -> Option<&'a Exercise> {
    let mut checked = set.exercises.iter().filter(|exercise| exercise.needs.is_none());
    checked.find(|exercise| progress.of(&exercise.id).finished.is_none())
}

/// The text of an exercise.
pub(super) fn text(exercise: &Exercise) -> std::io::Result<String> {
    Ok(markdown(&exercise.text()?))
}

/// The text of an exercise, and what to do next.
pub(super) fn start(exercise: &Exercise) -> std::io::Result<String> {
    let mut text = text(exercise)?;
    let _ = write!(text, "\n{}\n", rule(WIDTH));
    if let Some(need) = &exercise.needs {
        return Ok(text + &wrap(&need.sentence, 0));
    }
    for question in exercise.questions.iter().filter(|question| !question.choices.is_empty()) {
        text += &wrap(&format!("{}, by number:", question.name), 0);
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

/// A line of the next steps behind its label.
fn labelled(label: &str, text: &str) -> String {
    hang(&pad(label, 10), text)
}

/// Each question with its answer, and the next step.
pub(super) fn questions(exercise: &Exercise, state: &State) -> String {
    let mut text = String::new();
    for question in &exercise.questions {
        text += &self::question(question);
        let answer = match state.predictions.get(&question.name) {
            Some(value) => format!("{} = {}", question.name, with_unit(value, &question.unit)),
            None => format!("{} is still open", question.name),
        };
        text += &wrap(&answer, 4);
        text.push('\n');
    }
    let open = exercise.questions.iter().filter(|q| !state.predictions.contains_key(&q.name));
    let open = to_predict(open.map(|question| &question.name));
    let next = if open.is_empty() { "check" } else { "predict" };
    text + &hang("next: ", &format!("weir exercise {next} {}{open}", exercise.id))
}

/// A question with its choices.
pub(super) fn question(question: &Question) -> String {
    let unit = if question.unit.is_empty() { String::new() } else { format!(" (in {})", question.unit) };
    wrap(&format!("{}{unit}", words(&question.ask)), 0) + &choices(question)
}

/// The name of an answer, with its unit.
pub(super) fn name(question: &Question) -> String {
    match question.unit.as_str() {
        "" => question.name.clone(),
        unit => format!("{} ({unit})", question.name),
    }
}

/// The arguments for `predict ID` that these questions need.
pub(super) fn to_predict<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!(" {name}=…")).collect()
}

fn choices(question: &Question) -> String {
    let numbered = question.choices.iter().enumerate();
    numbered.map(|(n, choice)| hang(&format!("    {}  ", n + 1), &words(choice))).collect()
}

/// The right answers, the explanation, and the solution in code, which stays as it is.
pub(super) fn solution(exercise: &Exercise) -> std::io::Result<String> {
    let mut text = String::new();
    for question in &exercise.questions {
        let answer = with_unit(&question.answer, &question.unit);
        text += &wrap(&format!("{}: {}", question.name, words(&answer)), 0);
    }
    let _ = write!(text, "\n{}", markdown(&exercise.explained()));
    if exercise.code.is_some() {
        let file = exercise.folder.join("solution.rs");
        let _ =
            write!(text, "\n{}\n{}", wrap(&format!("{}:", clean::path(&file)), 0), exercise.solution()?);
    }
    Ok(text)
}

fn with_unit(value: &Value, unit: &str) -> String {
    if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") }
}
