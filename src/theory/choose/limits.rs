//! The limits of all models: freezes, unsupported settings, loads too short for a steady
//! state, and rates beyond the machine.
//!
//! The times of the machine were measured on two cores (x86-64, 30 November 2026, with
//! `weir load` and `weir serve` on the same two): how much longer a measurement took than
//! a simulation, at 2 and 5 ms of work. The highest rate is an estimate from the table in
//! the README.

use super::{Facts, Load, durable, none};
use crate::config::Settings;
use crate::record::{Exactness, Mode, Prediction};
use crate::theory::NoModel;
use crate::theory::service::Service;

/// What network, client and server add to an answer, in seconds: 0.08 to 0.28 ms.
const ANSWER: f64 = 0.15e-3;
/// What handing an event to another task adds to its response, in seconds: 0.05 to
/// 0.11 ms.
const HAND_OFF: f64 = 0.05e-3;
/// The most requests a second of a bench and a generator on the same two cores, as an
/// estimate.
const MOST: f64 = 100_000.0;
/// Above this share of [`MOST`], the machine affects the result.
const BUSY: f64 = 0.1;
/// The share of the work below which the machine's time is negligible.
const LITTLE: f64 = 0.03;

/// Refuses settings that no model covers, in any mode and with any load.
pub(super) fn check(facts: &Facts<'_>) -> Result<(), NoModel> {
    let resource = &facts.settings.resource;
    if !resource.freeze_every.is_zero() && !resource.freeze_for.is_zero() {
        let (every, length) = (resource.freeze_every.as_secs_f64(), resource.freeze_for.as_secs_f64());
        let load = load_in_percent(facts, 1.0 - length / every);
        return none(format!(
            "the resource stands still for {length} s every {every} s, which no model here covers{load}"
        ));
    }
    let most = facts.settings.asynchronous.max_in_flight;
    if facts.mode == Mode::Async && most > 0 && facts.requests.is_none_or(|requests| requests > most) {
        return none(format!(
            "async.max_in_flight = {most} refuses requests, which no model here includes"
        ));
    }
    Ok(())
}

/// Returns the utilisation, if the resource works for this share of the time.
fn load_in_percent(facts: &Facts<'_>, works: f64) -> String {
    let Load::Open { rate, .. } = facts.load else { return String::new() };
    let consumers = (facts.mode == Mode::Pipelined).then_some(facts.settings.consumers.concurrency);
    let Some(places) = facts.places().into_iter().chain(consumers).min().filter(|&places| places > 0)
    else {
        return String::new();
    };
    let percent = rate * facts.mean() / places as f64 / works * 100.0;
    format!(" (with that, {percent:.0} % of what can be done is asked for)")
}

/// Returns a note about what a simulation leaves out: the machine's time if it matters, and a
/// durable queue.
pub fn left_out(settings: &Settings, mode: Mode) -> Option<String> {
    let mean = Service::new(settings.resource.latency.to_resource()).mean;
    let extra = if mode == Mode::Serial { ANSWER } else { HAND_OFF };
    let of_machine = (mean > 0.0 && extra >= LITTLE * mean).then(|| machine(mode, mean));
    let notes: Vec<String> = durable::left_out(settings, mode).into_iter().chain(of_machine).collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// Adds a note about the machine's time, which a model leaves out.
pub(super) fn machine(mode: Mode, mean: f64) -> String {
    let (extra, of_what) = match mode {
        Mode::Serial => (ANSWER, "an answer"),
        Mode::Async | Mode::Pipelined => (HAND_OFF, "an event"),
    };
    let (extra_ms, percent) = (extra * 1e3, extra / mean * 100.0);
    if extra < LITTLE * mean {
        return format!(
            "Network, client and server take no time of their own. On two cores they took about \
             {extra_ms} ms of {of_what}, {percent:.1} % of this work."
        );
    }
    format!(
        "Not known here is what network, client and server take. On two cores that was about {extra_ms} ms \
         of {of_what}, {percent:.0} % of this work: expect longer times, and in a closed loop fewer answers."
    )
}

/// Notes or refuses rates and lengths outside the model's range.
pub(super) fn qualify(facts: &Facts<'_>, prediction: &mut Prediction) -> Result<(), NoModel> {
    let rate = prediction.rate.unwrap_or(0.0);
    if rate > MOST {
        return none(format!(
            "{rate:.0} answers a second are more than a server and a load generator do on two cores, \
             about {MOST}: the speed of the machine decides"
        ));
    }
    if rate > BUSY * MOST {
        prediction.assume(format!(
            "The machine keeps up with {rate:.0} answers a second. Two cores do about {MOST} at most, so \
             expect fewer, and longer times."
        ));
    }
    let services = facts.seconds.map(|seconds| seconds / facts.mean());
    if let (Exactness::Steady, Some(services)) = (prediction.exactness, services.filter(|n| *n < 10.0)) {
        prediction.assume(format!(
            "A steady state, which this load does not reach: it lasts as long as {services:.1} services."
        ));
    }
    Ok(())
}
