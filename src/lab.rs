//! Labs: benches of their own beside the pipeline, each with a section of the
//! configuration, a page, a subcommand and a path of the API under one name.
//!
//! The workbench sees a lab as a [`Lab`]. Faces hold a lab by its own type, which offers
//! more. Labs never import each other.

mod figures;
pub mod jobs;
mod marks;
pub mod matches;
mod points;
pub mod rooms;

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::metrics::Registry;
use crate::record::Run;

pub use figures::{Percentiles, Tone, Verdict};

/// The longest name of a room or a job, in characters.
pub const LONGEST_NAME: usize = 40;
/// The names that rooms and jobs may have, in words.
pub const NAMES: &str = "1 to 40 letters (a-z), digits or '-'";

/// Returns true if a room or a job may have this name: it is one of [`NAMES`].
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}

/// A part of a lab that runs: a thread, or a supervisor with its workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabPart {
    /// Its name. Two parts may have the same, such as a lost thread and its replacement.
    pub name: String,
    /// `running`, `idle` while it has nothing to run, or `lost` while a job keeps it for good.
    pub state: String,
    /// Its figures, in words.
    pub says: String,
}

/// A lab, as the workbench sees it.
pub trait Lab: fmt::Debug + Send + Sync {
    /// The name of its section, page, subcommand and path: `jobs`.
    fn name(&self) -> &'static str;

    /// The current figures: the body of `GET /api/<name>`.
    fn snapshot(&self) -> serde_json::Value;

    /// The state that its page is served with, so that the page is full before its socket is
    /// open.
    fn page(&self) -> serde_json::Value {
        self.snapshot()
    }

    /// What the lab runs: a part of the tree of components.
    fn components(&self) -> Vec<LabPart>;

    /// Applies a changed configuration while the lab runs. Returns a note for each part that
    /// has no effect.
    fn apply(&self, settings: &Settings) -> Vec<String>;

    /// Zeroes counters and curves.
    fn reset(&self);

    /// Returns the runs that it has recorded since the last call.
    fn take_runs(&self) -> Vec<Run>;

    /// Publishes counters and gauges to a registry.
    fn publish(&self, registry: &Registry);

    /// Stops accepting work, and finishes or ends accepted work within `deadline`. Returns a
    /// line for the report of the drain if work had to be ended.
    fn drain(&self, deadline: Duration) -> BoxFuture<'_, Option<String>>;
}
