//! Futures of a sender: waiting for a place in the mailbox, and for a reply.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Server;
use super::cell::{Cell, NoReply};
use super::mailbox::Mailbox;
use super::shared::Envelope;

/// Waits for a place: true, or false once the mailbox is closed. A dropped future passes its
/// place on.
pub(super) struct WaitForPlace<'a, S: Server> {
    mailbox: &'a Mailbox<Arc<dyn Envelope<S>>>,
    key: Option<u64>,
}

impl<'a, S: Server> WaitForPlace<'a, S> {
    pub(super) fn new(mailbox: &'a Mailbox<Arc<dyn Envelope<S>>>) -> Self {
        Self { mailbox, key: None }
    }
}

impl<S: Server> Future for WaitForPlace<'_, S> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let mailbox = self.mailbox;
        mailbox.poll_place(&mut self.key, cx)
    }
}

impl<S: Server> Drop for WaitForPlace<'_, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.mailbox.give_up_place(key);
        }
    }
}

/// The caller's side of a cell. Dropping it withdraws the message, unless the handler has
/// begun.
pub(super) struct WaitForReply<M, R>(pub(super) Arc<Cell<M, R>>);

impl<M, R> Future for WaitForReply<M, R> {
    type Output = Result<R, NoReply<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

impl<M, R> Drop for WaitForReply<M, R> {
    fn drop(&mut self) {
        // The outcome, if there is one, has no reader.
        drop(self.0.give_up());
    }
}

/// Withdraws a message when it is dropped, like [`WaitForReply`], without a reference of its own.
pub(super) struct Withdraw<'a, M, R>(pub(super) &'a Cell<M, R>);

impl<M, R> Drop for Withdraw<'_, M, R> {
    fn drop(&mut self) {
        // As above.
        drop(self.0.give_up());
    }
}
