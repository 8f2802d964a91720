//! The state that the task of a server and the references to it share, and what stands in its
//! mailbox.

use std::fmt;
use std::sync::Arc;

use super::Server;
use super::ending::{Ending, Ends};
use super::mailbox::Mailbox;
use crate::stage::Reason;

/// A message in the mailbox of the server `S`.
pub(super) trait Envelope<S: Server>: Send + Sync {
    /// Lets the server handle the message, unless the caller has withdrawn it.
    fn open(self: Arc<Self>, state: &mut S, context: &mut Context<'_, S>);

    /// Notes that the handler has returned, or that it panicked and the exit reason is set. Only
    /// from now on does a dropped reply reach the caller.
    fn close(&self);

    /// Gives the message back: the server has ended.
    fn give_back(&self);
}

/// The mailbox and the end of a server.
pub(super) struct Shared<S: Server> {
    pub(super) mailbox: Mailbox<Arc<dyn Envelope<S>>>,
    pub(super) ending: Ending,
}

impl<S: Server> Ends for Shared<S> {
    fn ending(&self) -> &Ending {
        &self.ending
    }
}

impl<S: Server> Shared<S> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { mailbox: Mailbox::new(capacity), ending: Ending::default() }
    }

    /// Returns the exit reason of a server whose mailbox is closed.
    pub(super) fn reason(&self) -> Reason {
        self.ending.reason().unwrap_or(Reason::Aborted)
    }

    /// Puts a message into a place that was taken before. Returns false if the server has ended;
    /// the message is then given back.
    pub(super) fn put_in_place(&self, envelope: Arc<dyn Envelope<S>>) -> bool {
        let put = self.mailbox.put_in_place(envelope);
        put.map_err(|returned| returned.give_back()).is_ok()
    }
}

/// What a handler can do with its server.
pub struct Context<'a, S: Server> {
    pub(super) shared: &'a Arc<Shared<S>>,
    pub(super) end: Option<Reason>,
}

impl<S: Server> Context<'_, S> {
    /// Ends the server when the handler returns; the first reason counts.
    pub fn stop(&mut self, reason: Reason) {
        self.end.get_or_insert(reason);
    }
}

impl<S: Server> fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("end", &self.end).finish_non_exhaustive()
    }
}
