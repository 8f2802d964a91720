//! Settings of jobs. All can change while jobs run.

use std::fmt;

use thiserror::Error;

/// How a job shares its thread with others.
///
/// | | `Fuel` | `Task` | `Thread` |
/// |---|---|---|---|
/// | where the job runs | in the task that awaits it | in the task that awaits it | on tokio's blocking threads |
/// | others on that worker thread | wait for a slice | wait for the job's end | do not wait |
/// | kill, stack, trace | at the end of a slice | impossible | impossible |
/// | a job that never ends costs | its share of a core | a worker thread, for good | a core, for good |
/// | `max_memory` | holds | holds | holds |
/// | `max_reductions` | holds | holds | holds |
/// | dropping the [`Job`](crate::jobs::Job) | ends it | cannot happen while it runs | loses its outcome; it runs on |
///
/// `Task` and `Thread` show what goes wrong with code that does not yield, such as a loop
/// in native Rust. Tokio cannot pre-empt a task, and aborting one takes effect at its next
/// `.await`. A blocking thread spares the other tasks, but it cannot be stopped, and tokio
/// has at most 512 of them: further jobs queue. The runtime waits for running blocking
/// threads when it is dropped, so a process with an endless job in `Thread` does not end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// In slices of fuel, with a yield to other tasks between two slices.
    #[default]
    Fuel,
    /// In one go inside the task. It exists to show what goes wrong.
    Task,
    /// In one go on a blocking thread. It exists to show what goes wrong.
    Thread,
}

/// Settings of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How jobs share their thread. Jobs that run keep theirs.
    pub isolation: Isolation,
    /// Reductions (fuel) before other tasks get a turn: 1 to 1,000,000,000. Running jobs
    /// obey a change in their next slice.
    pub slice: u64,
    /// The most reductions of one job in total; `None` for no limit. Running jobs obey a change
    /// in their next slice.
    pub max_reductions: Option<u64>,
    /// Memory of one job, in bytes: all its memories and tables, at most 4 GiB. A running
    /// job keeps what it has and obeys a change when it asks for more.
    pub max_memory: usize,
    /// Number of the latest distinct inputs that are kept for rehearsals, at most 100,000.
    pub keep_inputs: usize,
}

/// A setting that is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} is out of bounds for `{key}`: {least} to {most} are allowed")]
pub struct SettingsError {
    /// Name of the setting.
    pub key: &'static str,
    /// The value that was given.
    pub found: u64,
    /// Smallest value.
    pub least: u64,
    /// Largest value.
    pub most: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            isolation: Isolation::Fuel,
            slice: 50_000,
            max_reductions: None,
            max_memory: 1 << 20,
            keep_inputs: 1_000,
        }
    }
}

impl Settings {
    /// Checks that all settings are within their bounds.
    ///
    /// # Errors
    ///
    /// The first that is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let max_reductions = self.max_reductions.unwrap_or(u64::MAX);
        for (key, found, least, most) in [
            ("slice", self.slice, 1, 1_000_000_000),
            ("max_reductions", max_reductions, 1, u64::MAX),
            ("max_memory", self.max_memory as u64, 0, 1 << 32),
            ("keep_inputs", self.keep_inputs as u64, 0, 100_000),
        ] {
            if !(least..=most).contains(&found) {
                return Err(SettingsError { key, found, least, most });
            }
        }
        Ok(())
    }
}

/// The word of the configuration: `fuel`, `task` or `thread`.
impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fuel => "fuel",
            Self::Task => "task",
            Self::Thread => "thread",
        })
    }
}
