//! `weir exercise verify`: whether a set of exercises is sound.
//!
//! Unsolved each must fail, solved pass, and fail for every wrong answer that it
//! lists, also while other processes use the machine. What is measured must agree
//! with the author's answer; texts must not lead nowhere.

use std::collections::BTreeSet;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::cli::output::{complain, say};
use crate::exercise::{
    Exercise, Fact, Measured, Set, State, Trial, Value, Verdict, Where, compile_and_check, judge,
};

/// Graded: each tells more than the one before.
const HINTS: usize = 3;

pub(super) fn run(set: &Set, ids: &[String]) -> anyhow::Result<Exit> {
    let mut chosen = Vec::new();
    for id in ids {
        chosen.push(set.find(id)?);
    }
    if chosen.is_empty() {
        chosen.extend(&set.exercises);
    }
    let mut problems = of_set(set);
    for exercise in chosen {
        let found = of_exercise(set, exercise)?;
        say(format_args!("{} {}", if found.is_empty() { "ok    " } else { "FAILED" }, exercise.id));
        problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", exercise.id)));
    }
    for problem in &problems {
        complain(problem);
    }
    Ok(if problems.is_empty() { Exit::Success } else { Exit::Failure })
}

fn of_set(set: &Set) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for exercise in &set.exercises {
        if !ids.insert(&exercise.id) {
            problems.push(format!("{} is in the set twice", exercise.id));
        }
        if !(1..=set.parts.len()).contains(&(exercise.part as usize)) {
            problems.push(format!("{}: there is no part {}", exercise.id, exercise.part));
        }
    }
    let folders = std::fs::read_dir(&set.folder).into_iter().flatten().flatten();
    for folder in folders.filter(|folder| folder.path().join("exercise.toml").exists()) {
        let name = folder.file_name().to_string_lossy().into_owned();
        if !ids.contains(&name) {
            problems.push(format!("{name} is a folder and not in set.toml"));
        }
    }
    problems
}

fn of_exercise(set: &Set, exercise: &Exercise) -> anyhow::Result<Vec<String>> {
    let mut problems = of_text(set, exercise);
    if !exercise.questions.is_empty() {
        let trial = Trial { exercise, place: Where::Own, stop: CancellationToken::new() };
        let measured = trial.run(&mut |_, _| ())?;
        problems.extend(of_questions(exercise, &measured));
        problems.extend(exercise.facts.iter().filter_map(|fact| of_fact(exercise, fact, &measured)));
    }
    if exercise.code.is_some() {
        problems.extend(of_code(exercise)?);
    }
    if exercise.questions.is_empty() && exercise.code.is_none() {
        problems.push("asks nothing".to_owned());
    }
    Ok(problems)
}

fn of_text(set: &Set, exercise: &Exercise) -> Vec<String> {
    let mut problems = Vec::new();
    if exercise.hints.len() != HINTS {
        problems.push(format!("has {} hints, and not {HINTS}", exercise.hints.len()));
    }
    if !(5..=30).contains(&exercise.minutes) {
        problems.push(format!("takes {} minutes: expected 5 to 30", exercise.minutes));
    }
    match exercise.text() {
        Err(error) => problems.push(format!("README.md: {error}")),
        Ok(text) => {
            let root = set.folder.parent().unwrap_or(Path::new("."));
            for path in paths(&text).chain(paths(&exercise.explanation)) {
                if !root.join(&path).exists() && !exercise.folder.join(&path).exists() {
                    problems.push(format!("{path} is named and does not exist"));
                }
            }
        }
    }
    problems
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

fn of_questions(exercise: &Exercise, measured: &[Measured]) -> Vec<String> {
    let mut problems = Vec::new();
    let judged = |answer: &dyn Fn(&str) -> Option<Value>| {
        let predictions =
            exercise.questions.iter().filter_map(|q| Some((q.name.clone(), answer(&q.name)?)));
        let state = State { predictions: predictions.collect(), ..State::default() };
        judge(exercise, &state, measured)
    };
    for unsolved in judged(&|_| None).iter().filter(|judgement| judgement.verdict == Verdict::Right) {
        problems.push(format!("{} is right although nothing was answered", unsolved.question));
    }
    let right = |name: &str| exercise.questions.iter().find(|q| q.name == name).map(|q| q.answer.clone());
    for judgement in judged(&right) {
        if judgement.verdict != Verdict::Right {
            problems.push(format!(
                "{}: the right answer is {:?}; measured {:?}, simulated {:?}, theory {:?}",
                judgement.question,
                judgement.verdict,
                judgement.measured,
                judgement.simulated,
                judgement.theory
            ));
        }
    }
    for question in &exercise.questions {
        if question.wrong.is_empty() {
            problems.push(format!("{} lists no wrong answer", question.name));
        }
        for wrong in &question.wrong {
            let judgements = judged(&|name| (name == question.name).then(|| wrong.is.clone()));
            let judgement = judgements.into_iter().find(|judgement| judgement.question == question.name);
            let verdict = judgement.map(|judgement| judgement.verdict);
            let told = matches!(&verdict, Some(Verdict::Wrong(Some(reveals))) if *reveals == wrong.reveals);
            if !told {
                problems.push(format!("{}: the wrong answer {} is {verdict:?}", question.name, wrong.is));
            }
        }
    }
    problems
}

/// What is wrong with a number in the texts, if anything.
fn of_fact(exercise: &Exercise, fact: &Fact, measured: &[Measured]) -> Option<String> {
    let text = exercise.text().unwrap_or_default() + &exercise.explanation;
    // Lines are broken anywhere.
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !flat(&text).contains(&flat(&fact.says)) {
        return Some(format!("the texts do not say {:?}", fact.says));
    }
    let Some(number) = fact.number() else { return Some(format!("there is no number in {:?}", fact.says)) };
    let found = fact
        .measure
        .split_once('.')
        .and_then(|(load, path)| measured.iter().find(|of_load| of_load.load == load)?.simulated(path));
    match found {
        Some(Value::Number(found)) => {
            let found = found / fact.per;
            let off = (number - found).abs() > fact.tolerance * found.abs() + 1e-9;
            off.then(|| format!("the texts say {:?}, a simulation comes to {found}", fact.says))
        }
        _ => Some(format!("{:?}: a simulation shows no number at {}", fact.says, fact.measure)),
    }
}

fn of_code(exercise: &Exercise) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let pristine = exercise.folder.join("exercise.rs");
    let unsolved = compile_and_check(exercise, Some(&pristine), false)?;
    if unsolved.passed {
        problems.push("exercise.rs passes unsolved".to_owned());
    } else if unsolved.said.contains("could not compile") {
        problems.push(format!("exercise.rs does not compile:\n{}", unsolved.said));
    }
    let solved = compile_and_check(exercise, Some(&exercise.folder.join("solution.rs")), false)?;
    if !solved.passed {
        problems.push(format!("solution.rs does not pass:\n{}", solved.said));
    }
    let Some(code) = &exercise.code else { return Ok(problems) };
    if code.wrong.is_empty() {
        problems.push("lists no wrong answer in code".to_owned());
    }
    for wrong in &code.wrong {
        let checked = compile_and_check(exercise, Some(&exercise.folder.join(&wrong.file)), false)?;
        if checked.passed {
            problems.push(format!("{} passes", wrong.file));
        } else if !checked.said.contains(&wrong.fails) {
            problems.push(format!(
                "{} fails otherwise than by {:?}:\n{}",
                wrong.file, wrong.fails, checked.said
            ));
        }
    }
    Ok(problems)
}
