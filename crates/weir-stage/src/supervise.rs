//! Supervisors, as in OTP: they restart children that end, together with the siblings that
//! depend on them, and give up when that happens too often.
//!
//! ```text
//!                    Supervisor (rest for one)
//!          start ─▶  ┌───────────┼───────────┐  ◀─ stop
//!                 producer    Supervisor   consumer
//!                            (one for one)
//!                            ┌─────┴─────┐
//!                         worker 1    worker 2
//! ```
//!
//! Children start in the order in which they were added and stop in reverse, one after the
//! other, so a child may rely on those before it. A supervisor is a task too, so it can be a
//! child of another. A failure that it cannot mend ends it, and its own supervisor acts.
//!
//! # Example, with numbers
//!
//! ```
//! use std::time::Duration;
//! use weir_stage::backoff::Backoff;
//! use weir_stage::stage::Reason;
//! use weir_stage::supervise::{ChildSpec, Restart, Strategy, Supervisor};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let mut attempts = 0;
//! let flaky = ChildSpec::task("flaky", move |_stop| {
//!     attempts += 1;
//!     let lucky = attempts == 3;
//!     async move { if lucky { Reason::Finished } else { Reason::Failed("no luck".to_owned()) } }
//! });
//! let tree = Supervisor::new(Strategy::OneForOne)
//!     .max_restarts(3, Duration::from_secs(5))
//!     .backoff(Backoff::constant(Duration::from_millis(1)))
//!     .child(flaky.restart(Restart::Transient))
//!     .ends_with_last_child()
//!     .spawn()
//!     .expect("there is only one child, so its name is unique");
//! // It fails twice and is restarted twice, fewer times than the 3 allowed within 5 seconds.
//! // Then it finishes.
//! assert_eq!(tree.join().await, Reason::Finished);
//! assert_eq!(tree.list()[0].restarts, 2);
//! # }
//! ```
//!
//! # Differences from OTP
//! These are deliberate:
//! - A restart can wait for a [`Backoff`]. Without one, which is the default, a resource that
//!   is away for a second uses up the allowed restarts within a millisecond.
//! - A child that has ended for good keeps its place in the list, with its reason, temporary
//!   children included. [`SupervisorHandle::delete`] removes it.
//! - A restart of a group leaves children down that had ended for good or were terminated by
//!   hand. OTP starts those again too.
//! - A start that fails is an end like any other, the first one included: it is tried again,
//!   within the allowed restarts. In OTP the supervisor does not come up.

mod child;
mod handle;
mod intensity;
mod listing;
mod managed;
mod task;

use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinHandle;

pub use child::{Child, ChildSpec};
pub use handle::SupervisorHandle;
pub use listing::{ChildCounts, ChildInfo, ChildState};

use crate::backoff::Backoff;
use crate::stage::Reason;

/// Whether a child that has ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// Unless it ended normally; see [`Reason::is_normal`].
    Transient,
    /// Never, not even when the end of a sibling has stopped it.
    Temporary,
}

impl Restart {
    /// Returns true if a child of this kind is started again when it ends with `reason`.
    pub fn restarts_after(self, reason: &Reason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !reason.is_normal(),
            Self::Temporary => false,
        }
    }
}

/// The siblings that are restarted together with a child. They are stopped in reverse order,
/// each with its [`Grace`], and then all are started in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// None: the children do not need each other.
    OneForOne,
    /// All: each child needs all others.
    OneForAll,
    /// Those added after it: each child needs the ones before it.
    RestForOne,
}

/// The time a child may take to stop. Meanwhile its supervisor does nothing else, as in OTP:
/// it stops the next child when this one has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// No time: the child is aborted at its next await, without being asked to stop.
    Kill,
    /// The child is asked to stop, and aborted if it still runs after this time.
    After(Duration),
    /// The child is asked to stop and may take as long as it needs. Right for a supervisor,
    /// whose children have their own grace.
    Forever,
}

impl Default for Grace {
    fn default() -> Self {
        Self::After(Duration::from_secs(5))
    }
}

/// The reason a supervisor cannot do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// Another child has this name. Names are unique among the children of a supervisor.
    #[error("cannot add a child named {name:?}: there is one already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The supervisor has no child with this name. Children of a supervisor below it do not
    /// count.
    #[error("there is no child named {name:?}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The supervisor has ended.
    #[error("the supervisor has ended")]
    Ended,
}

/// A supervisor that is configured and not spawned yet.
#[derive(Debug)]
#[must_use = "a supervisor does nothing until it is spawned"]
pub struct Supervisor {
    strategy: Strategy,
    max_restarts: usize,
    period: Duration,
    backoff: Backoff,
    ends_with_last_child: bool,
    restart_level: log::Level,
    children: Vec<ChildSpec>,
}

impl Supervisor {
    /// Configures a supervisor without children that allows 3 restarts within 5 seconds, and
    /// restarts without delay.
    pub fn new(strategy: Strategy) -> Self {
        let (max_restarts, period, backoff) = (3, Duration::from_secs(5), Backoff::NONE);
        Self {
            strategy,
            max_restarts,
            period,
            backoff,
            ends_with_last_child: false,
            restart_level: log::Level::Warn,
            children: Vec::new(),
        }
    }

    /// Limits the restarts: when more than `max` would fall within `period`, the supervisor
    /// stops all children and ends with [`Reason::Failed`]. The restart of a group counts
    /// once.
    pub fn max_restarts(mut self, max: usize, period: Duration) -> Self {
        (self.max_restarts, self.period) = (max, period);
        self
    }

    /// Delays each restart, counted from the end of the child. The delay grows with each end
    /// of *that child*, and starts anew once the child has lived for the period of
    /// [`max_restarts`](Self::max_restarts). With delays beyond `period / max` the supervisor
    /// never gives up.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Makes the supervisor end with [`Reason::Finished`] when a child has ended by itself and
    /// no child is left that runs or will be restarted. Right for a pipeline, which is over
    /// when its stages are. By default a supervisor without children keeps running, because
    /// more may be started.
    pub fn ends_with_last_child(mut self) -> Self {
        self.ends_with_last_child = true;
        self
    }

    /// Logs restarts as debug messages instead of warnings. Right for many children that are
    /// expected to fail. [`ChildInfo::restarts`] still counts them.
    pub fn quiet_restarts(mut self) -> Self {
        self.restart_level = log::Level::Debug;
        self
    }

    /// Adds a child after those added before.
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.children.push(spec);
        self
    }

    /// Starts the children in order, those of nested supervisors included, and then the task
    /// that watches them.
    ///
    /// # Errors
    /// [`SupervisorError::NameTaken`] if two children have the same name. No child is started
    /// then.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> Result<SupervisorHandle, SupervisorError> {
        self.launch().map(|(handle, _task)| handle)
    }

    fn launch(self) -> Result<(SupervisorHandle, JoinHandle<Reason>), SupervisorError> {
        for (index, spec) in self.children.iter().enumerate() {
            if self.children[..index].iter().any(|earlier| earlier.name == spec.name) {
                return Err(SupervisorError::NameTaken { name: spec.name.clone() });
            }
        }
        Ok(task::spawn(self))
    }
}
