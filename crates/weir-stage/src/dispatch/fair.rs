//! The fair dispatcher: subscriptions take turns, whatever they have asked for.
//!
//! The [demand dispatcher](super::demand) gives a batch to the subscription that asked
//! for most, so one of three consumers may get all of it while two idle. Here each
//! subscription with demand left gets one event a turn, or as many as its weight, until
//! the events or the demand run out. The next dispatch begins where the last one ended.
//! The events that a subscription gets from one dispatch are consecutive.
//!
//! GenStage has no such dispatcher; its users have asked for one since 2016.

use super::{Assignment, Dispatcher, SubscribeError, SubscribeRequest, Tag};
use crate::demand::Total;

/// Assigns events to the subscriptions in turns.
#[derive(Debug, Default)]
pub struct FairDispatcher {
    /// In the order of their turns; the first one is next.
    subscribers: Vec<Subscriber>,
    total: Total,
}

#[derive(Debug, Clone, Copy)]
struct Subscriber {
    tag: Tag,
    weight: usize,
    demand: usize,
    /// The number of events that it gets in the current dispatch.
    share: usize,
}

impl Subscriber {
    /// Returns the demand that the current dispatch leaves.
    fn wants(&self) -> usize {
        self.demand - self.share
    }
}

impl FairDispatcher {
    /// Makes a dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decides how many of `n` events each subscription gets. Returns the index of the
    /// subscription whose turn is next.
    fn share_out(&mut self, n: usize) -> usize {
        let mut left = n.min(self.total.get());
        let mut next = 0;
        // Terminates: no more is shared out than there is demand, so each round shares out
        // at least one event.
        while left > 0 {
            left -= self.share_whole_rounds(left);
            for (at, subscriber) in self.subscribers.iter_mut().enumerate() {
                let share = subscriber.weight.min(subscriber.wants()).min(left);
                subscriber.share += share;
                left -= share;
                if share > 0 {
                    next = at + 1;
                }
                if left == 0 {
                    break;
                }
            }
        }
        next % self.subscribers.len().max(1)
    }

    /// Shares out, in one step, all but the last of the rounds in which every subscription
    /// with demand gets its full weight. Returns how many events that takes.
    fn share_whole_rounds(&mut self, left: usize) -> usize {
        let unserved = || self.subscribers.iter().filter(|subscriber| subscriber.wants() > 0);
        let round = unserved().map(|subscriber| subscriber.weight).fold(0, usize::saturating_add);
        let wanted = unserved().map(|subscriber| subscriber.wants() / subscriber.weight).min();
        let rounds = wanted.unwrap_or(0).min(left / round.max(1)).saturating_sub(1);
        for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.wants() > 0) {
            debug_assert!(
                rounds * subscriber.weight <= subscriber.wants(),
                "a share is at most the demand"
            );
            subscriber.share += rounds * subscriber.weight;
        }
        rounds * round
    }
}

impl<T: Send + 'static> Dispatcher<T> for FairDispatcher {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        self.subscribers.push(Subscriber { tag, weight: request.weight.max(1), demand: 0, share: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        if let Some(at) = self.subscribers.iter().position(|subscriber| subscriber.tag == tag) {
            self.total.remove(self.subscribers.remove(at).demand);
        }
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(subscriber) = self.subscribers.iter_mut().find(|subscriber| subscriber.tag == tag) {
            let more = n.min(usize::MAX - subscriber.demand);
            subscriber.demand += more;
            self.total.add(more);
        }
    }

    fn demand(&self) -> usize {
        self.total.get()
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        let next = self.share_out(events.len());
        let mut rest = events.into_iter();
        for subscriber in &mut self.subscribers {
            let share = std::mem::take(&mut subscriber.share);
            if share > 0 {
                subscriber.demand -= share;
                self.total.remove(share);
                assignments
                    .push(Assignment { to: subscriber.tag, events: rest.by_ref().take(share).collect() });
            }
        }
        self.subscribers.rotate_left(next);
        rest.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench(FairDispatcher, Vec<Tag>);

    impl Bench {
        /// Makes subscriptions with these weights and demands.
        fn new(subscribers: &[(usize, usize)]) -> Self {
            let mut bench = Self(FairDispatcher::new(), Vec::new());
            for &(weight, demand) in subscribers {
                let tag = Tag::unique();
                Dispatcher::<u32>::subscribe(&mut bench.0, tag, SubscribeRequest::new(0).weight(weight))
                    .unwrap();
                Dispatcher::<u32>::ask(&mut bench.0, tag, demand);
                bench.1.push(tag);
            }
            bench
        }

        /// Returns how many events each got, and how many were left.
        fn dispatch(&mut self, n: u32) -> (Vec<usize>, usize) {
            let mut out = Vec::new();
            let rest = self.0.dispatch((0..n).collect(), &mut out);
            let got = |tag: &Tag| out.iter().filter(|a| a.to == *tag).map(|a| a.events.len()).sum();
            (self.1.iter().map(got).collect(), rest.len())
        }
    }

    #[test]
    fn a_batch_is_shared_equally_whatever_the_demand() {
        assert_eq!(Bench::new(&[(1, 1000), (1, 300), (1, 500)]).dispatch(300), (vec![100, 100, 100], 0));
    }

    #[test]
    fn a_demand_below_its_share_leaves_the_rest_to_the_others() {
        assert_eq!(Bench::new(&[(1, 10), (1, 1000), (1, 0)]).dispatch(300), (vec![10, 290, 0], 0));
    }

    #[test]
    fn many_rounds_in_one_step_share_out_as_one_by_one() {
        let one_by_one = |subscribers: &[(usize, usize)], n: u32| {
            let (mut left, mut got) = (n as usize, vec![0; subscribers.len()]);
            while left > 0 && (0..subscribers.len()).any(|at| got[at] < subscribers[at].1) {
                for (at, &(weight, demand)) in subscribers.iter().enumerate() {
                    let share = weight.min(demand - got[at]).min(left);
                    (got[at], left) = (got[at] + share, left - share);
                }
            }
            (got, left)
        };
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let subscribers: Vec<_> =
                (0..random.usize(0..6)).map(|_| (random.usize(1..8), random.usize(0..90))).collect();
            let n = random.u32(0..400);
            assert_eq!(
                Bench::new(&subscribers).dispatch(n),
                one_by_one(&subscribers, n),
                "{n} to {subscribers:?}"
            );
        }
    }

    #[test]
    fn single_events_go_to_the_subscriptions_in_turns() {
        let mut bench = Bench::new(&[(1, 100), (1, 100), (1, 100)]);
        let rounds: Vec<_> =
            (0..6).map(|_| bench.dispatch(1).0.iter().position(|&n| n == 1).unwrap()).collect();
        assert_eq!(rounds, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_weight_is_the_number_of_events_a_turn() {
        assert_eq!(Bench::new(&[(3, 1000), (1, 1000)]).dispatch(400), (vec![300, 100], 0));
    }

    #[test]
    fn no_subscription_gets_more_than_it_asked_for_and_the_rest_is_returned() {
        assert_eq!(Bench::new(&[(1, 2), (5, 3)]).dispatch(9), (vec![2, 3], 4));
        assert_eq!(Bench::new(&[]).dispatch(2), (vec![], 2));
    }
}
