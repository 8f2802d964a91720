//! The marks on a chart and in a run: what was changed when.

use serde::{Deserialize, Serialize};

/// A change at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Uptime in seconds.
    pub t: f64,
    /// The kind of change.
    pub kind: MarkKind,
    /// The change, in words.
    pub text: String,
}

/// The kinds of change that leave a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// An edit of the configuration came into force.
    Reload,
    /// An edit was refused.
    Error,
    /// Counters were zeroed.
    Reset,
    /// The pipeline was paused or resumed.
    Pause,
    /// The queue was emptied.
    Purge,
    /// A stage or a worker was killed or restarted.
    Restart,
    /// Something happened in the jobs lab.
    Jobs,
}
