//! The naive dispatcher: all the rules in one, an event at a time, and everything
//! worked out anew each time it is asked.
//!
//! It does not say who of several gets an event that any of them may have; it is
//! [told](Naive::took) afterwards.

use std::collections::{BTreeSet, VecDeque};

use super::step::{Part, Rule, Step};
use super::{PARTITIONS, partition};

#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) present: bool,
    /// Left, and may still work on something or have it to give back.
    pub(super) unsettled: bool,
    pub(super) consumer: u64,
    pub(super) partition: usize,
    pub(super) picky: bool,
    /// None, of one who left.
    pub(super) wants: usize,
}

#[derive(Debug)]
pub(super) struct Naive {
    rule: Rule,
    clients: Vec<Client>,
    /// Of each partition: what came back, by place, and then what waits.
    inside: [Vec<(u64, u32)>; PARTITIONS],
    /// Markers inside, with the events that each waits for.
    markers: VecDeque<(usize, BTreeSet<u32>)>,
    /// Sent in this step to nobody knows whom.
    untold: usize,
    /// What has come of this step.
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
        (client.present, client.unsettled, client.wants) = (false, true, 0);
        if self.rule == (Rule::Partition { discards: true }) {
            let waiting = self.inside[client.partition].drain(..);
            let discarded: Vec<u32> = waiting.map(|(_, event)| event).collect();
            for (_, before) in &mut self.markers {
                before.retain(|event| !discarded.contains(event));
            }
            self.step.discarded.extend(discarded);
        }
    }

    pub(super) fn settle(&mut self, who: usize) {
        self.clients[who].unsettled = false;
    }

    /// Takes back what it has a place for, and otherwise answers no.
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

    /// `who` got `n` of what was sent in this step.
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

    /// Only while the level is above zero.
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

    /// A marker has come to its place.
    pub(super) fn pass(&mut self, marker: usize) {
        if self.queued() == 0 && self.markers.is_empty() {
            self.step.out.push(Part::Ran(marker));
        } else {
            let before = self.inside.iter().flatten().map(|(_, event)| *event).collect();
            self.markers.push_back((marker, before));
        }
    }

    /// Runs the first marker inside if it waits for nothing, or serves one event:
    /// one that this marker waits for, if anybody wants such a one.
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
        // It has a new place now, and if it comes back, goes before these.
        waiting.iter_mut().for_each(|(place, _)| *place = u64::MAX);
        for (_, before) in &mut self.markers {
            before.remove(&event);
        }
        self.step.send(Some(who), event);
        true
    }

    /// Nothing, for as long as one who had the partition before is unsettled.
    fn first_for(&self, who: usize) -> Option<u32> {
        let partition = self.clients[who].partition;
        if self.clients.iter().any(|other| other.unsettled && other.partition == partition) {
            return None;
        }
        let waiting = self.inside.get(partition)?;
        waiting.first().map(|(_, event)| *event)
    }
}
