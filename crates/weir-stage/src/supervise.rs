//! Supervision, in Erlang's words: who is started again when it ends, who goes
//! down with it, and when to give up.
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
//! Children start in the order in which they were added and stop in reverse, one
//! after the other: who comes later may rely on those before it. A supervisor is
//! a task too, so it can be a child of another; what it cannot mend it hands up.
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
//!     .expect("one child has one name");
//! // It fails twice and is restarted twice, which is less than the 3 that are
//! // allowed within 5 seconds; then it finishes.
//! assert_eq!(tree.join().await, Reason::Finished);
//! assert_eq!(tree.list()[0].restarts, 2);
//! # }
//! ```
//!
//! # How this differs from Erlang's supervisor, on purpose
//! - A restart can wait for a [`Backoff`]. Without one, which is the default, a
//!   resource that is away for a second uses up the allowance in a millisecond.
//! - A child that has ended for good keeps its place in the list, with its
//!   reason, temporary ones included; [`SupervisorHandle::delete`] removes it.
//! - When a group is restarted, who had ended for good or was terminated by hand
//!   stays down. Erlang starts those again too.
//! - A start that fails is an end like any other, the first one included: it is
//!   tried again, within the allowance. Erlang's supervisor does not come up.

mod board;
mod child;
mod handle;
mod intensity;
mod member;
mod task;

use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinHandle;

pub use board::{ChildCounts, ChildInfo, ChildState};
pub use child::{Child, ChildSpec};
pub use handle::SupervisorHandle;

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
    /// Never, not even when a sibling's end has brought it down.
    Temporary,
}

impl Restart {
    /// Whether a child of this kind is started again when it ends so.
    pub fn restarts_after(self, reason: &Reason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !reason.is_normal(),
            Self::Temporary => false,
        }
    }
}

/// Who is restarted with a child that is restarted. The others are stopped in
/// reverse order, each with its [`Grace`], and then all are started in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody: the children do not need each other.
    OneForOne,
    /// Everybody: they all need each other.
    OneForAll,
    /// Those that were added after it: each needs the ones before it.
    RestForOne,
}

/// How long a child may take to stop. While it takes that long its supervisor
/// does nothing else, as in Erlang: the next is stopped when this one is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// None: it is aborted, at its next await, and not told.
    Kill,
    /// It is told to stop, and aborted if it still runs after this time.
    After(Duration),
    /// It is told to stop and may take for ever. Right for a supervisor, whose
    /// children have their own.
    Forever,
}

impl Default for Grace {
    fn default() -> Self {
        Self::After(Duration::from_secs(5))
    }
}

/// What a supervisor cannot do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// Names are unique among the children of a supervisor.
    #[error("cannot add a child named {name:?}: there is one already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// None of its own children has that name; those of a supervisor below are
    /// not looked at.
    #[error("there is no child named {name:?}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// It has no children any more, and will have none.
    #[error("the supervisor has ended")]
    Ended,
}

/// A supervisor, to be configured and spawned.
#[derive(Debug)]
#[must_use = "a supervisor does nothing until it is spawned"]
pub struct Supervisor {
    strategy: Strategy,
    max_restarts: usize,
    period: Duration,
    backoff: Backoff,
    ends_with_last_child: bool,
    children: Vec<ChildSpec>,
}

impl Supervisor {
    /// A supervisor without children that allows 3 restarts within 5 seconds and
    /// does not wait before them.
    pub fn new(strategy: Strategy) -> Self {
        let (max_restarts, period, backoff) = (3, Duration::from_secs(5), Backoff::NONE);
        Self { strategy, max_restarts, period, backoff, ends_with_last_child: false, children: Vec::new() }
    }

    /// Gives up when more than `max` restarts would fall within `period`: stops
    /// all children and ends with [`Reason::Failed`]. A group that is restarted
    /// counts once.
    pub fn max_restarts(mut self, max: usize, period: Duration) -> Self {
        (self.max_restarts, self.period) = (max, period);
        self
    }

    /// Waits before each restart, counted from the end of the child. The wait
    /// grows with the ends of *that child* in a row, and starts anew once it has
    /// lived for the period of [`max_restarts`](Self::max_restarts). A wait that
    /// grows beyond `period / max` means that the supervisor never gives up.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Ends with [`Reason::Finished`] when a child has ended by itself and none
    /// is left that runs or will be restarted. Right for a pipeline, which is
    /// over when its stages are. Otherwise a supervisor without children lives
    /// on, because more may be started.
    pub fn ends_with_last_child(mut self) -> Self {
        self.ends_with_last_child = true;
        self
    }

    /// Adds a child after those that were added before.
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.children.push(spec);
        self
    }

    /// Starts the children in order, those of nested supervisors included, and
    /// then the task that watches them.
    ///
    /// # Errors
    /// [`SupervisorError::NameTaken`] when two children have one name. Nothing was
    /// started then.
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
