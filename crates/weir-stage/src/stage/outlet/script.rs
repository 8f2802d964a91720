//! Random scripts for the outlet with each of the dispatchers, held against a
//! naive [model](model) and against what can be said without one. `cargo test`
//! plays a few hundred scripts for each property and dispatcher; for more, set
//! `WEIR_CASES` to their number: `WEIR_CASES=100000 cargo test --release script`.
//!
//! A [script](Script) is what consumers, an author and a pool may do to an
//! outlet, in any order: [`play`] does it to a real outlet and to the model, keeps
//! a [record](Record) of what came of it, and has a property look at the
//! record after every step. At last it lets everything go and looks once more.

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

/// How many partitions there are.
const PARTITIONS: usize = 3;

/// The partition of an event; every tenth belongs to none.
fn partition(event: u32) -> Option<usize> {
    (event % 10 != 9).then_some(event as usize % PARTITIONS)
}

/// What is done next. Subscriptions are numbered as they come; `who` is taken
/// modulo how many there are, so that every number means somebody.
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
    /// By one who may have left: asks and cancellations cross on the way.
    LateAsk {
        who: usize,
        n: usize,
    },
    Emit(u32),
    Mark,
    /// Of what was delivered, the first `keeps` were started, and the others come
    /// back: all of them at once, or half of them later.
    Cancel {
        who: usize,
        keeps: usize,
        half: bool,
    },
    /// By one who is there, or by one who left and still has something.
    Requeue {
        who: usize,
        keeps: usize,
    },
    /// One who left returns the rest, and has finished what it had started.
    Settle {
        who: usize,
    },
    Pause,
    Resume,
    Freeze,
    Unfreeze,
}

/// An outlet and what is done to it.
#[derive(Debug, Clone)]
struct Script {
    size: Option<usize>,
    keep: Keep,
    paused: bool,
    ops: Vec<Op>,
}

/// From a few bytes, which is much quicker than a choice of strategies.
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
        31..=32 => Op::Settle { who },
        _ => Op::LateAsk { who, n: usize::from(b) % 6 },
    }
}

fn script() -> impl Strategy<Value = Script> {
    let outlet = (0usize..9, any::<bool>(), any::<bool>());
    (outlet, vec(any::<[u8; 3]>(), 0..60)).prop_map(|((size, first, paused), ops)| Script {
        // Half of them without a bound.
        size: (size < 5).then_some(size),
        keep: if first { Keep::First } else { Keep::Last },
        paused,
        ops: ops.into_iter().map(op).collect(),
    })
}

/// Plays random scripts, and has the property look at each step.
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

/// Every event is with one consumer, or in the outlet, or reported as lost. Of a
/// broadcast: whoever is there has got everything that went out since it came.
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
        // What belongs to no partition goes when its turn comes.
        Rule::Partition { .. } if record.over => {
            let lost =
                (0..).zip(&known).filter(|(event, times)| **times == 0 && partition(*event).is_some());
            assert_eq!(lost.count(), 0, "{known:?}");
        }
        Rule::Partition { .. } => assert!(found + record.seen.buffered <= known.len()),
        _ => assert_eq!(found + record.seen.buffered, known.len(), "{known:?}"),
    }
}

fn nobody_gets_more_than_was_asked(record: &Record) {
    for (who, sub) in record.subs.iter().enumerate() {
        assert!(sub.got.len() <= sub.asked, "{who} asked for {} and got {:?}", sub.asked, sub.got);
    }
    assert_eq!(record.strays, 0, "deliveries to one who left, or of nothing");
}

/// What is dispatched for the first time goes in the order of emission, and only
/// when nothing is there that came back; what came back goes in its old order.
fn what_goes_out_keeps_its_order(record: &Record) {
    assert_eq!(record.disorder, None);
}

fn the_level_of_demand_is_what_was_asked_and_has_not_come(record: &Record) {
    assert_eq!(record.seen.level, record.expected.level);
}

/// Of a partition: nothing waits outside for its turn to wait inside, and inside
/// what the model says.
fn nothing_waits_that_somebody_wants(record: &Record) {
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
                nobody_gets_more_than_was_asked,
                what_goes_out_keeps_its_order,
                the_level_of_demand_is_what_was_asked_and_has_not_come,
                nothing_waits_that_somebody_wants,
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
