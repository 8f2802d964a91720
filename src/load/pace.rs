//! Says when requests are due, and says it then.
//!
//! tokio's timers are a millisecond coarse, which is more than many answers take.
//! In real time a thread of its own sleeps until each request is due and hands it
//! over; under virtual time, where nothing is late, a timer does.

use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep_until;

use crate::pipeline::{Clock, Stamp};

/// How much later than it asked to a sleeping thread wakes up, about.
const OVERSLEPT: Duration = Duration::from_micros(55);

/// The due times of a load, each when it has come.
pub(super) enum Pacer {
    /// From a thread.
    Thread(UnboundedReceiver<Stamp>),
    /// From a timer.
    Timer { clock: Clock, due: Box<dyn Iterator<Item = Stamp>> },
}

impl Pacer {
    /// Of `schedule`, which counts from `began`, by a thread.
    pub(super) fn thread(
        clock: Clock,
        began: Stamp,
        schedule: impl Iterator<Item = Duration> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, due) = mpsc::unbounded_channel();
        let pace = move || {
            for after in schedule {
                let due = began.after(after);
                sleep(due.since(clock.now()));
                // The receiver is gone: the load has ended.
                if sender.send(due).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("weir-pacer".to_owned()).spawn(pace)?;
        Ok(Self::Thread(due))
    }

    /// Of `schedule`, which counts from `began`, by a timer.
    pub(super) fn timer(
        clock: Clock,
        began: Stamp,
        schedule: impl Iterator<Item = Duration> + 'static,
    ) -> Self {
        Self::Timer { clock, due: Box::new(schedule.map(move |after| began.after(after))) }
    }

    /// The next request that is due, once it is; `None` when there are no more.
    ///
    /// # Cancel safety
    /// Not cancel safe under virtual time: the request is lost.
    pub(super) async fn next(&mut self) -> Option<Stamp> {
        match self {
            Self::Thread(due) => due.recv().await,
            Self::Timer { clock, due } => {
                let due = due.next()?;
                sleep_until(clock.to_instant(due)).await;
                Some(due)
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread that keeps real time, and never a virtual one")]
fn sleep(duration: Duration) {
    if let Some(early) = duration.checked_sub(OVERSLEPT) {
        std::thread::sleep(early);
    }
}
