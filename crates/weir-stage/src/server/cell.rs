//! A message on its way, and the place where its reply arrives. Both are one allocation: the
//! mailbox, the caller and the [`Reply`] share it.
//!
//! ```text
//!   Waiting ──opened──▶ Begun ──sent──▶ Answered ──read──▶ Over
//!      │                  └──dropped──▶ Unanswered ──read──▶ Over
//!      ├──server ended──▶ Returned ──read──▶ Over
//!      └──caller gave up──▶ Over
//! ```

use std::marker::PhantomData;
use std::mem::replace;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use super::reply::Reply;
use super::shared::{Context, Envelope};
use super::slot::Slot;
use super::{HandleLater, Server};
use crate::sync::{Mutex, MutexGuard, PoisonError};

enum State<M, R> {
    /// In the mailbox, or on the way to it.
    Waiting(M, Option<Waker>),
    /// The handler runs, or has kept the reply.
    Begun {
        caller: Option<Waker>,
        is_open: bool,
        is_let_go: bool,
    },
    Answered(R),
    Unanswered,
    Returned(M),
    /// The caller has read the outcome, or given up.
    Over,
}

/// The reason why a cell has no reply.
pub(super) enum NoReply<M> {
    /// The handler has begun.
    Unanswered,
    /// The message was not handled, and is given back.
    Returned(M),
}

/// A message of the type `M` with the reply `R`.
pub(super) struct Cell<M, R>(Mutex<State<M, R>>);

impl<M, R> Cell<M, R> {
    pub(super) fn new(message: M) -> Self {
        Self(Mutex::new(State::Waiting(message, None)))
    }

    fn lock(&self) -> MutexGuard<'_, State<M, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the message out, unless it was withdrawn.
    fn begin(&self) -> Option<M> {
        let mut state = self.lock();
        match replace(&mut *state, State::Over) {
            State::Waiting(message, caller) => {
                *state = State::Begun { caller, is_open: true, is_let_go: false };
                Some(message)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Settles the cell, if it is not settled yet, and wakes the caller.
    fn settle(&self, settled: impl FnOnce(State<M, R>) -> State<M, R>) {
        let mut state = self.lock();
        let caller = match &mut *state {
            State::Waiting(_, caller) | State::Begun { caller, .. } => caller.take(),
            State::Answered(_) | State::Unanswered | State::Returned(_) | State::Over => return,
        };
        let old = replace(&mut *state, State::Over);
        *state = settled(old);
        drop(state);
        if let Some(caller) = caller {
            caller.wake();
        }
    }

    /// Returns the outcome once there is one.
    pub(super) fn poll(&self, cx: &mut TaskContext<'_>) -> Poll<Result<R, NoReply<M>>> {
        let mut state = self.lock();
        if let State::Waiting(_, caller) | State::Begun { caller, .. } = &mut *state {
            match caller {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *caller = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(match replace(&mut *state, State::Over) {
            State::Answered(reply) => Ok(reply),
            State::Returned(message) => Err(NoReply::Returned(message)),
            _ => Err(NoReply::Unanswered),
        })
    }

    /// Takes the outcome if there is one, or gives up. Returns true in the error if the handler
    /// has begun.
    pub(super) fn give_up(&self) -> Result<R, bool> {
        let old = replace(&mut *self.lock(), State::Over);
        match old {
            State::Answered(reply) => Ok(reply),
            State::Waiting(..) | State::Returned(_) => Err(false),
            State::Begun { .. } | State::Unanswered | State::Over => Err(true),
        }
    }

    /// Gives the message back, if it was not begun.
    fn returned(&self) {
        self.settle(|state| match state {
            State::Waiting(message, _) => State::Returned(message),
            // Taken out by the handler; its reply decides.
            begun => begun,
        });
    }

    fn handler_ended(&self) {
        let mut state = self.lock();
        let State::Begun { is_open, is_let_go, .. } = &mut *state else { return };
        *is_open = false;
        let is_let_go = *is_let_go;
        drop(state);
        if is_let_go {
            self.settle(|_| State::Unanswered);
        }
    }
}

impl<M: Send, R: Send> Slot<R> for Cell<M, R> {
    fn answer(&self, reply: R) {
        self.settle(|_| State::Answered(reply));
    }

    fn let_go(&self) {
        let mut state = self.lock();
        // While the handler runs, this may be the unwinding of its panic: the caller gets the outcome
        // when the exit reason is known.
        if let State::Begun { is_open: true, is_let_go, .. } = &mut *state {
            *is_let_go = true;
            return;
        }
        drop(state);
        self.settle(|_| State::Unanswered);
    }

    fn is_awaited(&self) -> bool {
        matches!(&*self.lock(), State::Begun { .. })
    }
}

impl<S, M> Envelope<S> for Cell<M, S::Reply>
where
    S: HandleLater<M>,
    M: Send + 'static,
{
    fn open(self: Arc<Self>, state: &mut S, context: &mut Context<'_, S>) {
        if let Some(message) = self.begin() {
            state.handle(message, Reply::to(self), context);
        }
    }

    fn close(&self) {
        self.handler_ended();
    }

    fn give_back(&self) {
        self.returned();
    }
}

/// A message without a reply.
pub(super) struct Cast<M>(Mutex<Option<M>>);

impl<M> Cast<M> {
    pub(super) fn new(message: M) -> Self {
        Self(Mutex::new(Some(message)))
    }

    /// Takes the message out.
    pub(super) fn take(&self) -> Option<M> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S, M> Envelope<S> for Cast<M>
where
    S: HandleLater<M>,
    M: Send + 'static,
{
    fn open(self: Arc<Self>, state: &mut S, context: &mut Context<'_, S>) {
        if let Some(message) = self.take() {
            state.handle(message, Reply::to_nobody(), context);
        }
    }

    fn close(&self) {}

    fn give_back(&self) {}
}

/// A closure on the state, as in Elixir's `Agent`.
pub(super) struct With<S, F, R>(pub(super) Cell<F, R>, PhantomData<fn(S)>);

impl<S, F, R> With<S, F, R> {
    pub(super) fn new(closure: F) -> Self {
        Self(Cell::new(closure), PhantomData)
    }
}

impl<S, F, R> Envelope<S> for With<S, F, R>
where
    S: Server,
    F: FnOnce(&mut S) -> R + Send + 'static,
    R: Send + 'static,
{
    fn open(self: Arc<Self>, state: &mut S, _: &mut Context<'_, S>) {
        if let Some(closure) = self.0.begin() {
            // Marked before it runs, so that a panic counts as a reply that was let go.
            Slot::let_go(&self.0);
            Slot::answer(&self.0, closure(state));
        }
    }

    fn close(&self) {
        self.0.handler_ended();
    }

    fn give_back(&self) {
        self.0.returned();
    }
}
