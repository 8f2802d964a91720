//! The beginning of a run that was left out of its figures.

use serde::{Deserialize, Serialize};

/// The warm-up that was left out of the figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its length: the requested length, rounded up to the end of a slice. Zero if nothing
    /// could be left out.
    pub seconds: f64,
    /// One sentence with the length and the figures that still cover the whole run, or with
    /// the reason why nothing could be left out.
    pub says: String,
}
