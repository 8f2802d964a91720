//! What is held of a supervisor that runs.

use crate::shutdown::StopToken;
use tokio::sync::{mpsc, oneshot, watch};

use super::board::Board;
use super::{ChildCounts, ChildInfo, ChildSpec, SupervisorError};
use crate::stage::Reason;

/// What the supervisor's task is asked to do, and whom it tells when it is done.
pub(super) struct Order {
    pub(super) act: Act,
    pub(super) done: oneshot::Sender<Result<(), SupervisorError>>,
}

pub(super) enum Act {
    Start(ChildSpec),
    Terminate(String),
    Restart(String),
    Delete(String),
}

/// A running supervisor. Clones refer to the same one; dropping them all leaves
/// it running.
#[derive(Debug, Clone)]
pub struct SupervisorHandle {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) board: Board,
    /// Two tokens and not orders: both must be heard while an order is carried
    /// out.
    pub(super) stop: StopToken,
    pub(super) abort: StopToken,
    pub(super) ended: watch::Receiver<Option<Reason>>,
}

impl SupervisorHandle {
    /// The children in the order of their start, each supervisor followed by its
    /// own. Right after every change, and readable after the end.
    pub fn list(&self) -> Vec<ChildInfo> {
        self.board.list()
    }

    /// How many of those that [`list`](Self::list) lists run, will run, and are.
    pub fn count(&self) -> ChildCounts {
        ChildCounts::of(&self.list())
    }

    /// Adds a child after the others and starts it. That it could not be started
    /// is no error here: it is an end of the child, after which it is restarted
    /// or not.
    ///
    /// # Errors
    /// [`SupervisorError::NameTaken`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The order is carried out even if the future is dropped.
    pub async fn start(&self, spec: ChildSpec) -> Result<(), SupervisorError> {
        self.order(Act::Start(spec)).await
    }

    /// Stops a child within its grace, and returns when it is gone. It keeps its
    /// place and stays down until [`restart`](Self::restart). One that waits for
    /// its backoff waits no longer.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The order is carried out even if the future is dropped.
    pub async fn terminate(&self, name: &str) -> Result<(), SupervisorError> {
        self.order(Act::Terminate(name.to_owned())).await
    }

    /// Starts a child at once, whatever its kind of restart; if it runs, stops it
    /// first within its grace. Its siblings are left alone, it does not count
    /// towards the restarts that are allowed, and its backoff starts anew.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The order is carried out even if the future is dropped.
    pub async fn restart(&self, name: &str) -> Result<(), SupervisorError> {
        self.order(Act::Restart(name.to_owned())).await
    }

    /// Stops a child as [`terminate`](Self::terminate) does, and forgets it. Its
    /// name is free again.
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`] or [`SupervisorError::Ended`].
    ///
    /// # Cancel safety
    /// The order is carried out even if the future is dropped.
    pub async fn delete(&self, name: &str) -> Result<(), SupervisorError> {
        self.order(Act::Delete(name.to_owned())).await
    }

    /// Stops the children in reverse order, each within its grace, and then ends
    /// with [`Reason::Stopped`]. See [`join`](Self::join).
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Aborts all children at once, at all depths, waits until they are gone, and
    /// ends with [`Reason::Aborted`]. It cuts every grace short.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// Waits until the supervisor has ended and says why. No child is left then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the supervisor running.
    pub async fn join(&self) -> Reason {
        match self.ended.clone().wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Reason::Aborted),
            // The runtime is going, and dropped the task.
            Err(_) => Reason::Aborted,
        }
    }

    async fn order(&self, act: Act) -> Result<(), SupervisorError> {
        let (done, carried_out) = oneshot::channel();
        if self.orders.send(Order { act, done }).is_err() {
            return Err(SupervisorError::Ended);
        }
        carried_out.await.unwrap_or(Err(SupervisorError::Ended))
    }
}
