//! The step from taking events to handling them, which nothing may interrupt.
//!
//! Tokio ends an aborted task where it yields. A task that took a batch and yielded
//! before the first poll of its handler would lose the batch: the events have left the
//! inlet, and the handler has never seen them. `tokio::select!` is such a place, because
//! it yields when the task's cooperative budget is used up. [`Inlet::run`] does not yield
//! there. Events that another task will begin come back by [`Inlet::put_back`].

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::closing::PRODUCER_GONE;
use super::{Batch, Inlet, Requeue, TakenEvent, Waiting};

impl<T> Inlet<T> {
    /// Runs a handler to its end and reads mail meanwhile, so that a stop or a resize
    /// requeues waiting events without waiting for the handler.
    ///
    /// The handler's first poll is part of the first poll of this future. If the caller
    /// awaits nothing between [`take`](Self::take) and this, an abort loses nothing: the
    /// events are either here or begun.
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

    /// Takes back an event that was [taken](Self::take_one) and not begun.
    pub(crate) fn put_back(&mut self, TakenEvent { from, first, event }: TakenEvent<T>) {
        let found = self.subscriptions.iter_mut().find(|s| s.slot == from.slot);
        let open = found.is_some_and(|subscription| {
            subscription.finish(from.tag, 1);
            subscription.is_open_under(from.tag)
        });
        if open {
            self.waiting_events += 1;
            let events = vec![event].into_iter();
            self.waiting.push_front(Waiting::Batch(Batch { slot: from.slot, first, events }));
        } else if let Some(closing) = self.closing.iter_mut().find(|closing| closing.tag == from.tag) {
            // The other events of this tag are on their way back already.
            closing.in_progress -= 1;
            match closing.requeue(Requeue { first, events: [event].into() }) {
                true => self.meter.requeued(1),
                false => self.count_dropped(1, PRODUCER_GONE),
            }
        } else {
            self.count_dropped(1, PRODUCER_GONE);
        }
    }
}
