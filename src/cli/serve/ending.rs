//! The end of `weir serve`: the drain, its report, the last run, and an exit in time.
//!
//! The deadline holds whatever still runs: tasks that are being dropped, threads that
//! wait for a disk, a terminal that is stopped. A thread of its own watches over it.

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

/// How long after the deadline the last run may still be written.
const KEEP: Duration = Duration::from_millis(55);
/// How long after the deadline the process ends, whatever still runs.
const LATEST: Duration = Duration::from_millis(65);
/// How long standard error gets to show the report: this at least, and after a drain
/// that ended early the longer time.
const SHOW: Duration = Duration::from_millis(10);
const SHOW_EARLY: Duration = Duration::from_secs(1);

/// Drains the bench after a signal, reports, and says how the process is to end.
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
        "\nweir: {signal}: taking nothing new; finishing {held} events for up to {deadline:?}\n      \
         (once more to stop at once)"
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

/// Ends the process when the deadline has passed, if nothing else has.
struct Watchdog {
    /// Moves the deadline to now.
    hurry: Sender<()>,
    /// How the process ends, once the report is made.
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
                // Reported, and still writing the run or the report.
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
            log::error!("the deadline of the drain may be missed: no thread to watch it: {error}");
        }
        this
    }

    /// Shows the report, and returns how the process is to end.
    fn report(&self, report: &DrainReport) -> Exit {
        let exit = code(report);
        let _ = self.exit.set(exit);
        self.writer.say(format_args!("weir: {report}"));
        exit
    }
}

/// The process has told how it ends, and need not be told of by the next one.
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
    /// The same, or that a run could not be kept if that is the worst there is.
    fn and_not_kept(self) -> Self {
        if self == Self::Success { Self::RunNotKept } else { self }
    }
}

#[expect(clippy::exit, reason = "the main thread may be held up by what the deadline cuts short")]
fn leave(exit: Exit) -> ! {
    std::process::exit(exit as i32)
}
