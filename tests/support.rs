//! What several modules need.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use weir::config::Sources;
use weir::stage::{Consumer, Producer};
use weir::workbench::Workbench;

/// What a test watches happen, shared with the stages under test.
#[derive(Debug)]
pub(crate) struct Seen<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Seen<T> {
    pub(crate) fn nothing() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn add(&self, item: T) {
        self.0.lock().unwrap().push(item);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// Produces 0, 1, 2, … up to a limit, and notes each demand it was given.
pub(crate) struct Numbers {
    pub(crate) next: u64,
    pub(crate) end: u64,
    pub(crate) demands: Seen<usize>,
}

impl Numbers {
    pub(crate) fn below(end: u64) -> Self {
        Self { next: 0, end, demands: Seen::nothing() }
    }
}

impl Producer for Numbers {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        self.demands.add(demand);
        let first = self.next;
        self.next = self.end.min(first + demand as u64);
        (first < self.next).then(|| (first..self.next).collect())
    }
}

/// Notes each batch, and takes its time over it.
pub(crate) struct Collect {
    pub(crate) batches: Seen<Vec<u64>>,
    pub(crate) pause: Duration,
}

impl Collect {
    pub(crate) fn quickly() -> Self {
        Self { batches: Seen::nothing(), pause: Duration::ZERO }
    }

    pub(crate) fn slowly(pause: Duration) -> Self {
        Self { batches: Seen::nothing(), pause }
    }
}

impl Consumer for Collect {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        self.batches.add(events);
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }
}

/// First and last of each batch, as the conformance list writes them.
pub(crate) fn ranges(batches: &[Vec<u64>]) -> Vec<(u64, u64)> {
    batches.iter().map(|batch| (batch[0], batch[batch.len() - 1])).collect()
}

/// A bench with settings as on the command line.
pub(crate) fn bench(settings: &[&str]) -> Arc<Workbench> {
    let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
    let sources = Sources { file: None, flags };
    Workbench::start(sources.load().expect("valid settings"), &sources)
}

/// Changes settings of a running bench, starting from the defaults.
pub(crate) async fn reconfigure(bench: &Workbench, settings: &[&str]) {
    let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
    let sources = Sources { file: None, flags };
    bench.apply(sources.load().expect("valid settings")).await;
}
