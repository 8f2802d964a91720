//! B: stages that consume and produce.

use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::BroadcastDispatcher;
use weir::stage::{
    self, CancelMode, ProducerConsumer, ProducerConsumerBuilder, Reason, Side, State, SubscribeOptions,
    SubscriptionChange,
};

use super::{Rows, demand};
use crate::support::{Collect, Numbers, STEP, Seen, collecting, hanging, limits, ranges, settled};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (8, "doubled_batches_arrive_as_emitted_and_split_where_they_cross_the_downstream_demand"),
    (9, "one_upstream_batch_of_eighty_becomes_downstream_batches_of_fifty"),
    (10, "subscribing_late_and_downstream_first_changes_no_batch"),
    (11, "a_middle_stage_whose_downstream_hangs_never_sees_the_event_after_the_last_wanted"),
    (12, "a_middle_stage_that_drops_everything_keeps_asking_and_ends_in_order"),
    (13, "a_middle_stage_that_broadcasts_delivers_the_same_slices_to_both"),
    (13, "one_that_never_asks_holds_a_broadcasting_middle_stage_and_its_leaving_releases_it"),
    (14, "a_middle_stage_finishes_its_queued_input_before_it_hears_of_the_cancellation"),
];

/// A middle stage that notes each batch and makes of it what `make` says.
fn middle<F>(
    make: F,
) -> (Seen<Vec<u64>>, ProducerConsumerBuilder<impl ProducerConsumer<In = u64, Out = u64>>)
where
    F: Fn(Vec<u64>) -> Vec<u64> + Send + 'static,
{
    let batches = Seen::nothing();
    let noted = batches.clone();
    let process = move |events: Vec<u64>| {
        noted.add(events.clone());
        std::future::ready(make(events))
    };
    (batches, stage::producer_consumer_fn(process))
}

fn double(events: Vec<u64>) -> Vec<u64> {
    events.into_iter().flat_map(|event| [event, event]).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Subscribed {
    AsBuilt,
    LateAndDownstreamFirst,
}

/// The batches of a middle stage that doubles each event, and of the consumer
/// behind it.
struct Doubled {
    middle: Vec<Vec<u64>>,
    consumer: Vec<Vec<u64>>,
}

/// 0 to 999, doubled. The consumer takes a millisecond a batch, so between two
/// of its batches everything upstream has come to rest: what is seen is the
/// demand protocol, and no accident of scheduling.
async fn doubled(upstream: Limits, downstream: Limits, subscribed: Subscribed) -> Doubled {
    let numbers = stage::producer(Numbers::below(1000)).spawn();
    let (middle_batches, middle) = middle(double);
    let collect = Collect::slowly(STEP);
    let batches = collect.batches.clone();
    let consumer = match subscribed {
        Subscribed::AsBuilt => {
            let middle = middle.subscribe_to(&numbers.producer(), upstream).spawn();
            stage::consumer(collect).subscribe_to(&middle.producer(), downstream).spawn()
        }
        Subscribed::LateAndDownstreamFirst => {
            let (middle, consumer) = (middle.spawn(), stage::consumer(collect).spawn());
            consumer.consumer().subscribe(&middle.producer(), downstream).await.unwrap();
            settled().await;
            middle.consumer().subscribe(&numbers.producer(), upstream).await.unwrap();
            consumer
        }
    };
    assert_eq!(consumer.join().await, Reason::Finished);
    let (middle, consumer) = (middle_batches.all(), batches.all());
    assert_eq!(consumer.concat(), double((0..1000).collect()));
    Doubled { middle, consumer }
}

fn sizes(batches: &[Vec<u64>]) -> Vec<usize> {
    batches.iter().map(Vec::len).collect()
}

/// Each batch of 20 is an emission of 40. The consumer asks for 100, and for 80
/// after every 80 that it has finished, so its demand ends at 100, 180, 260, …,
/// each time in the middle of an emission: 20 go out with the rest of the demand
/// and 20 with the next ask.
///
/// GenStage splits 10 + 30 there (at 250). Its middle stage works through a whole
/// upstream delivery once anything is wanted, 100 events here, and buffers what
/// is too much; the next ask then gets 80 of that at once, which the consumer
/// takes as 50 + 30, and so it asks at other points. Ours looks again after each
/// batch, and never buffers more than the output of one.
#[tokio::test(start_paused = true)]
async fn doubled_batches_arrive_as_emitted_and_split_where_they_cross_the_downstream_demand() {
    let Doubled { middle, consumer } = doubled(limits(100, 80), limits(100, 50), Subscribed::AsBuilt).await;
    assert_eq!(sizes(&middle), [20; 50]);
    assert_eq!(sizes(&consumer)[..9], [40, 40, 20, 20, 40, 20, 20, 40, 20]);
}

/// The first batch makes 160 events. 100 are wanted: 50 and 50. By then 50 more were asked
/// for, and 60 are left.
#[tokio::test(start_paused = true)]
async fn one_upstream_batch_of_eighty_becomes_downstream_batches_of_fifty() {
    let Doubled { middle, consumer } = doubled(limits(100, 20), limits(100, 50), Subscribed::AsBuilt).await;
    assert_eq!(ranges(&middle)[..2], [(0, 79), (80, 99)]);
    assert_eq!(ranges(&consumer)[..3], [(0, 24), (25, 49), (50, 74)]);
    assert_eq!(sizes(&consumer)[..3], [50, 50, 50]);
}

#[tokio::test(start_paused = true)]
async fn subscribing_late_and_downstream_first_changes_no_batch() {
    for upstream in [limits(100, 80), limits(100, 20)] {
        let built = doubled(upstream, limits(100, 50), Subscribed::AsBuilt).await;
        let late = doubled(upstream, limits(100, 50), Subscribed::LateAndDownstreamFirst).await;
        assert_eq!(built.middle, late.middle);
        assert_eq!(built.consumer, late.consumer);
    }
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_whose_downstream_hangs_never_sees_the_event_after_the_last_wanted() {
    let numbers = stage::producer(Numbers::below(1000)).spawn();
    let (batches, pass) = middle(|events| events);
    let pass = pass.subscribe_to(&numbers.producer(), limits(10, 8)).spawn();
    let _hung = hanging(&pass.producer(), limits(10, 5));
    sleep(50 * STEP).await;
    assert_eq!(batches.all().concat(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_that_drops_everything_keeps_asking_and_ends_in_order() {
    let numbers = stage::producer(Numbers::below(5000)).spawn();
    let (batches, swallow) = middle(|_| Vec::new());
    let swallow = swallow.subscribe_to(&numbers.producer(), limits(100, 50)).spawn();
    let (nothing, consumer) = collecting(STEP, &swallow.producer(), limits(10, 5));
    assert_eq!(consumer.join().await, Reason::Finished);
    assert_eq!(batches.all().concat(), (0..5000).collect::<Vec<_>>());
    assert!(nothing.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_that_broadcasts_delivers_the_same_slices_to_both() {
    let numbers = stage::producer(Numbers::below(40)).spawn();
    let (_, pass) = middle(|events| events);
    let pass = pass.dispatcher(BroadcastDispatcher::new()).paused();
    let pass = pass.subscribe_to(&numbers.producer(), limits(100, 50)).spawn();
    demand::both_get_slices_of_ten(&pass.producer()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_never_asks_holds_a_broadcasting_middle_stage_and_its_leaving_releases_it() {
    let numbers = stage::producer(Numbers::below(50)).spawn();
    let (batches, pass) = middle(|events| events);
    let pass = pass.dispatcher(BroadcastDispatcher::new());
    let pass = pass.subscribe_to(&numbers.producer(), limits(20, 10)).spawn();
    demand::the_one_that_never_asks_holds_the_other(&pass.producer()).await;
    assert_eq!(batches.all().concat(), (0..50).collect::<Vec<_>>());
}

/// What a middle stage does, in its order.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Processed(u64),
    Cancelled(Reason),
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_finishes_its_queued_input_before_it_hears_of_the_cancellation() {
    let numbers = stage::producer(Numbers::below(1000)).spawn();
    let steps = Seen::nothing();
    let (processed, cancelled) = (steps.clone(), steps.clone());
    let pass = stage::producer_consumer_fn(move |events: Vec<u64>| {
        events.iter().for_each(|&event| processed.add(Step::Processed(event)));
        std::future::ready(events)
    });
    let pass = pass.observe(move |notice| match notice {
        SubscriptionChange::Cancelled { peer, reason, .. } if peer.side == Side::Producer => {
            cancelled.add(Step::Cancelled((*reason).clone()));
        }
        _ => {}
    });
    let pass = pass.spawn();
    let options = SubscribeOptions::from(limits(10, 8)).cancel(CancelMode::Temporary);
    let tag = pass.consumer().subscribe(&numbers.producer(), options).await.unwrap();
    // Two at a time: two are processed, two were asked for again, ten are queued.
    let (_, _consumer) = collecting(STEP, &pass.producer(), limits(2, 0));
    settled().await;
    assert_eq!((steps.all(), pass.status().held), (vec![Step::Processed(0), Step::Processed(1)], 10));
    let why = Reason::failed("enough");
    assert_eq!(numbers.producer().cancel(tag, why.clone()).await, Ok(true));
    sleep(50 * STEP).await;
    let mut expected: Vec<_> = (0..12).map(Step::Processed).collect();
    expected.push(Step::Cancelled(why));
    assert_eq!(steps.all(), expected);
    assert_eq!((pass.status().state, pass.status().producers), (State::Running, 0));
}
