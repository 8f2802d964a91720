//! The end of a producer whose author's code is still running.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::demand::Limits;
use crate::stage::{self, Producer, ProducerRef, Reason, RunningConsumer};

const MS: Duration = Duration::from_millis(1);

type Seen = Arc<Mutex<Vec<u64>>>;

fn collect(producer: &ProducerRef<u64>) -> (Seen, RunningConsumer<u64>) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let consume = move |events: Vec<u64>| {
        noted.lock().unwrap().extend(events);
        std::future::ready(())
    };
    (seen, stage::consumer_fn(consume).subscribe_to(producer, Limits::default()).spawn())
}

/// A producer that collects four numbers over 40 ms.
struct Collecting {
    next: u64,
}

impl Producer for Collecting {
    type Event = u64;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        let mut events = Vec::new();
        for _ in 0..4 {
            sleep(10 * MS).await;
            events.push(self.next);
            self.next += 1;
        }
        Some(events)
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_told_to_stop_delivers_what_it_is_collecting() {
    let source = stage::producer(Collecting { next: 0 }).spawn();
    let (seen, consumer) = collect(&source.producer());
    sleep(65 * MS).await;
    source.stop();
    let told = Instant::now();
    assert_eq!((source.join().await, told.elapsed()), (Reason::Stopped, 15 * MS));
    consumer.join().await;
    assert_eq!(*seen.lock().unwrap(), (0..8).collect::<Vec<_>>(), "and is not asked again");
}

#[tokio::test(start_paused = true)]
async fn a_produce_that_does_not_return_in_time_is_dropped() {
    for limit in [None, Some(20 * MS), Some(Duration::ZERO)] {
        let source = stage::producer_fn(|_| std::future::pending::<Option<Vec<u64>>>());
        let source = match limit {
            Some(limit) => source.finish_within(limit).spawn(),
            None => source.spawn(),
        };
        let (_seen, _consumer) = collect(&source.producer());
        sleep(MS).await;
        source.stop();
        let told = Instant::now();
        assert_eq!(source.join().await, Reason::Stopped);
        assert_eq!(told.elapsed(), limit.unwrap_or(stage::FINISH_WITHIN));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_the_stop_is_the_exit_reason() {
    let source = stage::producer_fn(|_| async {
        sleep(10 * MS).await;
        let nothing: Option<Vec<u64>> = None;
        assert!(nothing.is_some(), "it broke off");
        nothing
    });
    let source = source.spawn();
    let (_seen, _consumer) = collect(&source.producer());
    sleep(MS).await;
    source.stop();
    assert_eq!(source.join().await, Reason::Panicked("it broke off".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_holds_nothing_while_it_waits_stops_at_once() {
    let (sender, receiver) = mpsc::channel::<u64>(10);
    let source = stage::producer(receiver).spawn();
    let (seen, consumer) = collect(&source.producer());
    sender.send(7).await.unwrap();
    sleep(MS).await;
    source.stop();
    let told = Instant::now();
    consumer.join().await;
    assert_eq!((source.join().await, told.elapsed()), (Reason::Stopped, Duration::ZERO));
    assert_eq!(*seen.lock().unwrap(), [7]);
}

/// A producer that keeps what it collects in itself, and waits long for the rest.
struct Keeping {
    source: mpsc::Receiver<u64>,
    kept: Vec<u64>,
}

impl Producer for Keeping {
    type Event = u64;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        while self.kept.len() < 3
            && let Some(event) = self.source.recv().await
        {
            self.kept.push(event);
        }
        Some(std::mem::take(&mut self.kept)).filter(|kept| !kept.is_empty())
    }

    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }

    async fn finish(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.kept)
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_a_producer_keeps_when_it_is_told_to_stop_are_emitted_last() {
    let (sender, source) = mpsc::channel(10);
    let source = stage::producer(Keeping { source, kept: Vec::new() }).spawn();
    let (seen, consumer) = collect(&source.producer());
    for event in 0..5 {
        sender.send(event).await.unwrap();
    }
    sleep(MS).await;
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
    source.stop();
    let told = Instant::now();
    consumer.join().await;
    assert_eq!((source.join().await, told.elapsed()), (Reason::Stopped, Duration::ZERO));
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn dropped_handles_leave_their_stages_running() {
    let source = stage::from_iter(0..2000_u64).spawn();
    let (seen, consumer) = collect(&source.producer());
    drop((source, consumer));
    sleep(MS).await;
    assert_eq!(seen.lock().unwrap().len(), 2000);
}
