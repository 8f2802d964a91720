//! What theory says of a load, as it is kept in a run. The models are in
//! [`theory`](crate::theory).

use serde::{Deserialize, Serialize};

/// What theory says of a load on a configuration. Nothing where the model does
/// not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Prediction {
    /// In Kendall's notation where there is one, such as `M/M/3`.
    pub model: String,
    /// How far it can be believed.
    pub exactness: Exactness,
    /// What it takes for granted, a sentence each.
    pub assumptions: Vec<String>,
    /// Where the formulas come from.
    pub sources: Vec<String>,
    /// Answers a second to the client.
    pub rate: Option<f64>,
    /// Events done a second.
    pub done_rate: Option<f64>,
    /// The share of the time in which a consumer, or a place in the resource, is
    /// busy; above 1 for what would be needed.
    pub utilisation: Option<f64>,
    /// Events in the resource, on average.
    pub in_use: Option<f64>,
    /// The most events in the resource at once.
    pub peak_in_use: Option<f64>,
    /// Events waiting in the queue or at the resource's door, on average.
    pub depth: Option<f64>,
    /// The most events in the queue at once; at the resource's door, if the mode has
    /// no queue.
    pub peak_depth: Option<f64>,
    /// The share of requests that are turned away.
    pub refused_share: Option<f64>,
    /// The share of requests that are accepted, and dropped for want of room.
    pub dropped_share: Option<f64>,
    /// What a client waits for an answer.
    pub answer: Option<Times>,
    /// From arrival to admission.
    pub wait: Option<Times>,
    /// In the resource.
    pub service: Option<Times>,
    /// From arrival to finish.
    pub response: Option<Times>,
    /// From the first request to the last answer, in seconds.
    pub load_s: Option<f64>,
    /// From the last request to the last event done, in seconds; nothing in serial
    /// mode, where a request ends with its event.
    pub drain_s: Option<f64>,
    /// Seconds since the first request, and events in the queue, or at the door,
    /// then.
    pub depth_over_time: Vec<[f64; 2]>,
}

/// How far a prediction can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exactness {
    /// Exact, if the assumptions hold.
    #[default]
    Exact,
    /// Exact in a steady state that lasts for ever; a run only comes near it.
    Steady,
    /// Randomness is left out: right on average over many events.
    Fluid,
}

/// A time, in milliseconds: its mean and its percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Times {
    /// The mean.
    pub mean_ms: Option<f64>,
    /// Half are at most this.
    pub p50_ms: Option<f64>,
    /// 90 % are.
    pub p90_ms: Option<f64>,
    /// 99 % are.
    pub p99_ms: Option<f64>,
}
