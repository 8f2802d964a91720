//! The parts of a shard that outlive its task: the watchers, the window and the mailbox. A task
//! takes them for its life and gives them back however it ends, so a restart loses no watcher.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::panicking;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Encode;
use super::command::Command;
use super::curve::{Trace, Tracing};
use super::deliveries::ShardFigures;
use super::shard::{Departed, Shard};
use super::sink::Sink;
use super::watcher::{Left, LeftReason, WatcherId};

/// A closure that the hub calls for each watcher that has left.
pub(super) type Observer<S> = Arc<dyn Fn(&Left, &S) + Send + Sync>;

/// A closure that the hub calls when a shard has recorded a traced event.
pub(super) type OnTraced = Arc<dyn Fn(u64) + Send + Sync>;

/// The place of one shard.
pub(super) struct Seat<E, S> {
    pub(super) encoder: Arc<dyn Encode<E>>,
    pub(super) observer: Option<Observer<S>>,
    pub(super) on_traced: Option<OnTraced>,
    pub(super) commands: mpsc::UnboundedSender<Command<S>>,
    parts: Mutex<Option<Box<Parts<E, S>>>>,
    figures: Mutex<ShardFigures>,
    trace: Mutex<Option<Trace>>,
}

/// The data that the task of a shard works on.
pub(super) struct Parts<E, S> {
    pub(super) shard: Shard<S>,
    pub(super) commands: mpsc::UnboundedReceiver<Command<S>>,
    /// The last event, for snapshots.
    pub(super) last: Option<Arc<E>>,
    /// The snapshot before event number `.0`.
    pub(super) snapshot: Option<(u64, Vec<u8>)>,
    /// The events of the window, kept only while each watcher's copy is encoded anew.
    pub(super) recent: VecDeque<(u64, Arc<E>)>,
    /// Callers that wait until a watcher's own bytes are written.
    pub(super) flushes: HashMap<WatcherId, Vec<oneshot::Sender<()>>>,
    /// Callers that wait until all watchers are closed.
    pub(super) drains: Vec<oneshot::Sender<()>>,
    pub(super) tracing: Option<Tracing>,
    /// When each blocked watcher was blocked.
    pub(super) blocked_since: HashMap<WatcherId, Instant>,
    /// The position up to which every watcher has been written to, or is blocked.
    pub(super) walked: u64,
    /// True while an encoder runs. If it panics, the shard itself is whole.
    pub(super) is_encoding: bool,
}

impl<E: 'static, S: Sink> Seat<E, S> {
    pub(super) fn new(
        shard: Shard<S>,
        encoder: Arc<dyn Encode<E>>,
        observer: Option<Observer<S>>,
        on_traced: Option<OnTraced>,
    ) -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let figures = Mutex::new(shard.figures());
        let parts = Parts {
            shard,
            commands,
            last: None,
            snapshot: None,
            recent: VecDeque::new(),
            flushes: HashMap::new(),
            drains: Vec::new(),
            tracing: None,
            blocked_since: HashMap::new(),
            walked: 0,
            is_encoding: false,
        };
        let parts = Mutex::new(Some(Box::new(parts)));
        Self { encoder, observer, on_traced, commands: sender, parts, figures, trace: Mutex::new(None) }
    }

    pub(super) fn figures(&self) -> ShardFigures {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn trace(&self) -> Option<Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn keep_trace(&self, trace: Trace) {
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
    }

    /// Begins a life of the shard. `None` if it is being lived already.
    pub(super) fn take(self: &Arc<Self>) -> Option<Life<E, S>> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Life { seat: Arc::clone(self), parts: Some(parts) })
    }
}

/// One life of a shard's task.
pub(super) struct Life<E: 'static, S: Sink> {
    pub(super) seat: Arc<Seat<E, S>>,
    /// Taken only when it is dropped.
    parts: Option<Box<Parts<E, S>>>,
}

impl<E: 'static, S: Sink> Life<E, S> {
    /// Shuts down and reports the watchers that have left, and publishes the figures.
    pub(super) fn report(&mut self) {
        for Departed { sink, left, is_whole } in self.shard.take_departed() {
            self.flushes.remove(&left.id);
            self.blocked_since.remove(&left.id);
            // Contained, because this also runs while a panic unwinds.
            let let_go = || {
                if is_whole {
                    let mut frame = Vec::new();
                    self.seat.encoder.last(left.reason, &mut frame);
                    // A sink that takes no more bytes goes without.
                    _ = (!frame.is_empty()).then(|| sink.try_write(&frame));
                }
                sink.shutdown();
                if let Some(observer) = &self.seat.observer {
                    observer(&left, &sink);
                }
            };
            if catch_unwind(AssertUnwindSafe(let_go)).is_err() {
                log::error!(
                    "the encoder of a last frame, the observer of a hub, or the shutdown of a sink panicked"
                );
            }
        }
        if self.shard.is_closing() && self.shard.is_empty() {
            self.drains.drain(..).for_each(|done| _ = done.send(()));
        }
        let is_walked = self.walked == self.shard.head();
        let figures = if is_walked { self.shard.figures_when_walked() } else { self.shard.figures() };
        debug_assert!(panicking() || figures.deliveries.unaccounted() == 0, "{figures:?}");
        *self.seat.figures.lock().unwrap_or_else(PoisonError::into_inner) = figures;
    }

    /// Closes all watchers, and refuses those that wait to join.
    pub(super) fn close(&mut self, reason: LeftReason) {
        self.shard.stop(reason);
        self.commands.close();
        while self.commands.try_recv().is_ok() {}
        self.report();
    }
}

impl<E: 'static, S: Sink> Drop for Life<E, S> {
    /// Gives everything back. A panic outside of an encoder may have left positions wrong, so
    /// all watchers are closed then.
    fn drop(&mut self) {
        if panicking() && !self.is_encoding {
            self.shard.reset();
            self.walked = 0;
        }
        self.is_encoding = false;
        self.report();
        let parts = self.parts.take();
        *self.seat.parts.lock().unwrap_or_else(PoisonError::into_inner) = parts;
    }
}

impl<E: 'static, S: Sink> Deref for Life<E, S> {
    type Target = Parts<E, S>;

    fn deref(&self) -> &Parts<E, S> {
        self.parts.as_ref().expect("a life has its parts until it ends")
    }
}

impl<E: 'static, S: Sink> DerefMut for Life<E, S> {
    fn deref_mut(&mut self) -> &mut Parts<E, S> {
        self.parts.as_mut().expect("a life has its parts until it ends")
    }
}

impl<E, S> fmt::Debug for Seat<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}
