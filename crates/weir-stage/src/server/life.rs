//! The task of a server: it takes one message after the other, and ends in a fixed order.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::Server;
use super::mailbox::Next;
use super::shared::{Context, Envelope, Shared};
use crate::clean;
use crate::panics;
use crate::stage::Reason;

/// The most messages that are handled before other tasks of the runtime get a turn.
const AT_ONCE: u32 = 128;

/// A life of a server. Dropping it ends the server, also if its task is aborted or panics.
pub(super) struct Life<S: Server> {
    shared: Arc<Shared<S>>,
    state: Option<S>,
    /// The message whose handler panicked.
    fallen: Option<Arc<dyn Envelope<S>>>,
}

impl<S: Server> Life<S> {
    pub(super) fn new(shared: Arc<Shared<S>>) -> Self {
        Self { shared, state: None, fallen: None }
    }

    /// Runs the server on a state.
    pub(super) async fn run(mut self, state: S) -> Reason {
        self.state = Some(state);
        let mut handled = 0;
        let reason = loop {
            match self.next().await {
                Next::Message(envelope) => {
                    if let Some(reason) = self.handle(envelope) {
                        break reason;
                    }
                }
                Next::End(reason) => break reason,
            }
            handled += 1;
            if handled == AT_ONCE {
                handled = 0;
                tokio::task::yield_now().await;
            }
        };
        self.shared.ending.begin(reason)
    }

    /// Waits for the state that `start` returns, and runs the server on it. Messages wait
    /// meanwhile.
    pub(super) async fn start(self, start: impl Future<Output = Result<S, Reason>>) -> Reason {
        let started = {
            let mut start = pin!(start);
            poll_fn(|cx| {
                match catch_unwind(AssertUnwindSafe(|| start.as_mut().poll(cx))) {
                    Ok(Poll::Ready(started)) => return Poll::Ready(started),
                    Ok(Poll::Pending) => {}
                    Err(panic) => return Poll::Ready(Err(panicked(&*panic))),
                }
                self.shared.mailbox.poll_end(cx).map(Err)
            })
            .await
        };
        match started {
            Ok(state) => self.run(state).await,
            Err(reason) => self.shared.ending.begin(reason),
        }
    }

    /// Waits until the server is ready, and then for a message or the end.
    async fn next(&mut self) -> Next<Arc<dyn Envelope<S>>> {
        let Some(state) = &mut self.state else { return Next::End(Reason::Aborted) };
        let mailbox = &self.shared.mailbox;
        let mut ready = pin!(state.ready());
        let mut is_ready = false;
        poll_fn(|cx| {
            if !is_ready {
                match catch_unwind(AssertUnwindSafe(|| ready.as_mut().poll(cx))) {
                    Ok(Poll::Ready(())) => is_ready = true,
                    Ok(Poll::Pending) => return mailbox.poll_end(cx).map(Next::End),
                    Err(panic) => return Poll::Ready(Next::End(panicked(&*panic))),
                }
            }
            mailbox.poll_next(cx)
        })
        .await
    }

    /// Handles a message. Returns the reason if the server must end.
    fn handle(&mut self, envelope: Arc<dyn Envelope<S>>) -> Option<Reason> {
        let state = self.state.as_mut()?;
        let mut context = Context { shared: &self.shared, end: None };
        let opened = Arc::clone(&envelope);
        // The state is dropped after a panic, so no later handler sees what it left behind.
        match catch_unwind(AssertUnwindSafe(|| opened.open(state, &mut context))) {
            Ok(()) => {
                envelope.close();
                context.end
            }
            Err(panic) => {
                self.fallen = Some(envelope);
                Some(panicked(&*panic))
            }
        }
    }
}

fn panicked(payload: &(dyn std::any::Any + Send)) -> Reason {
    Reason::Panicked(panics::message(payload))
}

impl<S: Server> Drop for Life<S> {
    /// Ends the server in the order that the module documents.
    fn drop(&mut self) {
        let reason = self.shared.ending.begin(Reason::Aborted);
        if let Some(fallen) = self.fallen.take() {
            fallen.close();
        }
        if let Some(mut state) = self.state.take() {
            // Caught, because callers and monitors have to hear of the end in any case.
            let end = AssertUnwindSafe(|| {
                state.ended(&reason);
                drop(state);
            });
            if let Err(panic) = catch_unwind(end) {
                let message = panics::message(&*panic);
                log::error!("a server panicked while it ended: {}", clean::line(&message));
            }
        }
        for envelope in self.shared.mailbox.close() {
            envelope.give_back();
        }
        self.shared.ending.complete();
    }
}
