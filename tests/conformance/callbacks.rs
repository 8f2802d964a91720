//! G: callbacks, cancel modes, errors.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::{BroadcastDispatcher, FairDispatcher, PartitionDispatcher};
use weir::stage::{
    self, Consumer, Kind, Producer, ProducerConsumer, ProducerRef, Reason, RunningProducer, State,
    SubscribeOptions,
};

use super::Rows;
use crate::support::{Collect, Notes, Numbers, Seen, noting, words};

/// Which test covers which row. Those of rows 59 and 60 that need messages which
/// no stage sends are in `crates/weir-stage/src/stage/protocol.rs`, and the ends of subscriptions in
/// `cancel.rs`.
pub(super) const ROWS: Rows = &[
    (48, "a_stage_of_any_kind_may_decline_or_fail_to_start_and_its_peers_hear_why"),
    (48, "a_stage_whose_seat_is_taken_ends_and_says_by_whom"),
    (49, "both_sides_are_told_of_a_subscription_with_the_peer_and_the_same_tag"),
    (50, "a_producer_whose_dispatcher_breaks_ends_with_the_error_and_its_consumers_know"),
    (50, "an_observer_that_panics_is_logged_and_does_no_harm"),
    (51, "a_cancelled_subscription_is_told_to_both_sides_with_its_reason_whoever_began"),
    (51, "a_stage_that_loses_its_peer_learns_the_reason_on_either_side"),
    (52, "an_emission_is_dispatched_before_its_call_returns_unless_its_caller_does_not_wait"),
    (53, "a_stage_that_emits_and_is_stopped_delivers_first_and_terminates_with_the_reason"),
    (55, "when_a_subscription_is_cancelled_its_mode_and_the_reason_say_who_stops"),
    (56, "when_a_producer_is_gone_the_mode_and_the_way_it_went_say_who_stops"),
    (56, "a_consumer_stops_for_one_of_its_producers_however_much_the_others_have"),
    (57, "a_handler_returns_nothing_that_could_be_emitted"),
    (58, "a_status_shows_the_kind_the_dispatcher_the_peers_and_the_buffer"),
    (59, "messages_with_an_unknown_tag_are_refused_and_do_no_harm"),
    (59, "a_tag_that_is_in_use_is_refused_to_another"),
    (59, "an_ask_of_an_unknown_tag_moves_nothing"),
    (60, "events_of_an_unknown_tag_are_not_handled"),
];

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

/// A stage of any kind that may not start, and tells how it ended.
struct Starts(Result<(), Reason>, Seen<Reason>);

impl Starts {
    fn start(&self) -> Result<(), Reason> {
        assert_ne!(self.0, Err(Reason::failed("panic")), "so it is");
        self.0.clone()
    }
}

impl Producer for Starts {
    type Event = u64;
    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        std::future::pending().await
    }
    async fn init(&mut self) -> Result<(), Reason> {
        self.start()
    }
    async fn terminate(&mut self, reason: &Reason) {
        self.1.add(reason.clone());
    }
}

impl ProducerConsumer for Starts {
    type In = u64;
    type Out = u64;
    async fn process(&mut self, events: Vec<u64>) -> Vec<u64> {
        events
    }
    async fn init(&mut self) -> Result<(), Reason> {
        self.start()
    }
    async fn terminate(&mut self, reason: &Reason) {
        self.1.add(reason.clone());
    }
}

impl Consumer for Starts {
    type Event = u64;
    async fn consume(&mut self, _events: Vec<u64>) {}
    async fn init(&mut self) -> Result<(), Reason> {
        self.start()
    }
    async fn terminate(&mut self, reason: &Reason) {
        self.1.add(reason.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_any_kind_may_decline_or_fail_to_start_and_its_peers_hear_why() {
    for refusal in [Reason::Declined, Reason::failed("no such file"), Reason::failed("panic")] {
        let terminated = Seen::nothing();
        let starts = || Starts(Err(refusal.clone()), terminated.clone());
        let (above, below) = (Notes::nothing(), Notes::nothing());
        let numbers = || stage::producer(Numbers::below(u64::MAX)).observe(noting(&above)).spawn();

        let producer = stage::producer(starts()).named("it").spawn();
        let under_producer =
            stage::consumer(Collect::quickly()).subscribe_to(&producer.producer(), limits(10, 5));
        let under_producer = under_producer.observe(noting(&below)).spawn();
        let source = numbers();
        let middle = stage::producer_consumer(starts()).subscribe_to(&source.producer(), limits(10, 5));
        let middle = middle.named("it").spawn();
        let under_middle =
            stage::consumer(Collect::quickly()).subscribe_to(&middle.producer(), limits(10, 5));
        let under_middle = under_middle.observe(noting(&below)).spawn();
        let other = numbers();
        let consumer = stage::consumer(starts()).subscribe_to(&other.producer(), limits(10, 5));
        let consumer = consumer.named("it").spawn();

        let reason = match &refusal {
            reason if *reason == Reason::failed("panic") => {
                let Reason::Panicked(message) = producer.join().await else { panic!("it panicked") };
                assert!(message.contains("so it is"), "{message}");
                Reason::Panicked(message)
            }
            reason => {
                assert_eq!(producer.join().await, *reason);
                reason.clone()
            }
        };
        assert_eq!((middle.join().await, consumer.join().await), (reason.clone(), reason.clone()));
        // The permanent consumers stop for it, and know why.
        let peers = [under_producer.join().await, under_middle.join().await];
        assert_eq!(peers, [reason.clone(), reason.clone()]);
        assert_eq!(terminated.all(), [reason.clone(), reason.clone(), reason.clone()]);
        sleep(MS).await;
        let told = [words(&above), words(&below)].concat();
        let left = told.into_iter().filter(|line| line.ends_with(&format!("it left: {reason}")));
        assert_eq!(left.count(), 4, "{:?} {:?}", words(&above), words(&below));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_whose_seat_is_taken_ends_and_says_by_whom() {
    let reserved = ProducerRef::reserve("numbers");
    let first = stage::producer(Numbers::below(100)).named("the first").register(&reserved).spawn();
    let second = stage::producer(Numbers::below(100)).register(&reserved).spawn();
    let third = stage::producer_consumer(Starts(Ok(()), Seen::nothing())).register(&reserved).spawn();
    let taken = Reason::failed("another stage is at \"the first\"");
    assert_eq!((second.join().await, third.join().await), (taken.clone(), taken));
    let events: Vec<u64> = reserved.subscribe(limits(10, 5)).collect().await;
    assert_eq!((events.len(), first.join().await), (100, Reason::Finished));
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_told_of_a_subscription_with_the_peer_and_the_same_tag() {
    let (above, below) = (Notes::nothing(), Notes::nothing());
    let numbers = stage::producer(Numbers::below(u64::MAX)).named("numbers").observe(noting(&above));
    let numbers = numbers.spawn();
    let collect = stage::consumer(Collect::slowly(MS)).named("collect").observe(noting(&below));
    let collect = collect.spawn();
    let tag = collect.consumer().subscribe(&numbers.producer(), limits(10, 5)).await.unwrap();
    sleep(MS).await;
    assert_eq!(above.all(), [(tag, "Consumer collect subscribed".to_owned())]);
    assert_eq!(below.all(), [(tag, "Producer numbers subscribed".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_producer_whose_dispatcher_breaks_ends_with_the_error_and_its_consumers_know() {
    let choose = |event: &u64| (*event < 10).then_some(0).or_else(|| panic!("no partition for {event}"));
    let numbers = stage::producer(Numbers::below(100)).dispatcher(PartitionDispatcher::new(1, choose));
    let numbers = numbers.spawn();
    let collect = Collect::slowly(MS);
    let batches = collect.batches.clone();
    let options = SubscribeOptions::from(limits(9, 6)).partition(0);
    let consumer = stage::consumer(collect).subscribe_to(&numbers.producer(), options).spawn();
    assert_eq!(numbers.join().await, Reason::Panicked("no partition for 10".to_owned()));
    // It still finishes the events it was sent, and finds no producer to ask for more.
    // Its reason stays the first one.
    assert_eq!(consumer.join().await, Reason::Panicked("no partition for 10".to_owned()));
    assert_eq!(batches.all().concat(), (0..9).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_is_logged_and_does_no_harm() {
    let numbers = stage::producer(Numbers::below(20)).observe(|_| panic!("not again")).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).observe(|_| panic!("not again"));
    let consumer = consumer.subscribe_to(&numbers.producer(), limits(10, 5)).spawn();
    assert_eq!((consumer.join().await, numbers.join().await), (Reason::Finished, Reason::Finished));
    assert_eq!(batches.all().concat().len(), 20);
}

/// A producer that emits only the events the test gives it.
fn emitter() -> RunningProducer<u64> {
    stage::producer(Starts(Ok(()), Seen::nothing())).spawn()
}

#[tokio::test(start_paused = true)]
async fn an_emission_is_dispatched_before_its_call_returns_unless_its_caller_does_not_wait() {
    let emitter = emitter();
    let mut events = emitter.producer().subscribe(limits(10, 5));
    sleep(MS).await;
    // Nothing runs between the return and the look into the mailbox.
    assert_eq!(emitter.producer().emit(vec![1]).await, Ok(vec![]));
    assert_eq!(events.next().now_or_never(), Some(Some(1)));
    let producer = emitter.producer();
    let reply = tokio::spawn(async move { producer.emit(vec![2]).await });
    assert_eq!(events.next().now_or_never(), None);
    sleep(MS).await;
    assert!(reply.is_finished());
    assert_eq!(events.next().now_or_never(), Some(Some(2)));
    // The call is heard even if the caller gives up on it.
    assert_eq!(emitter.producer().emit(vec![3]).now_or_never(), None);
    assert_eq!(events.next().await, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_emits_and_is_stopped_delivers_first_and_terminates_with_the_reason() {
    let terminated = Seen::nothing();
    let emitter = stage::producer(Starts(Ok(()), terminated.clone())).spawn();
    let reason = Reason::failed("that was it");
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).subscribe_to(&emitter.producer(), limits(2, 1)).spawn();
    assert_eq!(emitter.producer().emit(vec![1, 2, 3, 4, 5]).await, Ok(vec![]));
    emitter.stop_with(reason.clone());
    assert!(terminated.all().is_empty(), "it is the last that is called");
    assert_eq!((emitter.join().await, consumer.join().await), (reason.clone(), reason.clone()));
    assert_eq!((batches.all().concat(), terminated.all()), (vec![1, 2, 3, 4, 5], vec![reason]));
}

#[test]
fn a_handler_returns_nothing_that_could_be_emitted() {
    fn nothing<C: Consumer<Event = u64>>(consumer: &mut C) -> impl Future<Output = ()> {
        consumer.consume(vec![1])
    }
    assert_eq!(nothing(&mut Starts(Ok(()), Seen::nothing())).now_or_never(), Some(()));
}

#[tokio::test(start_paused = true)]
async fn a_status_shows_the_kind_the_dispatcher_the_peers_and_the_buffer() {
    let emitter =
        stage::producer(Starts(Ok(()), Seen::nothing())).named("top").dispatcher(FairDispatcher::new());
    let top = emitter.spawn();
    let middle = stage::producer_consumer(Starts(Ok(()), Seen::nothing())).named("middle");
    let middle = middle.dispatcher(BroadcastDispatcher::new()).subscribe_to(&top.producer(), limits(4, 2));
    let middle = middle.spawn();
    let bottom = stage::consumer(Collect::slowly(1000 * MS)).named("bottom");
    let bottom = bottom.subscribe_to(&middle.producer(), limits(3, 1)).spawn();
    top.producer().emit((0..20).collect()).await.unwrap();
    sleep(MS).await;

    let status = top.status();
    assert_eq!((&*status.name, status.kind, status.state), ("top", Kind::Producer, State::Running));
    assert_eq!((status.dispatcher, status.producers, status.consumers), (Some("FairDispatcher"), 0, 1));
    // 3 that the bottom holds, 1 buffered in the middle, 4 prefetched there.
    assert_eq!((status.events_out, status.buffered, status.demand), (8, 12, 0));
    let status = middle.status();
    assert_eq!((status.kind, status.dispatcher), (Kind::ProducerConsumer, Some("BroadcastDispatcher")));
    assert_eq!((status.producers, status.consumers, status.held, status.buffered), (1, 1, 4, 1));
    let status = bottom.status();
    assert_eq!((status.kind, status.dispatcher), (Kind::Consumer, None));
    assert_eq!((status.producers, status.consumers, status.held, status.asked), (1, 0, 3, 0));

    let above = bottom.consumer().producers().await.unwrap();
    let further = middle.consumer().producers().await.unwrap();
    assert_eq!((&*above[0].name, &*further[0].name), ("middle", "top"));
    bottom.abort();
    bottom.join().await;
    sleep(MS).await;
    assert_eq!(middle.status().consumers, 0);
}
