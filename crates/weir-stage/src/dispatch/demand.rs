//! The default dispatcher: each event goes to the subscription with the largest
//! outstanding demand.
//!
//! Every event goes to exactly one subscription. Equal demand keeps the order of arrival,
//! so consumers that ask for one event at a time take turns. The order is that of
//! GenStage's `DemandDispatcher`.
//!
//! # Greedy consumers
//! A subscription that asks for at least twice as much as any other is served before them
//! as long as it keeps up, so it gets most of the events. The stage logs one warning with
//! the names. The comparison is with the *present* subscriptions: a single consumer is
//! never greedy, and neither are consumers that all change together. (GenStage compares
//! with the first ask it has seen, and warns at every larger one.)

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, Greedy, SubscribeError, SubscribeRequest, Tag};
use crate::demand::Total;

/// One subscription and its outstanding demand.
#[derive(Debug, Clone, Copy)]
struct Subscriber {
    tag: Tag,
    demand: usize,
    /// The larger of its in-flight limit and the largest demand it has had.
    most: usize,
}

/// Sends each event to the subscription with the largest demand.
#[derive(Debug, Default)]
pub struct DemandDispatcher {
    /// Largest demand first; equal demand in order of arrival. A subscription that is
    /// served moves from the front to the back, and the one that asks again was usually
    /// served longest ago. Both happen at the ends of the deque, where moves are cheap.
    asking: VecDeque<Subscriber>,
    /// The sum of all demand, kept so that [`Dispatcher::demand`] is one read.
    total: Total,
    /// The generator that shuffles the subscriptions before the first dispatch.
    shuffle: Option<fastrand::Rng>,
    /// The largest ask that is never greedy, if configured.
    max_demand: Option<usize>,
    /// True if the greediest subscription may have changed since the last call of
    /// [`Dispatcher::greedy`].
    changed: bool,
}

impl DemandDispatcher {
    /// Makes a dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts subscriptions of equal demand into a random order before the first dispatch,
    /// so that several producers do not all favour the same consumer.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.shuffle = Some(fastrand::Rng::with_seed(seed));
        self
    }

    /// Warns of a subscription that asks for more than `max_demand` events and for more
    /// than the others. The default warns at twice as much as the others. A greedy
    /// consumer is served all the same.
    #[must_use]
    pub fn max_demand(mut self, max_demand: usize) -> Self {
        self.max_demand = Some(max_demand);
        self
    }

    /// Returns the subscription that asks for far more than any other.
    fn greediest(&self) -> Option<Greedy> {
        // Only subscriptions that ask compete for events.
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

    /// Inserts a subscription behind all that have at least as much demand.
    fn insert(&mut self, asking: Subscriber) {
        let at = self.asking.partition_point(|other| other.demand >= asking.demand);
        self.asking.insert(at, asking);
    }

    /// Restores the order after the demand of the subscription at `at` has changed. With
    /// few subscriptions its place is often still right.
    fn reposition(&mut self, at: usize) {
        let demand = self.asking[at].demand;
        let before = at.checked_sub(1).is_none_or(|before| self.asking[before].demand >= demand);
        let after = self.asking.get(at + 1).is_none_or(|after| after.demand < demand);
        if !(before && after)
            && let Some(asking) = self.asking.remove(at)
        {
            self.insert(asking);
        }
    }

    /// Lowers the demand of the first subscription by up to `most`, and restores the
    /// order. Returns its tag and the amount, or `None` if there is no demand.
    fn assign_to_first(&mut self, most: usize) -> Option<(Tag, usize)> {
        let first = self.asking.front_mut()?;
        let (tag, n) = (first.tag, first.demand.min(most));
        if n == 0 {
            // The subscription keeps its turn.
            return None;
        }
        first.demand -= n;
        self.total.remove(n);
        self.reposition(0);
        Some((tag, n))
    }
}

impl<T: Send + 'static> Dispatcher<T> for DemandDispatcher {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        self.insert(Subscriber { tag, demand: 0, most: request.max_demand.unwrap_or(0) });
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
            self.reposition(at);
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
        // The usual case: the whole batch fits the first subscription, so its allocation
        // is passed on.
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
