//! Chooses for a load that arrives all at once, as a closed load does in a mode that
//! answers before the work is done.

use super::{Facts, none};
use crate::record::{Exactness, PredictedTimes, Prediction};
use crate::theory::NoModel;
use crate::theory::burst::Burst;
use crate::theory::service::Kind;

/// A rate that client and server never exceed, in requests a second.
const FASTEST: f64 = 200_000.0;

/// The most events for which the line is computed.
const MOST_EVENTS: u64 = 5_000_000;

/// The target of a burst.
pub(super) struct Place {
    /// The number of events worked on at a time.
    pub(super) places: u64,
    /// The number of events that have left the queue, done or not, while `places` events
    /// are worked on; `None` without a queue.
    pub(super) held: Option<u64>,
}

/// Predicts a burst of events that are accepted in no time.
pub(super) fn predict(facts: &Facts<'_>, events: u64, to: &Place) -> Result<Prediction, NoModel> {
    let burst = Burst { events, places: to.places.min(events), service: facts.mean() };
    let n = events as f64;
    let crowd = to.places.min(events);
    // All events have to arrive before the first leave, so only a few may leave while
    // they are sent.
    let needed = if burst.behind() == 0 { n / facts.mean() } else { crowd as f64 / facts.mean() };
    if needed > FASTEST {
        return none("the work is so quick that the speed of client and server decides");
    }
    let name = format!("burst of {events} on {crowd}");
    let mut prediction = match facts.kind {
        Kind::Fixed => fixed(facts, &burst, name),
        Kind::Exponential if events <= MOST_EVENTS => exponential(facts, &burst, name),
        Kind::Exponential | Kind::General => fluid(facts, &burst, name),
    };
    prediction.assume(if burst.behind() == 0 {
        format!("All are there before the first is done: at least {needed:.0} requests a second.")
    } else {
        format!("All are there in no time: many more than the {needed:.0} a second that can be done.")
    });
    prediction.peak_in_use = Some(crowd as f64);
    if let (Some(drain), Some(mean_ms)) = (prediction.drain_s, prediction.wait.and_then(|w| w.mean_ms)) {
        prediction.done_rate = Some(n / drain * facts.done());
        prediction.in_use = Some(n * facts.mean() / drain);
        prediction.utilisation = Some(n * facts.mean() / drain / crowd as f64);
        // Little's law, from the first to the last.
        prediction.depth = Some(n * mean_ms / 1e3 / drain);
        if let Some(held) = to.held {
            prediction.peak_depth = Some(events.saturating_sub(held) as f64);
            prediction.depth_over_time = over_time(facts, &burst, held, drain);
        }
    }
    Ok(prediction)
}

fn fixed(facts: &Facts<'_>, burst: &Burst, name: String) -> Prediction {
    let mut prediction = facts.begin(name, Exactness::Exact, &["Counting."]);
    let response = burst.fixed_responses();
    prediction.response = Some(response);
    prediction.wait = Some(response.plus(-facts.mean()));
    prediction.drain_s = Some(burst.fixed_drain());
    prediction
}

fn exponential(facts: &Facts<'_>, burst: &Burst, name: String) -> Prediction {
    let sources = ["Rényi (1953), for the last ones.", "Jensen (1953), for the percentiles."];
    let mut prediction = facts.begin(name, Exactness::Exact, &sources);
    let line = burst.exponential_line();
    let (drain, deviation) = burst.exponential_drain();
    prediction.assume(format!(
        "The drain is a mean over many runs; one run's is within {:.1} s of it, nearly always.",
        2.0 * deviation
    ));
    prediction.response = Some(PredictedTimes::of_tail(line.response(), |t| line.response_tail(t)));
    prediction.wait = Some(PredictedTimes::of_tail(line.wait(), |t| line.wait_tail(t)));
    prediction.drain_s = Some(drain);
    prediction
}

/// Any other service: it averages out over many events, and no model covers the end.
fn fluid(facts: &Facts<'_>, burst: &Burst, name: String) -> Prediction {
    if burst.behind() == 0 {
        let mut prediction = facts.begin(name, Exactness::Exact, &["No event waits."]);
        prediction.wait = Some(PredictedTimes::ZERO);
        prediction.response = prediction.service;
        return prediction;
    }
    let mut prediction = facts.begin(name, Exactness::Fluid, &["Newell (1982), chapter 2."]);
    prediction
        .assume("Randomness evens out over this number of events; the end of the last ones is left out.");
    let drain = burst.events as f64 / burst.places as f64 * facts.mean();
    let longest = burst.behind() as f64 / burst.places as f64 * facts.mean();
    let at_once = burst.first() as f64 / burst.events as f64;
    let quantile = |p: f64| ((p - at_once) / (1.0 - at_once)).max(0.0) * longest;
    let wait = PredictedTimes::of_quantiles(longest / 2.0 * (1.0 - at_once), quantile);
    prediction.wait = Some(wait);
    prediction.response = Some(PredictedTimes::of_mean(longest / 2.0 * (1.0 - at_once) + facts.mean()));
    prediction.drain_s = Some(drain);
    prediction
}

/// Returns at most 25 points, at the ends of rounds if there are rounds.
fn over_time(facts: &Facts<'_>, burst: &Burst, held: u64, drain: f64) -> Vec<[f64; 2]> {
    let rounds = burst.events.div_ceil(burst.places);
    let random = facts.kind != Kind::Fixed;
    let steps = if random { 24 } else { rounds.min(24) };
    let at = |n: u64| match random {
        true => drain * n as f64 / steps as f64,
        false => (rounds * n / steps) as f64 * facts.mean(),
    };
    (0..=steps).map(|n| [at(n), burst.waiting(held, at(n), random)]).collect()
}
