// A wrong answer: it divides by the number of finished events, even when that is 0.

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
    pub fn response(&self) -> Duration {
        // From `arrived`, and not from `started`: that would be the service time, which
        // is the same for any length of the queue.
        self.finished.since(self.arrived)
    }
}

/// The consumer: does the work, and emits a [`Finished`] for each event.
#[derive(Debug)]
pub struct Work {
    /// Tells the time.
    pub clock: Clock,
    /// How long the work on one event takes.
    pub takes: Duration,
}

impl ProducerConsumer for Work {
    type In = Event;
    type Out = Finished;

    async fn process(&mut self, events: Vec<Event>) -> Vec<Finished> {
        let mut all = Vec::with_capacity(events.len());
        for event in events {
            // Inside the loop: the second event of a batch starts when the first is done.
            // With one timestamp for the batch, the second event would seem to wait less
            // and to take longer.
            let started = self.clock.now();
            sleep(self.takes).await;
            all.push(Finished { arrived: event.arrived, started, finished: self.clock.now() });
        }
        all
    }
}

/// The mean response of the events that have finished so far.
#[derive(Debug, Default)]
pub struct Latency {
    // A mean needs a sum and a count, in any order and any batches.
    total: Duration,
    count: u32,
}

impl Latency {
    /// Adds a finished event.
    pub fn record(&mut self, finished: &Finished) {
        self.total += finished.response();
        self.count += 1;
    }

    /// The mean response of all recorded events; `None` before the first.
    pub fn mean(&self) -> Option<Duration> {
        Some(self.total / self.count)
    }
}
