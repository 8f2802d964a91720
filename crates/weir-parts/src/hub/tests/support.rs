//! A hub of lines over memory sinks, and its source.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use weir_stage::stage::{self, RunningProducer};

use super::super::{Encode, Hub, HubBuilder, Left, LeftReason, MemorySink, Since, WatcherId};
use super::naive::{Read, event, gap, read};

pub(super) const MS: Duration = Duration::from_millis(1);

/// Encodes an event as a line with a body of that length. `POISON` panics.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// How often an event was encoded.
    pub(super) encoded: Arc<Mutex<usize>>,
    pub(super) snapshots: Arc<Mutex<usize>>,
}

pub(super) const POISON: usize = 1_000_000;

impl Encode<usize> for Lines {
    fn event(&self, len: &usize, seq: u64, out: &mut Vec<u8>) {
        assert_ne!(*len, POISON, "poison");
        *self.encoded.lock().unwrap() += 1;
        out.extend(event(seq, *len));
    }

    fn snapshot(&self, _last: Option<&usize>, next: u64, out: &mut Vec<u8>) {
        *self.snapshots.lock().unwrap() += 1;
        out.extend_from_slice(format!("S{next}\n").as_bytes());
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        gap(from, to, out);
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Z\n");
    }

    fn last(&self, reason: LeftReason, out: &mut Vec<u8>) {
        if reason == LeftReason::Stopped {
            out.extend_from_slice(b"Z\n");
        }
    }
}

/// A hub, and what feeds and observes it.
pub(super) struct Bench {
    pub(super) hub: Hub<usize, MemorySink>,
    pub(super) publish: mpsc::Sender<usize>,
    pub(super) left: Arc<Mutex<Vec<Left>>>,
    pub(super) source: RunningProducer<usize>,
}

/// A watcher, and the first event that it wants.
pub(super) struct Watcher {
    pub(super) id: WatcherId,
    pub(super) sink: Arc<MemorySink>,
    first: u64,
}

impl Watcher {
    pub(super) fn read(&self) -> Read {
        read(&self.sink.taken(), self.first)
    }
}

impl Bench {
    pub(super) fn new(
        configure: impl FnOnce(HubBuilder<usize, MemorySink>) -> HubBuilder<usize, MemorySink>,
    ) -> Self {
        Self::with(Lines::default(), configure)
    }

    pub(super) fn with(
        lines: Lines,
        configure: impl FnOnce(HubBuilder<usize, MemorySink>) -> HubBuilder<usize, MemorySink>,
    ) -> Self {
        let (publish, events) = mpsc::channel(1);
        let source = stage::producer(events).spawn();
        let left = Arc::<Mutex<Vec<Left>>>::default();
        let noted = Arc::clone(&left);
        let builder = Hub::builder(&source.producer(), lines).shards(1);
        let hub = configure(builder)
            .observe(move |left, _sink: &MemorySink| noted.lock().unwrap().push(*left))
            .spawn();
        Self { hub, publish, left, source }
    }

    pub(super) async fn join(&self, room: usize, since: Since) -> Watcher {
        let sink = Arc::new(MemorySink::with_room(room));
        let joined = self.hub.join(0, Arc::clone(&sink), Vec::new(), since).await.unwrap();
        Watcher { id: joined.id, sink, first: joined.next - joined.missed }
    }

    pub(super) async fn publish(&self, events: usize) {
        for _ in 0..events {
            self.publish.send(6).await.unwrap();
        }
        sleep(MS).await;
    }

    /// Why each watcher left, in that order.
    pub(super) fn reasons(&self) -> Vec<LeftReason> {
        self.left.lock().unwrap().iter().map(|left| left.reason).collect()
    }
}
