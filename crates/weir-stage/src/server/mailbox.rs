//! The bounded mailbox of a server. It allocates nothing while it is empty.
//!
//! Invariants:
//! 1. free places + granted places + messages = capacity, until it is closed.
//! 2. No sender waits while there is a free place, so senders are served in their order.
//! 3. Once it is closed, it has no messages.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::stage::Reason;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// A queue larger than this is given back to the allocator when it is empty.
const KEPT: usize = 32;

/// What a server does next.
pub(super) enum Next<E> {
    Message(E),
    End(Reason),
}

/// An envelope that was not put into the mailbox.
pub(super) enum NotPut<E> {
    Full(E),
    Closed,
}

pub(super) struct Mailbox<E>(Mutex<State<E>>);

struct State<E> {
    messages: VecDeque<E>,
    free: usize,
    /// Senders that wait for a place, in their order.
    senders: VecDeque<(u64, Waker)>,
    /// Senders that were granted a place and have not used it yet.
    granted: Vec<u64>,
    next_sender: u64,
    /// The server's task, while it waits.
    task: Option<Waker>,
    /// References from which messages can come.
    refs: usize,
    stop: Option<Reason>,
    is_closed: bool,
}

impl<E> Mailbox<E> {
    /// Makes a mailbox with one reference.
    pub(super) fn new(capacity: usize) -> Self {
        Self(Mutex::new(State {
            messages: VecDeque::new(),
            free: capacity.max(1),
            senders: VecDeque::new(),
            granted: Vec::new(),
            next_sender: 0,
            task: None,
            refs: 1,
            stop: None,
            is_closed: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and then wakes the server's task if it waits.
    fn change<T>(&self, change: impl FnOnce(&mut State<E>) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
        result
    }

    /// Puts a message in, if a place is free.
    pub(super) fn put(&self, envelope: E) -> Result<(), NotPut<E>> {
        self.change(|state| {
            if state.is_closed {
                return Err(NotPut::Closed);
            }
            if state.free == 0 {
                return Err(NotPut::Full(envelope));
            }
            state.free -= 1;
            state.messages.push_back(envelope);
            Ok(())
        })
    }

    /// Puts a message into a place that was taken before. Returns it if the mailbox is closed.
    pub(super) fn put_in_place(&self, envelope: E) -> Result<(), E> {
        self.change(|state| {
            if state.is_closed {
                return Err(envelope);
            }
            state.messages.push_back(envelope);
            Ok(())
        })
    }

    /// Takes a place when one is free: true, or false once the mailbox is closed. `key`
    /// identifies the sender while it waits.
    pub(super) fn poll_place(&self, key: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.lock();
        if state.is_closed {
            *key = None;
            return Poll::Ready(false);
        }
        match *key {
            None if state.free > 0 => {
                state.free -= 1;
                Poll::Ready(true)
            }
            None => {
                state.next_sender += 1;
                *key = Some(state.next_sender);
                let entry = (state.next_sender, cx.waker().clone());
                state.senders.push_back(entry);
                Poll::Pending
            }
            Some(waiting) => {
                if let Some(at) = state.granted.iter().position(|granted| *granted == waiting) {
                    state.granted.swap_remove(at);
                    *key = None;
                    return Poll::Ready(true);
                }
                let sender = state.senders.iter_mut().find(|(known, _)| *known == waiting);
                if let Some((_, waker)) = sender {
                    waker.clone_from(cx.waker());
                }
                Poll::Pending
            }
        }
    }

    /// Gives up waiting for a place, and passes on a place that was granted meanwhile.
    pub(super) fn give_up_place(&self, waiting: u64) {
        let mut state = self.lock();
        match state.granted.iter().position(|granted| *granted == waiting) {
            Some(at) => {
                state.granted.swap_remove(at);
                let sender = state.free_place();
                drop(state);
                if let Some(sender) = sender {
                    sender.wake();
                }
            }
            None => state.senders.retain(|(known, _)| *known != waiting),
        }
    }

    /// Gives back a place that was taken and not used.
    pub(super) fn free_place(&self) {
        let sender = self.lock().free_place();
        if let Some(sender) = sender {
            sender.wake();
        }
    }

    /// Returns the next message, or the end.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next<E>> {
        let mut state = self.lock();
        if let Some(reason) = state.end() {
            return Poll::Ready(Next::End(reason));
        }
        let Some(envelope) = state.messages.pop_front() else {
            state.wait(cx);
            return Poll::Pending;
        };
        if state.messages.is_empty() && state.messages.capacity() > KEPT {
            state.messages = VecDeque::new();
        }
        let sender = state.free_place();
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        Poll::Ready(Next::Message(envelope))
    }

    /// Returns the end alone; messages stay.
    pub(super) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Reason> {
        let mut state = self.lock();
        match state.end() {
            Some(reason) => Poll::Ready(reason),
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Asks the server to end; the first reason counts.
    pub(super) fn stop(&self, reason: Reason) {
        self.change(|state| _ = state.stop.get_or_insert(reason));
    }

    /// Closes the mailbox, and returns its messages.
    pub(super) fn close(&self) -> VecDeque<E> {
        let mut state = self.lock();
        state.is_closed = true;
        state.task = None;
        let messages = std::mem::take(&mut state.messages);
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        for (_, sender) in senders {
            sender.wake();
        }
        messages
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Returns the number of messages.
    pub(super) fn len(&self) -> usize {
        self.lock().messages.len()
    }

    pub(super) fn add_ref(&self) {
        self.lock().refs += 1;
    }

    /// Adds a reference, unless the last one is gone.
    pub(super) fn add_ref_to_living(&self) -> bool {
        let mut state = self.lock();
        let lives = state.refs > 0 && !state.is_closed;
        state.refs += usize::from(lives);
        lives
    }

    pub(super) fn remove_ref(&self) {
        let mut state = self.lock();
        state.refs -= 1;
        let task = if state.refs == 0 { state.task.take() } else { None };
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl<E> State<E> {
    /// Frees a place, or grants it to the sender that has waited longest, which is returned.
    fn free_place(&mut self) -> Option<Waker> {
        match self.senders.pop_front() {
            Some((sender, waker)) => {
                self.granted.push(sender);
                Some(waker)
            }
            None => {
                self.free += 1;
                None
            }
        }
    }

    fn end(&mut self) -> Option<Reason> {
        if let Some(reason) = &self.stop {
            return Some(reason.clone());
        }
        (self.refs == 0 && self.messages.is_empty()).then_some(Reason::Finished)
    }

    fn wait(&mut self, cx: &mut Context<'_>) {
        match &mut self.task {
            Some(task) => task.clone_from(cx.waker()),
            None => self.task = Some(cx.waker().clone()),
        }
    }
}
