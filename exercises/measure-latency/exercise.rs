// Measure latency: write what a consumer emits, and what is computed from it.
//
//   queue ─▶ Work ─▶ Latency
//            emits   computes the mean response
//
// Replace each `todo!()`. Nothing else has to change.

use std::time::Duration;

use tokio::time::sleep;
use weir_parts::pipeline::{Clock, Event, Stamp};
use weir_stage::stage::ProducerConsumer;

/// What is emitted about an event that is done: moments, and no opinions. Whoever
/// receives it computes what it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// When it came in.
    pub arrived: Stamp,
    /// When work on it began.
    pub started: Stamp,
    /// When it was done.
    pub finished: Stamp,
}

impl Finished {
    /// How long somebody has waited for the result who has waited since the event
    /// came in. `later.since(earlier)` is the time between two stamps.
    pub fn response(&self) -> Duration {
        todo!()
    }
}

/// The consumer: does the work, and emits a [`Finished`] for each event.
#[derive(Debug)]
pub struct Work {
    /// What time it is: `self.clock.now()`.
    pub clock: Clock,
    /// How long the work on one event takes.
    pub takes: Duration,
}

impl ProducerConsumer for Work {
    type In = Event;
    type Out = Finished;

    /// Does the events one after the other: notes the time, sleeps for
    /// `self.takes`, notes the time again. There may be several in a batch, and
    /// each has moments of its own.
    async fn process(&mut self, events: Vec<Event>) -> Vec<Finished> {
        todo!()
    }
}

/// The mean response of all that have finished so far. It keeps no list of them:
/// there may be millions. Add what fields you need.
#[derive(Debug, Default)]
pub struct Latency {}

impl Latency {
    /// One more has finished.
    pub fn record(&mut self, finished: &Finished) {
        todo!()
    }

    /// The mean over all that were recorded; `None` before the first. A `Duration`
    /// can be divided by a `u32`.
    pub fn mean(&self) -> Option<Duration> {
        todo!()
    }
}
