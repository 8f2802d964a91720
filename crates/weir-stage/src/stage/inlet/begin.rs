//! The step between taking events and handling them: nothing may come between.
//!
//! Tokio ends a task that is aborted where it yields. A task that took a batch and
//! yielded before the first poll of its handler would lose the batch: the events
//! have left the inlet, and the handler has never seen them. `tokio::select!` is
//! such a place, since it yields when the task's cooperative budget is used up.
//! [`Inlet::run`] has no yield there, and events that another task is to begin come
//! back by [`Inlet::put_back`].

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::former::NO_WAY_BACK;
use super::{Batch, Inlet, Requeue, TakenOne, Waiting};

impl<T> Inlet<T> {
    /// Runs a handler to its end and reads mail meanwhile, so that a stop or a
    /// resize can give waiting events back without waiting for it.
    ///
    /// The handler's first poll is part of the first poll of this future. A caller
    /// that does not await anything between [`take`](Self::take) and this loses
    /// nothing if its task is aborted: the events are either here or begun.
    ///
    /// # Cancel safety
    /// Dropping the future drops the handler.
    pub(crate) async fn run<F: Future>(&mut self, handler: F) -> F::Output {
        let mut handler = pin!(handler);
        poll_fn(|cx| {
            if let Poll::Ready(output) = handler.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            while let Poll::Ready(message) = self.poll_recv(cx) {
                self.handle(message);
            }
            Poll::Pending
        })
        .await
    }

    /// Takes back an event that was [taken](Self::take_one) and is not begun.
    pub(crate) fn put_back(&mut self, TakenOne { from, first, event }: TakenOne<T>) {
        let found = self.subscriptions.iter_mut().find(|s| s.slot == from.slot);
        let open = found.is_some_and(|subscription| {
            subscription.finish(from.tag, 1);
            subscription.tag == Some(from.tag)
        });
        if open {
            self.waiting_events += 1;
            let events = vec![event].into_iter();
            self.waiting.push_front(Waiting::Batch(Batch { slot: from.slot, first, events }));
        } else if let Some(former) = self.former.iter_mut().find(|former| former.tag == from.tag) {
            // What else came under this tag is on its way back already.
            former.in_hand -= 1;
            if !former.requeue(Requeue { first, events: [event].into() }) {
                self.lost(1, NO_WAY_BACK);
            }
        } else {
            self.lost(1, NO_WAY_BACK);
        }
    }
}
