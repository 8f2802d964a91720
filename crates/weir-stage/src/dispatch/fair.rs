//! Every subscription gets its share, whatever it has asked for.
//!
//! The [demand dispatcher](super::demand) gives a batch to whoever asked for most,
//! so of three consumers one may get all of it while two idle. This one deals:
//! each subscription with demand left gets one event a turn, or as many as its
//! weight, until the events or the demand run out. The next dispatch begins where
//! the last one ended. What a subscription gets of one dispatch is consecutive.
//!
//! GenStage has no such dispatcher; its users have asked for one since 2016.

use super::{Assignment, Dispatcher, SubscribeError, SubscribeRequest, Tag};
use crate::demand::Total;

/// Deals events in turns.
#[derive(Debug, Default)]
pub struct FairDispatcher {
    /// In the order of their turns; the first is next.
    players: Vec<Player>,
    total: Total,
}

#[derive(Debug, Clone, Copy)]
struct Player {
    tag: Tag,
    weight: usize,
    demand: usize,
    /// What it gets of the dispatch under way.
    share: usize,
}

impl Player {
    fn wants(&self) -> usize {
        self.demand - self.share
    }
}

impl FairDispatcher {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says how many of `n` events each player gets, and returns whose turn it is
    /// then.
    fn deal(&mut self, n: usize) -> usize {
        let mut left = n.min(self.total.get());
        let mut next = 0;
        // Ends, as no more is dealt than was asked for: each round deals some.
        while left > 0 {
            left -= self.deal_whole_rounds(left);
            for (at, player) in self.players.iter_mut().enumerate() {
                let share = player.weight.min(player.wants()).min(left);
                player.share += share;
                left -= share;
                if share > 0 {
                    next = at + 1;
                }
                if left == 0 {
                    break;
                }
            }
        }
        next % self.players.len().max(1)
    }

    /// Deals at once all rounds but the last in which everybody who is still in
    /// the game gets its full weight. Returns how many events that takes.
    fn deal_whole_rounds(&mut self, left: usize) -> usize {
        let playing = || self.players.iter().filter(|player| player.wants() > 0);
        let round = playing().map(|player| player.weight).fold(0, usize::saturating_add);
        let wanted = playing().map(|player| player.wants() / player.weight).min();
        let rounds = wanted.unwrap_or(0).min(left / round.max(1)).saturating_sub(1);
        for player in self.players.iter_mut().filter(|player| player.wants() > 0) {
            player.share += rounds * player.weight;
        }
        rounds * round
    }
}

impl<T: Send + 'static> Dispatcher<T> for FairDispatcher {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        self.players.push(Player { tag, weight: request.weight.max(1), demand: 0, share: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        if let Some(at) = self.players.iter().position(|player| player.tag == tag) {
            self.total.remove(self.players.remove(at).demand);
        }
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(player) = self.players.iter_mut().find(|player| player.tag == tag) {
            let more = n.min(usize::MAX - player.demand);
            player.demand += more;
            self.total.add(more);
        }
    }

    fn demand(&self) -> usize {
        self.total.get()
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        let next = self.deal(events.len());
        let mut rest = events.into_iter();
        for player in &mut self.players {
            let share = std::mem::take(&mut player.share);
            if share > 0 {
                player.demand -= share;
                self.total.remove(share);
                assignments
                    .push(Assignment { to: player.tag, events: rest.by_ref().take(share).collect() });
            }
        }
        self.players.rotate_left(next);
        rest.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench(FairDispatcher, Vec<Tag>);

    impl Bench {
        /// Subscriptions with these weights and demands.
        fn new(players: &[(usize, usize)]) -> Self {
            let mut bench = Self(FairDispatcher::new(), Vec::new());
            for &(weight, demand) in players {
                let tag = Tag::unique();
                Dispatcher::<u32>::subscribe(&mut bench.0, tag, SubscribeRequest::new(0).weight(weight))
                    .unwrap();
                Dispatcher::<u32>::ask(&mut bench.0, tag, demand);
                bench.1.push(tag);
            }
            bench
        }

        /// How many each got, and how many were returned.
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
    fn who_wants_less_than_a_share_leaves_the_rest_to_the_others() {
        assert_eq!(Bench::new(&[(1, 10), (1, 1000), (1, 0)]).dispatch(300), (vec![10, 290, 0], 0));
    }

    #[test]
    fn many_rounds_at_once_deal_as_one_by_one() {
        let one_by_one = |players: &[(usize, usize)], n: u32| {
            let (mut left, mut got) = (n as usize, vec![0; players.len()]);
            while left > 0 && (0..players.len()).any(|at| got[at] < players[at].1) {
                for (at, &(weight, demand)) in players.iter().enumerate() {
                    let share = weight.min(demand - got[at]).min(left);
                    (got[at], left) = (got[at] + share, left - share);
                }
            }
            (got, left)
        };
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let players: Vec<_> =
                (0..random.usize(0..6)).map(|_| (random.usize(1..8), random.usize(0..90))).collect();
            let n = random.u32(0..400);
            assert_eq!(Bench::new(&players).dispatch(n), one_by_one(&players, n), "{n} to {players:?}");
        }
    }

    #[test]
    fn single_events_go_round() {
        let mut bench = Bench::new(&[(1, 100), (1, 100), (1, 100)]);
        let rounds: Vec<_> =
            (0..6).map(|_| bench.dispatch(1).0.iter().position(|&n| n == 1).unwrap()).collect();
        assert_eq!(rounds, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn weights_say_how_many_a_turn() {
        assert_eq!(Bench::new(&[(3, 1000), (1, 1000)]).dispatch(400), (vec![300, 100], 0));
    }

    #[test]
    fn nobody_gets_more_than_was_asked_and_the_rest_is_returned() {
        assert_eq!(Bench::new(&[(1, 2), (5, 3)]).dispatch(9), (vec![2, 3], 4));
        assert_eq!(Bench::new(&[]).dispatch(2), (vec![], 2));
    }
}
