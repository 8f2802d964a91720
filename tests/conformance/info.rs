//! E: markers between events.
//!
//! A marker runs in the stage that it was given to, so it can say how many
//! events that stage had delivered when its place had come. With events that are
//! delivered in order, this number is its place.

use std::sync::Arc;

use tokio::time::sleep;
use weir::buffer::{Buffer, Keep};
use weir::stage::{
    self, ConsumerRef, Marker, Running, RunningProducer, RunningProducerConsumer, SubscribeOptions,
};

use super::Rows;
use crate::support::{Collect, STEP, Seen, collecting, limits, settled, silent};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (36, "a_marker_to_a_consumer_with_nothing_to_do_runs_at_once"),
    (36, "a_marker_to_a_busy_consumer_keeps_its_place_between_the_batches"),
    (37, "a_marker_to_a_middle_stage_without_input_runs_at_once"),
    (37, "a_marker_to_a_middle_stage_runs_when_the_input_before_it_was_emitted"),
    (38, "a_marker_to_a_producer_with_an_empty_buffer_runs_at_once"),
    (38, "a_marker_to_a_producer_runs_after_the_last_event_that_was_buffered_before_it"),
    (39, "markers_keep_their_places_in_a_buffer_that_drains_and_refills"),
    (40, "several_markers_run_in_order_between_their_groups_and_the_last_one_last"),
];

/// The markers that ran, and where: after how many delivered events.
struct Places(Seen<(&'static str, u64)>);

impl Places {
    fn none() -> Self {
        Self(Seen::nothing())
    }

    fn marker<R>(&self, name: &'static str, of: &Arc<Running<R>>) -> Marker
    where
        R: Send + Sync + 'static,
    {
        let (places, stage) = (self.0.clone(), Arc::clone(of));
        Marker::new(move || places.add((name, stage.status().events_out)))
    }

    fn all(&self) -> Vec<(&'static str, u64)> {
        self.0.all()
    }
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_consumer_with_nothing_to_do_runs_at_once() {
    let consumer = stage::consumer(Collect::quickly()).spawn();
    let ran = Seen::nothing();
    let note = ran.clone();
    consumer.consumer().mark(Marker::new(move || note.add(()))).unwrap();
    settled().await;
    assert_eq!(ran.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_busy_consumer_keeps_its_place_between_the_batches() {
    let producer = silent().spawn();
    let log = Seen::nothing();
    let handled = log.clone();
    let consumer = stage::consumer_fn(move |events: Vec<u64>| {
        let handled = handled.clone();
        async move {
            sleep(STEP).await;
            handled.add(format!("{events:?}"));
        }
    });
    let consumer = consumer.subscribe_to(&producer.producer(), limits(10, 0)).spawn();
    let mark = |consumer: ConsumerRef<u64>, name: &'static str| {
        let log = log.clone();
        consumer.mark(Marker::new(move || log.add(name.to_owned()))).unwrap();
    };
    settled().await;
    // The first is in the handler when the marker behind it comes, the second
    // waits when the marker behind it does.
    producer.producer().emit(vec![1]).await.unwrap();
    settled().await;
    mark(consumer.consumer(), "a");
    producer.producer().emit(vec![2]).await.unwrap();
    mark(consumer.consumer(), "b");
    producer.producer().emit(vec![3]).await.unwrap();
    sleep(50 * STEP).await;
    assert_eq!(log.all(), ["[1]", "a", "[2]", "b", "[3]"]);
}

/// A middle stage that takes ten events in twos and passes them on.
fn middle_of(producer: &RunningProducer<u64>) -> Arc<RunningProducerConsumer<u64, u64>> {
    let pass = stage::producer_consumer_fn(|events: Vec<u64>| std::future::ready(events));
    Arc::new(pass.subscribe_to(&producer.producer(), limits(10, 8)).spawn())
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_middle_stage_without_input_runs_at_once() {
    let upstream = silent().spawn();
    let middle = middle_of(&upstream);
    let places = Places::none();
    settled().await;
    middle.consumer().mark(places.marker("a", &middle)).unwrap();
    settled().await;
    assert_eq!(places.all(), [("a", 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_middle_stage_runs_when_the_input_before_it_was_emitted() {
    let upstream = silent().spawn();
    let middle = middle_of(&upstream);
    let places = Places::none();
    settled().await;
    // No consumer has asked yet, so the input is queued.
    upstream.producer().emit((0..6).collect()).await.unwrap();
    middle.consumer().mark(places.marker("a", &middle)).unwrap();
    upstream.producer().emit((6..8).collect()).await.unwrap();
    middle.consumer().mark(places.marker("b", &middle)).unwrap();
    sleep(STEP).await;
    assert!(places.all().is_empty());
    let (batches, _consumer) = collecting(STEP, &middle.producer(), limits(10, 0));
    sleep(50 * STEP).await;
    assert_eq!(batches.all().concat(), (0..8).collect::<Vec<_>>());
    assert_eq!(places.all(), [("a", 6), ("b", 8)]);
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_producer_with_an_empty_buffer_runs_at_once() {
    let producer = Arc::new(silent::<u64>().spawn());
    let places = Places::none();
    producer.producer().mark(places.marker("a", &producer)).unwrap();
    settled().await;
    assert_eq!(places.all(), [("a", 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_marker_to_a_producer_runs_after_the_last_event_that_was_buffered_before_it() {
    for (size, filled) in [(None, 3), (Some(3), 1), (Some(3), 2), (Some(3), 3)] {
        let producer = Arc::new(silent().buffer(Buffer::new(size, Keep::Last)).spawn());
        let places = Places::none();
        producer.producer().emit((0..filled).collect()).await.unwrap();
        producer.producer().mark(places.marker("a", &producer)).unwrap();
        let asks = AsksByHand::of(&producer).await;
        asks.ask(filled as usize - 1).await;
        assert!(places.all().is_empty(), "{filled} of {size:?}");
        asks.ask(1).await;
        assert_eq!(places.all(), [("a", filled)], "{filled} of {size:?}");
    }
}

/// A consumer that asks only when the test says so.
struct AsksByHand {
    consumer: ConsumerRef<u64>,
    tag: weir::dispatch::Tag,
    batches: Seen<Vec<u64>>,
}

impl AsksByHand {
    async fn of(producer: &RunningProducer<u64>) -> Self {
        let collect = Collect::quickly();
        let batches = collect.batches.clone();
        let consumer = stage::consumer(collect).spawn().consumer();
        let tag = consumer.subscribe(&producer.producer(), SubscribeOptions::manual()).await.unwrap();
        Self { consumer, tag, batches }
    }

    async fn ask(&self, n: usize) {
        assert_eq!(self.consumer.ask(self.tag, n).await, Ok(true));
        settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn markers_keep_their_places_in_a_buffer_that_drains_and_refills() {
    for size in [None, Some(3)] {
        let stage = Arc::new(silent().buffer(Buffer::new(size, Keep::Last)).spawn());
        let (producer, places) = (stage.producer(), Places::none());
        let emit = async |events: std::ops::Range<u64>| {
            assert_eq!(producer.emit(events.collect()).await, Ok(vec![]), "{size:?}");
        };
        let mark = |name| producer.mark(places.marker(name, &stage)).unwrap();
        let asks = AsksByHand::of(&stage).await;
        emit(0..2).await;
        mark("a");
        emit(2..3).await;
        asks.ask(1).await;
        emit(3..4).await;
        mark("b");
        assert_eq!(places.all(), []);
        asks.ask(3).await;
        assert_eq!(places.all(), [("a", 2), ("b", 4)], "{size:?}");
        mark("c");
        emit(4..7).await;
        mark("d");
        asks.ask(2).await;
        emit(7..8).await;
        asks.ask(2).await;
        assert_eq!(places.all(), [("a", 2), ("b", 4), ("c", 4), ("d", 7)], "{size:?}");
        assert_eq!(asks.batches.all().concat(), (0..8).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn several_markers_run_in_order_between_their_groups_and_the_last_one_last() {
    let stage = Arc::new(silent().spawn());
    let (producer, places) = (stage.producer(), Places::none());
    producer.emit((0..3).collect()).await.unwrap();
    for name in ["a", "b", "c"] {
        producer.mark(places.marker(name, &stage)).unwrap();
    }
    producer.emit((3..5).collect()).await.unwrap();
    producer.mark(places.marker("last", &stage)).unwrap();
    let asks = AsksByHand::of(&stage).await;
    asks.ask(10).await;
    assert_eq!(places.all(), [("a", 3), ("b", 3), ("c", 3), ("last", 5)]);
    assert_eq!(asks.batches.all(), [vec![0, 1, 2], vec![3, 4]]);
}
