//! What was changed when: the marks on a chart and in a run.

use serde::{Deserialize, Serialize};

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Uptime in seconds.
    pub t: f64,
    /// What kind of thing.
    pub kind: MarkKind,
    /// What it was.
    pub text: String,
}

/// What a [`Mark`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// An edit of the configuration came into force.
    Reload,
    /// An edit was refused.
    Error,
    /// Counters were zeroed.
    Reset,
    /// The pipeline was paused, or went on.
    Pause,
    /// The queue was emptied.
    Purge,
}
