//! The pacer: yields each request of an open load when it is due.
//!
//! Tokio timers have 1 ms resolution, which is more than many answers take. In real time
//! a separate thread sleeps until each request is due and hands it over. Under virtual
//! time, where nothing is late, a timer does.

use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep_until;

use crate::pipeline::{Clock, Stamp};

/// How much later than requested a sleeping thread wakes up, approximately.
const OVERSLEPT: Duration = Duration::from_micros(55);

/// The due times of a load, each yielded at that time.
pub(super) enum Pacer {
    /// From a thread.
    Thread(UnboundedReceiver<Stamp>),
    /// From a timer.
    Timer { clock: Clock, due: Box<dyn Iterator<Item = Stamp>> },
}

impl Pacer {
    /// Paces `schedule`, which counts from `began`, with a thread.
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
                // The receiver is gone because the load has ended.
                if sender.send(due).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("weir-pacer".to_owned()).spawn(pace)?;
        Ok(Self::Thread(due))
    }

    /// Paces `schedule`, which counts from `began`, with a timer.
    pub(super) fn timer(
        clock: Clock,
        began: Stamp,
        schedule: impl Iterator<Item = Duration> + 'static,
    ) -> Self {
        Self::Timer { clock, due: Box::new(schedule.map(move |after| began.after(after))) }
    }

    /// Waits for the next request and returns its due time; `None` after the last.
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
