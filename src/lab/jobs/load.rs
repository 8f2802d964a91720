//! The load: workers under supervisors.
//!
//! A supervisor has at most [`CREW`] workers. It looks through all of its children at each
//! restart, so one supervisor of 100,000 workers, of which 2 % fail each second, would need
//! the whole core for its restarts. Crews also make a change of the load cheap: whole crews
//! come and go.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::Core;
use super::scheduler::Scheduler;
use super::worker::{Crew, work};
use crate::config::JobsLoad;
use crate::supervise::{Child, ChildSpec, Grace, Strategy, Supervisor, SupervisorHandle};

/// The most workers of a supervisor.
const CREW: u64 = 100;

/// The running crews.
#[derive(Debug, Default)]
pub(super) struct Crews {
    crews: Vec<Running>,
    rate: f64,
}

#[derive(Debug)]
struct Running {
    scheduler: Arc<Scheduler>,
    workers: u64,
    /// `None` if the supervisor could not be started.
    supervisor: Option<SupervisorHandle>,
}

impl Crews {
    /// Starts and stops crews until there are as many workers as `load` says, spread over
    /// `schedulers`. A worker that is stopped lets its job finish.
    pub(super) fn resize(&mut self, core: &Arc<Core>, schedulers: &[Arc<Scheduler>], load: &JobsLoad) {
        core.set_fail_share(load.fail_share);
        if self.rate != load.rate {
            self.stop();
            self.rate = load.rate;
        }
        let wanted = load.workers.div_ceil(CREW) as usize;
        let number = self.crews.len().max(wanted);
        for at in 0..number {
            let size = load.workers.saturating_sub(at as u64 * CREW).min(CREW);
            let scheduler = &schedulers[at % schedulers.len()];
            let fits = self
                .crews
                .get(at)
                .is_some_and(|crew| crew.workers == size && Arc::ptr_eq(&crew.scheduler, scheduler));
            if fits {
                continue;
            }
            if let Some(crew) = self.crews.get(at) {
                crew.stop();
            }
            if at >= wanted {
                continue;
            }
            let crew = Running::start(core, scheduler, load.rate, at as u64 * CREW, size);
            if at < self.crews.len() { self.crews[at] = crew } else { self.crews.push(crew) }
        }
        self.crews.truncate(wanted);
    }

    /// Stops all workers. Their jobs finish.
    pub(super) fn stop(&mut self) {
        self.crews.drain(..).for_each(|crew| crew.stop());
    }

    /// The numbers of workers and of their supervisors. A crew that could not be started has
    /// neither.
    pub(super) fn running(&self) -> (u64, u64) {
        let running = self.crews.iter().filter(|crew| crew.supervisor.is_some());
        running.fold((0, 0), |(workers, supervisors), crew| (workers + crew.workers, supervisors + 1))
    }

    /// The number of workers on a thread.
    pub(super) fn workers_on(&self, scheduler: &Arc<Scheduler>) -> u64 {
        let on = self.crews.iter().filter(|crew| Arc::ptr_eq(&crew.scheduler, scheduler));
        on.map(|crew| crew.workers).sum()
    }
}

impl Running {
    fn start(core: &Arc<Core>, scheduler: &Arc<Scheduler>, rate: f64, first: u64, workers: u64) -> Self {
        let period = Duration::from_secs_f64(1.0 / rate);
        let crew = Arc::new(Crew { core: Arc::clone(core), scheduler: Arc::clone(scheduler), period });
        // Any number of restarts: one worker's failure is no reason to end its siblings.
        let supervisor =
            Supervisor::new(Strategy::OneForOne).max_restarts(usize::MAX, Duration::ZERO).quiet_restarts();
        let supervisor = (first..first + workers)
            .fold(supervisor, |supervisor, index| supervisor.child(worker(&crew, index)));
        let _on_its_thread = scheduler.runtime().enter();
        let supervisor = match supervisor.spawn() {
            Ok(supervisor) => Some(supervisor),
            Err(error) => {
                log::error!("jobs: workers {first} to {} do not run: {error}", first + workers - 1);
                None
            }
        };
        Self { scheduler: Arc::clone(scheduler), workers, supervisor }
    }

    fn stop(&self) {
        if let Some(supervisor) = &self.supervisor {
            // Aborts all at once. A stop would wait for one worker after the other.
            supervisor.abort();
        }
    }
}

fn worker(crew: &Arc<Crew>, index: u64) -> ChildSpec {
    let crew = Arc::clone(crew);
    let mut lives = 0_u32;
    let start = move || {
        if lives > 0 {
            crew.core.restarts.fetch_add(1, Ordering::Relaxed);
        }
        lives += 1;
        let seed = index ^ (u64::from(lives) << 32);
        Child::new(tokio::spawn(work(Arc::clone(&crew), index, seed)), || ())
    };
    // Killed in its sleep; a job that it has begun runs on.
    ChildSpec::new(index.to_string(), start).grace(Grace::Kill)
}
