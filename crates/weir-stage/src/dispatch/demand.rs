//! The default dispatcher: each event goes to the subscription with the largest
//! outstanding demand.
//!
//! Every event goes to exactly one subscription. Equal demand keeps the order of
//! arrival, so consumers that ask for one event at a time take turns. The order
//! is GenStage's `DemandDispatcher`.
//!
//! # Greedy consumers
//! A subscription that asks for at least twice as much as any other is served
//! before them as long as it keeps up, so it gets most of the events. The stage
//! warns of it once, with the names. What is usual is what the *present*
//! subscriptions ask for, so a single consumer is never greedy, and neither are
//! consumers that all change together. (GenStage compares with the first ask ever
//! seen, and warns at every larger one.)

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, Greedy, SubscribeError, SubscribeRequest, Tag};
use crate::demand::Total;

/// One subscription and what it may still be assigned.
#[derive(Debug, Clone, Copy)]
struct Asking {
    tag: Tag,
    demand: usize,
    /// Its in-flight limit, or the largest demand it has had, if that was larger.
    most: usize,
}

/// Sends each event to the subscription with the largest demand.
#[derive(Debug, Default)]
pub struct DemandDispatcher {
    /// Largest demand first; equal demand in order of arrival. Whoever is served
    /// goes from the front to the back, and whoever asks again has usually been
    /// served longest ago; at both ends this is cheap, however many there are.
    asking: VecDeque<Asking>,
    /// The sum of all demand, kept so that [`Dispatcher::demand`] is one read.
    total: Total,
    /// Shuffles the subscriptions once, before the first dispatch.
    shuffle: Option<fastrand::Rng>,
    /// The largest ask that is not remarkable, if it is configured.
    max_demand: Option<usize>,
    /// Whether another subscription may be greedy now than at the last look.
    changed: bool,
}

impl DemandDispatcher {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts subscriptions of equal demand into a random order before the first
    /// dispatch, so that of many producers not all favour the same consumer.
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.shuffle = Some(fastrand::Rng::with_seed(seed));
        self
    }

    /// Warns of a subscription that asks for more than `max_demand` events, and
    /// for more than the others. Without this, twice as much as the others is
    /// remarkable. A greedy consumer is served all the same.
    pub fn max_demand(mut self, max_demand: usize) -> Self {
        self.max_demand = Some(max_demand);
        self
    }

    /// The subscription that asks for remarkably more than any other.
    fn greediest(&self) -> Option<Greedy> {
        // Only those that ask compete for events.
        let asking = || self.asking.iter().filter(|asking| asking.most > 0);
        let greediest = asking().max_by_key(|asking| asking.most)?;
        let others = || asking().filter(|other| other.tag != greediest.tag).map(|other| other.most);
        let (least, most) = (others().min()?, others().max()?);
        let greedy = match self.max_demand {
            Some(max_demand) => greediest.most > max_demand && greediest.most > most,
            None => greediest.most / 2 >= most,
        };
        greedy.then_some(Greedy { tag: greediest.tag, asks: greediest.most, others: least..=most })
    }

    fn shuffle_once(&mut self) {
        if let Some(mut random) = self.shuffle.take() {
            let asking = self.asking.make_contiguous();
            random.shuffle(asking);
            asking.sort_by_key(|asking| std::cmp::Reverse(asking.demand));
        }
    }

    fn find(&self, tag: Tag) -> Option<usize> {
        self.asking.iter().position(|asking| asking.tag == tag)
    }

    /// Behind everyone with at least as much demand.
    fn insert(&mut self, asking: Asking) {
        let at = self.asking.partition_point(|other| other.demand >= asking.demand);
        self.asking.insert(at, asking);
    }

    /// Puts the subscription at this place where it belongs, now that its demand
    /// has changed. Where few ask, it often belongs where it is.
    fn settle(&mut self, at: usize) {
        let demand = self.asking[at].demand;
        let before = at.checked_sub(1).is_none_or(|before| self.asking[before].demand >= demand);
        let after = self.asking.get(at + 1).is_none_or(|after| after.demand < demand);
        if !(before && after)
            && let Some(asking) = self.asking.remove(at)
        {
            self.insert(asking);
        }
    }

    /// Takes up to `most` off the demand of the first in line, and puts it where
    /// it then belongs. Returns who it is and how much it was.
    fn assign_to_first(&mut self, most: usize) -> Option<(Tag, usize)> {
        let first = self.asking.front_mut()?;
        let (tag, n) = (first.tag, first.demand.min(most));
        if n == 0 {
            // It keeps its turn.
            return None;
        }
        first.demand -= n;
        self.total.remove(n);
        self.settle(0);
        Some((tag, n))
    }
}

impl<T: Send + 'static> Dispatcher<T> for DemandDispatcher {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        self.insert(Asking { tag, demand: 0, most: request.max_demand.unwrap_or(0) });
        self.changed = true;
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        if let Some(gone) = self.find(tag).and_then(|at| self.asking.remove(at)) {
            self.total.remove(gone.demand);
            self.changed = true;
        }
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(at) = self.find(tag) {
            let asking = &mut self.asking[at];
            let more = n.min(usize::MAX - asking.demand);
            asking.demand += more;
            if asking.demand > asking.most {
                asking.most = asking.demand;
                self.changed = true;
            }
            self.total.add(more);
            self.settle(at);
        }
    }

    fn demand(&self) -> usize {
        self.total.get()
    }

    fn greedy(&mut self) -> Option<Greedy> {
        if std::mem::take(&mut self.changed) { self.greediest() } else { None }
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        self.shuffle_once();
        // The usual case first: the whole batch fits one subscription, and its
        // allocation travels on untouched.
        if self.asking.front().is_some_and(|first| first.demand >= events.len())
            && let Some((to, _)) = self.assign_to_first(events.len())
        {
            assignments.push(Assignment { to, events });
            return Vec::new();
        }
        let mut rest = events.into_iter();
        while let Some((to, n)) = self.assign_to_first(rest.len()) {
            assignments.push(Assignment { to, events: rest.by_ref().take(n).collect() });
        }
        rest.collect()
    }
}
