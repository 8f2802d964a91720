//! A name under which a server is found across its restarts.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{CallError, HandleLater, Server, ServerRef};
use crate::stage::Reason;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The name of a server that a supervisor restarts. It exists before its server and outlives
/// it. Clones are the same name.
///
/// A call through the name that finds no server, or whose message was certainly not handled
/// because the server ended, is made again on the next server. The caller notices no more than
/// a delay.
pub struct ServerName<S: Server>(Arc<Inner<S>>);

struct Inner<S: Server> {
    name: Arc<str>,
    entry: Mutex<Entry<S>>,
    changed: Notify,
}

struct Entry<S: Server> {
    server: Option<ServerRef<S>>,
    /// Why no server is expected any more.
    released: Option<Reason>,
}

impl<S: Server> Clone for ServerName<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Server> ServerName<S> {
    /// Reserves a name, under which no server is registered yet.
    pub fn reserve(name: impl Into<Arc<str>>) -> Self {
        let entry = Mutex::new(Entry { server: None, released: None });
        Self(Arc::new(Inner { name: name.into(), entry, changed: Notify::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Entry<S>> {
        self.0.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Registers a server, in place of the last one. The name keeps it alive.
    pub fn register(&self, server: ServerRef<S>) {
        let last = {
            let mut entry = self.lock();
            entry.released = None;
            entry.server.replace(server)
        };
        drop(last);
        self.0.changed.notify_waiters();
    }

    /// Says that no server will be registered again, for example because a supervisor gave up.
    /// Calls that wait for one fail with `reason`.
    pub fn release(&self, reason: Reason) {
        let last = {
            let mut entry = self.lock();
            entry.released = Some(reason);
            entry.server.take()
        };
        drop(last);
        self.0.changed.notify_waiters();
    }

    /// Returns the server, unless it has ended. It may end right after.
    pub fn server(&self) -> Option<ServerRef<S>> {
        self.lock().server.clone().filter(|server| !server.is_down())
    }

    /// Waits for a server that has not ended.
    ///
    /// # Errors
    /// The reason of a name that was released.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn wait(&self) -> Result<ServerRef<S>, Reason> {
        if let Some(server) = self.server() {
            return Ok(server);
        }
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            // Registered before the look, so that no change is missed.
            changed.as_mut().enable();
            if let Some(server) = self.server() {
                return Ok(server);
            }
            if let Some(reason) = &self.lock().released {
                return Err(reason.clone());
            }
            changed.await;
        }
    }

    /// [Calls](ServerRef::call) the server, or the next one if the message was not handled. The
    /// caller sets a time limit if it needs one.
    ///
    /// # Errors
    /// [`CallError::Down`] with `begun: true` if the server ended while it handled the message,
    /// and with `begun: false` if the name was released.
    ///
    /// # Cancel safety
    /// As for `ServerRef::call`.
    pub async fn call<M>(&self, mut message: M) -> Result<S::Reply, CallError>
    where
        S: HandleLater<M>,
        M: Send + 'static,
    {
        loop {
            let server = match self.wait().await {
                Ok(server) => server,
                Err(reason) => return Err(CallError::Down { reason, begun: false }),
            };
            match server.call_or_return(message).await {
                Ok(reply) => return Ok(reply),
                Err((_, Some(returned))) => message = returned,
                Err((error, None)) => return Err(error),
            }
        }
    }
}

impl<S: Server> fmt::Debug for ServerName<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerName").field(&self.0.name).finish()
    }
}
