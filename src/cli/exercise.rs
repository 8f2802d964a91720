//! `weir exercise`: the workshop in the terminal.

mod bar;
mod check;
mod markdown;
mod outcome;
mod session;
mod show;
mod verdict;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;

use check::{check_code, conclude, find_out};
use markdown::words;
use outcome::{CodeChecked, Outcome};
use session::{Session, Tools};

use super::help::exercise as help;
use super::output::{complain, say};
use super::text::{fit, wrap};
use super::{EXERCISES, Exit};
use crate::clean;
use crate::config::Sources;
use crate::exercise::{
    Exercise, Findings, MEASURE_RUN, Need, Progress, Question, Set, SetError, State, Value,
    measure_told_run,
};
use crate::measure::{Peer, Token};

/// The interval at which a watched file is checked for changes.
const POLL: Duration = Duration::from_millis(200);

/// Without a command: on a terminal, continue where you left off; elsewhere, list
/// the exercises.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Folder of the exercises
    #[arg(long, value_name = "FOLDER", global = true, default_value = EXERCISES)]
    dir: PathBuf,
}

/// An ID is the name of an exercise or enough of its beginning.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the exercises and your progress
    #[command(after_help = help::LIST)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an exercise
    #[command(after_help = help::START)]
    Start {
        /// Name of the exercise, or its beginning [default: the first unfinished one]
        id: Option<String>,
    },
    /// Record your predictions, before you measure
    #[command(after_help = help::PREDICT)]
    Predict {
        /// Name of the exercise, or its beginning
        id: String,
        /// Such as duration=30; without any, print the questions
        #[arg(value_name = "NAME=VALUE")]
        answers: Vec<String>,
    },
    /// Measure and compare with your predictions, or compile and check your code
    ///
    /// The first check sends the exercise's loads; later checks judge new answers by
    /// its measurements. The explanation appears after the first check in which every
    /// question is answered, right or wrong.
    #[command(after_help = help::CHECK)]
    Check {
        /// Name of the exercise, or its beginning
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// Show the next of three hints
    #[command(after_help = help::HINT)]
    Hint {
        /// Name of the exercise, or its beginning
        id: String,
    },
    /// Show the answers, and the solution in code
    #[command(after_help = help::SOLUTION)]
    Solution {
        /// Name of the exercise, or its beginning
        id: String,
    },
    /// Delete your answers, hints and checks of an exercise
    #[command(after_help = help::RESET)]
    Reset {
        /// Name of the exercise, or its beginning
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Delete those of all exercises
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Check again each time the code of an exercise is saved
    #[command(after_help = help::WATCH)]
    Watch {
        /// Name of the exercise, or its beginning
        id: String,
    },
    /// For authors: verify that each exercise fails unsolved, passes solved, and fails
    /// for each wrong answer
    #[command(after_help = help::VERIFY)]
    Verify {
        /// Verify only these
        ids: Vec<String>,
        /// Verify only the texts, with simulated numbers: measure and compile nothing
        #[arg(long)]
        texts: bool,
    },
}

/// Returns the run that another process of this program wants measured, if it does.
pub(super) fn asked_to_measure() -> Option<String> {
    let mut args = std::env::args().skip(1);
    let command = [args.next()?, args.next()?];
    if command == MEASURE_RUN { args.next() } else { None }
}

/// Measures that run and prints its figures.
pub(super) fn measure_run(description: &str) -> anyhow::Result<Exit> {
    say(measure_told_run(description)?);
    Ok(Exit::Success)
}

/// The options of a check.
#[derive(Debug, clap::Args)]
struct How {
    /// Measure at this running server instead of the exercise's own bench
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Measure again instead of judging by the last measurement
    #[arg(long)]
    again: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and compiles as `check` does.
struct Own;

impl Tools for Own {
    fn find_out(&mut self, exercise: &Exercise, state: &State) -> anyhow::Result<Findings> {
        find_out(exercise, state, None, false)
    }

    fn check_code(&mut self, exercise: &Exercise) -> anyhow::Result<CodeChecked> {
        check_code(exercise, true)
    }
}

/// A set of exercises and the participant's progress.
struct Workshop {
    set: Set,
    progress: Progress,
    /// The token for a running bench.
    token: Option<Token>,
}

pub(super) fn run(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Exit> {
    let opened = open(args, sources, token).and_then(|mut workshop| workshop.run(args));
    match opened {
        Err(error) if error.is::<SetError>() || error.is::<Mistake>() => {
            complain(format_args!("{error:#}"));
            Ok(Exit::Usage)
        }
        other => other,
    }
}

/// A mistake in the arguments.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Mistake(String);

fn open(args: &Args, sources: &Sources, token: Option<&Token>) -> anyhow::Result<Workshop> {
    let set = Set::read(&args.dir)?;
    let file = sources.load()?.settings.data.progress();
    Ok(Workshop { set, progress: Progress::read(&file)?, token: token.cloned() })
}

impl Workshop {
    fn run(&mut self, args: &Args) -> anyhow::Result<Exit> {
        let Some(command) = &args.command else { return self.lead() };
        match command {
            Command::List { json: true } => {
                say(format!("{:#}", show::list_in_json(&self.set, &self.progress)));
            }
            Command::List { json: false } => say(show::list(&self.set, &self.progress).trim_end()),
            Command::Start { id } => {
                let next = show::next(&self.set, &self.progress).or(self.set.exercises.first());
                let exercise = match id {
                    Some(id) => self.set.find(id)?,
                    None => next.context("the set has no exercises")?,
                };
                let text = show::start(exercise);
                let readme = exercise.folder.join("README.md");
                say(text.with_context(|| format!("cannot read {}", clean::path(&readme)))?.trim_end());
            }
            Command::Predict { id, answers } => self.predict(id, answers)?,
            Command::Check { id, how } => return self.check(id, how),
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

    /// Starts a session on a terminal, and lists the exercises elsewhere.
    fn lead(&mut self) -> anyhow::Result<Exit> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        if !stdin.is_terminal() || !stdout.is_terminal() {
            say(show::list(&self.set, &self.progress).trim_end());
            return Ok(Exit::Success);
        }
        let session = Session {
            set: &self.set,
            progress: &mut self.progress,
            input: &mut stdin.lock(),
            output: &mut stdout.lock(),
            tools: &mut Own,
        };
        session.run()?;
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

    fn check(&mut self, id: &str, how: &How) -> anyhow::Result<Exit> {
        let exercise = self.set.find(id)?.clone();
        if let Some(need) = &exercise.needs {
            skip(&exercise.id, need, how.json);
            return Ok(Exit::Success);
        }
        let state = self.progress.of(&exercise.id);
        let running = how.url.as_deref().map(|url| Peer::named(url, self.token.as_ref()));
        let is_own = running.is_none();
        let findings = find_out(&exercise, &state, running, how.again)?;
        let code = match &exercise.code {
            Some(_) => Some(check_code(&exercise, !how.json)?),
            None => None,
        };
        let outcome = conclude(&mut self.progress, &exercise, &findings, is_own, code)?;
        self.tell(&exercise, &outcome, how.json)
    }

    /// Prints the result of a check.
    fn tell(&self, exercise: &Exercise, outcome: &Outcome, json: bool) -> anyhow::Result<Exit> {
        for doubt in &outcome.doubts {
            complain(doubt);
        }
        let passed = outcome.passed;
        if json {
            let explanation = outcome.state.is_explained().then(|| exercise.explained());
            let verdict = serde_json::json!({ "exercise": exercise.id, "passed": passed,
                "code": outcome.code.map(|code| code.passed), "questions": outcome.judgements,
                "first": outcome.state.first, "measured_before": outcome.measured_at,
                "observed": outcome.observed,
                "explanation": explanation });
            say(serde_json::to_string_pretty(&verdict)?);
        } else {
            say(verdict::verdict(&self.set, exercise, outcome).trim_end());
        }
        Ok(if passed { Exit::Success } else { Exit::Failure })
    }

    fn hint(&mut self, id: &str) -> anyhow::Result<()> {
        let exercise = self.set.find(id)?;
        let most = exercise.hints.len();
        let state =
            self.progress.change(&exercise.id, |state| state.hints = (state.hints + 1).min(most))?;
        for (n, hint) in exercise.hints.iter().take(state.hints).enumerate() {
            say(wrap(&format!("Hint {} of {most}: {}", n + 1, words(hint)), 0));
        }
        Ok(())
    }

    /// Checks the code now and after each save, until it passes or Ctrl-C.
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
                let code = check_code(&exercise, true)?;
                if code.passed {
                    let findings = find_out(&exercise, &self.progress.of(&exercise.id), None, false)?;
                    let outcome = conclude(&mut self.progress, &exercise, &findings, true, Some(code))?;
                    return self.tell(&exercise, &outcome, false);
                }
                say(fit(&format!("\nwatching {}; Ctrl-C ends it", clean::path(&file))));
            }
            // A sleep must be created inside the runtime.
            runtime.block_on(async { tokio::time::sleep(POLL).await });
        }
    }
}

/// Says why an exercise is not checked.
fn skip(id: &str, need: &Need, json: bool) {
    if json {
        say(format!("{:#}", serde_json::json!({ "exercise": id, "passed": null, "needs": need })));
    } else {
        say(wrap(&format!("{id} is not checked. {}", need.sentence), 0).trim_end());
    }
}

fn read_answer<'a>(exercise: &'a Exercise, answer: &str) -> Result<(&'a Question, Value), Mistake> {
    let names = || exercise.questions.iter().map(|q| q.name.as_str()).collect::<Vec<_>>().join(", ");
    let (name, value) = answer
        .split_once('=')
        .ok_or_else(|| Mistake(format!("{answer:?}: expected NAME=VALUE with one of {}", names())))?;
    let read = exercise.question(name.trim()).and_then(|question| Ok((question, question.read(value)?)));
    read.map_err(|error| Mistake(error.to_string()))
}
