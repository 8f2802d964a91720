//! What can be seen of a running stage without asking it.
//!
//! Each number is written by the stage's own task and by nobody else, once a
//! batch or less, so that looking at a stage costs it nothing. Read together
//! they may be a moment apart while the stage works.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::stopwatch::{Stopwatch, Timed};
use crate::clean;

/// The kinds of stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only produces.
    Producer,
    /// Consumes and produces.
    ProducerConsumer,
    /// Only consumes.
    Consumer,
    /// A [pool](crate::pool): many consumers as one.
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

/// Where a stage is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It works, or waits for work.
    Running,
    /// It keeps asks and dispatches nothing until it is resumed.
    Paused,
    /// It delivers and finishes what it has, and takes nothing new.
    Ending,
    /// It is gone.
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

/// What a stage is doing. Counts are in events, and 0 where the kind of stage
/// has no such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The name it was given, or its kind.
    pub name: Arc<str>,
    /// What kind of stage it is.
    pub kind: Kind,
    /// Where it is in its life.
    pub state: State,
    /// The type of its dispatcher, if it produces.
    pub dispatcher: Option<&'static str>,
    /// How many producers it is subscribed to.
    pub producers: usize,
    /// How many consumers are subscribed to it.
    pub consumers: usize,
    /// Delivered to it since it started; what it gave back counts again when it
    /// is delivered again.
    pub events_in: u64,
    /// Delivered by it since it started, each as often as it was delivered.
    pub events_out: u64,
    /// What it has asked for and not been sent.
    pub asked: usize,
    /// What its consumers have asked for and it has not sent.
    pub demand: usize,
    /// What it has emitted and nobody has asked for.
    pub buffered: usize,
    /// What was delivered to it and is not finished: waiting or in its handler.
    pub held: usize,
    /// What it had and let go of unhandled, since it started: the buffer had no room
    /// for it, the dispatcher discarded it, its handler panicked or was aborted, or
    /// the stage ended and there was no consumer to take it. Logged each time. What
    /// goes back to a producer does not count.
    pub dropped: u64,
    /// How long it has been in the author's code, waiting inside it included;
    /// up to the last batch that was finished. Of code that returns within a
    /// microsecond an estimate.
    pub busy: Duration,
}

/// The dials behind a [`Status`].
#[derive(Debug, Clone)]
pub(crate) struct Meter(Arc<Dials>);

/// In cache lines of its own: two stages on two cores write to theirs all the
/// time.
#[derive(Debug)]
#[repr(align(128))]
struct Dials {
    name: Arc<str>,
    kind: Kind,
    dispatcher: Option<&'static str>,
    state: AtomicU8,
    producers: AtomicUsize,
    consumers: AtomicUsize,
    events_in: AtomicU64,
    events_out: AtomicU64,
    asked: AtomicUsize,
    demand: AtomicUsize,
    buffered: AtomicUsize,
    held: AtomicUsize,
    dropped: AtomicU64,
    watch: Stopwatch,
}

/// Only one task writes, so a sum needs no atomic addition.
fn add(dial: &AtomicU64, n: u64) {
    dial.store(dial.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}

impl Meter {
    /// For a stage with this name, or named after its kind.
    pub(crate) fn new(name: Option<Arc<str>>, kind: Kind, dispatcher: Option<&'static str>) -> Self {
        Self(Arc::new(Dials {
            name: name.map_or_else(|| kind.to_string().into(), |name| clean::line(&name).into()),
            kind,
            dispatcher,
            state: AtomicU8::new(State::Running as u8),
            producers: AtomicUsize::new(0),
            consumers: AtomicUsize::new(0),
            events_in: AtomicU64::new(0),
            events_out: AtomicU64::new(0),
            asked: AtomicUsize::new(0),
            demand: AtomicUsize::new(0),
            buffered: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
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

    pub(crate) fn delivered(&self, n: usize) {
        add(&self.0.events_out, n as u64);
    }

    /// Does the author's work, and times it.
    ///
    /// # Cancel safety
    /// As the work.
    pub(crate) fn time<'a, F: Future>(&'a self, work: Pin<&'a mut F>) -> Timed<'a, F> {
        self.0.watch.time(work)
    }

    /// The consuming side.
    pub(crate) fn inlet(&self, producers: usize, asked: usize, held: usize) {
        self.0.producers.store(producers, Ordering::Relaxed);
        self.0.asked.store(asked, Ordering::Relaxed);
        self.0.held.store(held, Ordering::Relaxed);
    }

    /// The producing side.
    pub(crate) fn outlet(&self, consumers: usize, demand: usize, buffered: usize) {
        self.0.consumers.store(consumers, Ordering::Relaxed);
        self.0.demand.store(demand, Ordering::Relaxed);
        self.0.buffered.store(buffered, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Status {
        let dials = &*self.0;
        let count = |dial: &AtomicUsize| dial.load(Ordering::Relaxed);
        Status {
            name: self.name(),
            kind: dials.kind,
            state: match dials.state.load(Ordering::Relaxed) {
                state if state == State::Running as u8 => State::Running,
                state if state == State::Paused as u8 => State::Paused,
                state if state == State::Ending as u8 => State::Ending,
                _ => State::Ended,
            },
            dispatcher: dials.dispatcher,
            producers: count(&dials.producers),
            consumers: count(&dials.consumers),
            events_in: dials.events_in.load(Ordering::Relaxed),
            events_out: dials.events_out.load(Ordering::Relaxed),
            asked: count(&dials.asked),
            demand: count(&dials.demand),
            buffered: count(&dials.buffered),
            held: count(&dials.held),
            dropped: dials.dropped.load(Ordering::Relaxed),
            busy: dials.watch.read(),
        }
    }
}

/// The name of a type without its path and parameters.
pub(crate) fn short_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.rsplit_once("::").map_or(name, |(_, name)| name)
}
