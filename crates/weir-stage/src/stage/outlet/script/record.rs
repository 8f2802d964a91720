//! What came of a script so far, and what can be said about it without a model.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Rule, Step};
use super::{PARTITIONS, partition};
use crate::dispatch::Tag;

/// What happened so far; what a property looks at.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) rule: Rule,
    pub(super) subs: Vec<Sub>,
    /// By event: with how many consumers it is, started or not.
    pub(super) with_consumers: Vec<usize>,
    pub(super) overflowed: Vec<u32>,
    pub(super) discarded: Vec<u32>,
    /// By marker: how many events had been emitted before.
    pub(super) marked: Vec<u32>,
    pub(super) ran: Vec<usize>,
    /// What the last step came to, and was to come to.
    pub(super) seen: Step,
    pub(super) expected: Step,
    /// How many events wait outside of the dispatcher.
    pub(super) outside: usize,
    /// Empty deliveries, and those to one who left.
    pub(super) strays: usize,
    /// What was first found to be out of order.
    pub(super) disorder: Option<String>,
    /// What a marker was first found to be too early or too late for.
    pub(super) misplaced: Option<String>,
    /// Whether all was let go.
    pub(super) over: bool,
    /// Events that came back and have not gone out again, by lane and in the order in
    /// which they were emitted.
    away: BTreeSet<(usize, u32)>,
    /// Events that have gone out once; in each lane, the newest.
    out: BTreeSet<u32>,
    newest: BTreeMap<usize, u32>,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Sub {
    pub(super) tag: Tag,
    picky: bool,
    pub(super) present: bool,
    /// Whether it left, and may still have something.
    pub(super) unsettled: bool,
    pub(super) asked: usize,
    pub(super) got: Vec<u32>,
    /// How many events had gone out before it came.
    pub(super) joined: usize,
    /// What it has not started, with its places.
    pub(super) held: Vec<(u64, u32)>,
}

impl Sub {
    pub(super) fn new(tag: Tag, picky: bool, joined: usize) -> Self {
        Self {
            tag,
            picky,
            present: true,
            unsettled: false,
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

    /// What has gone out, in order, if nothing ever goes out twice.
    pub(super) fn gone_out(&self, buffered: usize) -> Vec<u32> {
        let emitted = 0..self.with_consumers.len() as u32;
        let kept: Vec<u32> = emitted.filter(|event| !self.overflowed.contains(event)).collect();
        kept[..kept.len() - buffered].to_vec()
    }

    /// Within a lane there is one order.
    fn lane(&self, who: usize, event: u32) -> usize {
        match self.rule {
            Rule::Shared => 0,
            Rule::Broadcast => who,
            Rule::Partition { .. } => partition(event).unwrap_or(PARTITIONS),
        }
    }

    pub(super) fn came_back(&mut self, who: usize, back: &[(u64, u32)]) {
        // Of a broadcast it is discarded.
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

    /// A marker ran. Everything before it has gone out or is lost, and nothing of
    /// it waits to go out again; and nothing behind it has gone out, except to
    /// partitions in which nothing had waited for it.
    pub(super) fn marker_ran(&mut self, marker: usize) {
        self.ran.push(marker);
        let place = self.marked[marker];
        // Nobody may have wanted the odd ones of a broadcast.
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
            let wrong = format!("marker {marker}, at {place}, ran where {event} had no business to be");
            self.misplaced.get_or_insert(wrong);
        }
    }
}
