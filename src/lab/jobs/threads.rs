//! The scheduler threads: those that take jobs, and those that a job has kept for good.

use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::carried::Carried;
use super::scheduler::Scheduler;

/// How long a thread that is closed has to end the turn of its current job.
const TURN: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Threads(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    /// One or more.
    active: Vec<Arc<Scheduler>>,
    /// Threads that were replaced while a job kept them.
    lost: Vec<Arc<Scheduler>>,
}

impl Threads {
    /// Starts a number of threads.
    pub(super) fn start(number: usize) -> io::Result<Self> {
        let active = (0..number.max(1)).map(Scheduler::start).collect::<io::Result<_>>()?;
        Ok(Self(RwLock::new(State { active, lost: Vec::new() })))
    }

    /// The threads that take jobs.
    pub(super) fn active(&self) -> Vec<Arc<Scheduler>> {
        self.read().active.clone()
    }

    /// The threads that were replaced, as long as a job keeps them.
    pub(super) fn lost(&self) -> Vec<Arc<Scheduler>> {
        self.read().lost.clone()
    }

    /// Runs a job on the thread with the fewest jobs of users.
    pub(super) fn carry(&self, mut job: Arc<Carried>) {
        loop {
            let active = self.active();
            let Some(scheduler) = active.iter().min_by_key(|scheduler| scheduler.number_carried()) else {
                return;
            };
            match scheduler.carry(job) {
                Ok(()) => return,
                // Closed in the meantime.
                Err(returned) => job = returned,
            }
            if self.read().active.iter().any(|active| Arc::ptr_eq(active, scheduler)) {
                // All threads are closed: the lab has ended.
                return;
            }
        }
    }

    /// Changes the number of threads. Jobs of a thread that ends move to another.
    pub(super) fn resize(&self, number: usize) -> io::Result<()> {
        let number = number.max(1);
        let mut closed = Vec::new();
        {
            let mut state = self.write();
            for core in state.active.len()..number {
                let started = Scheduler::start(core)?;
                state.active.push(started);
            }
            while state.active.len() > number {
                closed.extend(state.active.pop());
            }
        }
        for scheduler in closed {
            self.close(&scheduler);
        }
        Ok(())
    }

    /// Replaces a thread that a job keeps.
    pub(super) fn replace(&self, lost: &Arc<Scheduler>) -> io::Result<()> {
        let fresh = Scheduler::start(lost.core)?;
        {
            let mut state = self.write();
            let Some(at) = state.active.iter().position(|active| Arc::ptr_eq(active, lost)) else {
                return Ok(());
            };
            state.active[at] = fresh;
        }
        self.close(lost);
        Ok(())
    }

    /// Forgets lost threads whose job has ended after all.
    pub(super) fn forget_ended(&self) {
        let has_ended = |scheduler: &Arc<Scheduler>| scheduler.meter.current().is_none();
        if self.read().lost.iter().any(has_ended) {
            self.write().lost.retain(|scheduler| !has_ended(scheduler));
        }
    }

    /// Closes all threads. Jobs that have not ended are dropped.
    pub(super) fn end(&self) {
        for scheduler in self.active() {
            drop(scheduler.close(Duration::ZERO));
        }
    }

    fn close(&self, scheduler: &Arc<Scheduler>) {
        scheduler.close(TURN).into_iter().for_each(|job| self.carry(job));
        if scheduler.meter.current().is_some_and(|(_, age)| age > TURN) {
            self.write().lost.push(Arc::clone(scheduler));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
