//! The answers about the queue and of the labs, as far as the command line shows them. Unknown
//! fields are ignored, since the server may be a newer version.

pub(super) mod jobs;
pub(super) mod matches;
pub(super) mod queue;
pub(super) mod rooms;

use serde::Deserialize;

/// The verdict of a lab.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) word: String,
    #[serde(alias = "says")]
    pub(super) text: String,
}

/// Two quantiles of times. The unit stands in the name of the field that has them.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Quantiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
}
