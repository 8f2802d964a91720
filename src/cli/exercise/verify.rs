//! `weir exercise verify`: verifies a set of exercises.
//!
//! Each exercise must fail unsolved, pass solved, and fail for every wrong answer that it
//! lists, also on a busy machine. The measurements must agree with the author's answers, and
//! the paths and commands in the texts must exist.

mod texts;

use std::collections::BTreeSet;

use crate::clean;
use crate::cli::Exit;
use crate::cli::output::{complain, say};
use crate::exercise::{
    Exercise, Findings, Grade, Measured, Set, State, Trial, TrialBench, Value, compile_and_check, judge,
};
use crate::shutdown::StopToken;

pub(super) fn run(set: &Set, ids: &[String], texts: bool) -> anyhow::Result<Exit> {
    let mut chosen = Vec::new();
    for id in ids {
        chosen.push(set.find(id)?);
    }
    if chosen.is_empty() {
        chosen.extend(&set.exercises);
    }
    let mut problems = of_set(set);
    for exercise in chosen {
        let found = of_exercise(set, exercise, texts)?;
        match &exercise.needs {
            Some(need) if found.is_empty() && !texts => {
                say(format_args!("skip   {}: {}", exercise.id, need.sentence));
            }
            _ => {
                say(format_args!("{} {}", if found.is_empty() { "ok    " } else { "FAILED" }, exercise.id));
            }
        }
        problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", exercise.id)));
    }
    for problem in &problems {
        complain(clean::record(problem));
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
            problems.push(format!("the folder {name} is missing from set.toml"));
        }
    }
    problems
}

fn of_exercise(set: &Set, exercise: &Exercise, texts: bool) -> anyhow::Result<Vec<String>> {
    let mut problems = texts::of_text(set, exercise);
    if exercise.questions.is_empty() && exercise.code.is_none() {
        problems.push("has neither questions nor code".to_owned());
    }
    let tried = |place| Trial { exercise, place, stop: StopToken::new() }.run(&mut |_, _| ());
    let simulated = tried(TrialBench::Nowhere)?;
    problems.extend(exercise.facts.iter().filter_map(|fact| texts::of_fact(exercise, fact, &simulated)));
    if !texts && exercise.needs.is_none() {
        problems.extend(of_questions(exercise, &tried(TrialBench::Own)?));
        if exercise.code.is_some() {
            problems.extend(of_code(exercise)?);
        }
    }
    Ok(problems)
}

fn of_questions(exercise: &Exercise, measured: &[Measured]) -> Vec<String> {
    let mut problems = Vec::new();
    let findings = Findings::of(exercise, measured);
    let judged = |answer: &dyn Fn(&str) -> Option<Value>| {
        let predictions =
            exercise.questions.iter().filter_map(|q| Some((q.name.clone(), answer(&q.name)?)));
        let state = State { predictions: predictions.collect(), ..State::default() };
        judge(exercise, &state, &findings)
    };
    for unsolved in judged(&|_| None).iter().filter(|judgement| judgement.verdict == Grade::Right) {
        problems.push(format!("{} is right although nothing was answered", unsolved.question));
    }
    let right = |name: &str| exercise.questions.iter().find(|q| q.name == name).map(|q| q.answer.clone());
    for judgement in judged(&right) {
        if judgement.verdict != Grade::Right {
            problems.push(format!(
                "{}: the author's answer is judged {:?}; measured {:?}, simulated {:?}, theory {:?}",
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
            let told = matches!(&verdict, Some(Grade::Wrong(Some(reveals))) if *reveals == wrong.reveals);
            if !told {
                problems.push(format!(
                    "{}: the wrong answer {} is judged {verdict:?}",
                    question.name, wrong.is
                ));
            }
        }
    }
    problems
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
        } else if checked.reveals(exercise) != Some(&wrong.reveals) {
            let other = code.wrong.iter().find(|other| checked.said.contains(&other.fails));
            let told = other.map_or("nothing".to_owned(), |other| format!("what {} reveals", other.file));
            problems.push(format!("{} gets {told}:\n{}", wrong.file, checked.said));
        }
    }
    Ok(problems)
}
