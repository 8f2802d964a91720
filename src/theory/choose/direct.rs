//! Chooses for the two modes without a queue: serial, where the client waits for the
//! work, and async, where nothing does.

use super::line::{self, Room};
use super::{Facts, burst, in_words, none};
use crate::record::{Arrivals, Exactness, Mode, PredictedTimes, Prediction};
use crate::theory::closed::Closed;
use crate::theory::service::Kind;
use crate::theory::{NoModel, erlang, little};

/// Predicts clients that each wait for their answer.
pub(super) fn closed(facts: &Facts<'_>, clients: u64) -> Result<Prediction, NoModel> {
    if facts.mode == Mode::Async {
        return spawned(facts);
    }
    let places = facts.places().unwrap_or(clients);
    if facts.rejects() && places < clients {
        return none("refusals come back at once, so the speed of client and server decides their number");
    }
    // With fewer requests than clients, some have nothing to do.
    let clients = facts.requests.map_or(clients, |requests| requests.min(clients));
    let closed = Closed { clients, places, service: facts.mean() };
    let waits = clients > closed.busy();
    // Only a number of requests has an end that can be counted; it does not come if the
    // time is over first.
    let by_number = facts.requests.map(|n| n as f64 / closed.rate());
    let ends = facts.seconds.is_none_or(|seconds| by_number.is_some_and(|by_number| by_number <= seconds));
    let requests = facts.requests.filter(|_| ends);
    let counted = facts.kind == Kind::Fixed && requests.is_some();
    let exactness = if counted { Exactness::Exact } else { Exactness::Steady };
    let name = match facts.places() {
        Some(places) => format!("closed loop, {clients} clients, {}", in_words(places)),
        None => format!("closed loop, {clients} clients"),
    };
    let sources = ["Little (1961).", "Denning and Buzen, Computing Surveys 10 (1978)."];
    let mut prediction = facts.begin(name, exactness, &sources);
    prediction.assume("A client sends its next request the moment it has its answer.");

    let seconds = match requests {
        Some(requests) if facts.kind == Kind::Fixed => Some(closed.fixed_seconds(requests)),
        Some(_) => {
            prediction.assume("The end, when clients run out of requests one by one, is left out.");
            by_number
        }
        None => facts.seconds,
    };
    let rate = match (requests, seconds) {
        (Some(requests), Some(seconds)) => requests as f64 / seconds,
        _ => closed.rate(),
    };
    prediction.rate = Some(rate);
    prediction.done_rate = Some(rate * facts.done());
    prediction.load_s = seconds;
    prediction.in_use = Some(little::number(rate, facts.mean()));
    prediction.peak_in_use = Some(closed.busy() as f64);
    prediction.utilisation = facts.places().map(|places| little::utilisation(rate, facts.mean(), places));
    prediction.depth = Some((clients - closed.busy()) as f64);
    if !waits {
        prediction.wait = Some(PredictedTimes::ZERO);
        prediction.response = prediction.service;
        return Ok(prediction);
    }
    match facts.kind {
        Kind::Fixed => {
            let response = closed.fixed_responses(requests);
            prediction.wait = Some(response.plus(-facts.mean()));
            prediction.response = Some(response);
            prediction.depth = response.mean_ms.map(|ms| rate * (ms / 1e3 - facts.mean()));
        }
        Kind::Exponential => {
            let line = closed.line();
            prediction.wait = Some(PredictedTimes::of_tail(line.wait(), |t| line.wait_tail(t)));
            prediction.response = Some(PredictedTimes::of_tail(line.response(), |t| line.response_tail(t)));
        }
        Kind::General => {
            prediction.assume("Of the waits only the mean is known, by Little's law.");
            prediction.wait = Some(PredictedTimes::of_mean(closed.response() - facts.mean()));
            prediction.response = Some(PredictedTimes::of_mean(closed.response()));
        }
    }
    Ok(prediction)
}

/// Predicts clients that do not wait, so everything arrives at once.
fn spawned(facts: &Facts<'_>) -> Result<Prediction, NoModel> {
    let (Some(requests), None) = (facts.requests, facts.seconds) else {
        return none("every answer comes at once, so the speed of client and server decides the rate");
    };
    let places = facts.places().unwrap_or(requests);
    if facts.rejects() && places < requests {
        return none("the resource is full at once, and how many it refuses depends on the machine");
    }
    burst::predict(facts, requests, &burst::Place { places, held: None })
}

/// Predicts an open load.
pub(super) fn open(facts: &Facts<'_>, rate: f64, arrivals: Arrivals) -> Result<Prediction, NoModel> {
    match facts.places() {
        None => Ok(unlimited(facts, rate, arrivals)),
        Some(places) if facts.rejects() => rejecting(facts, rate, arrivals, places),
        Some(places) => line::predict(facts, rate, arrivals, places, &Room::ENDLESS),
    }
}

/// Nothing waits, so the arrivals do not matter.
fn unlimited(facts: &Facts<'_>, rate: f64, arrivals: Arrivals) -> Prediction {
    let come = match arrivals {
        Arrivals::Poisson => "M",
        Arrivals::Constant => "D",
        Arrivals::Burst(_) => "burst",
    };
    let work = match facts.kind {
        Kind::Fixed => "D",
        Kind::Exponential => "M",
        Kind::General => "G",
    };
    let counted = arrivals == Arrivals::Constant && facts.kind == Kind::Fixed;
    let exactness = if counted { Exactness::Exact } else { Exactness::Steady };
    let sources =
        ["Little (1961).", "Gross and Harris, Fundamentals of Queueing Theory (1998), chapter 2."];
    let mut prediction = facts.begin(format!("{come}/{work}/∞"), exactness, &sources);
    let inside = little::number(rate, facts.mean());
    if arrivals == Arrivals::Poisson {
        prediction.assume(format!(
            "The number in the resource is a Poisson number around {inside:.1}; its peak is up to chance."
        ));
    }
    if counted {
        prediction.assume("An event that leaves when another arrives leaves first.");
        prediction.peak_in_use = Some((inside - 1e-9).ceil());
    }
    if facts.kind == Kind::Fixed {
        prediction.drain_s = Some(facts.mean());
    }
    prediction.done_rate = Some(rate * facts.done());
    prediction.in_use = Some(inside);
    prediction.depth = Some(0.0);
    prediction.wait = Some(PredictedTimes::ZERO);
    prediction.response = prediction.service;
    prediction
}

/// Predicts a resource that refuses when all places are taken.
fn rejecting(facts: &Facts<'_>, rate: f64, arrivals: Arrivals, places: u64) -> Result<Prediction, NoModel> {
    let load = little::number(rate, facts.mean());
    let (name, exactness, source, lost) = match (arrivals, facts.kind) {
        (Arrivals::Poisson, Kind::Exponential) => (
            format!("M/M/{places}/{places}"),
            Exactness::Steady,
            "Erlang B (1917).",
            erlang::b(places, load),
        ),
        (Arrivals::Poisson, _) => (
            format!("M/G/{places}/{places}"),
            Exactness::Steady,
            "Erlang B (1917); for any service by Sevastyanov (1957).",
            erlang::b(places, load),
        ),
        (Arrivals::Constant, Kind::Fixed) => {
            // The first c are admitted; the next one is the first after S.
            let cycle = (load - 1e-9).ceil().max(places as f64);
            let name = format!("D/D/{places}/{places}");
            (name, Exactness::Exact, "Counting.", 1.0 - places as f64 / cycle)
        }
        (Arrivals::Constant, _) => {
            return none("requests come evenly and the service is random, before places that refuse");
        }
        (Arrivals::Burst(_), _) => return none("requests come in bursts, before places that refuse"),
    };
    let mut prediction = facts.begin(name, exactness, &[source]);
    prediction.assume("A refusal takes no time, and its times are not among these.");
    if exactness == Exactness::Exact {
        prediction.assume("An event that leaves when another arrives leaves first.");
        prediction.peak_in_use = Some((load - 1e-9).ceil().min(places as f64));
    }
    let accepted = rate * (1.0 - lost);
    prediction.refused_share = Some(lost);
    prediction.done_rate = Some(accepted * facts.done());
    prediction.in_use = Some(little::number(accepted, facts.mean()));
    prediction.utilisation = Some(little::utilisation(accepted, facts.mean(), places));
    prediction.depth = Some(0.0);
    prediction.wait = Some(PredictedTimes::ZERO);
    prediction.response = prediction.service;
    Ok(prediction)
}
