//! A scheduler thread: it runs jobs and nothing else, on a runtime of its own. A job that
//! never gives it back does not hold up the server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;
use weir_job_wasm::jobs::Row;
use weir_job_wasm::settings::Isolation;

use super::carried::{Carried, HasTurn};
use super::turns::Meter;
use super::window::Window;
use crate::load::{ThreadCpu, ThreadRef};
use crate::shutdown::StopToken;

/// The stack of a scheduler thread. Jobs do not use it: the interpreter has its own.
const STACK: usize = 1 << 20;

/// A running scheduler thread.
#[derive(Debug)]
pub(super) struct Scheduler {
    /// Its number, from 0. A thread that replaces another one has the same number.
    pub(super) core: usize,
    pub(super) meter: Arc<Meter>,
    /// Lateness of the load's jobs that have ended on this thread.
    pub(super) window: Arc<Window>,
    runtime: Handle,
    stop: StopToken,
    threads: Arc<Threads>,
    /// The jobs of users on this thread, by id.
    carried: Mutex<HashMap<u64, Arc<Carried>>>,
    /// True once it takes no more jobs.
    is_closed: AtomicBool,
}

/// The scheduler thread, and the blocking threads of its runtime, with the CPU time at which
/// they were last read.
#[derive(Debug, Default)]
struct Threads {
    own: Mutex<Option<(ThreadRef, ThreadCpu)>>,
    blocking: Mutex<HashMap<thread::ThreadId, (ThreadRef, ThreadCpu)>>,
}

impl Scheduler {
    /// Starts a thread.
    ///
    /// # Errors
    /// If the system has no thread or no descriptors left.
    pub(super) fn start(core: usize) -> io::Result<Arc<Self>> {
        let threads = Arc::<Threads>::default();
        let (enter, leave) = (Arc::clone(&threads), Arc::clone(&threads));
        let runtime = Builder::new_current_thread()
            .enable_time()
            .thread_name(format!("weir-job-{core}"))
            .on_thread_start(move || enter.add())
            .on_thread_stop(move || leave.remove())
            .build()?;
        let stop = StopToken::new();
        let this = Arc::new(Self {
            core,
            meter: Arc::new(Meter::new()),
            window: Arc::default(),
            runtime: runtime.handle().clone(),
            stop: stop.clone(),
            threads: Arc::clone(&threads),
            carried: Mutex::default(),
            is_closed: AtomicBool::new(false),
        });
        let run = move || {
            *lock(&threads.own) = Some(this_thread());
            run(runtime, &stop);
            *lock(&threads.own) = None;
        };
        thread::Builder::new().name(this.thread_name()).stack_size(STACK).spawn(run)?;
        Ok(this)
    }

    /// The name of the thread, as the system shows it.
    pub(super) fn thread_name(&self) -> String {
        format!("weir-jobs-{}", self.core)
    }

    /// The runtime of the thread.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Runs a user's job on this thread. Returns it if the thread takes no more jobs.
    pub(super) fn carry(self: &Arc<Self>, job: Arc<Carried>) -> Result<(), Arc<Carried>> {
        let mut carried = self.carried();
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(job);
        }
        carried.insert(job.id(), Arc::clone(&job));
        drop(carried);
        let this = Arc::clone(self);
        self.runtime.spawn(async move {
            let id = job.id();
            job.run(&this.meter).await;
            this.carried().remove(&id);
        });
        Ok(())
    }

    /// The number of users' jobs on this thread.
    pub(super) fn number_carried(&self) -> usize {
        self.carried().len()
    }

    /// Returns the job with isolation `task` that has kept the thread for `least` or longer.
    pub(super) fn kept_by(&self, rows: &[Row], least: Duration) -> Option<u64> {
        let (id, _) = self.meter.current().filter(|(_, age)| *age >= least)?;
        rows.iter().any(|row| row.id == id && row.isolation == Isolation::Task).then_some(id)
    }

    /// Closes the thread for jobs, and returns the jobs that can move to another thread: all
    /// but one that has its turn until `patience` has passed. The thread ends as soon as it
    /// gets a turn itself.
    pub(super) fn close(&self, patience: Duration) -> Vec<Arc<Carried>> {
        let mut left: Vec<Arc<Carried>> = {
            let mut carried = self.carried();
            self.is_closed.store(true, Ordering::Relaxed);
            carried.drain().map(|(_, job)| job).collect()
        };
        let (began, mut moved) = (Instant::now(), Vec::new());
        loop {
            left.retain(|job| match job.take() {
                Ok(job) => {
                    moved.extend(job);
                    false
                }
                Err(HasTurn) => true,
            });
            if left.is_empty() || began.elapsed() >= patience {
                break;
            }
            // On the control thread, which does nothing else meanwhile.
            thread::park_timeout(Duration::from_millis(1));
        }
        self.stop.cancel();
        moved
    }

    /// Returns the CPU time of the scheduler thread and of its blocking threads since the last
    /// call. `None` where the system does not count it.
    pub(super) fn take_cpu(&self) -> Option<(Duration, Duration)> {
        let own = lock(&self.threads.own).as_mut().and_then(used)?;
        // Without threads that have just ended.
        let blocking = lock(&self.threads.blocking).values_mut().filter_map(used).sum();
        Some((own, blocking))
    }

    fn carried(&self) -> MutexGuard<'_, HashMap<u64, Arc<Carried>>> {
        lock(&self.carried)
    }
}

/// Runs the runtime until it is stopped. Blocking threads are abandoned: a job with isolation
/// `thread` may never end.
fn run(runtime: Runtime, stop: &StopToken) {
    runtime.block_on(stop.cancelled());
    runtime.shutdown_background();
}

impl Threads {
    /// Adds the calling thread, which is a blocking one.
    fn add(&self) {
        lock(&self.blocking).insert(thread::current().id(), this_thread());
    }

    /// Removes the calling thread.
    fn remove(&self) {
        lock(&self.blocking).remove(&thread::current().id());
    }
}

fn this_thread() -> (ThreadRef, ThreadCpu) {
    let thread = ThreadRef::current();
    let cpu = thread.cpu();
    (thread, cpu)
}

/// The CPU time of a thread since it was last read.
fn used((thread, before): &mut (ThreadRef, ThreadCpu)) -> Option<Duration> {
    let now = thread.cpu();
    let used = now.since(before).cpu;
    *before = now;
    used
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
