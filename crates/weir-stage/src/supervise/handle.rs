//! The handle of a running supervisor.

use tokio::sync::{mpsc, oneshot, watch};

use super::listing::Listing;
use super::{ChildCounts, ChildInfo, ChildSpec, SupervisorError};
use crate::shutdown::StopToken;
use crate::stage::Reason;

/// A command to the supervisor's task, and the sender of its result.
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) done: oneshot::Sender<Result<(), SupervisorError>>,
}

pub(super) enum Command {
    Start(ChildSpec),
    Terminate(String),
    Restart(String),
    Kill(String),
    Delete(String),
}

/// A handle of a running supervisor. Clones refer to the same one. Dropping them all leaves it
/// running: its children belong to it and not to a caller.
#[derive(Debug, Clone)]
pub struct SupervisorHandle {
    pub(super) requests: mpsc::UnboundedSender<Request>,
    pub(super) listing: Listing,
    /// Tokens instead of requests, because the task must see both while it carries out a
    /// request.
    pub(super) stop: StopToken,
    pub(super) abort: StopToken,
    pub(super) ended: watch::Receiver<Option<Reason>>,
}

impl SupervisorHandle {
    /// Lists the children in the order of their start, each supervisor followed by its own.
    /// The list is up to date after every change, and can be read after the end.
    pub fn list(&self) -> Vec<ChildInfo> {
        self.listing.list()
    }

    /// Counts the children that [`list`](Self::list) lists, by state.
    pub fn count(&self) -> ChildCounts {
        ChildCounts::of(&self.list())
    }

    /// Adds a child after the others and starts it. A start that fails is no error here: it
    /// is an end of the child, after which the child is restarted or not.
    ///
    /// # Errors
    /// [`SupervisorError::NameTaken`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The child is added even if the future is dropped.
    pub async fn start(&self, spec: ChildSpec) -> Result<(), SupervisorError> {
        self.request(Command::Start(spec)).await
    }

    /// Stops a child within its grace, and returns when it has ended. The child keeps its
    /// place and stays down until [`restart`](Self::restart). A backoff it waits for is over.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The child is stopped even if the future is dropped.
    pub async fn terminate(&self, name: &str) -> Result<(), SupervisorError> {
        self.request(Command::Terminate(name.to_owned())).await
    }

    /// Starts a child at once, whatever its kind of restart. If it runs, it is stopped first
    /// within its grace. Its siblings keep running, the restart does not count towards those
    /// allowed, and its backoff starts anew.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The child is restarted even if the future is dropped.
    pub async fn restart(&self, name: &str) -> Result<(), SupervisorError> {
        self.request(Command::Restart(name.to_owned())).await
    }

    /// Aborts a child at its next await, without asking it to stop, and starts it again once
    /// it has ended. Like a [`restart`](Self::restart), a kill does not count towards the
    /// allowed restarts.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The child is killed and started even if the future is dropped.
    pub async fn kill(&self, name: &str) -> Result<(), SupervisorError> {
        self.request(Command::Kill(name.to_owned())).await
    }

    /// Stops a child as [`terminate`](Self::terminate) does, and forgets it. Its name is free
    /// again.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The child is deleted even if the future is dropped.
    pub async fn delete(&self, name: &str) -> Result<(), SupervisorError> {
        self.request(Command::Delete(name.to_owned())).await
    }

    /// Stops the children in reverse order, each within its grace. The supervisor then ends
    /// with [`Reason::Stopped`]. See [`join`](Self::join).
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Aborts all children at once, at all depths, and cuts every grace short. The supervisor
    /// ends with [`Reason::Aborted`] when none of them runs any more.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// Waits until the supervisor has ended, and returns why. No child runs then.
    ///
    /// # Cancel safety
    /// The supervisor keeps running if the future is dropped.
    pub async fn join(&self) -> Reason {
        match self.ended.clone().wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Reason::Aborted),
            // The runtime is shutting down, and has dropped the task.
            Err(_) => Reason::Aborted,
        }
    }

    async fn request(&self, command: Command) -> Result<(), SupervisorError> {
        let (done, result) = oneshot::channel();
        if self.requests.send(Request { command, done }).is_err() {
            return Err(SupervisorError::Ended);
        }
        result.await.unwrap_or(Err(SupervisorError::Ended))
    }
}
