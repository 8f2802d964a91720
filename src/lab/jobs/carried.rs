//! A job that a user submitted, carried by a task of a scheduler thread. Another thread can
//! take it over, unless it has its turn at that moment.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};

use weir_job_wasm::outcome::Finished;

use super::ledger::Ticket;
use super::turns::{Meter, Metered};

/// The job has its turn at this moment, so it cannot be taken away.
#[derive(Debug, Clone, Copy)]
pub(super) struct HasTurn;

/// A job with its ticket, and the function that gets its outcome.
pub(super) struct Carried {
    id: u64,
    load: Mutex<Option<Load>>,
    /// Wakes the task that carries the job.
    waker: Mutex<Option<Waker>>,
    /// True once another task wants the job: its task then gives it no further turn.
    is_wanted: AtomicBool,
}

struct Load {
    job: Metered,
    ticket: Ticket,
    ended: Box<dyn FnOnce(Finished) + Send>,
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carried").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Carried {
    /// `ended` is called with the outcome, on the scheduler thread.
    pub(super) fn new(
        job: Metered,
        ticket: Ticket,
        ended: impl FnOnce(Finished) + Send + 'static,
    ) -> Arc<Self> {
        let id = job.id();
        let load = Load { job, ticket, ended: Box::new(ended) };
        Self::with(id, load)
    }

    fn with(id: u64, load: Load) -> Arc<Self> {
        let is_wanted = AtomicBool::new(false);
        Arc::new(Self { id, load: Mutex::new(Some(load)), waker: Mutex::default(), is_wanted })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Runs the job to its end, or until it is taken away.
    pub(super) async fn run(&self, meter: &Meter) {
        poll_fn(|context| self.poll(meter, context)).await;
    }

    fn poll(&self, meter: &Meter, context: &mut Context<'_>) -> Poll<()> {
        if self.is_wanted.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut guard = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(load) = guard.as_mut() else { return Poll::Ready(()) };
        match load.job.poll(meter, context) {
            Poll::Pending => {
                *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
                Poll::Pending
            }
            Poll::Ready(finished) => {
                let load = guard.take();
                drop(guard);
                if let Some(Load { ticket, ended, .. }) = load {
                    ticket.end(finished.outcome.ending());
                    ended(finished);
                }
                Poll::Ready(())
            }
        }
    }

    /// Takes the job away from its task, to be carried by another one. `None` if it has ended.
    ///
    /// # Errors
    /// [`HasTurn`] at this moment; the job has no further turn.
    pub(super) fn take(&self) -> Result<Option<Arc<Self>>, HasTurn> {
        self.is_wanted.store(true, Ordering::Release);
        let load = match self.load.try_lock() {
            Ok(mut load) => load.take(),
            Err(TryLockError::Poisoned(load)) => load.into_inner().take(),
            Err(TryLockError::WouldBlock) => return Err(HasTurn),
        };
        // The old task ends at its next turn.
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
        Ok(load.map(|load| Self::with(self.id, load)))
    }
}
