//! The live jobs that users submitted, with the data that the engine does not have.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::snapshot::{By, KillState};

/// The most live jobs of users.
pub(super) const MOST: usize = 10_000;

/// Live jobs of users, by id.
#[derive(Debug, Default)]
pub(super) struct Users(Mutex<HashMap<u64, Entry>>);

#[derive(Debug)]
struct Entry {
    user: User,
    /// Operators who wait until the submitter is answered.
    killers: Vec<oneshot::Sender<Killed>>,
}

/// A live job of a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) by: By,
    pub(super) kill: Option<KillState>,
    /// When the kill was ordered.
    pub(super) kill_at: Option<Instant>,
}

/// The effect of a kill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Killed {
    /// How the job ended: `killed in calc_sum < sum`, or otherwise if it ended by itself.
    pub ended: String,
    /// Milliseconds from the order until the submitter was answered.
    pub told_ms: f64,
}

impl Users {
    /// Enters a job, unless there are too many. `submit` creates it.
    pub(super) fn enter<T>(&self, by: By, submit: impl FnOnce() -> (u64, T)) -> Option<T> {
        let mut users = self.lock();
        if users.len() >= MOST {
            return None;
        }
        let (id, submitted) = submit();
        let user = User { by, kill: None, kill_at: None };
        users.insert(id, Entry { user, killers: Vec::new() });
        Some(submitted)
    }

    /// Removes a job that has ended. Returns it with the operators who wait for that.
    pub(super) fn leave(&self, id: u64) -> Option<(User, Vec<oneshot::Sender<Killed>>)> {
        self.lock().remove(&id).map(|entry| (entry.user, entry.killers))
    }

    /// Notes that a job was asked to end. Returns a receiver that gets the effect once the
    /// submitter is answered; `None` if it is not a user's job.
    pub(super) fn kill(&self, id: u64, kill: KillState) -> Option<oneshot::Receiver<Killed>> {
        let mut users = self.lock();
        let entry = users.get_mut(&id)?;
        entry.user.kill = Some(kill);
        entry.user.kill_at.get_or_insert_with(Instant::now);
        let (told, waits) = oneshot::channel();
        entry.killers.retain(|killer| !killer.is_closed());
        entry.killers.push(told);
        Some(waits)
    }

    pub(super) fn all(&self) -> HashMap<u64, User> {
        self.lock().iter().map(|(id, entry)| (*id, entry.user)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
