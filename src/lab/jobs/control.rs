//! The control thread: takes samples, watches the file of the code, rehearses, and starts and
//! stops workers and scheduler threads.
//!
//! It takes a sample every 100 ms while jobs run or a page is connected, and every 250 ms
//! otherwise.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::code::{RehearsalReport, Saved, Source};
use super::error::JobsError;
use super::history::STEP_MS;
use super::{Inner, MarkKind, lock};

/// The interval of samples while nothing happens, and of readings of the file.
const SLOW: Duration = Duration::from_millis(250);

/// An order for the control thread.
#[derive(Debug)]
pub(super) enum Command {
    /// Brings threads and workers to the numbers in the configuration.
    Adjust,
    /// Rehearses code.
    Rehearse(Source, oneshot::Sender<Result<RehearsalReport, JobsError>>),
    /// Ends all threads.
    End,
}

/// Runs until the lab ends.
pub(super) fn run(inner: &Arc<Inner>, inbox: mpsc::UnboundedReceiver<Command>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(control(inner, inbox));
            runtime.shutdown_background();
        }
        Err(error) => log::error!("jobs: the control thread has no runtime: {error}"),
    }
}

async fn control(inner: &Arc<Inner>, mut inbox: mpsc::UnboundedReceiver<Command>) {
    let (mut next_sample, mut next_look) = (Instant::now(), Instant::now() + SLOW);
    loop {
        tokio::select! {
            command = inbox.recv() => match command {
                Some(Command::Adjust) => inner.adjust(),
                Some(Command::Rehearse(source, answer)) => {
                    let inner = Arc::clone(inner);
                    tokio::spawn(async move {
                        // The requester may no longer wait.
                        let _ = answer.send(inner.rehearse(source).await);
                    });
                }
                Some(Command::End) | None => {
                    lock(&inner.crews).stop();
                    inner.threads.end();
                    return;
                }
            },
            () = inner.wake.notified() => {
                let soon = Instant::now() + Duration::from_millis(STEP_MS);
                next_sample = next_sample.min(soon);
            }
            () = sleep_until(next_sample) => {
                inner.sample();
                let now = Instant::now();
                let pace = if inner.is_active() { Duration::from_millis(STEP_MS) } else { SLOW };
                next_sample = (next_sample + pace).max(now + pace / 2);
            }
            () = sleep_until(next_look) => {
                inner.look();
                next_look = Instant::now() + SLOW;
            }
        }
    }
}

impl Inner {
    /// Whether something happens that a sample would show.
    fn is_active(&self) -> bool {
        let counts = self.core.ledger.counts();
        counts.running > 0
            || lock(&self.config).load.workers > 0
            || self.ticks.receiver_count() > 0
            || lock(&self.sampled).is_recent(counts)
    }

    /// Brings threads and workers to the numbers in the configuration.
    fn adjust(self: &Arc<Self>) {
        let config = self.config();
        let number = config.workers as usize;
        let draining = self.is_draining.load(Ordering::Relaxed);
        let mut load = config.load;
        if draining {
            load.workers = 0;
        }
        let resize = |number| {
            let active = self.threads.active();
            lock(&self.crews).resize(&self.core, &active[..active.len().min(number)], &load);
        };
        if number < self.threads.active().len() {
            // Workers leave a thread before it is closed.
            resize(number);
        }
        if let Err(error) = self.threads.resize(number) {
            log::error!("jobs: cannot start a scheduler thread: {error}");
        }
        resize(number);
    }

    /// Reads the file of the code, and rehearses it if it was saved.
    fn look(self: &Arc<Self>) {
        let saved = {
            let mut desk = lock(&self.desk);
            let saved = desk.file.changed();
            saved.map(|saved| (saved, desk.file.path().to_owned()))
        };
        let Some((saved, path)) = saved else { return };
        let name = path.display().to_string();
        match saved {
            Saved::Unreadable(why) => {
                log::error!("jobs: {name} cannot be read: {why}");
                lock(&self.desk).problem = Some(why);
            }
            Saved::Bytes(bytes) => {
                let source = Source { name: name.clone(), path: Some(path), bytes: bytes.into() };
                let inner = Arc::clone(self);
                tokio::spawn(async move {
                    inner.mark(MarkKind::Save, "saved");
                    match inner.rehearse(source).await {
                        Ok(report) => log::info!(
                            "jobs: {name} was saved and rehearsed: {} of {} inputs the same",
                            report.same,
                            report.inputs
                        ),
                        Err(error) => log::error!("jobs: {name} was saved and cannot run: {error}"),
                    }
                });
            }
        }
    }
}
