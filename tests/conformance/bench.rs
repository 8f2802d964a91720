//! A dispatcher by itself, and one in a stage whose author answers when it is
//! let.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;
use weir::dispatch::{Assignment, Dispatcher, Greedy, SubscribeError, SubscribeRequest, Tag};
use weir::stage::{self, Producer, ProducerRef, RunningConsumer, RunningProducer, SubscribeOptions};

use crate::support::{Collect, Numbers, Seen};

/// A dispatcher without a stage around it; its subscriptions are 0, 1, 2, …
pub(super) struct Bench<D> {
    pub(super) dispatcher: D,
    tags: Vec<Tag>,
}

/// (subscription, events) for each assignment.
pub(super) type Sent = Vec<(usize, Vec<u32>)>;

impl<D: Dispatcher<u32>> Bench<D> {
    pub(super) fn new(dispatcher: D) -> Self {
        Self { dispatcher, tags: Vec::new() }
    }

    /// With this many subscriptions, each of another consumer.
    pub(super) fn with(dispatcher: D, subscriptions: u64) -> Self {
        let mut bench = Self::new(dispatcher);
        for consumer in 0..subscriptions {
            bench.subscribe(SubscribeRequest::new(consumer)).unwrap();
        }
        bench
    }

    pub(super) fn subscribe(&mut self, request: SubscribeRequest<u32>) -> Result<usize, SubscribeError> {
        let tag = Tag::unique();
        self.dispatcher.subscribe(tag, request)?;
        self.tags.push(tag);
        Ok(self.tags.len() - 1)
    }

    pub(super) fn subscribe_to(&mut self, partition: usize) -> Result<usize, SubscribeError> {
        self.subscribe(SubscribeRequest::new(0).partition(partition))
    }

    /// Asks, and returns the level of demand there is then.
    pub(super) fn ask(&mut self, who: usize, n: usize) -> usize {
        self.dispatcher.ask(self.tags[who], n);
        self.demand()
    }

    /// Asks, and returns what had waited for it.
    pub(super) fn ask_queued(&mut self, who: usize, n: usize) -> Sent {
        self.ask(who, n);
        let mut out = Vec::new();
        self.dispatcher.dispatch_queued(&mut out);
        self.name(out)
    }

    pub(super) fn cancel(&mut self, who: usize) -> Vec<u32> {
        self.dispatcher.cancel(self.tags[who])
    }

    /// The consumer that the warning names, what it asks for, and what the others ask for.
    pub(super) fn greedy(&mut self) -> Option<(usize, usize, RangeInclusive<usize>)> {
        let Greedy { tag, asks, others, .. } = self.dispatcher.greedy()?;
        Some((self.tags.iter().position(|&other| other == tag).unwrap(), asks, others))
    }

    pub(super) fn demand(&self) -> usize {
        self.dispatcher.demand()
    }

    /// What is assigned, and what is returned.
    pub(super) fn dispatch(&mut self, events: impl IntoIterator<Item = u32>) -> (Sent, Vec<u32>) {
        let mut out = Vec::new();
        let rest = self.dispatcher.dispatch(events.into_iter().collect(), &mut out);
        (self.name(out), rest)
    }

    fn name(&self, assignments: Vec<Assignment<u32>>) -> Sent {
        let who = |tag| self.tags.iter().position(|&other| other == tag).unwrap();
        assignments.into_iter().map(|a| (who(a.to), a.events)).collect()
    }
}

/// Answers each demand in full, but only when it is let.
struct Gated {
    numbers: Numbers,
    gate: Arc<Semaphore>,
}

impl Producer for Gated {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let events = self.numbers.produce(demand).await;
        self.gate.acquire().await.unwrap().forget();
        events
    }
}

/// A running producer, the demands its author was given, and the gate before its
/// answers.
pub(super) struct Author {
    running: RunningProducer<u64>,
    demands: Seen<usize>,
    gate: Arc<Semaphore>,
}

impl Author {
    pub(super) fn spawn(dispatcher: impl Dispatcher<u64>) -> Self {
        let (numbers, gate) = (Numbers::below(u64::MAX), Arc::new(Semaphore::new(0)));
        let demands = numbers.demands.clone();
        let gated = Gated { numbers, gate: Arc::clone(&gate) };
        Self { running: stage::producer(gated).dispatcher(dispatcher).spawn(), demands, gate }
    }

    pub(super) fn producer(&self) -> ProducerRef<u64> {
        self.running.producer()
    }

    /// Every demand it has been given.
    pub(super) async fn asked(&self) -> Vec<usize> {
        settled().await;
        self.demands.all()
    }

    /// Lets it answer the demand it has.
    pub(super) async fn answer(&self) {
        self.gate.add_permits(1);
        settled().await;
    }
}

/// A consumer that asks when the test says so.
pub(super) struct Asker {
    running: RunningConsumer<u64>,
    tag: Tag,
    batches: Seen<Vec<u64>>,
}

impl Asker {
    pub(super) async fn join(author: &Author) -> Self {
        Self::join_as(author, SubscribeOptions::manual()).await
    }

    pub(super) async fn join_partition(author: &Author, partition: usize) -> Self {
        Self::join_as(author, SubscribeOptions::manual().partition(partition)).await
    }

    async fn join_as(author: &Author, options: SubscribeOptions<u64>) -> Self {
        let collect = Collect::quickly();
        let batches = collect.batches.clone();
        let running = stage::consumer(collect).spawn();
        let tag = running.consumer().subscribe(&author.producer(), options).await.unwrap();
        settled().await;
        Self { running, tag, batches }
    }

    pub(super) async fn ask(&self, n: usize) {
        assert_eq!(self.running.consumer().ask(self.tag, n).await, Ok(true));
        settled().await;
    }

    pub(super) async fn leave(self) {
        self.running.stop();
        settled().await;
    }

    /// Every event it has got.
    pub(super) fn got(&self) -> Vec<u64> {
        self.batches.all().concat()
    }
}

/// Waits until every task is idle: a paused clock advances only then.
async fn settled() {
    sleep(Duration::from_millis(1)).await;
}
