//! The outlet with the default dispatcher, case by case. The cases that random scripts have
//! found are at the end.

use super::*;
use crate::buffer::Keep;
use crate::dispatch::{DemandDispatcher, PartitionDispatcher};

struct Bench(Outlet<u32, DemandDispatcher>);

impl Bench {
    fn new() -> Self {
        Self(Outlet::new(DemandDispatcher::new(), Buffer::default(), false))
    }

    /// Makes an outlet whose buffer keeps nothing.
    fn unbuffered() -> Self {
        let buffer = Buffer::new(Some(0), Keep::Last);
        Self(Outlet::new(DemandDispatcher::new(), buffer, false))
    }

    fn subscribe(&mut self) -> Tag {
        let tag = Tag::unique();
        self.0.subscribe(tag, SubscribeRequest::new(0)).unwrap();
        tag
    }

    fn emit(&mut self, events: std::ops::Range<u32>) {
        self.0.emit(events.collect());
    }

    /// Returns the deliveries since the last call.
    fn delivered(&mut self) -> Vec<(Tag, u64, Vec<u32>)> {
        let delivery = |out| match out {
            Out::Send(Delivery { to, first, events }) => (to, first, events),
            Out::Run(_) | Out::Overflow(_) => unreachable!("only deliveries here"),
        };
        self.0.outgoing().map(delivery).collect()
    }
}

#[test]
fn excess_is_buffered_and_serves_the_next_ask_before_the_producer_does() {
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.ask(a, 2);
    bench.emit(0..5);
    assert_eq!(bench.delivered(), [(a, 0, vec![0, 1])]);
    bench.0.ask(a, 4);
    assert_eq!(bench.delivered(), [(a, 2, vec![2, 3, 4])]);
    assert_eq!(bench.0.demand(), 1);
}

#[test]
fn buffered_events_serve_a_newcomer_after_the_asker_left() {
    // GenStage's issue 311: pending demand of a consumer that left must not keep buffered
    // events from the next one.
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.ask(a, 10);
    assert!(bench.0.cancel(a, Vec::new()).is_empty());
    bench.emit(0..10);
    let b = bench.subscribe();
    bench.0.ask(b, 5);
    assert_eq!(bench.delivered(), [(b, 0, vec![0, 1, 2, 3, 4])]);
}

#[test]
fn asks_made_while_frozen_are_kept_and_events_stay_in_order() {
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.freeze();
    bench.0.ask(a, 4);
    assert_eq!(bench.0.demand(), 0);
    bench.emit(0..2);
    bench.emit(2..3);
    assert!(bench.delivered().is_empty());
    bench.0.unfreeze();
    assert_eq!(bench.delivered(), [(a, 0, vec![0, 1, 2])]);
    assert_eq!(bench.0.demand(), 1);
}

#[test]
fn requeued_events_keep_their_place_and_are_dispatched_one_by_one() {
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.ask(a, 9);
    bench.emit(0..9);
    bench.delivered();
    bench.0.freeze();
    assert!(bench.0.requeue(Requeue { first: 3, events: (3..9).collect() }).is_empty());
    let (b, c) = (bench.subscribe(), bench.subscribe());
    for tag in [a, b, c] {
        bench.0.ask(tag, 9);
    }
    bench.0.unfreeze();
    let dealt = [(a, 3), (b, 4), (c, 5), (a, 6), (b, 7), (c, 8)];
    assert_eq!(bench.delivered(), dealt.map(|(tag, n)| (tag, u64::from(n), vec![n])));
}

#[test]
fn requeued_events_go_out_before_buffered_ones() {
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.ask(a, 2);
    bench.emit(0..4);
    bench.delivered();
    assert!(bench.0.requeue(Requeue { first: 0, events: [0, 1].into() }).is_empty());
    bench.0.ask(a, 4);
    assert_eq!(bench.delivered(), [(a, 0, vec![0, 1]), (a, 2, vec![2, 3])]);
}

#[test]
fn an_emission_while_frozen_stays_behind_the_emissions_of_an_earlier_pause() {
    let mut bench = Bench::new();
    let a = bench.subscribe();
    bench.0.ask(a, 9);
    bench.0.pause();
    bench.emit(0..2);
    bench.0.freeze();
    bench.0.resume();
    bench.emit(2..3);
    bench.0.unfreeze();
    let delivered = bench.delivered();
    assert_eq!(delivered.into_iter().flat_map(|(_, _, events)| events).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn no_event_overflows_for_which_there_is_a_kept_ask() {
    let mut bench = Bench::unbuffered();
    let a = bench.subscribe();
    bench.0.pause();
    bench.0.ask(a, 1);
    bench.0.ask(a, 2);
    bench.0.resume();
    assert_eq!(bench.0.demand(), 1, "one ask at a time");
    bench.emit(0..3);
    assert_eq!(bench.delivered(), [(a, 0, vec![0]), (a, 1, vec![1, 2])]);
}

/// Makes an outlet that dispatches by parity, with subscriptions for even and odd numbers.
fn by_parity(dispatcher: PartitionDispatcher<u32>) -> (Outlet<u32, PartitionDispatcher<u32>>, [Tag; 2]) {
    let mut outlet = Outlet::new(dispatcher, Buffer::default(), false);
    let tags = [0, 1].map(|partition: usize| {
        let (tag, request) = (Tag::unique(), SubscribeRequest::new(0).partition(partition));
        outlet.subscribe(tag, request).unwrap();
        tag
    });
    (outlet, tags)
}

fn parity() -> PartitionDispatcher<u32> {
    PartitionDispatcher::new(2, |event| Some((event % 2) as usize))
}

#[test]
fn a_kept_ask_is_taken_up_when_its_event_waits_in_its_partition() {
    let (mut outlet, [even, odd]) = by_parity(parity());
    outlet.pause();
    outlet.ask(even, 5);
    outlet.ask(odd, 1);
    outlet.resume();
    // The even partition still has a demand of 4.
    outlet.emit(vec![1]);
    let mut out = outlet.outgoing();
    assert!(matches!(out.next(), Some(Out::Send(Delivery { to, .. })) if to == odd));
}

#[test]
fn a_marker_runs_when_the_events_that_it_waited_for_are_discarded() {
    let (mut outlet, [even, odd]) = by_parity(parity().discarding());
    outlet.ask(even, 2);
    outlet.emit(vec![1]);
    outlet.mark(Marker::new(|| {}));
    assert!(!outlet.has_outgoing());
    assert_eq!(outlet.cancel(odd, Vec::new()), [1]);
    assert!(matches!(outlet.outgoing().next(), Some(Out::Run(_))));
}

#[test]
fn a_marker_inside_a_dispatcher_goes_between_the_events_of_one_delivery() {
    let (mut outlet, [even, odd]) = by_parity(parity());
    outlet.ask(even, 4);
    outlet.emit(vec![1]);
    outlet.mark(Marker::new(|| {}));
    outlet.emit(vec![3]);
    outlet.ask(odd, 2);
    let out: Vec<_> = outlet.outgoing().collect();
    let [Out::Send(first), Out::Run(_), Out::Send(second)] = &out[..] else { panic!("out of order") };
    assert_eq!((&first.events[..], &second.events[..]), (&[1][..], &[3][..]));
}
