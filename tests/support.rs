//! What several modules need.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use weir::config::Sources;
use weir::demand::Limits;
use weir::dispatch::Tag;
use weir::stage::{
    self, Consumer, Producer, ProducerBuilder, ProducerRef, RunningConsumer, SubscribeOptions,
    SubscriptionChange,
};
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
        self.next = self.end.min(first.saturating_add(demand as u64));
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

/// How long a slow consumer takes over a batch.
pub(crate) const STEP: Duration = Duration::from_millis(10);

/// Virtual time passes only when every stage waits, so after any of it whatever
/// could happen without more time has happened. A timer has no finer ticks.
pub(crate) async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

pub(crate) fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

/// A producer that has nothing of its own: what it delivers is what it is made
/// to emit.
pub(crate) fn silent<T: Send + 'static>() -> ProducerBuilder<impl Producer<Event = T>> {
    stage::producer_fn(|_demand| std::future::pending())
}

/// A consumer that notes each batch and takes `pause` over it.
pub(crate) fn collecting(
    pause: Duration,
    producer: &ProducerRef<u64>,
    options: impl Into<SubscribeOptions<u64>>,
) -> (Seen<Vec<u64>>, RunningConsumer<u64>) {
    let collect = Collect::slowly(pause);
    let batches = collect.batches.clone();
    (batches, stage::consumer(collect).subscribe_to(producer, options).spawn())
}

/// A consumer that takes its first batch and never returns from it.
pub(crate) fn hanging(producer: &ProducerRef<u64>, limits: Limits) -> RunningConsumer<u64> {
    stage::consumer_fn(|_events| std::future::pending()).subscribe_to(producer, limits).spawn()
}

thread_local! {
    /// The records logged on this thread, once a test asks for them. A test on a
    /// current-thread runtime has all its stages on its own thread.
    static LOGGED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = || format!("{}: {}", record.level(), record.args());
        LOGGED.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.push(line())));
    }

    fn flush(&self) {}
}

/// What the code under test logs on this thread, from now on.
pub(crate) struct Logs;

impl Logs {
    pub(crate) fn capture() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            log::set_logger(&Capture).expect("no other logger in the tests");
            log::set_max_level(log::LevelFilter::Warn);
        });
        LOGGED.set(Some(Vec::new()));
        Self
    }

    /// The lines since the last look.
    pub(crate) fn take(&self) -> Vec<String> {
        LOGGED.replace(Some(Vec::new())).expect("capturing")
    }
}

/// A stage's notices about its subscriptions: the tag, and the rest in words.
pub(crate) type Notes = Seen<(Tag, String)>;

/// An observer that writes everything down.
pub(crate) fn noting(notes: &Notes) -> impl Fn(&SubscriptionChange<'_>) + Send + Sync + 'static {
    let notes = notes.clone();
    move |notice| match notice {
        SubscriptionChange::Subscribed(peer) => {
            notes.add((peer.tag, format!("{:?} {} subscribed", peer.side, peer.name)));
        }
        SubscriptionChange::Cancelled { peer, reason, .. } => {
            notes.add((peer.tag, format!("{:?} {} left: {reason}", peer.side, peer.name)));
        }
        _ => unreachable!("there are no other notices"),
    }
}

/// The notes without their tags.
pub(crate) fn words(notes: &Notes) -> Vec<String> {
    notes.all().into_iter().map(|(_, words)| words).collect()
}
