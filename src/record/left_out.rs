//! The beginning of a run that was left out of its figures.

use serde::{Deserialize, Serialize};

/// The warm-up that was left out of the figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its length: the length asked for, rounded up to the end of a slice. Zero if nothing
    /// could be left out.
    pub seconds: f64,
    /// The length in a sentence, with the figures that are of the whole run all the same;
    /// or why nothing could be left out.
    pub says: String,
}
