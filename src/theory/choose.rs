//! Chooses the model for a configuration and a load, or refuses with the reason.
//!
//! This file has the facts that every choice begins with. `choose/direct.rs` has the two
//! modes without a queue, `choose/pipelined.rs` the one with a queue. `choose/line.rs` is
//! for open loads, `choose/burst.rs` for loads that arrive all at once, `choose/durable.rs` for
//! queues that outlive the process.

mod burst;
mod direct;
mod durable;
mod limits;
mod line;
mod pipelined;

pub use limits::left_out;

use super::NoModel;
use super::service::{Kind, Service};
use crate::config::{ResourceKind, Settings};
use crate::record::{Arrivals, Exactness, Mode, Model, Plan, PredictedTimes, Prediction};
use crate::resource::OnFull;

/// A negligible probability: one in a million requests.
const NEGLIGIBLE: f64 = 1e-6;

/// Predicts a load on one mode of a bench with these settings.
///
/// # Errors
/// [`NoModel`], if no model covers the configuration and the load. A simulation always
/// does.
pub fn predict(settings: &Settings, mode: Mode, plan: &Plan) -> Result<Prediction, NoModel> {
    let facts = Facts::new(settings, mode, plan)?;
    limits::check(&facts)?;
    durable::check(&facts)?;
    let mut prediction = match (mode, facts.load) {
        (Mode::Pipelined, Load::Closed { clients }) => pipelined::closed(&facts, clients),
        (Mode::Pipelined, Load::Open { rate, arrivals, .. }) => pipelined::open(&facts, rate, arrivals),
        (_, Load::Closed { clients }) => direct::closed(&facts, clients),
        (_, Load::Open { rate, arrivals, .. }) => direct::open(&facts, rate, arrivals),
    }?;
    facts.finish(&mut prediction)?;
    limits::qualify(&facts, &mut prediction)?;
    durable::qualify(&facts, &mut prediction);
    Ok(prediction)
}

/// The facts about bench and load.
struct Facts<'a> {
    settings: &'a Settings,
    mode: Mode,
    load: Load,
    /// The most requests.
    requests: Option<u64>,
    /// The length of the load, if it ends by time.
    seconds: Option<f64>,
    /// The timeout of an answer.
    timeout: f64,
    service: Service,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Load {
    Closed { clients: u64 },
    Open { rate: f64, arrivals: Arrivals, connections: usize },
}

/// Writes a number of places in words.
fn in_words(places: u64) -> String {
    if places == 1 { "1 place".to_owned() } else { format!("{places} places") }
}

/// Refuses, with the reason.
fn none<T>(why: impl Into<String>) -> Result<T, NoModel> {
    Err(NoModel { why: format!("{}; a simulation always fits", why.into()) })
}

impl<'a> Facts<'a> {
    fn new(settings: &'a Settings, mode: Mode, plan: &Plan) -> Result<Self, NoModel> {
        if settings.resource.kind == ResourceKind::Jobs {
            let why = "how long a job takes is not configured, so nothing can be predicted \
                       (resource.kind = \"jobs\"); `weir predict jobs` is about jobs that share a core";
            return Err(NoModel { why: why.to_owned() });
        }
        let service = Service::new(settings.resource.latency.to_resource());
        if service.mean <= 0.0 {
            return none("the work takes no time, so the speed of the machine decides");
        }
        if plan.requests == Some(0) {
            return none("a load of no requests has no figures");
        }
        let (profile, what) = match &plan.model {
            Model::Closed { clients } => (clients, "the number of clients"),
            Model::Open { rate, .. } => (rate, "the rate"),
        };
        let Some(level) = profile.steady() else {
            return none(format!("{what} changes over time, and every model here takes it to be steady"));
        };
        if level <= 0.0 {
            return none(format!("{what} is zero"));
        }
        let load = match &plan.model {
            Model::Closed { .. } => Load::Closed { clients: level.round().max(1.0) as u64 },
            Model::Open { arrivals, connections, .. } => {
                Load::Open { rate: level, arrivals: *arrivals, connections: *connections }
            }
        };
        let mut seconds = profile.seconds();
        if let (Load::Open { rate, .. }, Some(requests)) = (load, plan.requests) {
            let all_sent = requests as f64 / rate;
            seconds = Some(seconds.map_or(all_sent, |seconds| seconds.min(all_sent)));
        }
        let (requests, timeout) = (plan.requests, plan.request.timeout_s);
        Ok(Self { settings, mode, load, requests, seconds, timeout, service, kind: service.kind() })
    }

    /// The resource's places; `None` without a limit.
    fn places(&self) -> Option<u64> {
        Some(self.settings.resource.max_concurrent).filter(|&places| places > 0)
    }

    fn rejects(&self) -> bool {
        self.settings.resource.on_full == OnFull::Reject
    }

    /// The share of the work that succeeds.
    fn done(&self) -> f64 {
        1.0 - self.settings.resource.failure_rate
    }

    fn mean(&self) -> f64 {
        self.service.mean
    }

    /// Begins a prediction with the parts common to all models: name, service and
    /// assumptions.
    fn begin(&self, model: impl Into<String>, exactness: Exactness, sources: &[&str]) -> Prediction {
        let mut prediction = Prediction {
            model: model.into(),
            exactness,
            sources: sources.iter().map(|&source| source.to_owned()).collect(),
            service: Some(self.service.times()),
            ..Prediction::default()
        };
        prediction.assume("No other load uses the bench, and it is quiet at the beginning.");
        prediction.assume(limits::machine(self.mode, self.mean()));
        if self.kind == Kind::Exponential {
            prediction.assume(
                "The service is exponential: what the bounds cut off moves its mean by less than 0.5 %.",
            );
        }
        if self.done() < 1.0 {
            prediction.assume("Work that fails takes as long as work that is done.");
        }
        if self.mode != Mode::Serial {
            prediction.assume(
                "The answer comes before the work is done; its time is that of client and server, which \
                 is not predicted.",
            );
        }
        prediction
    }

    /// Completes a prediction with figures that follow from the others.
    fn finish(&self, prediction: &mut Prediction) -> Result<(), NoModel> {
        if self.mode == Mode::Serial {
            prediction.answer = prediction.response;
        }
        let slowest = prediction.answer.and_then(|answer| answer.p99_ms.or(answer.mean_ms));
        if slowest.is_some_and(|ms| ms > self.timeout * 1e3) {
            let timeout = self.timeout;
            return none(format!("answers would take longer than {timeout} s and be given up"));
        }
        let Load::Open { rate, connections, .. } = self.load else { return Ok(()) };
        prediction.rate = Some(rate);
        // In serial mode a request ends with its event, so nothing is left to drain after
        // the last answer.
        let mut last_ms = None;
        if let (Mode::Serial, Some(drain)) = (self.mode, prediction.drain_s) {
            (last_ms, prediction.drain_s) = (Some(drain * 1e3), Some(0.0));
        }
        // Answers that come before the work take no time in any model.
        let known = prediction.answer.or((self.mode != Mode::Serial).then_some(PredictedTimes::ZERO));
        let Some(mean_ms) = known.and_then(|answer| answer.mean_ms) else { return Ok(()) };
        let door = prediction.refused_share.unwrap_or(0.0);
        let mut need = rate * (1.0 - door) * mean_ms / 1e3;
        if prediction.exactness == Exactness::Fluid && self.mode == Mode::Serial {
            // The number grows until the end.
            need = prediction.peak_in_use.unwrap_or(0.0) + prediction.peak_depth.unwrap_or(0.0);
        }
        // A Poisson number is almost always within three standard deviations.
        if (need / 0.8).max(need + 3.0 * need.sqrt()) > connections as f64 {
            return none(format!(
                "about {need:.0} of the load's {connections} connections would be in use and would \
                 limit it: allow more"
            ));
        }
        if need > 0.0 {
            prediction.assume(format!(
                "The load's {connections} connections are always enough; about {need:.0} are in use."
            ));
        }
        if let (Some(seconds), Some(answer)) = (self.seconds, known) {
            prediction.load_s = last_ms.or(answer.mean_ms).map(|ms| seconds + ms / 1e3);
            if self.mode == Mode::Serial && prediction.exactness == Exactness::Fluid {
                // Answers come as fast as events are done, not as fast as requests are
                // due.
                prediction.rate = prediction.load_s.map(|all| rate * seconds / all);
            }
        }
        Ok(())
    }
}

impl Prediction {
    /// Adds an assumption.
    fn assume(&mut self, sentence: impl Into<String>) {
        self.assumptions.push(sentence.into());
    }
}

#[cfg(test)]
mod bench_tests;
#[cfg(test)]
mod durable_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod tests;
