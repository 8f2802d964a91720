//! Submission of a job by a user, and the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;
use weir_job_wasm::outcome::{Ending, Finished};
use weir_job_wasm::settings::Isolation;

use super::carried::Carried;
use super::error::JobsError;
use super::snapshot::By;
use super::turns::Metered;
use super::users::MOST;
use super::{Inner, JobsLab, Killed, MarkKind, lock, millis};
use crate::clean;

/// A job that was accepted: a future of its answer. Dropping it does not end the job.
#[derive(Debug)]
#[must_use = "the job runs all the same, but its answer is lost"]
pub struct Submission {
    /// Identifier of the job.
    pub id: u64,
    /// Its input.
    pub input: i64,
    answer: oneshot::Receiver<Answer>,
}

/// How a job ended, for its submitter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Identifier of the job.
    pub id: u64,
    /// Its input.
    pub input: String,
    /// Its state.
    pub state: AnswerState,
    /// The value of a job that is done.
    pub result: Option<String>,
    /// From submission to the end.
    pub took_ms: Option<f64>,
    /// From the order to kill the job until this answer.
    pub told_ms: Option<f64>,
    /// Why there is no value.
    pub why: Option<String>,
    /// The call stack at the end, the innermost function first.
    pub stack: Vec<String>,
}

/// The state of a job, for its submitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerState {
    /// It was accepted.
    Running,
    /// It returned a value.
    Done,
    /// It trapped, or exceeded a limit.
    Failed,
    /// An operator killed it, or the server is shutting down.
    Killed,
}

impl Future for Submission {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let (id, input) = (self.id, self.input);
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Answer::lost(id, input)))
    }
}

impl Submission {
    /// The answer for the time until the job has ended.
    pub fn running(&self) -> Answer {
        Answer {
            state: AnswerState::Running,
            took_ms: None,
            why: None,
            ..Answer::lost(self.id, self.input)
        }
    }
}

impl Answer {
    fn of(finished: &Finished, kill_at: Option<Instant>) -> Self {
        let state = match finished.outcome.ending() {
            Ending::Value(_) => AnswerState::Done,
            Ending::Killed | Ending::Cancelled => AnswerState::Killed,
            // Also an ending that a later version of the engine adds.
            _ => AnswerState::Failed,
        };
        let stack = finished.outcome.stack().map(|stack| stack.functions()).unwrap_or_default();
        Self {
            id: finished.id,
            input: finished.input.to_string(),
            state,
            result: finished.outcome.value().map(|value| value.to_string()),
            took_ms: Some(millis(finished.age)),
            told_ms: kill_at.filter(|_| state == AnswerState::Killed).map(|at| millis(at.elapsed())),
            why: (state != AnswerState::Done).then(|| finished.outcome.to_string()),
            stack: stack.iter().map(ToString::to_string).collect(),
        }
    }

    /// The answer for a job whose thread has ended before it.
    fn lost(id: u64, input: i64) -> Self {
        Self {
            id,
            input: input.to_string(),
            state: AnswerState::Killed,
            result: None,
            took_ms: None,
            told_ms: None,
            why: Some("the server has ended its scheduler thread".to_owned()),
            stack: Vec::new(),
        }
    }
}

impl JobsLab {
    /// Reads an input as a user writes it, with `-` or a minus sign. Counts an invalid input as
    /// refused.
    ///
    /// # Errors
    /// [`JobsError::Input`] if it is not a whole number of 64 bits.
    pub fn read_input(&self, text: &str) -> Result<i64, JobsError> {
        let number = text.trim().replace('\u{2212}', "-");
        number.parse().map_err(|error: std::num::ParseIntError| {
            self.inner.core.ledger.refuse();
            use std::num::IntErrorKind::{Empty, NegOverflow, PosOverflow};
            JobsError::Input(match error.kind() {
                Empty => "expected a whole number, such as 100".to_owned(),
                PosOverflow | NegOverflow => {
                    format!("{} is not between {} and {}", shortened(text), i64::MIN, i64::MAX)
                }
                _ => format!("{} is not a whole number", shortened(text)),
            })
        })
    }

    /// Submits a job. It runs whether or not the submission is awaited.
    ///
    /// # Errors
    /// [`JobsError::Refused`] while the server ends, and if 10,000 jobs of users run.
    pub fn submit(&self, input: i64, by: By) -> Result<Submission, JobsError> {
        Inner::submit(&self.inner, input, by)
    }

    /// Counts a submission that was refused before it reached the lab.
    pub fn note_refused(&self) {
        self.inner.core.ledger.refuse();
    }
}

impl Inner {
    fn submit(this: &Arc<Self>, input: i64, by: By) -> Result<Submission, JobsError> {
        if this.is_draining.load(Ordering::Relaxed) {
            this.core.ledger.refuse();
            return Err(JobsError::Refused("the server is shutting down".to_owned()));
        }
        let isolation = this.core.jobs.settings().isolation;
        let entered = this.users.enter(by, || {
            let ticket = this.core.ledger.accept();
            let job = this.core.jobs.submit(input);
            (job.id(), (job, ticket))
        });
        let Some((job, ticket)) = entered else {
            this.core.ledger.refuse();
            return Err(JobsError::Refused(format!("{MOST} jobs are running; kill some first")));
        };
        let (send, answer) = oneshot::channel();
        let id = job.id();
        let ended = Arc::clone(this);
        let carried =
            Carried::new(Metered::new(job, isolation == Isolation::Fuel), ticket, move |finished| {
                let (answer, killers) = ended.ended(&finished);
                let killed =
                    answer.told_ms.map(|told_ms| Killed { ended: finished.outcome.to_string(), told_ms });
                // The submitter may no longer wait.
                let _ = send.send(answer);
                for killer in killers {
                    let by_itself = || Killed { ended: finished.outcome.to_string(), told_ms: 0.0 };
                    // Nor may the operator.
                    let _ = killer.send(killed.clone().unwrap_or_else(by_itself));
                }
            });
        this.threads.carry(carried);
        this.wake.notify_one();
        Ok(Submission { id, input, answer })
    }

    /// Notes the end of a user's job. Returns its answer, and the operators who wait for that.
    fn ended(&self, finished: &Finished) -> (Answer, Vec<oneshot::Sender<Killed>>) {
        let (user, killers) = self.users.leave(finished.id).unzip();
        let answer = Answer::of(finished, user.and_then(|user| user.kill_at));
        if answer.state == AnswerState::Done && user.is_some_and(|user| user.by == By::You) {
            lock(&self.sampled).note_yours(finished.age);
        }
        if let Some(told_ms) = answer.told_ms {
            lock(&self.sampled).killed = Some((self.core.now_ms(), answer.id, told_ms));
            self.mark(MarkKind::Kill, format!("kill #{}", answer.id));
        }
        (answer, killers.unwrap_or_default())
    }
}

/// A user's text in quotes, cut off where it is long.
fn shortened(text: &str) -> String {
    let text = clean::line(text);
    match text.char_indices().nth(30) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
