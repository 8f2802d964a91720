//! The handle of a running hub.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use weir_stage::stage::{ProducerRef, Reason};
use weir_stage::supervise::{SupervisorError, SupervisorHandle};

use super::Settings;
use super::command::Command;
use super::curve::{self, Curve};
use super::deliveries::HubFigures;
use super::number::{Counter, Numbered};
use super::seat::Seat;
use super::sink::Sink;
use super::watcher::{BehindWatcher, Joined, LeftReason, Since, WatcherId};

/// An error: the hub has ended, or closes its watchers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the hub takes no watchers any more")]
pub struct HubClosed;

/// A handle of a running hub. Clones refer to the same hub. Dropping them all leaves it
/// running until its source ends.
pub struct Hub<E, S = TcpStream>(pub(super) Arc<Inner<E, S>>);

pub(super) struct Inner<E, S> {
    /// The shards of the first framing, then those of the second, and so on.
    pub(super) seats: Vec<Arc<Seat<E, S>>>,
    /// The number of shards of each framing.
    pub(super) shards: usize,
    pub(super) turn: AtomicUsize,
    pub(super) counter: Arc<Counter>,
    pub(super) numbered: ProducerRef<Numbered<E>>,
    pub(super) tree: SupervisorHandle,
}

impl<E, S> Clone for Hub<E, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E, S> Hub<E, S>
where
    E: Send + Sync + 'static,
    S: Sink,
{
    /// Adds a watcher to a framing, whose shards take watchers in turn. The hub sends it `first`,
    /// then the snapshot if `since` says so, and then each event once and in order.
    ///
    /// # Errors
    /// [`HubClosed`]. The hub's reference to the sink is dropped, and nothing is written.
    ///
    /// # Panics
    /// If there is no such framing.
    ///
    /// # Cancel safety
    /// The watcher joins even if the future is dropped.
    pub async fn join(
        &self,
        framing: usize,
        sink: Arc<S>,
        first: Vec<u8>,
        since: Since,
    ) -> Result<Joined, HubClosed> {
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed) % self.0.shards;
        let seats = &self.0.seats[framing * self.0.shards..][..self.0.shards];
        let (done, joined) = oneshot::channel();
        let command = Command::Join { sink, own: first, since, done };
        seats[turn].commands.send(command).map_err(|_| HubClosed)?;
        joined.await.ok().flatten().ok_or(HubClosed)
    }

    fn tell(&self, id: WatcherId, command: Command<S>) {
        if let Some(seat) = self.0.seats.get(id.shard as usize) {
            // A hub that has ended has let go of the watcher.
            _ = seat.commands.send(command);
        }
    }

    /// Sends whole frames to one watcher, such as an answer. They follow the frame that it is
    /// in, and come before the next event. A watcher that has left is ignored.
    ///
    /// A watcher that leaves more than [`MAX_UNREAD`](super::MAX_UNREAD) bytes unread is closed.
    /// Await the result before reading the next request. A watcher that asks and does not read
    /// then holds up only itself.
    pub fn say(&self, id: WatcherId, bytes: Vec<u8>) -> Flushed {
        let (done, flushed) = oneshot::channel();
        self.tell(id, Command::Say { id, bytes, done });
        Flushed(flushed)
    }

    /// Closes one watcher: it is sent a last frame and no more events.
    pub fn close(&self, id: WatcherId, frame: Vec<u8>) {
        self.tell(id, Command::Close { id, frame, reason: LeftReason::Closed });
    }

    /// Lets go of one watcher, whose connection has ended.
    pub fn leave(&self, id: WatcherId) {
        self.tell(id, Command::Leave { id, reason: LeftReason::Left });
    }

    /// Closes all watchers: each is sent the events that it does not have, and then the last
    /// frame that `frame` makes for its framing. No watcher may join from now on. Returns when
    /// all have left; a watcher that reads nothing is closed after
    /// [`Settings::silence`].
    ///
    /// # Cancel safety
    /// The watchers are closed even if the future is dropped. [`stop`](Self::stop) closes those
    /// that remain at once.
    pub async fn close_all(&self, frame: impl Fn(usize) -> Vec<u8>) {
        let mut waits = Vec::new();
        for (number, seat) in self.0.seats.iter().enumerate() {
            let (done, closed) = oneshot::channel();
            let command = Command::CloseAll { frame: frame(number / self.0.shards), done };
            if seat.commands.send(command).is_ok() {
                waits.push(closed);
            }
        }
        for closed in waits {
            // A shard that has ended meanwhile has no watchers either.
            _ = closed.await;
        }
    }

    /// Applies new settings to every shard. Watchers stay connected.
    pub fn change(&self, settings: Settings) {
        for seat in &self.0.seats {
            // A shard that has ended has nothing to change.
            _ = seat.commands.send(Command::Change(settings));
        }
    }

    /// Returns the figures of all shards. Each shard's ledger adds up at any time; all of them
    /// together describe one moment when nothing moves.
    pub fn figures(&self) -> HubFigures {
        let shards = self.0.seats.iter().map(|seat| seat.figures()).collect();
        HubFigures { next: self.0.counter.next.load(Ordering::Relaxed), shards }
    }

    /// Lists the watchers whose sockets take no more bytes with their sinks, at most `most`,
    /// those furthest behind first.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn slowest(&self, most: usize) -> Vec<(BehindWatcher, Arc<S>)> {
        let ask = |seat: &Arc<Seat<E, S>>| {
            let (done, answer) = oneshot::channel();
            seat.commands.send(Command::Slowest { most, done }).ok().map(|()| answer)
        };
        let answers: Vec<_> = self.0.seats.iter().filter_map(ask).collect();
        let mut all = Vec::new();
        for answer in answers {
            // A shard that has ended has no watchers.
            all.extend(answer.await.unwrap_or_default());
        }
        all.sort_by_key(|(watcher, _)| std::cmp::Reverse((watcher.events, watcher.dropped)));
        all.truncate(most);
        all
    }

    /// Forgets the longest walk of each shard. The ledger goes on.
    pub fn reset_peaks(&self) {
        for seat in &self.0.seats {
            // A shard that has ended has nothing to forget.
            _ = seat.commands.send(Command::ResetPeaks);
        }
    }

    /// Asks the shards to record when each watcher gets the next event; see
    /// [`curve`](Self::curve). It costs a reading of the clock per watcher.
    pub fn trace_next(&self) {
        self.0.counter.trace.store(true, Ordering::Relaxed);
    }

    /// Returns the curve of the event that was traced last. Each shard adds its watchers at the
    /// end of a walk, and one that was blocked when it has the event.
    pub fn curve(&self) -> Option<Curve> {
        let traces: Vec<_> = self.0.seats.iter().filter_map(|seat| seat.trace()).collect();
        curve::join(traces.into_iter(), self.0.seats.len())
    }

    /// Returns the numbered events, for other consumers: a history, or a hub elsewhere.
    pub fn events(&self) -> &ProducerRef<Numbered<E>> {
        &self.0.numbered
    }

    /// Returns the supervisor of the numbering stage (`events`) and the shards (`shard-0` and so
    /// on), to list or kill them. A shard that ends is restarted with its watchers, and they are
    /// sent a gap for what they missed.
    pub fn supervisor(&self) -> &SupervisorHandle {
        &self.0.tree
    }

    /// Makes a shard panic outside of the encoder, as an unknown fault would. The shard is
    /// restarted, and its watchers are closed with [`LeftReason::Stopped`].
    ///
    /// # Errors
    /// [`SupervisorError::NotFound`], if there is no such shard.
    pub fn crash(&self, shard: usize) -> Result<(), SupervisorError> {
        let missing = || SupervisorError::NotFound { name: format!("shard-{shard}") };
        let seat = self.0.seats.get(shard).ok_or_else(missing)?;
        seat.commands.send(Command::Crash).map_err(|_| SupervisorError::Ended)
    }

    /// Ends the hub: its watchers are closed at once, without a last frame.
    pub fn stop(&self) {
        self.0.tree.stop();
    }

    /// Waits until the hub has ended: stopped, or all its watchers closed after the end of the
    /// source or [`close_all`](Self::close_all).
    ///
    /// # Cancel safety
    /// The hub keeps running if the future is dropped.
    pub async fn ended(&self) -> Reason {
        self.0.tree.join().await
    }
}

/// Resolves when the bytes of [`Hub::say`] are written, to true, or when the watcher has left,
/// to false. The bytes are sent whether or not this is awaited.
#[derive(Debug)]
pub struct Flushed(oneshot::Receiver<()>);

impl Future for Flushed {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|written| written.is_ok())
    }
}

impl<E, S> fmt::Debug for Hub<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("shards", &self.0.seats).finish_non_exhaustive()
    }
}
