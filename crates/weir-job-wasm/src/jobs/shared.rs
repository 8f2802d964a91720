//! The state that all clones of a [`Jobs`](crate::jobs::Jobs) share: settings, versions, live
//! jobs and the latest inputs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::code::{Code, Compiled};
use crate::jobs::entry::Entry;
use crate::jobs::inbox::Request;
use crate::jobs::inputs::{Inputs, Kept};
use crate::jobs::lock::Lock;
use crate::jobs::totals::Counters;
use crate::jobs::versions::Versions;
use crate::outcome::{Ending, Finished, Outcome};
use crate::settings::Settings;

/// Parts of the table of live jobs, each with a lock of its own, so that jobs which begin
/// and end on several threads rarely wait for each other.
const SHARDS: usize = 16;

pub(crate) struct Shared {
    settings: RwLock<Settings>,
    pub(crate) versions: Lock<Versions>,
    live: [Lock<HashMap<u64, Arc<Entry>>>; SHARDS],
    inputs: Lock<Inputs>,
    pub(crate) counters: Counters,
}

/// A live job in the table. It leaves the table when this is finished or dropped.
pub(crate) struct Guard {
    shared: Arc<Shared>,
    pub(crate) entry: Arc<Entry>,
}

impl Shared {
    pub(crate) fn new(code: Code, settings: Settings) -> Self {
        Self {
            settings: RwLock::new(settings),
            versions: Lock::new(Versions::new(code)),
            live: std::array::from_fn(|_| Lock::new(HashMap::new())),
            inputs: Lock::default(),
            counters: Counters::default(),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        *self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.inputs.lock().truncate(settings.keep_inputs);
    }

    /// Enters a new job, which runs the current version of the code.
    pub(crate) fn enter(self: &Arc<Self>, input: i64) -> (Guard, Arc<Compiled>) {
        let settings = self.settings();
        let (version, code) = self.versions.lock().current();
        let id = self.counters.submit();
        let entry = Arc::new(Entry::new(id, input, version, settings.isolation));
        self.shard(id).lock().insert(id, Arc::clone(&entry));
        if settings.keep_inputs > 0 {
            self.inputs.lock().submit(&entry, settings.keep_inputs);
        }
        (Guard { shared: Arc::clone(self), entry }, code)
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Entry>> {
        self.shard(id).lock().get(&id).cloned()
    }

    /// True if a job with this identifier was submitted.
    pub(crate) fn was_submitted(&self, id: u64) -> bool {
        (1..=self.counters.read(0).submitted).contains(&id)
    }

    pub(crate) fn live(&self) -> Vec<Arc<Entry>> {
        self.live.iter().flat_map(|shard| shard.lock().values().cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn number_live(&self) -> usize {
        self.live.iter().map(|shard| shard.lock().len()).sum()
    }

    /// The latest distinct inputs, the smallest first.
    pub(crate) fn inputs(&self) -> Vec<Kept> {
        self.inputs.lock().all()
    }

    fn shard(&self, id: u64) -> &Lock<HashMap<u64, Arc<Entry>>> {
        &self.live[id as usize % SHARDS]
    }
}

impl Guard {
    /// Ends the job: removes it from the table and answers the requests that wait for its end.
    pub(crate) fn finish(self, outcome: Outcome, killers: Vec<oneshot::Sender<Ending>>) -> Finished {
        self.end(outcome.ending(), killers);
        let entry = &self.entry;
        Finished {
            id: entry.id,
            input: entry.input,
            version: entry.version,
            reductions: entry.reductions(),
            slices: entry.slices(),
            longest_slice: entry.longest_slice(),
            age: Instant::now() - entry.since,
            outcome,
        }
    }

    fn end(&self, ending: Ending, killers: Vec<oneshot::Sender<Ending>>) {
        if self.entry.ending().is_some() {
            return;
        }
        self.entry.end(ending);
        self.shared.counters.end(ending);
        self.shared.shard(self.entry.id).lock().remove(&self.entry.id);
        let unseen = self.entry.inbox.close().into_iter().filter_map(|request| match request {
            Request::Kill(answer) => Some(answer),
            // Dropped: the requester learns that the job has ended.
            Request::Stack(_) | Request::Trace(_) => None,
        });
        for answer in killers.into_iter().chain(unseen) {
            // A requester that has gone away needs no answer.
            let _ = answer.send(ending);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end(Ending::Cancelled, Vec::new());
    }
}
