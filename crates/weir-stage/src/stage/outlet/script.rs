//! Random scripts for the outlet with each of the dispatchers, checked against a naive
//! [model](model) and against properties that need no model. `cargo test` plays a few
//! hundred scripts for each property and dispatcher. Set `WEIR_CASES` to play more:
//! `WEIR_CASES=100000 cargo test --release script`.
//!
//! A [script](Script) lists the operations of consumers, an author and a pool, in any order.
//! [`play`] applies them to a real outlet and to the model, keeps a [record](Record) of the
//! results, and checks a property after every step. At the end it releases every event and
//! checks once more.

mod model;
mod naive;
mod play;
mod record;
mod step;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use self::play::Play;
use self::record::Record;
use self::step::Rule;
use crate::buffer::Keep;
use crate::dispatch::{
    BroadcastDispatcher, DemandDispatcher, Dispatcher, FairDispatcher, PartitionDispatcher,
};

/// The number of partitions.
const PARTITIONS: usize = 3;

/// Returns the partition of an event; every tenth event has none.
fn partition(event: u32) -> Option<usize> {
    (event % 10 != 9).then_some(event as usize % PARTITIONS)
}

/// The next operation. Subscriptions are numbered in order; `who` is taken modulo their
/// number, so that every value names one.
#[derive(Debug, Clone, Copy)]
enum Op {
    Subscribe {
        consumer: u64,
        partition: usize,
        picky: bool,
    },
    Ask {
        who: usize,
        n: usize,
    },
    /// An ask of a subscription that may be cancelled: asks and cancellations cross.
    LateAsk {
        who: usize,
        n: usize,
    },
    Emit(u32),
    Mark,
    /// Of the delivered events, the first `keeps` were started. The others are requeued: all
    /// at once, or half of them later.
    Cancel {
        who: usize,
        keeps: usize,
        half: bool,
    },
    /// Requeues events of a present subscription, or of a cancelled one that still has some.
    Requeue {
        who: usize,
        keeps: usize,
    },
    /// A cancelled subscription requeues the rest, and has finished what it had started.
    Drain {
        who: usize,
    },
    Pause,
    Resume,
    Freeze,
    Unfreeze,
}

/// An outlet and the operations on it.
#[derive(Debug, Clone)]
struct Script {
    size: Option<usize>,
    keep: Keep,
    paused: bool,
    ops: Vec<Op>,
}

/// Makes an operation from a few bytes, which is much faster than a choice of strategies.
fn op([kind, a, b]: [u8; 3]) -> Op {
    let (who, keeps) = (usize::from(a), usize::from(b) % 4);
    match kind % 34 {
        0..=7 => Op::Ask { who, n: usize::from(b) % 6 },
        8..=14 => Op::Emit(u32::from(b) % 7),
        15..=18 => Op::Subscribe {
            consumer: u64::from(a) % 5,
            partition: usize::from(a) % (PARTITIONS + 1),
            picky: b % 3 == 0,
        },
        19..=20 => Op::Mark,
        21..=22 => Op::Cancel { who, keeps, half: b >= 128 },
        23..=24 => Op::Requeue { who, keeps },
        25 => Op::Pause,
        26 => Op::Freeze,
        27..=28 => Op::Resume,
        29..=30 => Op::Unfreeze,
        31..=32 => Op::Drain { who },
        _ => Op::LateAsk { who, n: usize::from(b) % 6 },
    }
}

fn script() -> impl Strategy<Value = Script> {
    let outlet = (0usize..9, any::<bool>(), any::<bool>());
    (outlet, vec(any::<[u8; 3]>(), 0..60)).prop_map(|((size, first, paused), ops)| Script {
        // About half of the buffers have no bound.
        size: (size < 5).then_some(size),
        keep: if first { Keep::First } else { Keep::Last },
        paused,
        ops: ops.into_iter().map(op).collect(),
    })
}

/// Plays random scripts, and checks the property after each step.
fn holds<D: Dispatcher<u32>>(property: fn(&Record), rule: Rule, dispatcher: impl Fn() -> D) {
    let cases = std::env::var("WEIR_CASES").map_or(256, |cases| cases.parse().expect("a number of cases"));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&script(), |script| {
        play(&script, rule, dispatcher(), property);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn play<D: Dispatcher<u32>>(script: &Script, rule: Rule, dispatcher: D, property: fn(&Record)) {
    let mut play = Play::new(script, rule, dispatcher);
    for &op in &script.ops {
        play.step(op);
        property(&play.record);
    }
    play.finish();
    property(&play.record);
}

/// Every event is with one consumer, in the outlet, or reported as lost. With a broadcast,
/// every present subscription has got everything that went out since it subscribed.
fn no_event_is_lost_and_none_comes_twice(record: &Record) {
    if record.rule == Rule::Broadcast {
        let out = record.gone_out(record.seen.buffered);
        for sub in record.subs.iter().filter(|sub| sub.present) {
            let wanted = out[sub.joined..].iter().filter(|event| sub.wants(**event));
            assert_eq!(sub.got, wanted.copied().collect::<Vec<_>>());
        }
        return;
    }
    let mut known = record.with_consumers.clone();
    for &event in record.overflowed.iter().chain(&record.discarded) {
        known[event as usize] += 1;
    }
    assert!(known.iter().all(|&times| times <= 1), "{known:?}");
    let found: usize = known.iter().sum();
    match record.rule {
        // An event without a partition is discarded when its turn comes.
        Rule::Partition { .. } if record.over => {
            let lost =
                (0..).zip(&known).filter(|(event, times)| **times == 0 && partition(*event).is_some());
            assert_eq!(lost.count(), 0, "{known:?}");
        }
        Rule::Partition { .. } => assert!(found + record.seen.buffered <= known.len()),
        _ => assert_eq!(found + record.seen.buffered, known.len(), "{known:?}"),
    }
}

fn no_subscription_gets_more_than_it_asked_for(record: &Record) {
    for (who, sub) in record.subs.iter().enumerate() {
        assert!(sub.got.len() <= sub.asked, "{who} asked for {} and got {:?}", sub.asked, sub.got);
    }
    assert_eq!(record.strays, 0, "empty deliveries, or deliveries to a cancelled subscription");
}

/// Events that are dispatched for the first time go out in the order of emission, and only
/// when no requeued event waits. Requeued events go out in their old order.
fn events_go_out_in_order(record: &Record) {
    assert_eq!(record.disorder, None);
}

fn the_level_of_demand_is_what_was_asked_and_not_sent(record: &Record) {
    assert_eq!(record.seen.level, record.expected.level);
}

/// No event waits for which there is demand. With partitions, no event waits outside the
/// dispatcher while there is demand, and inside as many wait as in the model.
fn no_event_waits_for_which_there_is_demand(record: &Record) {
    assert!(record.seen.level == 0 || record.outside == 0, "{} wait outside", record.outside);
    assert_eq!(record.seen.buffered, record.expected.buffered);
}

fn markers_run_once_in_order_and_in_their_place(record: &Record) {
    assert!(record.ran.iter().copied().eq(0..record.ran.len()), "{:?}", record.ran);
    assert!(!record.over || record.ran.len() == record.marked.len(), "some never ran");
    assert_eq!(record.misplaced, None);
}

fn the_outlet_does_what_the_model_does(record: &Record) {
    assert_eq!(record.seen, record.expected);
}

macro_rules! properties {
    ($($name:ident: $rule:expr, $dispatcher:expr;)*) => {$(
        mod $name {
            use super::*;
            properties! { @each $rule, $dispatcher;
                no_event_is_lost_and_none_comes_twice,
                no_subscription_gets_more_than_it_asked_for,
                events_go_out_in_order,
                the_level_of_demand_is_what_was_asked_and_not_sent,
                no_event_waits_for_which_there_is_demand,
                markers_run_once_in_order_and_in_their_place,
                the_outlet_does_what_the_model_does,
            }
        }
    )*};
    (@each $rule:expr, $dispatcher:expr; $($property:ident,)*) => {$(
        #[test]
        fn $property() {
            holds(super::$property, $rule, || $dispatcher);
        }
    )*};
}

properties! {
    demand: Rule::Shared, DemandDispatcher::new();
    fair: Rule::Shared, FairDispatcher::new();
    broadcast: Rule::Broadcast, BroadcastDispatcher::new();
    partitions: Rule::Partition { discards: false },
        PartitionDispatcher::new(PARTITIONS, |event| partition(*event));
    discarding: Rule::Partition { discards: true },
        PartitionDispatcher::new(PARTITIONS, |event| partition(*event)).discarding();
}
