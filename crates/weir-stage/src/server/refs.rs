//! References to a server.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::cell::{Cast, Cell, NoReply, With};
use super::ending::Ends;
use super::mailbox::NotPut;
use super::shared::{Context, Envelope, Shared};
use super::wait::{WaitForPlace, WaitForReply, Withdraw};
use super::{CallError, CastError, HandleLater, Monitor, Server};
use crate::stage::Reason;

/// A reference to a server. Clones refer to the same server, which ends when the last one is
/// dropped and its mailbox is empty.
pub struct ServerRef<S: Server>(pub(super) Arc<Shared<S>>);

impl<S: Server> Clone for ServerRef<S> {
    fn clone(&self) -> Self {
        self.0.mailbox.add_ref();
        Self(Arc::clone(&self.0))
    }
}

impl<S: Server> Drop for ServerRef<S> {
    fn drop(&mut self) {
        self.0.mailbox.remove_ref();
    }
}

impl<S: Server> ServerRef<S> {
    /// Sends a message, and waits for its reply. Waits for a place in the mailbox before.
    ///
    /// # Errors
    /// [`CallError::Down`] if the server has ended or ends meanwhile, and
    /// [`CallError::Unanswered`] if it dropped the reply.
    ///
    /// # Cancel safety
    /// A dropped future withdraws the message, unless the handler has begun.
    pub fn call<M>(
        &self,
        message: M,
    ) -> impl Future<Output = Result<S::Reply, CallError>> + Send + use<'_, S, M>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        let called = self.call_or_return(message);
        async move { called.await.map_err(|(error, _)| error) }
    }

    /// Like [`call`](Self::call), but returns a message that was not handled.
    pub(super) fn call_or_return<M>(
        &self,
        message: M,
    ) -> impl Future<Output = Result<S::Reply, (CallError, Option<M>)>> + Send + use<'_, S, M>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        let cell = Arc::new(Cell::new(message));
        let reply = WaitForReply(Arc::clone(&cell));
        async move {
            self.send(cell).await;
            reply.await.map_err(|none| self.down(none))
        }
    }

    /// [Calls](Self::call) with a time limit, which includes waiting for a place.
    ///
    /// # Errors
    /// As for `call`, and [`CallError::Late`].
    ///
    /// # Cancel safety
    /// As for `call`.
    pub async fn call_within<M>(&self, limit: Duration, message: M) -> Result<S::Reply, CallError>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        let cell = Arc::new(Cell::new(message));
        let mut reply = WaitForReply(Arc::clone(&cell));
        let answered = async {
            self.send(Arc::clone(&cell) as Arc<dyn Envelope<S>>).await;
            (&mut reply).await
        };
        match timeout(limit, answered).await {
            Ok(answered) => answered.map_err(|none| self.down(none).0),
            // The reply may have arrived in this very moment.
            Err(_) => cell.give_up().map_err(|begun| CallError::Late { begun }),
        }
    }

    /// Runs a closure on the state, in the server's task, and returns its result. The closure
    /// waits its turn in the mailbox and must not block.
    ///
    /// # Errors
    /// [`CallError::Down`].
    ///
    /// # Cancel safety
    /// As for [`call`](Self::call).
    pub fn with<F, R>(
        &self,
        closure: F,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<'_, S, F, R>
    where
        F: FnOnce(&mut S) -> R + Send + 'static,
        R: Send + 'static,
    {
        let with = Arc::new(With::<S, F, R>::new(closure));
        async move {
            let guard = Withdraw(&with.0);
            self.send(Arc::clone(&with) as Arc<dyn Envelope<S>>).await;
            let reply = std::future::poll_fn(|cx| guard.0.poll(cx)).await;
            reply.map_err(|none| self.down(none).0)
        }
    }

    /// Sends a message without waiting for a reply or for a place.
    ///
    /// # Errors
    /// [`CastError`], with the message, if the mailbox is full or the server has ended. A
    /// message that was accepted is lost if the server ends before it is handled.
    pub fn cast<M>(&self, message: M) -> Result<(), CastError<M>>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        let cast = Arc::new(Cast::new(message));
        let put = self.0.mailbox.put(Arc::clone(&cast) as Arc<dyn Envelope<S>>);
        let Err(not_put) = put else { return Ok(()) };
        match (cast.take(), not_put) {
            (Some(message), NotPut::Full(_)) => Err(CastError::Full(message)),
            (Some(message), NotPut::Closed) => Err(CastError::Down(message, self.0.reason())),
            (None, _) => Ok(()),
        }
    }

    /// Sends a message without waiting for a reply, but waits for a place.
    ///
    /// # Errors
    /// [`CastError::Down`].
    ///
    /// # Cancel safety
    /// The message is lost if the future is dropped. Use [`reserve`](Self::reserve) to keep it.
    pub async fn cast_waiting<M>(&self, message: M) -> Result<(), CastError<M>>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        match self.reserve().await {
            Ok(place) => place.cast(message),
            Err(reason) => Err(CastError::Down(message, reason)),
        }
    }

    /// Waits for a place in the mailbox, and keeps it. Senders get places in the order in which
    /// they asked.
    ///
    /// # Errors
    /// The exit reason, if the server has ended.
    ///
    /// # Cancel safety
    /// A dropped future passes its place on.
    pub async fn reserve(&self) -> Result<Place<S>, Reason> {
        if WaitForPlace::new(&self.0.mailbox).await {
            Ok(Place { server: self.clone(), is_used: false })
        } else {
            Err(self.0.reason())
        }
    }

    /// Puts an envelope into the mailbox when it has a place. If the server has ended, the
    /// message is given back through its cell.
    async fn send(&self, envelope: Arc<dyn Envelope<S>>) {
        let cell = Arc::clone(&envelope);
        match self.0.mailbox.put(envelope) {
            Ok(()) => {}
            Err(NotPut::Closed) => cell.give_back(),
            Err(NotPut::Full(envelope)) => {
                if WaitForPlace::new(&self.0.mailbox).await {
                    // Gives the message back itself if the server has ended.
                    _ = self.0.put_in_place(envelope);
                } else {
                    envelope.give_back();
                }
            }
        }
    }

    fn down<M>(&self, none: NoReply<M>) -> (CallError, Option<M>) {
        match (none, self.0.ending.reason()) {
            (NoReply::Returned(message), _) => {
                (CallError::Down { reason: self.0.reason(), begun: false }, Some(message))
            }
            (NoReply::Unanswered, Some(reason)) => (CallError::Down { reason, begun: true }, None),
            (NoReply::Unanswered, None) => (CallError::Unanswered, None),
        }
    }

    /// Returns a monitor of the server. On a server that has ended, it fires at once.
    pub fn monitor(&self) -> Monitor {
        Monitor(Arc::clone(&self.0) as Arc<dyn Ends>)
    }

    /// Asks the server to end with `reason`, ahead of the messages in its mailbox. The first
    /// reason counts.
    pub fn stop(&self, reason: Reason) {
        self.0.mailbox.stop(reason);
    }

    /// Returns a reference that does not keep the server alive.
    pub fn downgrade(&self) -> WeakServerRef<S> {
        WeakServerRef::of(&self.0)
    }

    /// Returns true once the server has ended and takes no messages.
    pub fn is_down(&self) -> bool {
        self.0.mailbox.is_closed()
    }

    /// Returns the number of messages in the mailbox.
    pub fn waiting(&self) -> usize {
        self.0.mailbox.len()
    }

    /// Returns true if both refer to the same server.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A place in the mailbox of a server, free again when it is dropped.
pub struct Place<S: Server> {
    server: ServerRef<S>,
    is_used: bool,
}

impl<S: Server> Place<S> {
    /// Returns the server.
    pub fn server(&self) -> &ServerRef<S> {
        &self.server
    }

    /// Sends a message to the place.
    ///
    /// # Errors
    /// [`CastError::Down`], if the server has ended.
    pub fn cast<M>(mut self, message: M) -> Result<(), CastError<M>>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        self.is_used = true;
        let cast = Arc::new(Cast::new(message));
        let shared = &self.server.0;
        if shared.put_in_place(Arc::clone(&cast) as Arc<dyn Envelope<S>>) {
            return Ok(());
        }
        cast.take().map_or(Ok(()), |message| Err(CastError::Down(message, shared.reason())))
    }
}

impl<S: Server> Drop for Place<S> {
    fn drop(&mut self) {
        if !self.is_used {
            self.server.0.mailbox.free_place();
        }
    }
}

/// A reference that does not keep its server alive.
pub struct WeakServerRef<S: Server>(Arc<Shared<S>>);

impl<S: Server> Clone for WeakServerRef<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Server> WeakServerRef<S> {
    pub(super) fn of(shared: &Arc<Shared<S>>) -> Self {
        Self(Arc::clone(shared))
    }

    /// Returns a full reference, unless the server has ended or its last one is gone.
    pub fn upgrade(&self) -> Option<ServerRef<S>> {
        self.0.mailbox.add_ref_to_living().then(|| ServerRef(Arc::clone(&self.0)))
    }

    /// Asks the server to end, like [`ServerRef::stop`].
    pub fn stop(&self, reason: Reason) {
        self.0.mailbox.stop(reason);
    }
}

impl<S: Server> Context<'_, S> {
    /// Returns a reference to the server itself, for tasks that the handler starts.
    pub fn server(&self) -> WeakServerRef<S> {
        WeakServerRef::of(self.shared)
    }

    /// Returns a reference to the server itself that keeps it alive. `None` if the last other
    /// one is gone: the server ends when its mailbox is empty.
    pub fn server_ref(&self) -> Option<ServerRef<S>> {
        self.server().upgrade()
    }
}

impl<S: Server> fmt::Debug for ServerRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerRef").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl<S: Server> fmt::Debug for WeakServerRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakServerRef").finish_non_exhaustive()
    }
}

impl<S: Server> fmt::Debug for Place<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
