// Measure latency: write the report that a consumer emits, and the mean over the reports.
//
//   queue ─▶ Work ─▶ Latency
//            emits   computes the mean response
//
// Replace each `todo!()`. Nothing else has to change.

use std::time::Duration;

use tokio::time::sleep;
use weir_parts::pipeline::{Clock, Event, Stamp};
use weir_stage::stage::ProducerConsumer;

/// The report on a finished event: three timestamps. The stage that receives the report
/// computes from them what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// When the event arrived.
    pub arrived: Stamp,
    /// When the work on it started.
    pub started: Stamp,
    /// When the work on it was done.
    pub finished: Stamp,
}

impl Finished {
    /// How long a client waits that has waited since the event arrived.
    /// `later.since(earlier)` is the time between two timestamps.
    pub fn response(&self) -> Duration {
        todo!()
    }
}

/// The consumer: does the work, and emits a [`Finished`] for each event.
#[derive(Debug)]
pub struct Work {
    /// Tells the time: `self.clock.now()`.
    pub clock: Clock,
    /// How long the work on one event takes.
    pub takes: Duration,
}

impl ProducerConsumer for Work {
    type In = Event;
    type Out = Finished;

    /// Handles the events one after the other. For each of them it reads the clock, sleeps
    /// for `self.takes`, and reads the clock again. A batch may hold several events, and
    /// each of them has its own timestamps.
    async fn process(&mut self, events: Vec<Event>) -> Vec<Finished> {
        todo!()
    }
}

/// The mean response of the events that have finished so far. It keeps no list of the
/// events, because there may be millions. Add the fields you need.
#[derive(Debug, Default)]
pub struct Latency {}

impl Latency {
    /// Adds a finished event.
    pub fn record(&mut self, finished: &Finished) {
        todo!()
    }

    /// The mean response of all recorded events; `None` before the first. A `Duration` can
    /// be divided by a `u32`.
    pub fn mean(&self) -> Option<Duration> {
        todo!()
    }
}
