//! A submitted job, held by its owner.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::outcome::Finished;

/// The future of a job, whatever its isolation.
pub(crate) type Running = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// A submitted job: a future that resolves when the job ends. It runs in the task that awaits
/// it, and dropping it ends it with [`Ending::Cancelled`](crate::outcome::Ending::Cancelled);
/// [`Isolation`](crate::settings::Isolation) has the exceptions.
#[must_use = "a job runs when it is awaited"]
pub struct Job {
    pub(crate) id: u64,
    // Boxed, so that a task which sleeps until its next job does not carry its machine.
    pub(crate) run: Running,
}

impl Job {
    /// Identifier of the job, from 1 in the order of submission.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Future for Job {
    type Output = Finished;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Finished> {
        self.run.as_mut().poll(context)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).finish_non_exhaustive()
    }
}
