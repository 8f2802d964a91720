//! Random scripts for the state machine of a shard. After each step, what the watchers have
//! read is held against the ledger.

use proptest::prelude::*;

use super::super::Behind;
use super::rig::{Rig, Step};

fn behind() -> impl Strategy<Value = Behind> {
    prop_oneof![
        Just(Behind::Latest),
        (1..6_usize).prop_map(Behind::DropOldest),
        (1..6_usize).prop_map(Behind::Close),
        Just(Behind::Wait),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let room = prop_oneof![3 => Just(usize::MAX), 4 => 0..60_usize];
    prop_oneof![
        8 => (0..12_usize).prop_map(Step::Publish),
        1 => (1..4_u64).prop_map(Step::Skip),
        6 => (1..4_usize, 0..4_usize).prop_map(|(each, len)| Step::Walk(each, len)),
        4 => (room, prop::option::of(-8..4_i64), any::<bool>())
            .prop_map(|(room, since, snapshot)| Step::Join { room, since, snapshot }),
        1 => (0..8_usize).prop_map(Step::Leave),
        1 => (0..8_usize).prop_map(Step::Close),
        2 => (0..8_usize).prop_map(Step::Say),
        6 => (0..8_usize, 1..40_usize).prop_map(|(at, n)| Step::Read(at, n)),
        1 => (0..8_usize).prop_map(Step::Reset),
        1 => Just(Step::Sweep),
        1 => behind().prop_map(Step::Change),
    ]
}

proptest! {
    #[test]
    fn each_watcher_gets_each_event_once_or_is_sent_the_gap_and_the_ledger_is_exact(
        behind in behind(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut rig = Rig::new(behind);
        for step in steps {
            rig.play(step);
            rig.check();
        }
        rig.finish();
    }

    #[test]
    fn only_policies_that_drop_cost_a_watcher_an_event(
        behind in prop_oneof![Just(Behind::Wait), (1..6_usize).prop_map(Behind::Close)],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut rig = Rig::new(behind);
        let keeps = |step: &Step| !matches!(step, Step::Change(_));
        for step in steps.into_iter().filter(keeps) {
            rig.play(step);
        }
        rig.finish();
        prop_assert_eq!(rig.shard.figures().deliveries.dropped, rig.skipped);
    }
}
