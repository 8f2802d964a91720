//! The results of a script so far, and the checks that need no model.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Rule, Step};
use super::{PARTITIONS, partition};
use crate::dispatch::Tag;

/// The results so far, which the properties check.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) rule: Rule,
    pub(super) subs: Vec<Sub>,
    /// For each event, the number of consumers that have it, started or not.
    pub(super) with_consumers: Vec<usize>,
    pub(super) overflowed: Vec<u32>,
    pub(super) discarded: Vec<u32>,
    /// For each marker, the number of events emitted before it.
    pub(super) marked: Vec<u32>,
    pub(super) ran: Vec<usize>,
    /// The result of the last step, and the one that the model expected.
    pub(super) seen: Step,
    pub(super) expected: Step,
    /// The number of events that wait outside the dispatcher.
    pub(super) outside: usize,
    /// The number of empty deliveries, and of deliveries to cancelled subscriptions.
    pub(super) strays: usize,
    /// The first event found out of order.
    pub(super) disorder: Option<String>,
    /// The first marker found to run too early or too late.
    pub(super) misplaced: Option<String>,
    /// True once every event is released.
    pub(super) over: bool,
    /// Requeued events that have not gone out again, by lane and in the order of emission.
    away: BTreeSet<(usize, u32)>,
    /// Events that have gone out at least once, and the newest of each lane.
    out: BTreeSet<u32>,
    newest: BTreeMap<usize, u32>,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Sub {
    pub(super) tag: Tag,
    picky: bool,
    pub(super) present: bool,
    /// True if it is cancelled and may still have events.
    pub(super) draining: bool,
    pub(super) asked: usize,
    pub(super) got: Vec<u32>,
    /// The number of events that had gone out before it subscribed.
    pub(super) joined: usize,
    /// The events that it has not started, with their positions.
    pub(super) held: Vec<(u64, u32)>,
}

impl Sub {
    pub(super) fn new(tag: Tag, picky: bool, joined: usize) -> Self {
        Self {
            tag,
            picky,
            present: true,
            draining: false,
            asked: 0,
            got: Vec::new(),
            joined,
            held: Vec::new(),
        }
    }

    pub(super) fn wants(&self, event: u32) -> bool {
        !self.picky || event.is_multiple_of(2)
    }
}

impl Record {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            subs: Vec::new(),
            with_consumers: Vec::new(),
            overflowed: Vec::new(),
            discarded: Vec::new(),
            marked: Vec::new(),
            ran: Vec::new(),
            seen: Step::default(),
            expected: Step::default(),
            outside: 0,
            strays: 0,
            disorder: None,
            misplaced: None,
            over: false,
            away: BTreeSet::new(),
            out: BTreeSet::new(),
            newest: BTreeMap::new(),
        }
    }

    /// Returns the events that have gone out, in order, if no event goes out twice.
    pub(super) fn gone_out(&self, buffered: usize) -> Vec<u32> {
        let emitted = 0..self.with_consumers.len() as u32;
        let kept: Vec<u32> = emitted.filter(|event| !self.overflowed.contains(event)).collect();
        kept[..kept.len() - buffered].to_vec()
    }

    /// Returns the lane of an event. Within a lane there is one order.
    fn lane(&self, who: usize, event: u32) -> usize {
        match self.rule {
            Rule::Shared => 0,
            Rule::Broadcast => who,
            Rule::Partition { .. } => partition(event).unwrap_or(PARTITIONS),
        }
    }

    pub(super) fn came_back(&mut self, who: usize, back: &[(u64, u32)]) {
        // A broadcast discards requeued events.
        if self.rule != Rule::Broadcast {
            for &(_, event) in back {
                self.with_consumers[event as usize] -= 1;
                self.away.insert((self.lane(who, event), event));
            }
        }
    }

    pub(super) fn discarded(&mut self, event: u32) {
        self.away.retain(|(_, other)| *other != event);
        self.discarded.push(event);
        self.seen.discarded.push(event);
    }

    pub(super) fn delivered(&mut self, who: usize, place: u64, event: u32) {
        let lane = self.lane(who, event);
        let mut away = self.away.range((lane, 0)..=(lane, u32::MAX)).map(|(_, event)| *event);
        let newest = self.newest.get(&lane);
        let wrong = match away.next() {
            Some(first) if first == event => {
                self.away.remove(&(lane, event));
                None
            }
            Some(first) => Some(format!("{event} went before {first}, which had come back")),
            None if newest.is_some_and(|newest| *newest >= event) => {
                Some(format!("{event} went after {newest:?}"))
            }
            None => {
                self.newest.insert(lane, event);
                None
            }
        };
        self.disorder = self.disorder.take().or(wrong);
        self.with_consumers[event as usize] += 1;
        self.out.insert(event);
        let sub = &mut self.subs[who];
        self.strays += usize::from(!sub.present);
        sub.got.push(event);
        sub.held.push((place, event));
    }

    /// Notes that a marker ran. Every event before it must have gone out or be lost, and none
    /// of them may wait to go out again. No event behind it may have gone out, except to
    /// partitions in which no event was waiting for the marker.
    pub(super) fn marker_ran(&mut self, marker: usize) {
        self.ran.push(marker);
        let place = self.marked[marker];
        // All subscriptions of a broadcast may have skipped the odd events.
        let shows = |event: &u32| match self.rule {
            Rule::Shared => true,
            Rule::Broadcast => event.is_multiple_of(2),
            Rule::Partition { .. } => partition(*event).is_some(),
        };
        let lost = |event: &u32| self.overflowed.contains(event) || self.discarded.contains(event);
        let away = |event: &u32| self.away.iter().any(|(_, other)| other == event);
        let waits = |event: &u32| away(event) || (!self.out.contains(event) && !lost(event));
        let late = (0..place).find(|event| shows(event) && waits(event));
        let early = self.out.range(place..).next().filter(|_| !matches!(self.rule, Rule::Partition { .. }));
        if let Some(event) = late.as_ref().or(early) {
            let wrong = format!("marker {marker}, at {place}, ran too early or too late for {event}");
            self.misplaced.get_or_insert(wrong);
        }
    }
}
