//! Names of jobs: a name is registered once over all nodes, and a call of it from any node runs a
//! job at the node that owns it.
//!
//! When the owner is lost, another node takes the name over; its calls are counted anew. An owner
//! whose lease is over answers no calls. A call is a job like any other: it has no state that two
//! owners could disagree about, so it needs no entry in the log. The log only says whether the name
//! is registered.

mod hosting;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use super::snapshot::{By, NameRow};
use super::{Answer, Inner, JobsError, JobsLab};
use crate::lab::{LONGEST_NAME, is_name};
use crate::nodes::{Away, Common, Place};

pub(super) use hosting::JobNames;

/// The answer to a call of a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Called {
    /// The name.
    pub name: String,
    /// The node whose job it was.
    pub node: String,
    /// The generation of its claim.
    pub generation: u64,
    /// The calls since the node owns the name, with this one.
    pub calls: u64,
    /// How the job ended.
    pub job: Answer,
}

impl JobsLab {
    /// Shares the names of jobs with other nodes. The API of this node is at `url`. Without it, or
    /// with a [`Common`] of one node, the names are the server's own. Call it before the first name
    /// is used; only the first call has an effect.
    ///
    /// # Errors
    /// [`Away`], if the other nodes cannot be reached.
    ///
    /// # Cancel safety
    /// The names are shared or not.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn share(&self, node: String, url: String, common: Common) -> Result<(), Away> {
        let messages = common.bus.subscribe().await?;
        let names = JobNames::new(&self.inner, node, url, common);
        if self.inner.names.set(Arc::clone(&names)).is_ok() {
            names.listen(messages);
        }
        Ok(())
    }

    /// Registers a name at this node.
    ///
    /// # Errors
    /// [`JobsError::Taken`] with its owner; [`JobsError::Registry`] if the registry cannot be reached;
    /// [`JobsError::Name`]; [`JobsError::Refused`] while the server ends.
    ///
    /// # Cancel safety
    /// The name may be registered or not.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn register(&self, name: &str) -> Result<Place, JobsError> {
        if !is_name(name) {
            let name = name.chars().take(LONGEST_NAME).collect();
            return Err(JobsError::Name { name });
        }
        if self.is_draining() {
            return Err(JobsError::Refused("the server is shutting down".to_owned()));
        }
        self.inner.names().register(name).await
    }

    /// Removes a name that this node owns, for all nodes.
    ///
    /// # Errors
    /// [`JobsError::NoName`], and [`JobsError::Registry`] if the registry does not take it.
    ///
    /// # Cancel safety
    /// The name may be removed or not.
    pub async fn unregister(&self, name: &str) -> Result<(), JobsError> {
        self.inner.names().unregister(name).await
    }

    /// Runs a job for a call of a name that this node owns, and waits for its end.
    ///
    /// # Errors
    /// [`JobsError::NoName`] if this node does not own the name now, and those of
    /// [`submit`](Self::submit).
    ///
    /// # Cancel safety
    /// The job runs all the same, and its answer is lost.
    pub async fn call(&self, name: &str, input: i64) -> Result<Called, JobsError> {
        let names = Arc::clone(self.inner.names());
        let hosted = names.valid(name).ok_or_else(|| no_name(name))?;
        let submission = self.submit(input, By::You)?;
        let (calls, generation) = hosted.count_call();
        let (name, node) = (name.to_owned(), names.node().to_owned());
        Ok(Called { name, node, generation, calls, job: submission.await })
    }

    /// Returns the node that owns a name, as far as this node knows.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.inner.names().place(name)
    }

    /// Returns the names of all nodes in their order, as far as this node knows.
    pub fn names(&self) -> Vec<NameRow> {
        self.inner.names().rows()
    }
}

fn no_name(name: &str) -> JobsError {
    JobsError::NoName { name: name.chars().take(LONGEST_NAME).collect() }
}

impl Inner {
    /// Returns the names; those of this server alone if they were not shared.
    pub(super) fn names(self: &Arc<Self>) -> &Arc<JobNames> {
        self.names.get_or_init(|| {
            let node = "local".to_owned();
            JobNames::new(self, node.clone(), String::new(), Common::alone(&node))
        })
    }

    /// Gives all names up, so that other nodes take them over at once.
    pub(super) fn give_up_names(&self) {
        if let Some(names) = self.names.get() {
            names.end();
        }
    }
}
