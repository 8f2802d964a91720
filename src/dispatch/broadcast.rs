//! Every event goes to every subscription.
//!
//! Nobody gets ahead: what can be dispatched is the *smallest* outstanding demand.
//! One subscription that does not ask holds all the others, and when it leaves
//! they go on. With a selector a subscription gets only the events it wants, and
//! those it does not want cost it no demand. The rules are those of GenStage's
//! `BroadcastDispatcher`.
//!
//! A copy that its consumer gives back, because it leaves or a pool is resized,
//! is discarded, with a warning: dispatched again, it would go to everybody
//! twice.

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, GivenBack, Refused, Tag, Wish};

/// Sends a copy of each event to each subscription. For large events make them
/// `Arc`s.
#[derive(Debug)]
pub struct BroadcastDispatcher<T> {
    subscriptions: Vec<Listening<T>>,
}

#[derive(Debug)]
struct Listening<T> {
    tag: Tag,
    wish: Wish<T>,
    demand: usize,
}

impl<T> BroadcastDispatcher<T> {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self { subscriptions: Vec::new() }
    }
}

impl<T> Default for BroadcastDispatcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Listening<T> {
    fn choose(&self, events: &[T]) -> Vec<T> {
        match &self.wish.selector {
            Some(wants) => events.iter().filter(|event| wants(event)).cloned().collect(),
            None => events.to_vec(),
        }
    }
}

impl<T: Clone + Send + 'static> Dispatcher<T> for BroadcastDispatcher<T> {
    fn subscribe(&mut self, tag: Tag, wish: Wish<T>) -> Result<(), Refused> {
        if self.subscriptions.iter().any(|other| other.wish.consumer == wish.consumer) {
            return Err(Refused::AlreadySubscribed);
        }
        self.subscriptions.push(Listening { tag, wish, demand: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        self.subscriptions.retain(|listening| listening.tag != tag);
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(listening) = self.subscriptions.iter_mut().find(|listening| listening.tag == tag) {
            listening.demand += n;
        }
    }

    fn demand(&self) -> usize {
        self.subscriptions.iter().map(|listening| listening.demand).min().unwrap_or(0)
    }

    fn dispatch(&mut self, mut events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        // Selectors leave demand over, so there may be more than one round.
        loop {
            let demand = <Self as Dispatcher<T>>::demand(self);
            if demand == 0 || events.is_empty() {
                return events;
            }
            let rest = events.split_off(demand.min(events.len()));
            for listening in &mut self.subscriptions {
                let chosen = listening.choose(&events);
                listening.demand -= chosen.len();
                if !chosen.is_empty() {
                    assignments.push(Assignment { to: listening.tag, events: chosen });
                }
            }
            events = rest;
        }
    }

    /// The others have had theirs, so nobody is waiting for these.
    fn give_back(&mut self, _first: u64, events: VecDeque<T>) -> GivenBack<T> {
        GivenBack::Discard(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Bench {
        dispatcher: BroadcastDispatcher<u32>,
        tags: Vec<Tag>,
    }

    impl Bench {
        fn with_consumers(n: u64) -> Self {
            let mut bench = Self { dispatcher: BroadcastDispatcher::new(), tags: Vec::new() };
            for consumer in 0..n {
                bench.subscribe(Wish::none(consumer)).unwrap();
            }
            bench
        }

        fn subscribe(&mut self, wish: Wish<u32>) -> Result<(), Refused> {
            let tag = Tag::unique();
            self.dispatcher.subscribe(tag, wish)?;
            self.tags.push(tag);
            Ok(())
        }

        fn ask(&mut self, consumer: usize, n: usize) -> usize {
            self.dispatcher.ask(self.tags[consumer], n);
            self.dispatcher.demand()
        }

        fn dispatch(&mut self, events: &[u32]) -> (Vec<(usize, Vec<u32>)>, Vec<u32>) {
            let mut out = Vec::new();
            let rest = self.dispatcher.dispatch(events.to_vec(), &mut out);
            let index = |tag| self.tags.iter().position(|&other| other == tag).unwrap();
            (out.into_iter().map(|a| (index(a.to), a.events)).collect(), rest)
        }
    }

    #[test]
    fn demand_is_the_smallest_and_what_exceeds_it_is_remembered() {
        let mut bench = Bench::with_consumers(2);
        assert_eq!(bench.ask(0, 10), 0);
        assert_eq!(bench.ask(1, 4), 4);
        assert_eq!(bench.dispatch(&[1, 2, 3, 4, 5]).1, [5]);
        assert_eq!(bench.ask(1, 20), 6);
    }

    #[test]
    fn every_subscription_gets_every_event() {
        let mut bench = Bench::with_consumers(3);
        assert_eq!([0, 1, 2].map(|consumer| bench.ask(consumer, 2)), [0, 0, 2]);
        let both = vec![1, 2];
        assert_eq!(
            bench.dispatch(&[1, 2]),
            (vec![(0, both.clone()), (1, both.clone()), (2, both)], vec![])
        );
    }

    #[test]
    fn a_newcomer_that_has_not_asked_holds_everybody_and_leaving_releases_them() {
        let mut bench = Bench::with_consumers(1);
        assert_eq!(bench.ask(0, 5), 5);
        bench.subscribe(Wish::none(7)).unwrap();
        assert_eq!(bench.dispatcher.demand(), 0);
        assert_eq!(bench.dispatch(&[1]), (vec![], vec![1]));
        bench.dispatcher.cancel(bench.tags[1]);
        assert_eq!(bench.dispatcher.demand(), 5);
    }

    #[test]
    fn without_subscriptions_everything_is_returned() {
        assert_eq!(Bench::with_consumers(0).dispatch(&[1, 2]), (vec![], vec![1, 2]));
    }

    #[test]
    fn the_same_consumer_cannot_subscribe_twice_and_nothing_changes() {
        let mut bench = Bench::with_consumers(1);
        assert_eq!(bench.subscribe(Wish::none(0)), Err(Refused::AlreadySubscribed));
        assert_eq!(bench.ask(0, 3), 3);
    }

    #[test]
    fn a_selector_filters_and_what_it_filters_costs_no_demand() {
        let mut bench = Bench::with_consumers(1);
        let even = Arc::new(|event: &u32| event.is_multiple_of(2));
        bench.subscribe(Wish { selector: Some(even), ..Wish::none(1) }).unwrap();
        bench.ask(0, 6);
        bench.ask(1, 2);
        let (assigned, rest) = bench.dispatch(&[1, 2, 3, 4, 5, 6]);
        let of = |consumer| {
            assigned.iter().filter(|a| a.0 == consumer).flat_map(|a| a.1.clone()).collect::<Vec<_>>()
        };
        assert_eq!((of(0), of(1), rest), (vec![1, 2, 3, 4], vec![2, 4], vec![5, 6]));
    }
}
