//! What each policy does to a watcher that reads nothing, and the other single claims about the
//! state machine of a shard.

use super::super::shard::SWEEPS;
use super::super::{Behind, LeftReason};
use super::rig::{Rig, Step};

/// A shard with one watcher that reads nothing, after some events of 10 bytes.
fn stuck(behind: Behind, events: usize) -> Rig {
    let mut rig = Rig::new(behind);
    rig.join(5, None, false);
    for _ in 0..events {
        rig.play(Step::Publish(6));
        rig.walk(usize::MAX, 0);
        rig.check();
    }
    rig
}

#[test]
fn a_watcher_under_drop_oldest_finishes_its_frame_and_keeps_the_newest_events() {
    let mut rig = stuck(Behind::DropOldest(3), 9);
    rig.finish();
    let read = rig.watchers[0].read();
    assert_eq!((read.events, read.missed, read.next), (4, 5, 9), "event 0, and 6 to 8");
}

#[test]
fn a_watcher_under_latest_gets_the_newest_event_when_it_reads_again() {
    let mut rig = stuck(Behind::Latest, 5);
    rig.finish();
    let read = rig.watchers[0].read();
    assert_eq!((read.events, read.missed, read.next), (2, 3, 5), "events 0 and 4");
}

#[test]
fn a_watcher_under_close_is_closed_behind_its_limit() {
    let mut rig = stuck(Behind::Close(2), 4);
    assert_eq!(rig.shard.figures().watchers, 0);
    let ledger = rig.shard.figures().deliveries;
    assert_eq!((ledger.sent, ledger.delivered, ledger.closed), (4, 0, 4));
    rig.check();
}

#[test]
fn wait_takes_twice_the_window_and_then_nothing() {
    let rig = stuck(Behind::Wait, 40);
    assert!(!rig.shard.has_room());
    assert_eq!(rig.published.len(), 6, "2 × a window of 3");
}

#[test]
fn a_silent_watcher_is_closed_after_the_sweeps_and_one_that_reads_a_little_is_not() {
    let mut rig = stuck(Behind::Wait, 6);
    for _ in 0..10 * SWEEPS {
        rig.play(Step::Sweep);
        rig.play(Step::Read(0, 1));
    }
    assert_eq!(rig.shard.figures().watchers, 1, "it has read a byte between the sweeps");
    for sweeps in 0..=SWEEPS {
        assert_eq!(rig.shard.figures().watchers, 1, "after {sweeps} sweeps");
        rig.play(Step::Sweep);
    }
    assert_eq!(rig.shard.figures().watchers, 0);
    assert!(
        rig.shard.has_room() || {
            rig.walk(9, 0);
            rig.shard.has_room()
        },
        "the others go on"
    );
}

#[test]
fn the_next_walk_begins_where_the_last_one_ended() {
    let mut rig = Rig::new(Behind::Wait);
    for _ in 0..5 {
        rig.join(usize::MAX, None, false);
    }
    rig.push(0);
    rig.shard.begin_walk();
    let first: Vec<_> = (0..2).filter_map(|_| rig.shard.next_in_walk()).collect();
    rig.shard.begin_walk();
    assert_eq!((first, rig.shard.next_in_walk()), (vec![0, 1], Some(2)));
}

#[test]
fn a_walk_during_which_watchers_join_still_visits_all_that_were_there_before() {
    let mut rig = Rig::new(Behind::Wait);
    for _ in 0..5 {
        rig.join(usize::MAX, None, false);
    }
    for begun in [2, 1] {
        rig.push(0);
        rig.shard.begin_walk();
        for _ in 0..begun {
            let slot = rig.shard.next_in_walk().unwrap();
            rig.write(slot);
        }
    }
    // In the middle of a walk that does not begin with the first slot.
    rig.join(usize::MAX, None, false);
    rig.join(usize::MAX, None, false);
    while let Some(slot) = rig.shard.next_in_walk() {
        rig.write(slot);
    }
    assert_eq!(rig.shard.figures().deliveries.behind, 0);
}

#[test]
fn a_watcher_that_asks_and_does_not_read_is_closed_at_the_limit() {
    let mut rig = Rig::new(Behind::Wait);
    rig.join(0, None, false);
    let slot = rig.watchers[0].id.slot;
    for _ in 0..64 {
        rig.shard.say(slot, &[b'O'; 1024]);
    }
    assert_eq!(rig.shard.figures().watchers, 1);
    rig.shard.say(slot, b"O");
    assert_eq!(rig.shard.take_departed()[0].left.reason, LeftReason::Unread);
}

#[test]
fn closing_all_sends_what_is_missing_and_then_the_last_frame() {
    let mut rig = Rig::new(Behind::Wait);
    rig.join(usize::MAX, None, false);
    rig.join(4, None, false);
    rig.join(usize::MAX, Some(3), false);
    rig.push(3);
    rig.shard.close_all(b"Z\n");
    rig.finish();
    for (watcher, events) in rig.watchers.iter().zip([1, 1, 0]) {
        let read = watcher.read();
        assert_eq!((read.events, read.ended), (events, true));
    }
    assert!(rig.shard.is_empty());
}
