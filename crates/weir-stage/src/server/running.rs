//! Spawns servers, and the handle of the task of one.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::life::Life;
use super::shared::Shared;
use super::{Server, ServerRef};
use crate::stage::{Reason, joined};

/// The handle of a spawned server. Dropping it leaves the server running as long as there is a
/// [`ServerRef`].
pub struct RunningServer<S: Server> {
    server: ServerRef<S>,
    task: JoinHandle<Reason>,
}

impl<S: Server> RunningServer<S> {
    /// Returns a reference to the server.
    pub fn server(&self) -> ServerRef<S> {
        self.server.clone()
    }

    /// Asks the server to end, ahead of the messages in its mailbox.
    pub fn stop(&self) {
        self.server.stop(Reason::Stopped);
    }

    /// Ends the server at its next await.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Drops the handle's own reference, waits until the server has ended, and returns why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the server running.
    pub async fn join(self) -> Reason {
        drop(self.server);
        joined(self.task).await
    }

    pub(crate) fn into_parts(self) -> (ServerRef<S>, JoinHandle<Reason>) {
        (self.server, self.task)
    }
}

/// Spawns a server whose mailbox has room for `capacity` messages, at least 1.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn spawn<S: Server>(capacity: usize, state: S) -> RunningServer<S> {
    let (server, life) = prepare(capacity);
    RunningServer { server, task: tokio::spawn(life.run(state)) }
}

/// Spawns a server whose state `start` makes. Messages wait in the mailbox meanwhile. If it
/// fails or panics, the server ends.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn spawn_from<S: Server>(
    capacity: usize,
    start: impl Future<Output = Result<S, Reason>> + Send + 'static,
) -> RunningServer<S> {
    let (server, life) = prepare(capacity);
    RunningServer { server, task: tokio::spawn(life.start(start)) }
}

fn prepare<S: Server>(capacity: usize) -> (ServerRef<S>, Life<S>) {
    let shared = Arc::new(Shared::new(capacity));
    (ServerRef(Arc::clone(&shared)), Life::new(shared))
}

impl<S: Server> fmt::Debug for RunningServer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer").field("server", &self.server).finish_non_exhaustive()
    }
}
