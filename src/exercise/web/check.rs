//! A check that the page has started: sends the exercise's loads to a bench of its own and
//! checks the code, on its own thread. One check runs at a time, since two would disturb
//! each other.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value as Object, json};
use thiserror::Error;

use super::{Refusal, Workshop, line_html, words_html};
use crate::exercise::format::{EngineRun, JobsRun, RoomsRun, WatchRun};
use crate::exercise::{
    CodeError, Exercise, Findings, Grade, Judgement, Load, Measured, Score, Trial, TrialBench, TrialError,
    Value, compile_and_check, doubts, finishes, judge,
};
use crate::measure::Phase;
use crate::shutdown::StopToken;

/// The message of cargo for code that does not compile.
const BROKEN: &str = "could not compile";
/// The number of characters of the compiler's output that the page gets.
const SAID: usize = 64 * 1024;

/// The running check, and the result of the last one of each exercise.
#[derive(Debug, Default)]
pub(super) struct Checks {
    state: Mutex<Checking>,
}

#[derive(Debug, Default)]
struct Checking {
    running: Option<Running>,
    /// By exercise, for as long as the server runs.
    ended: BTreeMap<String, Result<Outcome, CheckError>>,
}

/// Why a check has no outcome.
#[derive(Debug, Error)]
enum CheckError {
    #[error(transparent)]
    Progress(#[from] Refusal),
    #[error(transparent)]
    Trial(#[from] TrialError),
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error("stopped: half a load has no result")]
    Stopped,
    #[error("the check panicked; the server's log has the reason")]
    Panicked,
}

#[derive(Debug)]
struct Running {
    id: String,
    stop: StopToken,
    doing: Doing,
}

/// The step of a running check.
#[derive(Debug)]
enum Doing {
    /// The check has just started.
    Beginning,
    /// Predicting and simulating the load of that name.
    Preparing(String),
    /// Sending the load of that name.
    Measuring(String, Phase),
    /// Compiling and checking the code.
    Compiling,
}

/// The outcome of a check.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    /// Whether every answer is right.
    passed: bool,
    questions: Vec<Shown>,
    code: Option<CodeOutcome>,
    /// The score of the first complete check.
    first: Option<Score>,
    /// The date of the measurement, if it was made for an earlier check.
    measured_before: Option<String>,
    /// Reasons to doubt the measurement.
    remarks: Vec<String>,
    /// What the runs have observed besides, once every question is answered.
    observed: Vec<String>,
}

/// A judgement and its texts as HTML.
#[derive(Debug, Clone, Serialize)]
struct Shown {
    #[serde(flatten)]
    judgement: Judgement,
    html: Object,
}

impl From<Judgement> for Shown {
    fn from(judgement: Judgement) -> Self {
        let words = |value: &Option<Value>| value.as_ref().and_then(words_html);
        let reveals = match &judgement.verdict {
            Grade::Wrong(Some(reveals)) => Some(line_html(reveals)),
            _ => None,
        };
        let html = json!({
            "ask": line_html(&judgement.ask),
            "look": line_html(&judgement.look),
            "reveals": reveals,
            "predicted": words(&judgement.predicted),
            "simulated": words(&judgement.simulated),
            "measured": words(&judgement.measured),
        });
        Self { judgement, html }
    }
}

#[derive(Debug, Clone, Serialize)]
struct CodeOutcome {
    passed: bool,
    /// The output of the compiler and the check.
    said: String,
    /// The idea behind the mistake, if it is a known one.
    reveals: Option<String>,
    /// The idea as HTML.
    html: Object,
    /// The lines that are still `todo!()`, if nothing else failed.
    unwritten: Option<String>,
}

impl Checks {
    fn lock(&self) -> MutexGuard<'_, Checking> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The progress of the check of an exercise, or the result of the last one.
    pub(super) fn look(&self, id: &str) -> Object {
        let state = self.lock();
        let running = state.running.as_ref().filter(|running| running.id == id);
        let other = state.running.as_ref().filter(|running| running.id != id);
        let (phase, load, progress, held) = match running.map(|running| &running.doing) {
            None => (None, None, None, None),
            Some(Doing::Beginning) => (Some("preparing"), None, None, None),
            Some(Doing::Preparing(load)) => (Some("preparing"), Some(load), None, None),
            Some(Doing::Measuring(load, Phase::Load(progress))) => {
                (Some("load"), Some(load), Some(progress), None)
            }
            Some(Doing::Measuring(load, Phase::Draining(held))) => {
                (Some("draining"), Some(load), None, Some(held))
            }
            Some(Doing::Compiling) => (Some("code"), None, None, None),
        };
        let ended = state.ended.get(id).filter(|_| running.is_none());
        json!({
            "running": running.is_some(),
            "stage": phase,
            "load": load,
            "progress": progress,
            "held": held,
            "result": ended.and_then(|ended| ended.as_ref().ok()),
            "error": ended.and_then(|ended| ended.as_ref().err()).map(ToString::to_string),
            "other": other.map(|other| &other.id),
        })
    }

    pub(super) fn stop(&self, id: &str) {
        if let Some(running) = self.lock().running.as_ref().filter(|running| running.id == id) {
            running.stop.cancel();
        }
    }

    /// Deletes the result of the last check of an exercise.
    pub(super) fn forget(&self, id: &str) -> Result<(), Refusal> {
        let mut state = self.lock();
        if state.running.as_ref().is_some_and(|running| running.id == id) {
            return Err(Refusal::Busy("a check of this exercise is running: stop it first".to_owned()));
        }
        state.ended.remove(id);
        Ok(())
    }

    fn doing(&self, doing: Doing) {
        if let Some(running) = &mut self.lock().running {
            running.doing = doing;
        }
    }

    fn end(&self, id: &str, ended: Result<Outcome, CheckError>) {
        let mut state = self.lock();
        state.running = None;
        state.ended.insert(id.to_owned(), ended);
    }
}

/// Starts a check, unless one is running. It measures if there are no findings, or if
/// `again` is set.
pub(super) fn begin(workshop: &Arc<Workshop>, exercise: Exercise, again: bool) -> Result<(), Refusal> {
    // Ends with the server, too.
    let stop = workshop.workbench.shutdown().child_token();
    {
        let mut state = workshop.checks.lock();
        if let Some(running) = &state.running {
            return Err(Refusal::Busy(format!(
                "a check of {} is running; there is one at a time",
                running.id
            )));
        }
        let running = Running { id: exercise.id.clone(), stop: stop.clone(), doing: Doing::Beginning };
        state.running = Some(running);
    }
    let check = {
        let workshop = Arc::clone(workshop);
        move || {
            // After a check that panics, another one can start.
            let ended = catch_unwind(AssertUnwindSafe(|| run(&workshop, &exercise, again, stop)));
            let ended = ended.unwrap_or(Err(CheckError::Panicked));
            workshop.checks.end(&exercise.id, ended);
        }
    };
    match std::thread::Builder::new().name("weir-exercise".to_owned()).spawn(check) {
        Ok(_) => Ok(()),
        Err(error) => {
            workshop.checks.lock().running = None;
            Err(Refusal::Thread(error))
        }
    }
}

fn run(
    workshop: &Workshop,
    exercise: &Exercise,
    again: bool,
    stop: StopToken,
) -> Result<Outcome, CheckError> {
    let state = workshop.progress()?.of(&exercise.id);
    let kept = state.findings_of(exercise).filter(|_| !again).cloned();
    let measured_before = kept.as_ref().filter(|_| exercise.is_measured()).map(|kept| kept.at.clone());
    let findings = match kept {
        Some(kept) => kept,
        None => Findings::of(exercise, &measure(&workshop.checks, exercise, &stop)?),
    };
    let code = exercise.code.as_ref().map(|_| {
        workshop.checks.doing(Doing::Compiling);
        check_code(exercise)
    });
    let code = code.transpose()?;
    let passed_code = code.as_ref().map(|code| code.passed);
    let written = code.as_ref().map(|code| code.unwritten.is_none() && !code.said.contains(BROKEN));
    let questions = judge(exercise, &state, &findings);
    let changed = workshop.change(&exercise.id, |state| {
        state.checked(&questions, passed_code, written);
        if !exercise.questions.is_empty() {
            state.findings = Some(findings.to_keep());
        }
    });
    let mut remarks = doubts(&questions, &findings);
    let (first, observed, not_kept) = match changed {
        // It says what questions ask.
        Ok(state) if state.is_explained() => (state.first, findings.observed, None),
        Ok(state) => (state.first, Vec::new(), None),
        Err(error) => (None, Vec::new(), Some(format!("cannot store this check: {error}"))),
    };
    remarks.extend(not_kept);
    let passed = finishes(&questions, passed_code);
    let questions = questions.into_iter().map(Shown::from).collect();
    Ok(Outcome { passed, questions, code, first, measured_before, remarks, observed })
}

/// Sends the exercise's loads, if it has questions.
fn measure(checks: &Checks, exercise: &Exercise, stop: &StopToken) -> Result<Vec<Measured>, CheckError> {
    if exercise.questions.is_empty() {
        return Ok(Vec::new());
    }
    let none = Exercise {
        loads: Vec::new(),
        jobs: Vec::new(),
        watch: Vec::new(),
        rooms: Vec::new(),
        engine: Vec::new(),
        ..exercise.clone()
    };
    let of_load = |load: &Load| Exercise { loads: vec![load.clone()], ..none.clone() };
    let of_jobs = |run: &JobsRun| Exercise { jobs: vec![run.clone()], ..none.clone() };
    let of_watch = |run: &WatchRun| Exercise { watch: vec![run.clone()], ..none.clone() };
    let of_rooms = |run: &RoomsRun| Exercise { rooms: vec![run.clone()], ..none.clone() };
    let of_engine = |run: &EngineRun| Exercise { engine: vec![run.clone()], ..none.clone() };
    let loads = exercise.measured_loads().map(|load| (&load.name, of_load(load)));
    let jobs = exercise.jobs.iter().map(|run| (&run.name, of_jobs(run)));
    let watch = exercise.watch.iter().map(|run| (&run.name, of_watch(run)));
    let rooms = exercise.rooms.iter().map(|run| (&run.name, of_rooms(run)));
    let engine = exercise.engine.iter().map(|run| (&run.name, of_engine(run)));
    let mut measured = Vec::new();
    for (name, alone) in loads.chain(jobs).chain(watch).chain(rooms).chain(engine) {
        checks.doing(Doing::Preparing(name.clone()));
        // One at a time, since a trial reports nothing before its bench is up.
        let trial = Trial { exercise: &alone, place: TrialBench::Own, stop: stop.clone() };
        let found = trial.run(&mut |load, phase| checks.doing(Doing::Measuring(load.name.clone(), phase)));
        if stop.is_cancelled() {
            return Err(CheckError::Stopped);
        }
        measured.extend(found?);
    }
    Ok(measured)
}

fn check_code(exercise: &Exercise) -> Result<CodeOutcome, CodeError> {
    let checked = compile_and_check(exercise, None, false)?;
    // Code that is not written or does not compile shows no idea.
    let reveals = checked.reveals(exercise).map(str::to_owned);
    let unwritten = checked.unwritten(exercise);
    let said = match checked.said.char_indices().nth(SAID) {
        Some((end, _)) => format!("{}\n[cut here]", &checked.said[..end]),
        None => checked.said,
    };
    let html = json!({ "reveals": reveals.as_deref().map(line_html) });
    Ok(CodeOutcome { passed: checked.passed, said, reveals, html, unwritten })
}
