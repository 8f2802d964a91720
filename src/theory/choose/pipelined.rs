//! Chooses for the mode with a queue and consumers.

use std::collections::BTreeMap;

use super::line::{self, Room};
use super::{Facts, burst, none};
use crate::pool;
use crate::queue::WhenFull;
use crate::record::{Arrivals, Exactness, PredictedTimes, Prediction};
use crate::theory::NoModel;
use crate::theory::service::Kind;

/// The most requests that are counted one by one.
const MOST_COUNTED: u64 = 10_000_000;

/// The consumers in terms of a model.
struct Consumers {
    /// The number of events worked on at a time.
    places: u64,
    /// The most events that the consumers hold, including those being worked on.
    held: u64,
    /// The most events that one consumer holds, and the number it asks for at a time.
    prefetch: (u64, u64),
    concurrency: u64,
}

impl Consumers {
    fn of(facts: &Facts<'_>) -> Result<Self, NoModel> {
        let settings = &facts.settings.consumers;
        let concurrency = settings.concurrency;
        if concurrency == 0 {
            return none(
                "consumers.concurrency = 0: requests are answered and events are never done, so \
                 there are no times",
            );
        }
        let places = facts.places().map_or(concurrency, |places| places.min(concurrency));
        if facts.rejects() && places < concurrency {
            return none(format!(
                "{concurrency} consumers in front of {places} places that refuse: refused events fail \
                 at once, and their number depends on the machine"
            ));
        }
        let prefetch = match settings.mode {
            pool::Spread::Workers => (settings.max_demand, settings.max_demand - settings.min_demand),
            pool::Spread::PerEvent => (1, 1),
        };
        Ok(Self { places, held: concurrency * prefetch.0, prefetch, concurrency })
    }

    /// Returns whether an event may wait at one consumer while another is free.
    fn hoards(&self) -> bool {
        self.concurrency > 1 && self.prefetch.0 > 1
    }

    /// Returns whether prefetched events are shared evenly: first the most that each may
    /// hold, then what each asks for, round after round.
    fn shares_evenly(&self, events: u64) -> bool {
        let rest = events.checked_sub(self.held);
        let round = self.concurrency * self.prefetch.1;
        self.places == self.concurrency && rest.is_some_and(|rest| rest.is_multiple_of(round))
    }
}

/// Predicts an open load.
pub(super) fn open(facts: &Facts<'_>, rate: f64, arrivals: Arrivals) -> Result<Prediction, NoModel> {
    let consumers = Consumers::of(facts)?;
    if consumers.hoards() {
        return none(
            "with consumers.max_demand above 1 an event may wait at one consumer while another is free, \
             which no formula covers",
        );
    }
    let queue = &facts.settings.queue;
    let in_hand = consumers.held - consumers.places;
    let room = Room { waiting: Some(queue.capacity + in_hand), in_hand, when_full: queue.when_full() };
    line::predict(facts, rate, arrivals, consumers.places, &room)
}

/// Predicts clients that have their answers at once until the queue is full.
pub(super) fn closed(facts: &Facts<'_>, clients: u64) -> Result<Prediction, NoModel> {
    let consumers = Consumers::of(facts)?;
    let (Some(requests), None) = (facts.requests, facts.seconds) else {
        return none("every answer comes at once, so the speed of client and server decides the rate");
    };
    let queue = &facts.settings.queue;
    let room = consumers.held + queue.capacity;
    if requests > room && matches!(queue.when_full(), WhenFull::Wait { .. }) {
        return blocked(facts, &consumers, clients, requests);
    }
    let events = requests.min(room);
    let even = facts.kind == Kind::Fixed && consumers.shares_evenly(events);
    if consumers.hoards() && !even {
        return none(
            "with consumers.max_demand above 1 each consumer works off its own events, and no formula \
             says how long the one with the most takes",
        );
    }
    let to = burst::Place { places: consumers.places, held: Some(consumers.held) };
    let mut prediction = burst::predict(facts, events, &to)?;
    if even && consumers.hoards() {
        prediction.assume("Every consumer is given the same number of events.");
    }
    let lost = (requests - events) as f64 / requests as f64;
    match queue.when_full() {
        WhenFull::DropNewest | WhenFull::DropOldest => prediction.dropped_share = Some(lost),
        WhenFull::Reject | WhenFull::Wait { .. } => prediction.refused_share = Some(lost),
    }
    Ok(prediction)
}

/// Predicts a full queue that lets clients wait: they proceed at the rate of the
/// consumers.
///
/// With k consumers that hold one event each and a fixed service S, event i is done after
/// i/k rounds of S, rounded up. It gets a place in a queue of capacity C when event i - C
/// is taken, at the beginning of that event's round. It was sent when the client's
/// previous request was answered, N requests before.
fn blocked(
    facts: &Facts<'_>,
    consumers: &Consumers,
    clients: u64,
    requests: u64,
) -> Result<Prediction, NoModel> {
    let (k, capacity) = (consumers.concurrency, facts.settings.queue.capacity);
    if facts.kind != Kind::Fixed || consumers.prefetch.0 > 1 || consumers.places < k {
        return none(
            "the queue fills up and lets clients wait, which can be counted out only for a fixed \
             service, max_demand = 1 and a place for every consumer",
        );
    }
    if requests > MOST_COUNTED {
        return none(format!("{requests} requests are too many to be counted out"));
    }
    // In rounds from the beginning, counted from request 1.
    let done = |i: u64| i.div_ceil(k);
    let placed = |i: u64| i.saturating_sub(capacity).div_ceil(k).saturating_sub(1);
    let sent = |i: u64| i.checked_sub(clients).map_or(0, placed);
    let times = |rounds: &dyn Fn(u64) -> u64| {
        let mut counts = BTreeMap::<u64, f64>::new();
        (1..=requests).for_each(|i| *counts.entry(rounds(i)).or_default() += 1.0);
        let seconds = counts.into_iter().map(|(rounds, count)| (rounds as f64 * facts.mean(), count));
        seconds.collect::<Vec<_>>()
    };
    let answers = times(&|i| placed(i) - sent(i));
    let longest = answers.last().map_or(0.0, |(seconds, _)| *seconds);
    let timeout = facts.settings.queue.wait_timeout.as_secs_f64();
    if longest >= timeout {
        return none(format!(
            "clients wait up to {longest:.1} s for a place, longer than queue.wait_timeout = {timeout} s; \
             what becomes of those who are refused depends on the machine"
        ));
    }
    let name = format!("closed loop on a full queue, {k} consumers");
    let mut prediction = facts.begin(name, Exactness::Exact, &["Counting."]);
    // Except the assumption that the answer takes no time.
    prediction.assumptions.pop();
    prediction.assume("An answer takes no time of its own: only the wait for a place does.");
    let (load_s, all) = (placed(requests) as f64 * facts.mean(), done(requests) as f64 * facts.mean());
    let response = PredictedTimes::of_counts(&times(&|i| done(i) - sent(i)));
    prediction.answer = Some(PredictedTimes::of_counts(&answers));
    prediction.wait = Some(response.plus(-facts.mean()));
    prediction.response = Some(response);
    prediction.rate = (load_s > 0.0).then(|| requests as f64 / load_s);
    prediction.done_rate = Some(requests as f64 / all * facts.done());
    prediction.in_use = Some(requests as f64 * facts.mean() / all);
    prediction.utilisation = Some(requests as f64 * facts.mean() / all / k as f64);
    prediction.peak_in_use = Some(k as f64);
    prediction.peak_depth = Some(capacity as f64);
    prediction.refused_share = Some(0.0);
    prediction.load_s = Some(load_s);
    prediction.drain_s = Some(all - load_s);
    let (rounds, steps) = (done(requests), done(requests).min(24));
    let left = |round: u64| requests.saturating_sub(k * (round + 1)).min(capacity);
    let point = |n: u64| [(rounds * n / steps) as f64 * facts.mean(), left(rounds * n / steps) as f64];
    prediction.depth_over_time = (0..=steps).map(point).collect();
    Ok(prediction)
}
