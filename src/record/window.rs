//! A window of the bench's history, kept as a run: only what its samples contain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Mark, Series};
use crate::metrics;

/// The figures of a window, from samples of the bench. Its ledger, its failures and the
/// percentiles of all its times are unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowSide {
    /// Its length.
    pub seconds: f64,
    /// The modes that were used in it.
    pub modes: BTreeMap<String, WindowMode>,
    /// The highest depth of any sample.
    pub peak_depth: usize,
    /// The most events in the resource in any sample.
    pub peak_in_use: usize,
    /// The samples: levels at each, counts since the one before, and the percentiles of the
    /// events done since then.
    pub series: Series,
    /// The marks, with `t` in seconds since the window began.
    pub marks: Vec<Mark>,
}

/// The counts of one mode within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowMode {
    /// Requests that arrived.
    pub arrived: u64,
    /// Responses sent, successes and errors.
    pub answered: u64,
    /// Events that finished, done or failed.
    pub finished: u64,
}

impl WindowSide {
    /// Responses per second of a mode, if that is [reliable](metrics::rate).
    pub fn rate(&self, mode: &str) -> Option<f64> {
        metrics::rate(self.modes.get(mode)?.answered, self.seconds)
    }
}
