//! The end of `weir serve`: the drain, its report, the last run, and an exit in time.
//!
//! The deadline holds whatever still runs: tasks that are being dropped, threads that wait
//! for a disk, a stopped terminal. A watchdog thread enforces it.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use super::Signals;
use crate::cli::Exit;
use crate::cli::log::Writer;
use crate::runs::Store;
use crate::shutdown::Drained;
use crate::workbench::{DrainReport, Running, Workbench};

/// The time after the deadline in which the last run may still be written.
const KEEP: Duration = Duration::from_millis(55);
/// The time after the deadline at which the process ends.
const LATEST: Duration = Duration::from_millis(65);
/// The time that standard error gets to show the report: at least this, and after an early
/// end of the drain the longer time.
const SHOW: Duration = Duration::from_millis(10);
const SHOW_EARLY: Duration = Duration::from_secs(1);

/// Drains the bench after a signal, prints the report, and returns the exit code.
pub(super) async fn end(
    workbench: &Arc<Workbench>,
    store: &Store,
    signal: &str,
    mut signals: Signals,
    writer: &Writer,
    running: Option<Running>,
) -> Exit {
    let began = Instant::now();
    let deadline = workbench.settings().server.drain_timeout;
    let left = || deadline.saturating_sub(began.elapsed());
    let running = Arc::new(running);
    let watchdog = Watchdog::start(workbench, writer, deadline, Arc::clone(&running));
    let held = workbench.ledger().held;
    writer.say(format_args!(
        "\nweir: {signal}: refusing new events; finishing {held} within {deadline:?}\n      \
         ({signal} again to stop at once)"
    ));
    let this = Arc::clone(workbench);
    let hurry = watchdog.hurry.clone();
    tokio::spawn(async move {
        signals.next().await;
        let _ = hurry.send(());
        this.abort();
    });
    let report = workbench.drain(deadline).await;
    let mut exit = watchdog.report(&report);
    if let Some(unkept) = workbench.keep_last(store, left() + KEEP) {
        writer.say(format_args!("weir: {unkept}"));
        exit = exit.and_not_kept();
    }
    forget(&running);
    writer.flush(left().clamp(SHOW, SHOW_EARLY));
    exit
}

/// Ends the process at the deadline, unless it has ended before.
struct Watchdog {
    /// Moves the deadline to the present.
    hurry: Sender<()>,
    /// The exit code, once the report is made.
    exit: Arc<OnceLock<Exit>>,
    writer: Writer,
}

impl Watchdog {
    fn start(
        workbench: &Arc<Workbench>,
        writer: &Writer,
        deadline: Duration,
        running: Arc<Option<Running>>,
    ) -> Self {
        let (hurry, hurried) = channel();
        let exit = Arc::<OnceLock<Exit>>::default();
        let this = Self { hurry, exit, writer: writer.clone() };
        let (workbench, exit, writer) = (Arc::clone(workbench), Arc::clone(&this.exit), writer.clone());
        let watch = move || {
            let began = Instant::now();
            match hurried.recv_timeout(deadline + LATEST) {
                Ok(()) => drop(hurried.recv_timeout(LATEST)),
                Err(RecvTimeoutError::Timeout) => {}
                // The process is ending.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let code = match exit.get() {
                // Reported, but still writing the run or the report.
                Some(exit) => exit.and_not_kept(),
                None => {
                    let report = workbench.cut_short(began.elapsed());
                    writer.say(format_args!("weir: {report}"));
                    code(&report)
                }
            };
            forget(&running);
            writer.flush(SHOW);
            leave(code)
        };
        let started = std::thread::Builder::new().name("weir-deadline".to_owned()).spawn(watch);
        if let Err(error) = started {
            log::error!("cannot start the drain's watchdog, so its deadline may pass: {error}");
        }
        this
    }

    /// Prints the report, and returns the exit code.
    fn report(&self, report: &DrainReport) -> Exit {
        let exit = code(report);
        let _ = self.exit.set(exit);
        self.writer.say(format_args!("weir: {report}"));
        exit
    }
}

/// Removes the mark in the data folder: the process has reported how it ended.
fn forget(running: &Option<Running>) {
    if let Some(running) = running {
        running.remove();
    }
}

fn code(report: &DrainReport) -> Exit {
    match report.drained {
        Drained::Aborted => Exit::Interrupted,
        _ if report.lost() > 0 => Exit::EventsLost,
        _ => Exit::Success,
    }
}

impl Exit {
    /// Replaces a success by [`Exit::RunNotKept`]; a worse exit code stays.
    fn and_not_kept(self) -> Self {
        if self == Self::Success { Self::RunNotKept } else { self }
    }
}

#[expect(clippy::exit, reason = "the main thread may be held up by what the deadline cuts short")]
fn leave(exit: Exit) -> ! {
    std::process::exit(exit as i32)
}
