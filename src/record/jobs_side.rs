//! The measurements of the jobs lab that a run keeps.

use serde::{Deserialize, Serialize};

use super::{Mark, Series, Timing};

/// The measurements of the jobs lab, from the first job after a quiet time until the lab was
/// quiet again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobsSide {
    /// From the first job to the end of the last one.
    pub seconds: f64,
    /// Scheduler threads at the beginning.
    pub threads: u64,
    /// `fuel`, `task` or `thread`, at the beginning.
    pub isolation: String,
    /// Reductions of a turn at the beginning.
    pub slice: u64,
    /// The most workers of the load.
    pub workers: u64,
    /// Jobs per second of each worker, as long as there were the most.
    pub rate: f64,
    /// The account of every job.
    pub ledger: JobsLedger,
    /// Restarts of workers whose job failed.
    pub restarts: u64,
    /// Jobs done per second.
    pub done_rate: f64,
    /// Cores that the scheduler threads used on average.
    pub cores: f64,
    /// Of the load: from when a job was due until its end.
    pub lateness: Timing,
    /// Of users' jobs that are done: from submission to the end.
    pub yours: Timing,
    /// The figures over time: `done`, `cores`, `lateness_p99_ms`, `running`.
    pub series: Series,
    /// The marks, with `t` in seconds since the beginning.
    pub marks: Vec<Mark>,
}

/// An account of jobs: `accepted = done + failed + killed + running`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobsLedger {
    /// Jobs accepted.
    pub accepted: u64,
    /// Jobs that returned a value.
    pub done: u64,
    /// Jobs that trapped or exceeded a limit.
    pub failed: u64,
    /// Jobs that an operator stopped, or the server at its end.
    pub killed: u64,
    /// Jobs that have not ended.
    pub running: u64,
    /// Submissions refused.
    pub refused: u64,
}

impl JobsLedger {
    /// Returns true if every job is accounted for.
    pub fn balances(&self) -> bool {
        self.accepted == self.done + self.failed + self.killed + self.running
    }

    /// Returns the account since `before`. Jobs that ran then count as accepted anew.
    #[must_use]
    pub fn since(self, before: &Self) -> Self {
        Self {
            accepted: self.accepted - (before.accepted - before.running),
            done: self.done - before.done,
            failed: self.failed - before.failed,
            killed: self.killed - before.killed,
            running: self.running,
            refused: self.refused - before.refused,
        }
    }

    /// The jobs that ended.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.killed
    }
}

impl std::fmt::Display for JobsLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, done, failed, killed, running, refused } = self;
        write!(
            f,
            "accepted {accepted} = done {done} + failed {failed} + killed {killed} + running {running}; \
             refused {refused}"
        )
    }
}
