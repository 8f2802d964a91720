//! The workshop as one session: it continues where the participant left off, asks question
//! by question, checks, explains, and moves on.
//!
//! It reads lines and writes text, and measures and compiles through [`Tools`], so that a
//! test can walk through it. Each answer is stored at once, so an interrupted session loses
//! nothing.

use std::io::{BufRead, Write};

use super::check::conclude;
use super::markdown::words;
use super::outcome::CodeChecked;
use super::{show, verdict};
use crate::clean;
use crate::cli::output::dressed;
use crate::cli::text::wrap;
use crate::exercise::{Exercise, Findings, Grade, Judgement, Need, Progress, Question, Set, State};

const KEYS: &str = "n next · h hint · r read again · s solution · q quit";

/// The actions of a session that tests replace.
pub(super) trait Tools {
    /// Measures the loads of an exercise, or returns an earlier measurement.
    fn find_out(&mut self, exercise: &Exercise, state: &State) -> anyhow::Result<Findings>;
    /// Compiles and checks the participant's code, and shows the output.
    fn check_code(&mut self, exercise: &Exercise) -> anyhow::Result<CodeChecked>;
}

pub(super) struct Session<'a> {
    pub(super) set: &'a Set,
    pub(super) progress: &'a mut Progress,
    pub(super) input: &'a mut dyn BufRead,
    pub(super) output: &'a mut dyn Write,
    pub(super) tools: &'a mut dyn Tools,
}

/// The participant's next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Continue with this exercise.
    On,
    Next,
    Quit,
}

/// The input at a prompt.
enum Typed {
    Nothing,
    Text(String),
    Way(Way),
}

impl Session<'_> {
    /// Walks through the exercises until the participant quits, the input ends, or none is
    /// left.
    ///
    /// # Errors
    /// If a text, the progress or the terminal cannot be read or written.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        let set = self.set;
        let Some(first) = self.left_off() else {
            return self.say("Every exercise is finished. To show one again: weir exercise start ID");
        };
        for (at, exercise) in set.exercises.iter().enumerate().skip(first) {
            self.say(&format!("Exercise {} of {}\n", at + 1, set.exercises.len()))?;
            let way = match &exercise.needs {
                Some(need) => self.only_read(exercise, need)?,
                None => self.one(exercise)?,
            };
            if way == Way::Quit {
                return self.say("\nContinue here with: weir exercise");
            }
        }
        self.say("\nThat was the last exercise. The list: weir exercise list")
    }

    /// The first exercise without a complete check, or else the first unfinished one.
    fn left_off(&self) -> Option<usize> {
        let states: Vec<State> = self.set.exercises.iter().map(|one| self.progress.of(&one.id)).collect();
        let first = |is_open: fn(&State) -> bool| {
            let mut both = self.set.exercises.iter().zip(&states);
            both.position(|(exercise, state)| exercise.needs.is_none() && is_open(state))
        };
        first(|state| !state.is_explained()).or_else(|| first(|state| state.finished.is_none()))
    }

    /// Shows an exercise that cannot be checked, and why.
    fn only_read(&mut self, exercise: &Exercise, need: &Need) -> anyhow::Result<Way> {
        self.read(exercise)?;
        self.say(&format!("\n{}", wrap(&need.sentence, 0).trim_end()))?;
        match self.wait(exercise, "Press Enter for the next exercise")? {
            Way::On => Ok(Way::Next),
            way => Ok(way),
        }
    }

    fn one(&mut self, exercise: &Exercise) -> anyhow::Result<Way> {
        self.read(exercise)?;
        self.say(&format!("\nKeys: {KEYS}\n"))?;
        let state = self.progress.of(&exercise.id);
        let answered = |question: &&Question| state.predictions.contains_key(&question.name);
        for question in exercise.questions.iter().filter(answered) {
            self.say(&format!("answered: {} = {}", question.name, state.predictions[&question.name]))?;
        }
        let mut open: Vec<&Question> = exercise.questions.iter().filter(|one| !answered(one)).collect();
        loop {
            for question in open {
                match self.ask(exercise, question)? {
                    Way::On => {}
                    way => return Ok(way),
                }
            }
            if exercise.code.is_some() {
                let file = clean::path(&exercise.folder.join("exercise.rs"));
                match self.wait(exercise, &format!("Edit {file}, then press Enter to check it"))? {
                    Way::On => {}
                    way => return Ok(way),
                }
            }
            let judgements = self.check(exercise)?;
            let finished = self.progress.of(&exercise.id).finished.is_some();
            let way = match finished {
                true => self.wait(exercise, "Press Enter for the next exercise")?,
                false => self.wait(exercise, "Press Enter to try again, or n for the next exercise")?,
            };
            match way {
                Way::On if finished => return Ok(Way::Next),
                Way::On => {}
                way => return Ok(way),
            }
            let wrong = |question: &&Question| {
                let of = judgements.iter().find(|judgement| judgement.question == question.name);
                of.is_none_or(|judgement| judgement.verdict != Grade::Right)
            };
            open = exercise.questions.iter().filter(wrong).collect();
        }
    }

    /// Checks, and shows the result; the explanation only the first time.
    fn check(&mut self, exercise: &Exercise) -> anyhow::Result<Vec<Judgement>> {
        let before = self.progress.of(&exercise.id);
        if !exercise.questions.is_empty() && before.findings_of(exercise).is_none() {
            self.say("\nMeasuring …")?;
        }
        let findings = self.tools.find_out(exercise, &before)?;
        let code = match &exercise.code {
            Some(_) => Some(self.tools.check_code(exercise)?),
            None => None,
        };
        let outcome = conclude(self.progress, exercise, &findings, true, code)?;
        for doubt in &outcome.doubts {
            self.say(&format!("\n{}", wrap(doubt, 0).trim_end()))?;
        }
        let explain = outcome.state.is_explained() && !before.is_explained();
        self.say(&format!("\n{}", verdict::result(exercise, &outcome, explain).trim_end()))?;
        Ok(outcome.judgements)
    }

    /// Asks until there is an answer or another step.
    fn ask(&mut self, exercise: &Exercise, question: &Question) -> anyhow::Result<Way> {
        self.say(&format!("\n{}", show::question(question).trim_end()))?;
        loop {
            let text = match self.prompt(exercise, &show::name(question))? {
                Typed::Way(way) => return Ok(way),
                Typed::Nothing => {
                    let what =
                        if question.choices.is_empty() { "a number" } else { "the number of a choice" };
                    self.say(&format!("expected {what}, or a key:\n{KEYS}"))?;
                    continue;
                }
                Typed::Text(text) => text,
            };
            match question.read(&text) {
                Ok(value) => {
                    self.progress.change(&exercise.id, |state| {
                        state.predictions.insert(question.name.clone(), value);
                    })?;
                    return Ok(Way::On);
                }
                Err(why) => self.say(wrap(&why.to_string(), 0).trim_end())?,
            }
        }
    }

    /// Waits for Enter or for a key with another step.
    fn wait(&mut self, exercise: &Exercise, what: &str) -> anyhow::Result<Way> {
        self.say(&format!("\n{what}"))?;
        loop {
            match self.prompt(exercise, "")? {
                Typed::Nothing => return Ok(Way::On),
                Typed::Way(way) => return Ok(way),
                Typed::Text(_) => self.say(&format!("expected Enter, or a key:\n{KEYS}"))?,
            }
        }
    }

    /// Reads a line. Handles the keys that stay in this exercise, and reads again. The end
    /// of the input quits.
    fn prompt(&mut self, exercise: &Exercise, name: &str) -> anyhow::Result<Typed> {
        loop {
            write!(self.output, "{}> ", clean::line(name))?;
            self.output.flush()?;
            let mut line = String::new();
            if self.input.read_line(&mut line)? == 0 {
                return Ok(Typed::Way(Way::Quit));
            }
            match line.trim() {
                "" => return Ok(Typed::Nothing),
                "n" => return Ok(Typed::Way(Way::Next)),
                "q" => return Ok(Typed::Way(Way::Quit)),
                "h" => self.hint(exercise)?,
                "r" => self.read(exercise)?,
                "s" => self.say(show::solution(exercise)?.trim_end())?,
                "?" => self.say(&format!("keys: {KEYS}"))?,
                text => return Ok(Typed::Text(text.to_owned())),
            }
        }
    }

    fn hint(&mut self, exercise: &Exercise) -> anyhow::Result<()> {
        let most = exercise.hints.len();
        let state =
            self.progress.change(&exercise.id, |state| state.hints = (state.hints + 1).min(most))?;
        match state.hints.checked_sub(1).and_then(|last| exercise.hints.get(last)) {
            Some(hint) => {
                let hint = wrap(&format!("Hint {} of {most}: {}", state.hints, words(hint)), 0);
                self.say(hint.trim_end())
            }
            None => self.say("this exercise has no hints"),
        }
    }

    fn read(&mut self, exercise: &Exercise) -> anyhow::Result<()> {
        self.say(show::text(exercise)?.trim_end())
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.output, "{}", dressed(text))?)
    }
}

#[cfg(test)]
mod tests;
