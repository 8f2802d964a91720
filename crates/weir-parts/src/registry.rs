//! A registry: names, each claimed by at most one owner.
//!
//! ```text
//!   claim ─▶ process ─▶ ┌─ table ──────────────┐
//!                       │ moon  generation 3 ● │ ◀─ whereis, without the process
//!   claim dropped ────▶ │ star  generation 4 ● │
//!                       └──────────────────────┘
//! ```
//!
//! [`Registry::claim`] makes a name the caller's own until the [`Claim`] is dropped. An owner that
//! keeps its claim in its state therefore gives the name back however it ends: the state of a
//! [server](weir_stage::server) is dropped before anything hears of its end, so a lookup never
//! returns an owner whose end was announced.
//!
//! Each claim has a *generation*, greater than that of every earlier claim. A store that
//! remembers the highest generation it has seen can refuse an owner that has lost its name and
//! does not know it.
//!
//! # The registry's own crash
//! The process decides the order of claims, and a supervisor restarts it. The table is not in the
//! process, like an ETS table with an heir: after a crash all names are there, with their
//! generations. Claims that are made meanwhile wait for the next process. Lookups and releases do
//! not use the process.
//!
//! # Example
//!
//! ```
//! use weir_parts::registry::Registry;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let registry: Registry<&str> = Registry::start();
//! assert!(registry.whereis("moon").is_none());
//! let claim = registry.claim("moon", "here").await.expect("the name is free");
//! assert_eq!(registry.whereis("moon").map(|place| place.value), Some("here"));
//! let taken = registry.claim("moon", "there").await.unwrap_err();
//! assert_eq!(taken.to_string(), "the name is taken (generation 1)");
//! drop(claim);
//! let next = registry.claim("moon", "there").await.expect("the name is free again");
//! assert_eq!(next.generation(), 2);
//! # }
//! ```

mod claim;
mod error;
mod process;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use weir_stage::backoff::Backoff;
use weir_stage::server::{ServerName, spawn};
use weir_stage::stage::Reason;
use weir_stage::supervise::{ChildSpec, Strategy, Supervisor, SupervisorHandle};

pub use claim::Claim;
pub use error::ClaimError;
use process::{Process, Take};
pub use table::Place;
use table::Table;

/// Claims that may wait at the process. A caller more waits for a place.
const MAILBOX: usize = 1_000;

/// A registry whose values are places, such as references to servers. Clones are the same
/// registry, whose process ends with the last one.
pub struct Registry<T>(Arc<Inner<T>>)
where
    T: Clone + Send + Sync + 'static;

struct Inner<T: Clone + Send + Sync + 'static> {
    table: Arc<Table<T>>,
    process: ServerName<Process<T>>,
    tree: SupervisorHandle,
    lives: Arc<AtomicU64>,
}

/// The figures of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryFigures {
    /// The number of names.
    pub names: usize,
    /// How often the process was restarted.
    pub restarts: u64,
    /// True while the process runs.
    pub is_up: bool,
}

impl<T: Clone + Send + Sync + 'static> Registry<T> {
    /// Starts a registry without names.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start() -> Self {
        let table = Arc::new(Table::default());
        let process = ServerName::reserve("registry");
        let lives = Arc::new(AtomicU64::new(0));
        let child = {
            let (table, process, lives) = (Arc::clone(&table), process.clone(), Arc::clone(&lives));
            ChildSpec::new("registry", move || {
                let running = spawn(MAILBOX, Process::new(Arc::clone(&table)));
                process.register(running.server());
                lives.fetch_add(1, Ordering::Relaxed);
                running
            })
        };
        // Names can be looked up without the process, so it may be restarted as often as it takes.
        let supervisor = Supervisor::new(Strategy::OneForOne)
            .max_restarts(usize::MAX, Duration::from_secs(1))
            .backoff(Backoff::NONE)
            .child(child);
        let tree = supervisor.spawn().expect("there is only one child, so its name is unique");
        Self(Arc::new(Inner { table, process, tree, lives }))
    }

    /// Claims a name for the place `value`.
    ///
    /// # Errors
    /// [`ClaimError::Taken`] if the name has an owner, [`ClaimError::Stopped`].
    ///
    /// # Cancel safety
    /// A claim that is made after the future is dropped is given back at once.
    pub async fn claim(&self, name: impl Into<Arc<str>>, value: T) -> Result<Claim<T>, ClaimError> {
        self.claim_within(usize::MAX, name, value).await
    }

    /// Claims a name as [`claim`](Self::claim) does, unless there are `most` names already.
    ///
    /// # Errors
    /// As for `claim`, and [`ClaimError::Full`].
    ///
    /// # Cancel safety
    /// As for `claim`.
    pub async fn claim_within(
        &self,
        most: usize,
        name: impl Into<Arc<str>>,
        value: T,
    ) -> Result<Claim<T>, ClaimError> {
        let take = Take { name: name.into(), value, most };
        loop {
            match self.0.process.call(take.clone()).await {
                Ok(claimed) => return claimed,
                // The claim, if it was made, was dropped with the reply.
                Err(error) if error.has_begun() => {}
                Err(_) => return Err(ClaimError::Stopped),
            }
        }
    }

    /// Looks a name up. The owner may lose it right after.
    pub fn whereis(&self, name: &str) -> Option<Place<T>> {
        self.0.table.get(name)
    }

    /// Returns all names with their places, sorted by name.
    pub fn list(&self) -> Vec<(Arc<str>, Place<T>)> {
        self.0.table.list()
    }

    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.0.table.len()
    }

    /// Returns true if there are no names.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the figures.
    pub fn figures(&self) -> RegistryFigures {
        RegistryFigures {
            names: self.len(),
            restarts: self.0.lives.load(Ordering::Relaxed).saturating_sub(1),
            is_up: self.0.process.server().is_some(),
        }
    }

    /// Makes the process crash. Its supervisor restarts it.
    pub fn crash(&self) {
        if let Some(process) = self.0.process.server() {
            process.stop(Reason::failed("killed"));
        }
    }

    /// Ends the process for good. Names stay until their claims are dropped; no name can be claimed
    /// any more.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl<T: Clone + Send + Sync + 'static> Inner<T> {
    fn stop(&self) {
        self.tree.stop();
        self.process.release(Reason::Stopped);
    }
}

impl<T: Clone + Send + Sync + 'static> Drop for Inner<T> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<T: Clone + Send + Sync + 'static> Clone for Registry<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + Sync + 'static> fmt::Debug for Registry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("names", &self.len()).finish_non_exhaustive()
    }
}
