//! The status of a running stage, which can be read without asking the stage.
//!
//! Only the stage's own task writes the numbers, at most once a batch, so reading them costs
//! the stage nothing. While the stage works, numbers that are read together may be from
//! slightly different moments.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::stopwatch::{Stopwatch, Timed};
use crate::clean;

/// The kinds of stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A stage that only produces.
    Producer,
    /// A stage that consumes and produces.
    ProducerConsumer,
    /// A stage that only consumes.
    Consumer,
    /// A [pool](crate::pool): several consumers that act as one.
    Pool,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Producer => "producer",
            Self::ProducerConsumer => "producer-consumer",
            Self::Consumer => "consumer",
            Self::Pool => "pool",
        })
    }
}

/// The phase of a stage's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The stage works, or waits for work.
    Running,
    /// The stage keeps asks and dispatches nothing until it is resumed.
    Paused,
    /// The stage delivers and finishes what it has, and takes nothing new.
    Ending,
    /// The stage is gone.
    Ended,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ending => "ending",
            Self::Ended => "ended",
        })
    }
}

/// A snapshot of what a stage is doing. Counts are in events unless stated otherwise, and 0
/// where they do not apply to the kind of stage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The name of the stage; by default its kind.
    pub name: Arc<str>,
    /// The kind of stage.
    pub kind: Kind,
    /// The phase of its life.
    pub state: State,
    /// The type name of its dispatcher, if it produces.
    pub dispatcher: Option<&'static str>,
    /// The number of its subscriptions to producers.
    pub producers: usize,
    /// The number of consumers subscribed to it.
    pub consumers: usize,
    /// Events delivered to it since it started. An event that it requeued counts again when
    /// it is delivered again.
    pub events_in: u64,
    /// Events delivered by it since it started, counted once for each delivery.
    pub events_out: u64,
    /// Events that it has asked for and not been sent.
    pub asked: usize,
    /// Events that its consumers have asked for and it has not sent.
    pub demand: usize,
    /// Events that it has emitted and not dispatched.
    pub buffered: usize,
    /// Events delivered to it and not finished: waiting or in its handler.
    pub held: usize,
    /// Events lost since it started: the buffer had no room, the dispatcher discarded them,
    /// the handler panicked or was aborted, or the stage ended without a consumer for them.
    /// Each loss is logged. Events that are requeued do not count.
    pub dropped: u64,
    /// Events that it gave back to its producer before beginning them, since it started.
    pub requeued: u64,
    /// Time spent in the author's code, including waiting inside it, up to the last finished
    /// batch. An estimate for code that returns within a microsecond.
    pub busy: Duration,
}

/// The counters behind a [`Status`]; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Arc<Numbers>);

/// Aligned to cache lines of its own, because two stages on two cores write to theirs all
/// the time. The numbers of subscriptions use small types, so that the whole struct fits into two lines.
#[derive(Debug)]
#[repr(align(128))]
struct Numbers {
    name: Arc<str>,
    kind: Kind,
    dispatcher: Option<&'static str>,
    state: AtomicU8,
    producers: AtomicU32,
    consumers: AtomicU32,
    events_in: AtomicU64,
    events_out: AtomicU64,
    asked: AtomicUsize,
    demand: AtomicUsize,
    buffered: AtomicUsize,
    held: AtomicUsize,
    dropped: AtomicU64,
    requeued: AtomicU64,
    watch: Stopwatch,
}

/// Adds to a counter. Only one task writes to it, so no atomic addition is needed.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}

impl Meter {
    /// Makes the meter of a stage with this name, or named after its kind.
    pub(crate) fn new(name: Option<Arc<str>>, kind: Kind, dispatcher: Option<&'static str>) -> Self {
        Self(Arc::new(Numbers {
            name: name.map_or_else(|| kind.to_string().into(), |name| clean::line(&name).into()),
            kind,
            dispatcher,
            state: AtomicU8::new(State::Running as u8),
            producers: AtomicU32::new(0),
            consumers: AtomicU32::new(0),
            events_in: AtomicU64::new(0),
            events_out: AtomicU64::new(0),
            asked: AtomicUsize::new(0),
            demand: AtomicUsize::new(0),
            buffered: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            requeued: AtomicU64::new(0),
            watch: Stopwatch::default(),
        }))
    }

    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.0.name)
    }

    pub(crate) fn state(&self, state: State) {
        self.0.state.store(state as u8, Ordering::Relaxed);
    }

    pub(crate) fn arrived(&self, n: usize) {
        add(&self.0.events_in, n as u64);
    }

    pub(crate) fn dropped(&self, n: usize) {
        add(&self.0.dropped, n as u64);
    }

    pub(crate) fn requeued(&self, n: usize) {
        add(&self.0.requeued, n as u64);
    }

    pub(crate) fn delivered(&self, n: usize) {
        add(&self.0.events_out, n as u64);
    }

    /// Runs the author's work and times it.
    ///
    /// # Cancel safety
    /// Cancel safe if the work is.
    pub(crate) fn time<'a, F: Future>(&'a self, work: Pin<&'a mut F>) -> Timed<'a, F> {
        self.0.watch.time(work)
    }

    /// Sets the numbers of the input side.
    pub(crate) fn inlet(&self, producers: usize, asked: usize, held: usize) {
        self.0.producers.store(producers as u32, Ordering::Relaxed);
        self.0.asked.store(asked, Ordering::Relaxed);
        self.0.held.store(held, Ordering::Relaxed);
    }

    /// Sets the numbers of the output side.
    pub(crate) fn outlet(&self, consumers: usize, demand: usize, buffered: usize) {
        self.0.consumers.store(consumers as u32, Ordering::Relaxed);
        self.0.demand.store(demand, Ordering::Relaxed);
        self.0.buffered.store(buffered, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Status {
        let numbers = &*self.0;
        let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        Status {
            name: self.name(),
            kind: numbers.kind,
            state: match numbers.state.load(Ordering::Relaxed) {
                state if state == State::Running as u8 => State::Running,
                state if state == State::Paused as u8 => State::Paused,
                state if state == State::Ending as u8 => State::Ending,
                _ => State::Ended,
            },
            dispatcher: numbers.dispatcher,
            producers: numbers.producers.load(Ordering::Relaxed) as usize,
            consumers: numbers.consumers.load(Ordering::Relaxed) as usize,
            events_in: numbers.events_in.load(Ordering::Relaxed),
            events_out: numbers.events_out.load(Ordering::Relaxed),
            asked: count(&numbers.asked),
            demand: count(&numbers.demand),
            buffered: count(&numbers.buffered),
            held: count(&numbers.held),
            dropped: numbers.dropped.load(Ordering::Relaxed),
            requeued: numbers.requeued.load(Ordering::Relaxed),
            busy: numbers.watch.read(),
        }
    }
}

/// Returns the name of a type without its path and parameters.
pub(crate) fn short_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.rsplit_once("::").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_stage_fit_into_two_cache_lines() {
        assert_eq!(size_of::<Numbers>(), 128);
    }
}
