//! The stage in front of the shards: it numbers the events, so that all shards agree on the
//! number of each, whichever of them is restarted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::time::Instant;
use weir_stage::stage::ProducerConsumer;

/// An event with its number.
pub struct Numbered<E> {
    /// The number of the event; each is one more than the last.
    pub seq: u64,
    /// The event, shared by all shards.
    pub event: Arc<E>,
    /// The time at which it was numbered.
    pub published: Instant,
    /// True if the shards record when each watcher gets it.
    pub(super) traced: bool,
}

impl<E> Clone for Numbered<E> {
    fn clone(&self) -> Self {
        Self { event: Arc::clone(&self.event), ..*self }
    }
}

impl<E> fmt::Debug for Numbered<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbered").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// The state that outlives the stage: the next number, and a request to trace the next event.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) next: AtomicU64,
    pub(super) trace: AtomicBool,
}

/// The stage.
pub(super) struct Number<E> {
    pub(super) counter: Arc<Counter>,
    pub(super) trace_if: fn(&E) -> bool,
}

impl<E: Send + Sync + 'static> ProducerConsumer for Number<E> {
    type In = E;
    type Out = Numbered<E>;

    async fn process(&mut self, events: Vec<E>) -> Vec<Numbered<E>> {
        let published = Instant::now();
        let number = |event| Numbered {
            seq: self.counter.next.fetch_add(1, Ordering::Relaxed),
            published,
            traced: (self.trace_if)(&event) || self.counter.trace.swap(false, Ordering::Relaxed),
            event: Arc::new(event),
        };
        events.into_iter().map(number).collect()
    }
}
