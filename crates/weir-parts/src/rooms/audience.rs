//! The audience of a room: its watchers, by a hub of their own, and its history. Each gets every
//! update in its order, and neither can hold up the room.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use weir_stage::server::ServerRef;
use weir_stage::stage;

use super::history::{Log, NewLife, Record, Recorder};
use super::kept::Update;
use super::told::Told;
use super::{Position, Room};
use crate::hub::{Encode, Hub, LeftReason, Settings, Since, Sink};

/// Messages that may wait on their way to the hub. If more do, the watchers get a gap.
const ON_THE_WAY: usize = 4_096;
/// Messages to which a watcher can return.
const REMEMBERED: usize = 64;

pub(super) struct Audience<R: Room, S: Sink> {
    state: Mutex<State<R, S>>,
    is_open: AtomicBool,
    pub(super) log: Arc<Log<R>>,
}

struct State<R: Room, S: Sink> {
    /// The position of the last update that was handed on.
    last: Position,
    recorder: Option<ServerRef<Recorder<R>>>,
    stream: Option<Box<Stream<R, S>>>,
}

struct Stream<R: Room, S: Sink> {
    feed: mpsc::Sender<Told<R>>,
    hub: Hub<Told<R>, S>,
    /// The positions of the newest messages, the last of which has the number `next - 1`.
    positions: VecDeque<Position>,
    next: u64,
    /// The position before the first message that the feed had no room for.
    missed: Option<Position>,
}

impl<R: Room, S: Sink> Default for Audience<R, S> {
    fn default() -> Self {
        let state = State { last: Position::START, recorder: None, stream: None };
        Self { state: Mutex::new(state), is_open: AtomicBool::new(false), log: Arc::default() }
    }
}

impl<R: Room, S: Sink> Audience<R, S> {
    fn lock(&self) -> MutexGuard<'_, State<R, S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if there is a stream for watchers.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Relaxed)
    }

    /// Hands on an update.
    pub(super) fn update(&self, update: &Update<R>, status: impl FnOnce() -> R::Status) {
        if update.events.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.last = update.at;
        if let Some(recorder) = &state.recorder {
            // Without a place it is missing in the history, which marks the gap.
            drop(recorder.cast(Record(update.clone())));
        }
        if let Some(stream) = &mut state.stream {
            let status = Arc::new(status());
            for (at, event) in update.each() {
                let (event, status) = (Arc::clone(event), Arc::clone(&status));
                stream.push(Told::Update { at, event, status });
            }
        }
    }

    /// Notes the state of a room that goes on. Watchers get a gap for updates that a backup took with it.
    pub(super) fn caught_up(&self, at: Position, status: impl FnOnce() -> R::Status) {
        let mut state = self.lock();
        let last = state.last;
        if at <= last {
            return;
        }
        state.last = at;
        if let Some(stream) = state.stream.as_mut().filter(|_| at.life == last.life) {
            let (from, to, status) = (last.n + 1, at.n, Arc::new(status()));
            stream.push(Told::Gap { life: at.life, from, to, at, status });
        }
    }

    /// Tells of a new life that begins at `at`, without the updates `lost` of the last one.
    pub(super) fn new_life(
        &self,
        at: Position,
        lost: Option<(u64, u64)>,
        status: impl FnOnce() -> R::Status,
    ) {
        let mut state = self.lock();
        let last = state.last;
        state.last = at;
        if let Some(recorder) = &state.recorder {
            drop(recorder.cast(NewLife { at, lost }));
        }
        let Some(stream) = &mut state.stream else { return };
        let status = Arc::new(status());
        // Watchers see what the backup has, so they never saw an update that was lost before it.
        let untold = (at.n > last.n).then(|| (last.n + 1, at.n));
        let both = lost.zip(untold).map(|(lost, untold)| (untold.0.min(lost.0), untold.1.max(lost.1)));
        stream.push(match both.or(lost).or(untold) {
            Some((from, to)) => Told::Gap { life: last.life, from, to, at, status },
            None => Told::Resumed { at, status },
        });
    }

    /// Sets the history, or takes it away.
    pub(super) fn set_recorder(&self, recorder: Option<ServerRef<Recorder<R>>>) {
        let old = std::mem::replace(&mut self.lock().recorder, recorder);
        drop(old);
    }

    /// Opens the stream for watchers, unless it is open.
    pub(super) fn open(&self, at: Position, status: R::Status, encoder: &Arc<dyn Encode<Told<R>>>) {
        let mut state = self.lock();
        if state.stream.is_some() {
            return;
        }
        let (feed, source) = mpsc::channel(ON_THE_WAY);
        let source = stage::producer(source).spawn();
        let settings = Settings { window: REMEMBERED, ..Settings::default() };
        let encoder = Shared(Arc::clone(encoder));
        let hub = Hub::builder(&source.producer(), encoder).shards(1).settings(settings).spawn();
        let mut stream = Stream { feed, hub, positions: VecDeque::new(), next: 0, missed: None };
        stream.push(Told::Status { at, status: Arc::new(status) });
        state.last = state.last.max(at);
        state.stream = Some(Box::new(stream));
        self.is_open.store(true, Relaxed);
    }

    /// Returns the hub, and where in it a watcher begins that has seen everything until `since`.
    pub(super) fn hub(&self, since: Option<Position>) -> Option<(Hub<Told<R>, S>, Since)> {
        let state = self.lock();
        let stream = state.stream.as_ref()?;
        Some((stream.hub.clone(), since.and_then(|at| stream.after(at)).unwrap_or(Since::Snapshot)))
    }

    /// Closes the stream if `may_close` says so: each watcher gets what is on its way, and then its
    /// end. A watcher that is counted before it looks for the stream finds it, or
    /// none.
    pub(super) fn close_if(&self, may_close: impl FnOnce() -> bool) -> bool {
        let mut state = self.lock();
        if !may_close() {
            return false;
        }
        self.is_open.store(false, Relaxed);
        let closed = state.stream.take();
        drop(state);
        drop(closed);
        true
    }
}

impl<R: Room, S: Sink> Stream<R, S> {
    fn push(&mut self, told: Told<R>) {
        let at = told.at();
        let told = match (self.missed, told) {
            (Some(last), Told::Update { at, status, .. } | Told::Resumed { at, status }) => {
                let from = if last.life == at.life { last.n + 1 } else { 1 };
                Told::Gap { life: at.life, from, to: at.n.max(from), at, status }
            }
            (_, told) => told,
        };
        match self.feed.try_send(told) {
            Ok(()) => {
                self.missed = None;
                self.next += 1;
                if self.positions.len() == REMEMBERED {
                    self.positions.pop_front();
                }
                self.positions.push_back(at);
            }
            Err(_) => {
                let last = self.positions.back().copied().unwrap_or(Position::START);
                self.missed.get_or_insert(last);
            }
        }
    }

    /// Returns the message after the one with this position.
    fn after(&self, at: Position) -> Option<Since> {
        let behind = self.positions.iter().rev().position(|position| *position == at)?;
        Some(Since::Event(self.next - behind as u64))
    }
}

/// An encoder that all hubs of a house share.
struct Shared<R: Room>(Arc<dyn Encode<Told<R>>>);

impl<R: Room> Encode<Told<R>> for Shared<R> {
    fn event(&self, event: &Told<R>, seq: u64, out: &mut Vec<u8>) {
        self.0.event(event, seq, out);
    }

    fn snapshot(&self, last: Option<&Told<R>>, next: u64, out: &mut Vec<u8>) {
        self.0.snapshot(last, next, out);
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        self.0.gap(from, to, out);
    }

    fn end(&self, out: &mut Vec<u8>) {
        self.0.end(out);
    }

    fn last(&self, reason: LeftReason, out: &mut Vec<u8>) {
        self.0.last(reason, out);
    }
}
