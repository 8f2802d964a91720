//! A prediction as a run contains it. The models are in [`theory`](crate::theory).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What theory predicts for a load on a configuration. A figure that the model does not
/// give is `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Prediction {
    /// The model, in Kendall's notation where there is one, such as `M/M/3`.
    pub model: String,
    /// How exact it is.
    pub exactness: Exactness,
    /// Its assumptions, a sentence each.
    pub assumptions: Vec<String>,
    /// The sources of the formulas.
    pub sources: Vec<String>,
    /// Answers per second.
    pub rate: Option<f64>,
    /// Events done per second.
    pub done_rate: Option<f64>,
    /// The utilisation of the consumers, or of the resource's places. Above 1, it is what
    /// the load would need.
    pub utilisation: Option<f64>,
    /// Events in the resource, on average.
    pub in_use: Option<f64>,
    /// The most events in the resource at once.
    pub peak_in_use: Option<f64>,
    /// Events waiting in the queue, or for the resource, on average.
    pub depth: Option<f64>,
    /// The most events in the queue at once; waiting for the resource, if the mode has no
    /// queue.
    pub peak_depth: Option<f64>,
    /// The share of requests that are refused.
    pub refused_share: Option<f64>,
    /// The share of requests that are accepted and later dropped because the queue is
    /// full.
    pub dropped_share: Option<f64>,
    /// The time until a client has its answer.
    pub answer: Option<PredictedTimes>,
    /// From arrival to admission.
    pub wait: Option<PredictedTimes>,
    /// In the resource.
    pub service: Option<PredictedTimes>,
    /// From arrival to finish.
    pub response: Option<PredictedTimes>,
    /// From the first request to the last answer, in seconds.
    pub load_s: Option<f64>,
    /// From the last request to the last event done, in seconds; `None` in serial mode,
    /// where a request ends with its event.
    pub drain_s: Option<f64>,
    /// Pairs of seconds since the first request and events waiting at that time.
    pub depth_over_time: Vec<[f64; 2]>,
}

/// How exact a prediction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exactness {
    /// Exact, if the assumptions hold.
    #[default]
    Exact,
    /// Exact in a steady state, which a run only approaches.
    Steady,
    /// Ignores randomness: right on average over many events.
    Fluid,
}

impl fmt::Display for Exactness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact, if the assumptions hold",
            Self::Steady => "exact in the steady state, which a run only approaches",
            Self::Fluid => "correct on average over many events",
        })
    }
}

/// The mean and the percentiles of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PredictedTimes {
    /// The mean.
    pub mean_ms: Option<f64>,
    /// The median.
    pub p50_ms: Option<f64>,
    /// The 90th percentile.
    pub p90_ms: Option<f64>,
    /// The 99th percentile.
    pub p99_ms: Option<f64>,
}
