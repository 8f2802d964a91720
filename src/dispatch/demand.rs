//! The default dispatcher: each event goes to the subscription with the largest
//! outstanding demand.
//!
//! Every event goes to exactly one subscription. Equal demand keeps the order of
//! arrival, so consumers that ask for one event at a time take turns. The order
//! is GenStage's `DemandDispatcher`.

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, Refused, Tag, Wish};

/// One subscription and what it may still be assigned.
#[derive(Debug, Clone, Copy)]
struct Asking {
    tag: Tag,
    demand: usize,
}

/// Sends each event to the subscription with the largest demand.
#[derive(Debug, Default)]
pub struct DemandDispatcher {
    /// Largest demand first; equal demand in order of arrival. Whoever is served
    /// goes from the front to the back, and whoever asks again has usually been
    /// served longest ago; at both ends this is cheap, however many there are.
    asking: VecDeque<Asking>,
    /// The sum of all demand, kept so that [`Dispatcher::demand`] is one read.
    total: usize,
    /// Shuffles the subscriptions once, before the first dispatch.
    shuffle: Option<fastrand::Rng>,
    /// The largest ask that is not remarkable: configured, or the first seen.
    usual: Option<usize>,
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

    /// Warns of asks above `max_demand`. Without it, the first ask sets what is
    /// usual. A greedy consumer is served all the same, and starves the others.
    pub fn max_demand(mut self, max_demand: usize) -> Self {
        self.usual = Some(max_demand);
        self
    }

    fn shuffle_once(&mut self) {
        if let Some(mut random) = self.shuffle.take() {
            let asking = self.asking.make_contiguous();
            random.shuffle(asking);
            asking.sort_by_key(|asking| std::cmp::Reverse(asking.demand));
        }
    }

    fn remove(&mut self, tag: Tag) -> Option<Asking> {
        let at = self.asking.iter().position(|asking| asking.tag == tag)?;
        self.asking.remove(at)
    }

    /// Behind everyone with at least as much demand.
    fn insert(&mut self, asking: Asking) {
        let at = self.asking.partition_point(|other| other.demand >= asking.demand);
        self.asking.insert(at, asking);
    }

    /// Takes up to `most` off the demand of the first in line, and puts it where
    /// it then belongs. Returns who it is and how much it was.
    fn assign_to_first(&mut self, most: usize) -> Option<(Tag, usize)> {
        let n = self.asking.front()?.demand.min(most);
        if n == 0 {
            // It keeps its turn.
            return None;
        }
        let mut first = self.asking.pop_front()?;
        first.demand -= n;
        self.total -= n;
        self.insert(first);
        Some((first.tag, n))
    }
}

impl<T: Send + 'static> Dispatcher<T> for DemandDispatcher {
    fn subscribe(&mut self, tag: Tag, _wish: Wish<T>) -> Result<(), Refused> {
        self.insert(Asking { tag, demand: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        if let Some(gone) = self.remove(tag) {
            self.total -= gone.demand;
        }
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        let usual = *self.usual.get_or_insert(n);
        if n > usual {
            log::warn!("a consumer asks for {n} events where {usual} are usual: it may starve others");
        }
        if let Some(mut asking) = self.remove(tag) {
            asking.demand += n;
            self.total += n;
            self.insert(asking);
        }
    }

    fn demand(&self) -> usize {
        self.total
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The dispatcher under test, with what it assigned so far.
    struct Bench {
        dispatcher: DemandDispatcher,
        tags: Vec<Tag>,
    }

    impl Bench {
        fn with_consumers(n: usize) -> Self {
            let mut dispatcher = DemandDispatcher::new();
            let tags: Vec<Tag> = (0..n).map(|_| Tag::unique()).collect();
            for &tag in &tags {
                Dispatcher::<u32>::subscribe(&mut dispatcher, tag, Wish::none(0)).unwrap();
            }
            Self { dispatcher, tags }
        }

        fn ask(&mut self, consumer: usize, n: usize) {
            Dispatcher::<u32>::ask(&mut self.dispatcher, self.tags[consumer], n);
        }

        fn demand(&self) -> usize {
            Dispatcher::<u32>::demand(&self.dispatcher)
        }

        /// (consumer, events) for each assignment, and what was returned.
        fn dispatch(&mut self, events: &[u32]) -> (Vec<(usize, Vec<u32>)>, Vec<u32>) {
            let mut out = Vec::new();
            let rest = self.dispatcher.dispatch(events.to_vec(), &mut out);
            let named =
                out.into_iter().map(|a| (self.tags.iter().position(|&tag| tag == a.to).unwrap(), a.events));
            (named.collect(), rest)
        }
    }

    #[test]
    fn subscribing_creates_no_demand_and_nothing_is_assigned() {
        let mut bench = Bench::with_consumers(2);
        assert_eq!(bench.demand(), 0);
        assert_eq!(bench.dispatch(&[1, 2]), (vec![], vec![1, 2]));
    }

    #[test]
    fn the_largest_demand_is_served_first_and_the_rest_spills_to_the_next() {
        let mut bench = Bench::with_consumers(2);
        bench.ask(0, 2);
        bench.ask(1, 3);
        let (assigned, rest) = bench.dispatch(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(assigned, [(1, vec![1, 2, 3]), (0, vec![4, 5])]);
        assert_eq!(rest, [6]);
        assert_eq!(bench.demand(), 0);
    }

    #[test]
    fn equal_demand_takes_turns_in_order_of_arrival() {
        let mut bench = Bench::with_consumers(3);
        for consumer in [2, 0, 1] {
            bench.ask(consumer, 1);
        }
        let (assigned, _) = bench.dispatch(&[1, 2, 3]);
        assert_eq!(assigned, [(2, vec![1]), (0, vec![2]), (1, vec![3])]);
    }

    #[test]
    fn single_events_to_equal_demand_go_round_without_skipping_anybody() {
        let mut bench = Bench::with_consumers(3);
        (0..3).for_each(|consumer| bench.ask(consumer, 1));
        let mut order = Vec::new();
        for event in 0..6 {
            let (assigned, _) = bench.dispatch(&[event]);
            order.push(assigned[0].0);
            bench.ask(assigned[0].0, 1);
            assert_eq!(bench.dispatch(&[]), (vec![], vec![]));
        }
        assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn the_demand_of_a_cancelled_subscription_is_forgotten() {
        let mut bench = Bench::with_consumers(2);
        bench.ask(0, 3);
        bench.ask(1, 3);
        Dispatcher::<u32>::cancel(&mut bench.dispatcher, bench.tags[0]);
        assert_eq!(bench.demand(), 3);
        assert_eq!(bench.dispatch(&[1, 2, 3, 4, 5]), (vec![(1, vec![1, 2, 3])], vec![4, 5]));
    }

    #[test]
    fn a_shuffle_changes_the_order_of_equals_once_and_never_the_demand() {
        let orders: Vec<Vec<usize>> = (0..20)
            .map(|seed| {
                let mut bench = Bench::with_consumers(5);
                bench.dispatcher.shuffle = Some(fastrand::Rng::with_seed(seed));
                (0..5).for_each(|consumer| bench.ask(consumer, 1));
                bench.dispatch(&[1, 2, 3, 4, 5]).0.into_iter().map(|(consumer, _)| consumer).collect()
            })
            .collect();
        assert!(orders.iter().any(|order| *order != orders[0]), "seeds differ");
        let mut bench = Bench::with_consumers(3);
        bench.dispatcher.shuffle = Some(fastrand::Rng::with_seed(3));
        bench.ask(1, 9);
        bench.ask(2, 1);
        assert_eq!(bench.dispatch(&[1]).0, [(1, vec![1])]);
    }

    #[test]
    fn an_ask_for_an_unknown_tag_changes_nothing() {
        let mut bench = Bench::with_consumers(1);
        Dispatcher::<u32>::ask(&mut bench.dispatcher, Tag::unique(), 7);
        assert_eq!(bench.demand(), 0);
    }
}
