//! D: the buffer of undelivered events; in a stage first, then by itself.

mod line;

use std::collections::VecDeque;
use std::ops::Range;

use proptest::prelude::*;
use tokio::time::sleep;
use weir::buffer::{Buffer, Keep};
use weir::stage::{self, Marker, RunningProducer, SubscribeOptions};

use self::line::{Line, Step, steps};
use super::Rows;
use crate::support::{Logs, Numbers, STEP, Seen, collecting, hanging, limits, settled, silent};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (21, "buffered_events_go_first_and_only_the_rest_of_an_ask_reaches_the_producer"),
    (22, "a_buffer_that_keeps_the_first_drops_the_newcomers_and_logs_how_many"),
    (23, "a_buffer_keeps_the_last_by_default_and_logs_how_many_it_dropped"),
    (24, "a_buffer_without_a_bound_drops_nothing"),
    (25, "a_hook_hears_how_many_were_dropped_each_time"),
    (26, "a_hook_decides_whether_the_drop_is_logged_too"),
    (27, "delivering_what_survived_logs_nothing_more"),
    (28, "the_status_counts_what_is_buffered_until_it_is_consumed"),
    (29, "markers_take_no_room"),
    (30, "keeping_the_first_hands_back_exactly_the_newcomers"),
    (30, "keeping_the_last_hands_back_exactly_the_oldest"),
    (31, "a_marker_whose_events_were_all_dropped_is_due_at_once"),
    (31, "a_stage_runs_a_marker_at_once_when_its_events_were_dropped"),
    (32, "a_marker_with_nothing_in_front_of_it_comes_straight_back"),
    (33, "taking_stops_at_a_marker_and_what_is_missing_is_still_wanted"),
    (34, "markers_at_one_place_come_out_in_their_order"),
    (35, "events_and_markers_come_out_as_from_one_naive_line"),
];

fn bounded(size: usize, keep: Keep) -> Buffer<u64, Marker> {
    Buffer::new(Some(size), keep)
}

/// What the overflow of a stage that has no name of its own says.
fn dropped(n: usize) -> String {
    format!("WARN: producer: {n} events are discarded: the buffer is full")
}

async fn emit(producer: &RunningProducer<u64>, events: Range<u64>) -> Vec<u64> {
    producer.producer().emit(events.collect()).await.unwrap()
}

/// Everything a newcomer is delivered.
async fn drained(producer: &RunningProducer<u64>) -> Vec<u64> {
    let (batches, _consumer) = collecting(STEP, &producer.producer(), SubscribeOptions::default());
    sleep(50 * STEP).await;
    batches.all().concat()
}

#[tokio::test(start_paused = true)]
async fn buffered_events_go_first_and_only_the_rest_of_an_ask_reaches_the_producer() {
    let numbers = Numbers { next: 5, ..Numbers::below(1000) };
    let demands = numbers.demands.clone();
    let producer = stage::producer(numbers).spawn();
    emit(&producer, 0..5).await;
    let (batches, _consumer) = collecting(STEP, &producer.producer(), limits(4, 0));
    sleep(3 * STEP + STEP / 2).await;
    assert_eq!(batches.all(), [vec![0, 1, 2, 3], vec![4], vec![5, 6, 7], vec![8, 9, 10, 11]]);
    assert_eq!(demands.all(), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_that_keeps_the_first_drops_the_newcomers_and_logs_how_many() {
    let logs = Logs::capture();
    let producer = silent().buffer(bounded(5, Keep::First)).spawn();
    assert_eq!(emit(&producer, 0..8).await, [5, 6, 7]);
    assert_eq!(logs.take(), [dropped(3)]);
    assert_eq!(drained(&producer).await, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_keeps_the_last_by_default_and_logs_how_many_it_dropped() {
    let logs = Logs::capture();
    let producer = silent().buffer(bounded(5, Keep::default())).spawn();
    assert_eq!(emit(&producer, 0..8).await, [0, 1, 2]);
    assert_eq!(logs.take(), [dropped(3)]);
    assert_eq!(drained(&producer).await, [3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_without_a_bound_drops_nothing() {
    let logs = Logs::capture();
    for producer in [silent().spawn(), silent().buffer(Buffer::new(None, Keep::Last)).spawn()] {
        assert!(emit(&producer, 0..20_000).await.is_empty());
        assert_eq!(producer.status().buffered, 20_000);
        assert_eq!(drained(&producer).await, (0..20_000).collect::<Vec<_>>());
    }
    assert!(logs.take().is_empty());
}

/// A stage with room for five, whose hook answers `log`, and what the hook heard.
fn hooked(log: bool) -> (RunningProducer<u64>, Seen<usize>) {
    let heard = Seen::nothing();
    let note = heard.clone();
    let hook = move |n| {
        note.add(n);
        log
    };
    (silent().buffer(bounded(5, Keep::Last)).on_overflow(hook).spawn(), heard)
}

#[tokio::test(start_paused = true)]
async fn a_hook_hears_how_many_were_dropped_each_time() {
    let (producer, heard) = hooked(false);
    emit(&producer, 0..5).await;
    assert!(heard.all().is_empty());
    emit(&producer, 5..8).await;
    emit(&producer, 8..9).await;
    assert_eq!(heard.all(), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_decides_whether_the_drop_is_logged_too() {
    let logs = Logs::capture();
    let (logging, first) = hooked(true);
    emit(&logging, 0..8).await;
    assert_eq!((first.all(), logs.take()), (vec![3], vec![dropped(3)]));
    let (silent, second) = hooked(false);
    emit(&silent, 0..8).await;
    assert_eq!((second.all(), logs.take()), (vec![3], vec![]));
}

#[tokio::test(start_paused = true)]
async fn delivering_what_survived_logs_nothing_more() {
    let logs = Logs::capture();
    let producer = silent().buffer(bounded(5, Keep::Last)).spawn();
    emit(&producer, 0..8).await;
    assert_eq!(logs.take().len(), 1);
    assert_eq!(drained(&producer).await.len(), 5);
    assert!(logs.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_status_counts_what_is_buffered_until_it_is_consumed() {
    let producer = silent().spawn();
    emit(&producer, 0..5).await;
    assert_eq!(producer.status().buffered, 5);
    emit(&producer, 5..8).await;
    assert_eq!(producer.status().buffered, 8);
    drained(&producer).await;
    assert_eq!(producer.status().buffered, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stage_runs_a_marker_at_once_when_its_events_were_dropped() {
    let producer = silent().buffer(bounded(3, Keep::Last)).spawn();
    let ran = Seen::nothing();
    let note = ran.clone();
    emit(&producer, 0..2).await;
    producer.producer().mark(Marker::new(move || note.add(()))).unwrap();
    // 0 goes; 1 is still in front of the marker.
    emit(&producer, 2..4).await;
    assert_eq!(ran.len(), 0);
    emit(&producer, 4..5).await;
    assert_eq!(ran.len(), 1);
    assert_eq!(drained(&producer).await, [2, 3, 4]);
}

/// Observed (O3).
#[tokio::test(start_paused = true)]
async fn every_overflow_is_logged_and_not_only_the_first() {
    let logs = Logs::capture();
    let producer = silent().buffer(bounded(3, Keep::Last)).spawn();
    for events in [0..5, 5..6, 6..8] {
        emit(&producer, events).await;
    }
    assert_eq!(logs.take(), [dropped(2), dropped(1), dropped(2)]);
}

/// Observed (O6, and O3 at its worst): the consumer holds its first thousand, the
/// buffer ten thousand.
#[tokio::test(start_paused = true)]
async fn a_bound_and_a_prefetch_lose_nothing_until_both_are_full_and_then_one_an_event() {
    let logs = Logs::capture();
    let producer = silent().buffer(bounded(10_000, Keep::Last)).spawn();
    let _hung = hanging(&producer.producer(), limits(1000, 500));
    settled().await;
    for event in 0..11_000 {
        assert!(emit(&producer, event..event + 1).await.is_empty());
    }
    assert!(logs.take().is_empty());
    for event in 11_000..12_000 {
        // Dropped is the oldest that is not with the consumer.
        assert_eq!(emit(&producer, event..event + 1).await, [event - 10_000]);
    }
    assert_eq!(logs.take(), vec![dropped(1); 1000]);
}

/// Observed (O4): GenStage takes this size and then fails; here it means that
/// nothing is kept, and nothing is lost silently.
#[test]
fn a_buffer_of_size_zero_keeps_nothing_and_hands_everything_back() {
    for keep in [Keep::First, Keep::Last] {
        let mut buffer = Buffer::<_>::new(Some(0), keep);
        assert_eq!(buffer.store(vec![1, 2]), [1, 2]);
        assert!(buffer.is_empty());
    }
}

/// Stores events that there is room for.
fn fits<M>(buffer: &mut Buffer<u64, M>, events: impl IntoIterator<Item = u64>) {
    assert!(buffer.store(events.into_iter().collect()).is_empty());
}

#[test]
fn markers_take_no_room() {
    for keep in [Keep::First, Keep::Last] {
        let mut buffer = Buffer::new(Some(3), keep);
        fits(&mut buffer, [1]);
        assert_eq!([buffer.mark('a'), buffer.mark('b')], [None, None]);
        assert_eq!(buffer.len(), 1);
        fits(&mut buffer, [2, 3]);
        assert_eq!(buffer.mark('c'), None);
        assert_eq!(buffer.len(), 3);
    }
}

#[test]
fn keeping_the_first_hands_back_exactly_the_newcomers() {
    let mut buffer = Buffer::<_>::new(Some(5), Keep::First);
    assert_eq!(buffer.store((0..8).collect()), [5, 6, 7]);
    assert_eq!(buffer.store(vec![8]), [8]);
    assert_eq!(buffer.take(2), [0, 1]);
    assert_eq!(buffer.store((9..13).collect()), [11, 12]);
    assert_eq!(buffer.take(10), [2, 3, 4, 9, 10]);
}

#[test]
fn keeping_the_last_hands_back_exactly_the_oldest() {
    let mut buffer = Buffer::<_>::new(Some(5), Keep::Last);
    fits(&mut buffer, 0..3);
    assert_eq!(buffer.store((3..7).collect()), [0, 1]);
    // More than fits by itself: the oldest of the newcomers go too.
    assert_eq!(buffer.store((7..14).collect()), (2..9).collect::<Vec<_>>());
    assert_eq!(buffer.take(10), [9, 10, 11, 12, 13]);
}

#[test]
fn a_marker_whose_events_were_all_dropped_is_due_at_once() {
    let mut buffer = Buffer::new(Some(3), Keep::Last);
    fits(&mut buffer, [0, 1]);
    assert_eq!(buffer.mark('a'), None);
    assert_eq!(buffer.store(vec![2, 3]), [0]);
    assert_eq!(buffer.take_due(), None);
    assert_eq!(buffer.store(vec![4]), [1]);
    // Overdue by now, it still stands in front of the rest.
    assert!(buffer.take(3).is_empty());
    assert_eq!(buffer.take_due(), Some('a'));
    assert_eq!(buffer.take(3), [2, 3, 4]);
}

#[test]
fn a_marker_with_nothing_in_front_of_it_comes_straight_back() {
    let mut buffer = Buffer::default();
    assert_eq!(buffer.mark('a'), Some('a'));
    fits(&mut buffer, [0]);
    assert_eq!(buffer.mark('b'), None);
    assert_eq!((buffer.take(1), buffer.take_due()), (vec![0], Some('b')));
    assert_eq!(buffer.mark('c'), Some('c'));
}

#[test]
fn taking_stops_at_a_marker_and_what_is_missing_is_still_wanted() {
    let mut buffer = Buffer::default();
    fits(&mut buffer, [0, 1]);
    assert_eq!(buffer.mark('a'), None);
    fits(&mut buffer, 2..7);
    let wanted = 5;
    let taken = buffer.take(wanted);
    assert_eq!(taken, [0, 1]);
    // Until the marker is out of the way there is nothing to take.
    assert!(buffer.take(wanted).is_empty());
    assert_eq!(buffer.take_due(), Some('a'));
    assert_eq!(buffer.take(wanted - taken.len()), [2, 3, 4]);
}

#[test]
fn markers_at_one_place_come_out_in_their_order() {
    let mut buffer = Buffer::default();
    fits(&mut buffer, [0]);
    assert_eq!(['a', 'b', 'c'].map(|marker| buffer.mark(marker)), [None, None, None]);
    fits(&mut buffer, [1]);
    assert_eq!(buffer.take_due(), None);
    assert_eq!(buffer.take(2), [0]);
    let due: Vec<_> = std::iter::from_fn(|| buffer.take_due()).collect();
    assert_eq!(due, ['a', 'b', 'c']);
    assert_eq!(buffer.take(2), [1]);
}

proptest! {
    #[test]
    fn events_and_markers_come_out_as_from_one_naive_line(
        size in proptest::option::of(0usize..6),
        keep in prop_oneof![Just(Keep::First), Just(Keep::Last)],
        steps in steps(),
    ) {
        let mut buffer = Buffer::new(size, keep);
        let mut line = Line { items: VecDeque::new(), size, keep };
        let mut numbers = 0..;
        for step in steps {
            match step {
                Step::Store(n) => {
                    let events: Vec<u32> = numbers.by_ref().take(n).collect();
                    prop_assert_eq!(line.store(&events), buffer.store(events));
                }
                Step::Mark => {
                    let marker = numbers.start;
                    numbers.start += 1;
                    prop_assert_eq!(line.mark(marker), buffer.mark(marker));
                }
                Step::Take(n) => prop_assert_eq!(line.take(n), buffer.take(n)),
                Step::TakeDue => prop_assert_eq!(line.take_due(), buffer.take_due()),
            }
            prop_assert_eq!(line.len(), buffer.len());
            prop_assert_eq!(line.items.is_empty(), buffer.is_empty());
        }
    }
}
