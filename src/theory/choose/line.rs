//! Chooses for an open load in front of places with a waiting room.

use super::{Facts, NEGLIGIBLE, in_words, none};
use crate::queue::WhenFull;
use crate::record::{Arrivals, Exactness, PredictedTimes, Prediction};
use crate::theory::fluid::Fluid;
use crate::theory::mdc::Mdc;
use crate::theory::mmc::Mmc;
use crate::theory::mmck::Mmck;
use crate::theory::service::Kind;
use crate::theory::{NoModel, little, mg1};

/// The largest waiting room whose states are computed.
const MOST_STATES: u64 = 1_000_000;

/// The waiting room of events that find every place taken.
pub(super) struct Room {
    /// Its size; `None` without a limit.
    pub(super) waiting: Option<u64>,
    /// The number of them that wait with the consumers instead of in the queue.
    pub(super) in_hand: u64,
    /// What happens to an arrival that finds it full.
    pub(super) when_full: WhenFull,
}

impl Room {
    /// An unlimited waiting room.
    pub(super) const ENDLESS: Self = Self { waiting: None, in_hand: 0, when_full: WhenFull::Reject };
}

/// Predicts a rate of arrivals in front of `places`.
pub(super) fn predict(
    facts: &Facts<'_>,
    rate: f64,
    arrivals: Arrivals,
    places: u64,
    room: &Room,
) -> Result<Prediction, NoModel> {
    let utilisation = little::utilisation(rate, facts.mean(), places);
    let mut prediction = match (arrivals, facts.kind) {
        (Arrivals::Burst(_), _) => return none("requests come in bursts, again and again"),
        (Arrivals::Constant, Kind::Fixed) if utilisation <= 1.0 + 1e-9 => even(facts, rate, places),
        (Arrivals::Constant, _) if utilisation <= 1.0 + 1e-9 => {
            return none(format!(
                "requests come evenly and the service is {}, while queues are understood for random \
                 (Poisson) arrivals",
                facts.service.word()
            ));
        }
        (Arrivals::Poisson, _) if overflows(facts, rate, places, room) => lossy(facts, rate, places, room)?,
        _ if utilisation > 1.0 + 1e-9 => overload(facts, rate, arrivals, places, room)?,
        (_, Kind::Exponential) => exponential(facts, rate, places, room)?,
        (_, Kind::Fixed) => fixed(facts, rate, places, room)?,
        (_, Kind::General) => general(facts, rate, places, room)?,
    };
    prediction.utilisation.get_or_insert(utilisation);
    prediction.in_use.get_or_insert(utilisation.min(1.0) * places as f64);
    prediction.done_rate.get_or_insert(rate * facts.done());
    Ok(prediction)
}

/// Predicts a load that never waits.
fn even(facts: &Facts<'_>, rate: f64, places: u64) -> Prediction {
    let mut prediction = facts.begin(format!("D/D/{places}"), Exactness::Exact, &["Counting."]);
    let inside = little::number(rate, facts.mean());
    prediction.assume("An event that leaves when another arrives leaves first.");
    prediction.peak_in_use = Some((inside - 1e-9).ceil().min(places as f64));
    prediction.depth = Some(0.0);
    prediction.peak_depth = Some(0.0);
    prediction.wait = Some(PredictedTimes::ZERO);
    prediction.response = prediction.service;
    prediction.drain_s = Some(facts.mean());
    prediction
}

/// Returns whether arrivals are lost and M/M/c/K gives their share.
fn overflows(facts: &Facts<'_>, rate: f64, places: u64, room: &Room) -> bool {
    let Some(waiting) = room.waiting.filter(|&waiting| waiting < MOST_STATES) else { return false };
    let drops_last = matches!(room.when_full, WhenFull::Reject | WhenFull::DropNewest);
    if facts.kind != Kind::Exponential || !drops_last {
        return false;
    }
    let pace = places as f64 / facts.mean();
    match Mmc::new(rate, facts.mean(), places) {
        Some(queue) => queue.at_least_waiting(waiting) > NEGLIGIBLE,
        // In overload, only if the room is full most of the time; otherwise the filling
        // matters. Near saturation it fills like a random walk.
        None => {
            let room = waiting as f64;
            let drift = room / (rate - pace).max(f64::MIN_POSITIVE);
            let walk = room * room / (rate + pace);
            facts.seconds.is_none_or(|seconds| drift.min(walk) < seconds / 20.0)
        }
    }
}

fn lossy(facts: &Facts<'_>, rate: f64, places: u64, room: &Room) -> Result<Prediction, NoModel> {
    let inside = places + room.waiting.unwrap_or(0);
    let queue = Mmck::new(rate, facts.mean(), places, inside);
    let forgets = queue.relaxation();
    if let Some(seconds) = facts.seconds.filter(|&seconds| seconds < 2.0 * forgets) {
        return none(format!(
            "the load lasts {seconds:.1} s, and a queue so near to saturation forgets how it began in \
             {forgets:.1} s: it does not reach the steady state of M/M/{places}/{inside}"
        ));
    }
    let sources =
        ["Gross and Harris, Fundamentals of Queueing Theory (1998), chapter 2.", "Jensen (1953)."];
    let mut prediction = facts.begin(format!("M/M/{places}/{inside}"), Exactness::Steady, &sources);
    last(&mut prediction, facts, forgets);
    let line = queue.line();
    lose(&mut prediction, room.when_full, queue.lost());
    prediction.depth = Some(queue.depth());
    prediction.utilisation = Some(queue.accepted() * facts.mean() / places as f64);
    prediction.in_use = Some(queue.accepted() * facts.mean());
    prediction.done_rate = Some(queue.accepted() * facts.done());
    prediction.wait = Some(PredictedTimes::of_tail(line.wait(), |t| line.wait_tail(t)));
    prediction.response = Some(PredictedTimes::of_tail(line.response(), |t| line.response_tail(t)));
    Ok(prediction)
}

fn lose(prediction: &mut Prediction, when_full: WhenFull, share: f64) {
    let dropped = matches!(when_full, WhenFull::DropNewest | WhenFull::DropOldest);
    let field = if dropped { &mut prediction.dropped_share } else { &mut prediction.refused_share };
    *field = Some(share);
}

fn overload(
    facts: &Facts<'_>,
    rate: f64,
    arrivals: Arrivals,
    places: u64,
    room: &Room,
) -> Result<Prediction, NoModel> {
    let pace = places as f64 / facts.mean();
    let water = Fluid { rate, pace, room: room.waiting.map(|n| n as f64), seconds: facts.seconds };
    let Some(most) = water.most_waiting() else {
        return none("arrivals exceed what can be done without end: give the load an end");
    };
    if let Some(seconds) = facts.seconds {
        // Arrivals and departures vary by about this much.
        let come = if arrivals == Arrivals::Constant { 0.0 } else { rate * seconds };
        let noise = (come + pace * seconds * facts.service.variation()).sqrt();
        if (rate - pace) * seconds < 3.0 * noise {
            return none("the overload is so slight and the load so short that chance decides");
        }
    }
    if matches!(room.when_full, WhenFull::Wait { .. }) && water.full_at().is_some() {
        return none("the queue fills up and lets clients wait, and their number has no limit");
    }
    let sources = ["Newell, Applications of Queueing Theory (1982), chapter 2."];
    let mut prediction = facts.begin(format!("fluid, {}", in_words(places)), Exactness::Fluid, &sources);
    prediction.assume("Arrivals exceed what can be done; randomness evens out over this number of events.");
    prediction.done_rate = Some(pace * facts.done());
    prediction.peak_in_use = Some(places as f64);
    prediction.depth = water.mean_waiting();
    let in_queue = |waiting: f64| (waiting - room.in_hand as f64).max(0.0);
    prediction.peak_depth = Some(in_queue(most));
    if room.waiting.is_some() {
        lose(&mut prediction, room.when_full, water.lost());
    }
    if room.when_full == WhenFull::DropOldest && water.full_at().is_some() {
        prediction.assume("Those who were dropped have no times, and for the others no model says them.");
    } else {
        let waits = water.waits();
        prediction.wait = Some(waits);
        prediction.response = Some(waits.plus(facts.mean()));
    }
    if let (Some(seconds), Some(drain)) = (facts.seconds, water.drain()) {
        prediction.drain_s = Some(drain + facts.mean());
        let at = |n: i32| (seconds + drain) * f64::from(n) / 24.0;
        let points = (0..=24).map(|n| [at(n), in_queue(water.waiting(at(n)))]);
        prediction.depth_over_time = points.collect();
    }
    Ok(prediction)
}

fn exponential(facts: &Facts<'_>, rate: f64, places: u64, room: &Room) -> Result<Prediction, NoModel> {
    let Some(queue) = Mmc::new(rate, facts.mean(), places) else { return critical() };
    has_room(room, |waiting| queue.at_least_waiting(waiting))?;
    let sources =
        ["Erlang (1917).", "Gross and Harris, Fundamentals of Queueing Theory (1998), chapter 2."];
    let mut prediction = facts.begin(format!("M/M/{places}"), Exactness::Steady, &sources);
    settled(&mut prediction, facts, &queue);
    prediction.depth = Some(queue.depth());
    prediction.wait = Some(PredictedTimes::of_tail(queue.wait(), |t| queue.wait_tail(t)));
    prediction.response = Some(PredictedTimes::of_tail(queue.response(), |t| queue.response_tail(t)));
    Ok(prediction)
}

fn fixed(facts: &Facts<'_>, rate: f64, places: u64, room: &Room) -> Result<Prediction, NoModel> {
    let Some(similar) = Mmc::new(rate, facts.mean(), places) else { return critical() };
    let Some(queue) = Mdc::new(rate, facts.mean(), places) else {
        return none("this number of places so near to saturation takes too long to compute");
    };
    has_room(room, |waiting| queue.at_least_waiting(waiting))?;
    let sources = ["Crommelin (1932).", "Franx, Operations Research Letters 29 (2001)."];
    let mut prediction = facts.begin(format!("M/D/{places}"), Exactness::Steady, &sources);
    settled(&mut prediction, facts, &similar);
    let wait = PredictedTimes::of_tail(queue.wait(), |t| queue.wait_tail(t));
    prediction.depth = Some(queue.depth());
    prediction.wait = Some(wait);
    prediction.response = Some(wait.plus(facts.mean()));
    Ok(prediction)
}

fn general(facts: &Facts<'_>, rate: f64, places: u64, room: &Room) -> Result<Prediction, NoModel> {
    if places > 1 {
        return none(format!(
            "the service is {}, and for {places} places there are formulas only if it is fixed or \
             exponential",
            facts.service.word()
        ));
    }
    let (Some(similar), Some(wait)) =
        (Mmc::new(rate, facts.mean(), 1), mg1::wait(rate, facts.mean(), facts.service.second_moment))
    else {
        return critical();
    };
    let depth = little::number(rate, wait);
    if room.waiting.is_some_and(|waiting| (waiting as f64) < 30.0 * (depth + 1.0)) {
        return none("the queue may be full at times, which M/G/1 does not cover");
    }
    let mut prediction =
        facts.begin("M/G/1", Exactness::Steady, &["Pollaczek (1930) and Khinchine (1932)."]);
    settled(&mut prediction, facts, &similar);
    prediction.assume("Of the waits only the mean is known.");
    prediction.depth = Some(depth);
    prediction.wait = Some(PredictedTimes::of_mean(wait));
    prediction.response = Some(PredictedTimes::of_mean(wait + facts.mean()));
    Ok(prediction)
}

fn critical<T>() -> Result<T, NoModel> {
    none("arrivals are exactly what can be done, so there is neither a steady state nor a clear overload")
}

/// Refuses if the waiting room may become full.
fn has_room(room: &Room, at_least: impl Fn(u64) -> f64) -> Result<(), NoModel> {
    let full = room.waiting.map_or(0.0, at_least);
    if full <= NEGLIGIBLE {
        return Ok(());
    }
    none(format!(
        "the queue is full for {:.2} % of the arrivals, which no model here covers with this \
         queue.when_full and this service",
        full * 100.0
    ))
}

/// Notes how long the load has to last.
fn settled(prediction: &mut Prediction, facts: &Facts<'_>, queue: &Mmc) {
    last(prediction, facts, queue.relaxation());
}

fn last(prediction: &mut Prediction, facts: &Facts<'_>, forgets: f64) {
    match facts.seconds.filter(|&seconds| seconds < 10.0 * forgets) {
        None => prediction.assume(format!(
            "A steady state: the load lasts much longer than the {forgets:.1} s in which the queue forgets."
        )),
        Some(seconds) => prediction.assume(format!(
            "A steady state, which this load does not reach: it lasts {seconds:.1} s, and the queue \
             forgets in {forgets:.1} s. Expect less waiting."
        )),
    }
}
