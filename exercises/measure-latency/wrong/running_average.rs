// A wrong answer: the mean of the mean so far and the newest.

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
    /// came in.
    pub fn response(&self) -> Duration {
        // From `arrived`, and not from `started`: that would be the service alone,
        // which is the same however long the line is.
        self.finished.since(self.arrived)
    }
}

/// The consumer: does the work, and emits a [`Finished`] for each event.
#[derive(Debug)]
pub struct Work {
    /// What time it is.
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
            // Inside the loop: the second event of a batch starts when the first is
            // done. Stamped once for the batch, it would seem to have worked longer
            // and waited less.
            let started = self.clock.now();
            sleep(self.takes).await;
            all.push(Finished { arrived: event.arrived, started, finished: self.clock.now() });
        }
        all
    }
}

/// The mean response of all that have finished so far.
#[derive(Debug, Default)]
pub struct Latency {
    mean: Option<Duration>,
}

impl Latency {
    /// One more has finished.
    pub fn record(&mut self, finished: &Finished) {
        let newest = finished.response();
        self.mean = Some(self.mean.map_or(newest, |mean| (mean + newest) / 2));
    }

    /// The mean over all that were recorded; `None` before the first.
    pub fn mean(&self) -> Option<Duration> {
        self.mean
    }
}
