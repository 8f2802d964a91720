//! `weir exercise`: the workshop in the terminal.

mod bar;
mod markdown;
mod show;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use tokio_util::sync::CancellationToken;

use bar::Bar;

use super::output::{complain, say, say_coloured};
use super::{EXERCISES, Exit};
use crate::clean;
use crate::config::Sources;
use crate::exercise::{
    Exercise, Judgement, Progress, Question, Set, SetError, State, Trial, Value, Where, compile_and_check,
    doubts, finishes, judge,
};

/// How often a file that is watched is looked at.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Another set of exercises
    #[arg(long, value_name = "FOLDER", global = true, default_value = EXERCISES)]
    dir: PathBuf,
}

/// An ID is the name of an exercise, or enough of its beginning.
#[derive(Debug, Subcommand)]
enum Command {
    /// The exercises, and how far you have come (the default)
    List,
    /// Read an exercise
    Start {
        /// Its name, or enough of its beginning; the first that is not finished if
        /// none is given
        id: Option<String>,
    },
    /// Write down what you think, before you measure
    Predict {
        /// Its name, or enough of its beginning
        id: String,
        /// Such as duration=30; without any, what is asked
        #[arg(value_name = "NAME=VALUE")]
        answers: Vec<String>,
    },
    /// Measure, and compare with what you predicted; or compile and check your code
    Check {
        /// Its name, or enough of its beginning
        id: String,
        /// Measure at this running server, not at a bench of the exercise's own
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The next hint: there are three
    Hint {
        /// Its name, or enough of its beginning
        id: String,
    },
    /// The answers, and the solution in code
    Solution {
        /// Its name, or enough of its beginning
        id: String,
    },
    /// Forget what you did of an exercise
    Reset {
        /// Its name, or enough of its beginning
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Forget everything
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Check again whenever the code of an exercise is saved
    Watch {
        /// Its name, or enough of its beginning
        id: String,
    },
    /// For authors: each exercise fails unsolved, passes solved, and fails for each
    /// wrong answer
    Verify {
        /// Only these
        ids: Vec<String>,
        /// Only the texts, with their numbers simulated: nothing is measured or
        /// compiled
        #[arg(long)]
        texts: bool,
    },
}

/// The set and what was done of it.
struct Workshop {
    set: Set,
    progress: Progress,
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let opened = open(args, sources).and_then(|mut workshop| workshop.run(args));
    match opened {
        Err(error) if error.is::<SetError>() || error.is::<Mistake>() => {
            complain(show::paragraph(&format!("{error:#}")).trim_end());
            Ok(Exit::Usage)
        }
        other => other,
    }
}

/// A mistake in what somebody typed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Mistake(String);

fn open(args: &Args, sources: &Sources) -> anyhow::Result<Workshop> {
    let set = Set::read(&args.dir)?;
    let file = sources.load()?.settings.data.progress();
    Ok(Workshop { set, progress: Progress::read(&file)? })
}

impl Workshop {
    fn run(&mut self, args: &Args) -> anyhow::Result<Exit> {
        match args.command.as_ref().unwrap_or(&Command::List) {
            Command::List => say(show::list(&self.set, &self.progress).trim_end()),
            Command::Start { id } => {
                let next = show::next(&self.set, &self.progress).or(self.set.exercises.first());
                let exercise = match id {
                    Some(id) => self.set.find(id)?,
                    None => next.context("the set has no exercises")?,
                };
                say(show::start(exercise)?.trim_end());
            }
            Command::Predict { id, answers } => self.predict(id, answers)?,
            Command::Check { id, url, json } => return self.check(id, url.as_deref(), *json),
            Command::Hint { id } => self.hint(id)?,
            Command::Solution { id } => say(show::solution(self.set.find(id)?)?.trim_end()),
            Command::Reset { id, all: _ } => {
                let id = id.as_ref().map(|id| self.set.find(id)).transpose()?;
                self.progress.reset(id.map(|exercise| exercise.id.as_str()))?;
            }
            Command::Watch { id } => return self.watch(id),
            Command::Verify { ids, texts } => return verify::run(&self.set, ids, *texts),
        }
        Ok(Exit::Success)
    }

    fn predict(&mut self, id: &str, answers: &[String]) -> anyhow::Result<()> {
        let exercise = self.set.find(id)?;
        let answers: Result<Vec<(&Question, Value)>, Mistake> =
            answers.iter().map(|answer| read_answer(exercise, answer)).collect();
        let answers = answers?;
        let state = self.progress.change(&exercise.id, |state| {
            for (question, value) in answers {
                state.predictions.insert(question.name.clone(), value);
            }
        })?;
        say(show::questions(exercise, &state).trim_end());
        Ok(())
    }

    fn check(&mut self, id: &str, url: Option<&str>, json: bool) -> anyhow::Result<Exit> {
        let exercise = self.set.find(id)?.clone();
        let judgements = measure(&exercise, &self.progress.of(&exercise.id), url)?;
        let code = match &exercise.code {
            Some(_) => Some(check_code(&exercise, !json)?),
            None => None,
        };
        self.conclude(&exercise, &judgements, code, json)
    }

    /// Writes down what came of a check, and says it.
    fn conclude(
        &mut self,
        exercise: &Exercise,
        judgements: &[Judgement],
        code: Option<bool>,
        json: bool,
    ) -> anyhow::Result<Exit> {
        let passed = finishes(judgements, code);
        self.progress.change(&exercise.id, |state| {
            state.checks += 1;
            if passed {
                state.finish();
            }
        })?;
        if json {
            let verdict = serde_json::json!({ "exercise": exercise.id, "passed": passed,
                "code": code, "questions": judgements });
            say(serde_json::to_string_pretty(&verdict)?);
        } else {
            say(show::verdict(&self.set, exercise, judgements, code, passed).trim_end());
        }
        Ok(if passed { Exit::Success } else { Exit::Failure })
    }

    fn hint(&mut self, id: &str) -> anyhow::Result<()> {
        let exercise = self.set.find(id)?;
        let most = exercise.hints.len();
        let state =
            self.progress.change(&exercise.id, |state| state.hints = (state.hints + 1).min(most))?;
        for (n, hint) in exercise.hints.iter().take(state.hints).enumerate() {
            say(show::paragraph(&format!("Hint {} of {most}: {}", n + 1, hint.trim())));
        }
        Ok(())
    }

    /// Checks the code now and after each save, until Ctrl-C.
    fn watch(&mut self, id: &str) -> anyhow::Result<Exit> {
        let exercise = self.set.find(id)?.clone();
        if exercise.code.is_none() {
            bail!(Mistake(format!("{} has no code to watch", exercise.id)));
        }
        let file = exercise.folder.join("exercise.rs");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut before = None;
        loop {
            let now = std::fs::metadata(&file)
                .and_then(|data| data.modified())
                .with_context(|| format!("cannot watch {}", clean::path(&file)))?;
            if before.replace(now) != Some(now) {
                if check_code(&exercise, true)? {
                    let judgements = measure(&exercise, &self.progress.of(&exercise.id), None)?;
                    return self.conclude(&exercise, &judgements, Some(true), false);
                }
                say(format_args!("\nwatching {}; Ctrl-C ends it", clean::path(&file)));
            }
            // A sleep needs the runtime around it already when it is made.
            runtime.block_on(async { tokio::time::sleep(LOOK).await });
        }
    }
}

/// Compiles and checks the participant's code, and shows what was said about it.
fn check_code(exercise: &Exercise, show: bool) -> anyhow::Result<bool> {
    complain("compiling and running your code; the first time takes a minute or three");
    let checked = compile_and_check(exercise, None, show && std::io::stdout().is_terminal())?;
    if let Some(unwritten) = checked.unwritten(exercise).filter(|_| show) {
        say(unwritten);
    } else if show {
        say_coloured(checked.said.trim_end());
        if let Some(reveals) = checked.reveals(exercise) {
            say(format_args!("\n{}", show::paragraph(reveals).trim_end()));
        }
    }
    Ok(checked.passed)
}

/// Makes the exercise's loads and judges the answers by them.
fn measure(exercise: &Exercise, state: &State, url: Option<&str>) -> anyhow::Result<Vec<Judgement>> {
    if exercise.questions.is_empty() {
        return Ok(Vec::new());
    }
    let place = match url {
        None => Where::Own,
        Some(url) if url.contains("://") => Where::Running(url.trim_end_matches('/').to_owned()),
        Some(host) => Where::Running(format!("http://{host}")),
    };
    let mut bar = Bar::new(exercise);
    let trial = Trial { exercise, place, stop: CancellationToken::new() };
    let measured = trial.run(&mut |load, stage| bar.show(load, stage))?;
    bar.clear();
    let judgements = judge(exercise, state, &measured);
    for doubt in doubts(&judgements, &measured) {
        complain(show::paragraph(&doubt).trim_end());
    }
    Ok(judgements)
}

fn read_answer<'a>(exercise: &'a Exercise, answer: &str) -> Result<(&'a Question, Value), Mistake> {
    let names = || exercise.questions.iter().map(|q| q.name.as_str()).collect::<Vec<_>>().join(", ");
    let (name, value) = answer
        .split_once('=')
        .ok_or_else(|| Mistake(format!("{answer:?}: expected NAME=VALUE with one of {}", names())))?;
    let question = exercise.questions.iter().find(|question| question.name == name.trim());
    let question =
        question.ok_or_else(|| Mistake(format!("{name:?} is not asked; asked are {}", names())))?;
    question.read(value).map(|value| (question, value)).map_err(Mistake)
}
