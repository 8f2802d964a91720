//! The checks of a run, whose results are an [`Audit`].
//!
//! A check covers one subject. Its sentence begins with what was counted or measured, so
//! that a reader can judge how much it matters.

mod bench;
mod client;
mod imported;
mod jobs;
mod machine;
mod rooms;
mod sides;
mod watch;

use crate::record::{Audit, Check, Run, Verdict};

impl Audit {
    fn note(&mut self, name: &str, verdict: Verdict, says: String) {
        self.checks.push(Check { name: name.to_owned(), verdict, says });
    }

    /// Passed or failed.
    fn check(&mut self, name: &str, passed: bool, says: String) {
        self.note(name, if passed { Verdict::Passed } else { Verdict::Failed }, says);
    }
}

impl Run {
    /// Returns the run with a new audit of its content.
    pub fn audited(mut self) -> Self {
        let mut audit = Audit::default();
        if let Some(client) = &self.client {
            audit.counts(&self, client);
            audit.client_times(&self, client);
            audit.machine(client);
        }
        if let Some(bench) = &self.bench {
            audit.bench(&self, bench);
        }
        if let Some(jobs) = &self.jobs {
            audit.jobs(jobs);
        }
        if let Some(watch) = &self.watch {
            audit.watch(watch);
        }
        if let Some(rooms) = &self.rooms {
            audit.rooms(rooms);
        }
        audit.sides(&self);
        self.audit = audit;
        self
    }

    /// Returns an imported run, with checks of its figures added to its audit.
    pub(super) fn audited_as_imported(mut self) -> Self {
        let mut audit = std::mem::take(&mut self.audit);
        if let Some(client) = &self.client {
            audit.counts(&self, client);
            audit.imported(&self, client);
        }
        self.audit = audit;
        self
    }
}

#[cfg(test)]
mod tests;
