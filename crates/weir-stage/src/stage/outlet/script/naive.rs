//! The naive dispatcher: all rules in one, an event at a time, with everything computed anew
//! each time.
//!
//! If several subscriptions may have an event, it does not decide which one gets it; it is
//! [told](Naive::took) afterwards.

use std::collections::{BTreeSet, VecDeque};

use super::step::{Part, Rule, Step};
use super::{PARTITIONS, partition};

#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) present: bool,
    /// True if it is cancelled, and may still work on events or requeue some.
    pub(super) draining: bool,
    pub(super) consumer: u64,
    pub(super) partition: usize,
    pub(super) picky: bool,
    /// Its demand; 0 once cancelled.
    pub(super) wants: usize,
}

#[derive(Debug)]
pub(super) struct Naive {
    rule: Rule,
    clients: Vec<Client>,
    /// For each partition: requeued events by position, then the events that wait.
    inside: [Vec<(u64, u32)>; PARTITIONS],
    /// Markers inside, each with the events that it waits for.
    markers: VecDeque<(usize, BTreeSet<u32>)>,
    /// Events sent in this step to a subscription that is not known yet.
    untold: usize,
    /// The results of this step.
    pub(super) step: Step,
}

impl Naive {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            clients: Vec::new(),
            inside: Default::default(),
            markers: VecDeque::new(),
            untold: 0,
            step: Step::default(),
        }
    }

    pub(super) fn subscribe(&mut self, client: Client) {
        let mut others = self.clients.iter().filter(|other| other.present);
        self.step.refused = match self.rule {
            Rule::Shared => false,
            Rule::Broadcast => others.any(|other| other.consumer == client.consumer),
            Rule::Partition { .. } => {
                client.partition >= PARTITIONS || others.any(|other| other.partition == client.partition)
            }
        };
        if !self.step.refused {
            self.clients.push(client);
        }
    }

    pub(super) fn cancel(&mut self, who: usize) {
        let client = &mut self.clients[who];
        (client.present, client.draining, client.wants) = (false, true, 0);
        if self.rule == (Rule::Partition { discards: true }) {
            let waiting = self.inside[client.partition].drain(..);
            let discarded: Vec<u32> = waiting.map(|(_, event)| event).collect();
            for (_, before) in &mut self.markers {
                before.retain(|event| !discarded.contains(event));
            }
            self.step.discarded.extend(discarded);
        }
    }

    pub(super) fn drained(&mut self, who: usize) {
        self.clients[who].draining = false;
    }

    /// Takes a requeued event back if the rule has a place for it, and otherwise returns
    /// false.
    pub(super) fn takes_back(&mut self, place: u64, event: u32) -> bool {
        match self.rule {
            Rule::Shared => return false,
            Rule::Broadcast => self.step.discarded.push(event),
            Rule::Partition { .. } => {
                let waiting = &mut self.inside[partition(event).expect("it had one before")];
                let at = waiting.partition_point(|(other, _)| *other < place);
                waiting.insert(at, (place, event));
                for (_, before) in &mut self.markers {
                    before.insert(event);
                }
            }
        }
        true
    }

    pub(super) fn ask(&mut self, who: usize, n: usize) {
        let client = &mut self.clients[who];
        client.wants += if client.present { n } else { 0 };
    }

    /// Notes that `who` got `n` of the events sent in this step.
    pub(super) fn took(&mut self, who: usize, n: usize) {
        if self.rule == Rule::Shared {
            self.untold = self.untold.saturating_sub(n);
            self.clients[who].wants = self.clients[who].wants.saturating_sub(n);
        }
    }

    pub(super) fn level(&self) -> usize {
        let wants = self.clients.iter().filter(|client| client.present).map(|client| client.wants);
        match self.rule {
            Rule::Shared => wants.sum::<usize>().saturating_sub(self.untold),
            Rule::Broadcast => wants.min().unwrap_or(0),
            Rule::Partition { .. } => wants.sum::<usize>().saturating_sub(self.queued()),
        }
    }

    pub(super) fn queued(&self) -> usize {
        self.inside.iter().map(Vec::len).sum()
    }

    /// Dispatches an event. Called only while the level is above zero.
    pub(super) fn dispatch(&mut self, event: u32) {
        match self.rule {
            Rule::Shared => {
                self.untold += 1;
                self.step.send(None, event);
            }
            Rule::Broadcast => {
                for (who, client) in self.clients.iter_mut().enumerate() {
                    if client.present && (!client.picky || event.is_multiple_of(2)) {
                        client.wants -= 1;
                        self.step.send(Some(who), event);
                    }
                }
            }
            Rule::Partition { .. } => {
                if let Some(partition) = partition(event) {
                    self.inside[partition].push((u64::MAX, event));
                }
            }
        }
    }

    /// Handles a marker that has come to its place.
    pub(super) fn pass(&mut self, marker: usize) {
        if self.queued() == 0 && self.markers.is_empty() {
            self.step.out.push(Part::Ran(marker));
        } else {
            let before = self.inside.iter().flatten().map(|(_, event)| *event).collect();
            self.markers.push_back((marker, before));
        }
    }

    /// Runs the first marker inside if it waits for nothing, or serves one event. If there is
    /// demand for an event that this marker waits for, it serves that one.
    pub(super) fn serve_inside(&mut self) -> bool {
        if self.markers.front().is_some_and(|(_, before)| before.is_empty()) {
            self.step.out.extend(self.markers.pop_front().map(|(marker, _)| Part::Ran(marker)));
            return true;
        }
        let wanting = (0..self.clients.len()).filter(|who| self.clients[*who].wants > 0);
        let wanted: Vec<_> = wanting.filter_map(|who| Some((who, self.first_for(who)?))).collect();
        let awaited = |event: &u32| self.markers.front().is_some_and(|(_, before)| before.contains(event));
        let next = wanted.iter().find(|(_, event)| awaited(event)).or_else(|| wanted.first());
        let Some(&(who, event)) = next else { return false };
        self.clients[who].wants -= 1;
        let waiting = &mut self.inside[self.clients[who].partition];
        waiting.remove(0);
        // The event has a new position, and goes before these if it is requeued.
        waiting.iter_mut().for_each(|(place, _)| *place = u64::MAX);
        for (_, before) in &mut self.markers {
            before.remove(&event);
        }
        self.step.send(Some(who), event);
        true
    }

    /// Returns the first event of consumer `who`; none while an earlier consumer of the partition is
    /// not drained.
    fn first_for(&self, who: usize) -> Option<u32> {
        let partition = self.clients[who].partition;
        if self.clients.iter().any(|other| other.draining && other.partition == partition) {
            return None;
        }
        let waiting = self.inside.get(partition)?;
        waiting.first().map(|(_, event)| *event)
    }
}
