//! Verifies the texts of an exercise: files and links, commands, numbers.

use std::path::Path;

use clap::Parser;

use crate::cli;
use crate::exercise::{
    Exercise, ExpressionError, Fact, FigureName, Measured, Set, Value, evaluate, first_number, prose,
};

/// The number of hints, each of which tells more than the one before.
const HINTS: usize = 3;

pub(super) fn of_text(set: &Set, exercise: &Exercise) -> Vec<String> {
    let mut problems = Vec::new();
    if exercise.hints.len() != HINTS {
        problems.push(format!("has {} hints: expected {HINTS}", exercise.hints.len()));
    }
    if !(5..=30).contains(&exercise.minutes) {
        problems.push(format!("takes {} minutes: expected 5 to 30", exercise.minutes));
    }
    problems.extend(exercise.doubtful_numbers(&set.given));
    match exercise.text() {
        Err(error) => problems.push(format!("README.md: {error}")),
        Ok(text) => {
            problems.extend(commands(&text).iter().filter_map(|command| of_command(command)));
            let root = set.folder.parent().unwrap_or(Path::new("."));
            for path in paths(&text).chain(paths(&exercise.explanation)) {
                if !root.join(&path).exists() && !exercise.folder.join(&path).exists() {
                    problems.push(format!("names {path}, which does not exist"));
                }
            }
        }
    }
    problems
}

/// The commands of this program in the fenced blocks of a text.
fn commands(text: &str) -> Vec<String> {
    let blocks: String =
        text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let lines = blocks.replace("\\\n", " ");
    let ours = |line: &str| {
        let line = line.split(" #").next()?.trim();
        let ours = line.strip_prefix("weir ").or_else(|| line.strip_prefix("cargo run --release -- "))?;
        Some(ours.to_owned())
    };
    lines.lines().filter_map(ours).collect()
}

/// The problem with a command, if any.
fn of_command(command: &str) -> Option<String> {
    let args = match cli::Args::try_parse_from(["weir"].into_iter().chain(command.split_whitespace())) {
        Ok(args) => args,
        Err(error) => return Some(format!("{command:?}: {error}")),
    };
    let in_force = args.config.sources().load();
    in_force.err().map(|error| format!("{command:?}: {error}"))
}

/// Paths of sources and files that a text names in backticks or links to.
fn paths(text: &str) -> impl Iterator<Item = String> {
    let in_code = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let all = in_code.chain(linked).map(|path| path.split([':', '#']).next().unwrap_or(path).to_owned());
    let is_path = |path: &String| {
        let known = [".rs", ".toml", ".md", ".js"].iter().any(|end| path.ends_with(end));
        known && !path.contains(char::is_whitespace) && !path.contains("://")
    };
    all.filter(is_path).collect::<Vec<_>>().into_iter()
}

/// The problem with a number in the texts, if any.
pub(super) fn of_fact(exercise: &Exercise, fact: &Fact, simulated: &[Measured]) -> Option<String> {
    let says = prose(&fact.says);
    if !exercise.texts().iter().any(|(_, text)| text.contains(&says)) {
        return Some(format!("no text says {:?}", fact.says));
    }
    let Some(number) = first_number(&says) else {
        return Some(format!("no number in {:?}", fact.says));
    };
    let figure = |name: &str| {
        let name: FigureName = name.parse().ok()?;
        match simulated.iter().find(|of_load| of_load.load == name.load)?.simulated(&name)? {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    };
    match evaluate(&fact.is, &figure) {
        Ok(is) if (number - is).abs() <= fact.tolerance * is.abs() + 1e-9 => None,
        Ok(is) => Some(format!("a text says {:?}, but it is {is}", fact.says)),
        Err(ExpressionError::UnknownFigure(name)) => {
            let unknown = ExpressionError::UnknownFigure(name.clone());
            let why = name.parse::<FigureName>().err().map_or(unknown.to_string(), |why| why.to_string());
            Some(format!("{:?}: {why}", fact.says))
        }
        Err(error) => Some(format!("{:?}: {error}", fact.says)),
    }
}
