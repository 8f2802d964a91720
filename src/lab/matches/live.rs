//! A match that is served: its state, its mailbox, its dispatcher and its watchers.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::{mpsc, oneshot, watch};

use super::arrivals::Arrivals;
use super::crew::Newcomer;
use super::ledger::Books;
use super::mailbox::{self, Letter, Letters};
use super::marks::MarkKind;
use super::nodes::Reign;
use super::playing::Playing;
use super::sampled::Sampled;
use super::users::Users;
use super::{
    Action, Arrival, Core, Event, Life, Match, MatchState, NotWatching, OrderError, Past, Recorded, Sheet,
    dispatcher, lock,
};
use crate::supervise::{ChildSpec, Strategy, Supervisor, SupervisorHandle};

/// A match that is served. One supervisor keeps its mailbox and its dispatcher.
pub struct LiveMatch {
    id: String,
    /// Its number among the matches, counted from 1.
    pub(super) number: usize,
    pub(super) core: Arc<Core>,
    pub(super) game: Mutex<Match>,
    pub(super) letters: mpsc::UnboundedSender<Letter>,
    /// True while the match is being played, so that there is a dispatcher.
    pub(super) wanted: watch::Sender<bool>,
    /// The current life of the dispatcher.
    pub(super) current: watch::Sender<Option<Arc<Life>>>,
    pub(super) lives_begun: AtomicU64,
    /// The lives that may still have watchers.
    pub(super) lives: Mutex<Vec<Arc<Life>>>,
    pub(super) books: Mutex<Books>,
    pub(super) users: Arc<Users>,
    pub(super) arrivals: Arc<Arrivals>,
    /// The lives since the match was last replaced.
    pub(super) lives_of_game: AtomicU64,
    /// Events since the start, those of earlier matches included.
    pub(super) events: AtomicU64,
    /// Watchers that a hub let go of.
    pub(super) left: AtomicU64,
    pub(super) sampled: Mutex<Sampled>,
    pub(super) playing: Mutex<Playing>,
    /// The node that decides the order of the events, if there are several.
    pub(super) reign: Mutex<Reign>,
    tree: OnceLock<SupervisorHandle>,
}

impl LiveMatch {
    /// Starts the sample match of this number, which has not begun.
    pub(super) fn start(core: &Arc<Core>, number: usize) -> Arc<Self> {
        let sheet = Sheet::sample(number);
        let (letters, inbox) = mpsc::unbounded_channel();
        let live = Arc::new(Self {
            id: sheet.id.clone(),
            number,
            core: Arc::clone(core),
            game: Mutex::new(Match::new(sheet)),
            letters,
            wanted: watch::Sender::new(false),
            current: watch::Sender::new(None),
            lives_begun: AtomicU64::new(0),
            lives: Mutex::default(),
            books: Mutex::default(),
            users: Arc::default(),
            arrivals: Arc::new(Arrivals::new(Arc::clone(&core.art))),
            lives_of_game: AtomicU64::new(0),
            events: AtomicU64::new(0),
            left: AtomicU64::new(0),
            sampled: Mutex::new(Sampled::new(core.now_ms())),
            playing: Mutex::default(),
            reign: Mutex::default(),
            tree: OnceLock::new(),
        });
        let inbox: Letters = Arc::new(tokio::sync::Mutex::new(inbox));
        let (of_mailbox, of_dispatcher) = (Arc::clone(&live), Arc::clone(&live));
        let mailbox = ChildSpec::task("mailbox", move |stop| {
            mailbox::run(Arc::clone(&of_mailbox), Arc::clone(&inbox), stop)
        });
        let dispatcher =
            ChildSpec::task("dispatcher", move |stop| dispatcher::run(Arc::clone(&of_dispatcher), stop));
        let tree = Supervisor::new(Strategy::OneForOne).child(mailbox).child(dispatcher).spawn();
        // Nothing else sets it.
        _ = live.tree.set(tree.expect("the two names are different"));
        live
    }

    /// Ends the tasks of the match. Its watchers are closed at once.
    pub(super) fn end(&self) {
        lock(&self.playing).end();
        if let Some(tree) = self.tree.get() {
            tree.stop();
        }
        for life in lock(&self.lives).iter() {
            life.hub.stop();
        }
    }

    /// Returns the name in paths, such as `weir-sluice`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the state after the last event.
    pub fn state(&self) -> Arc<MatchState> {
        Arc::clone(lock(&self.game).state())
    }

    /// Returns all events, the first one first.
    pub fn history(&self) -> Vec<Past> {
        lock(&self.game).history().to_vec()
    }

    /// Returns the state after the last event, and the number of the next one.
    pub(super) fn now(&self) -> (Arc<MatchState>, u64) {
        let game = lock(&self.game);
        (Arc::clone(game.state()), game.history().len() as u64)
    }

    /// Returns the current life of the dispatcher.
    pub(super) fn life(&self) -> Option<Arc<Life>> {
        self.current.borrow().clone()
    }

    /// Takes a connection that wants to watch. It is sent the snapshot, or what it has missed,
    /// and then each event. A match that has not begun or is over sends the snapshot and the
    /// end, and closes it. Returns once the connection has joined.
    ///
    /// # Errors
    /// [`NotWatching`]. The socket is closed.
    ///
    /// # Cancel safety
    /// The connection watches even if the future is dropped.
    pub async fn watch(self: &Arc<Self>, arrival: Arrival) -> Result<(), NotWatching> {
        if arrival.transport >= self.core.transports.len() {
            return Err(NotWatching::NoTransport(arrival.transport));
        }
        let (done, joined) = oneshot::channel();
        self.core.crew.send(Newcomer { live: Arc::clone(self), arrival, done })?;
        self.core.wake.notify_one();
        joined.await.unwrap_or(Err(NotWatching::ShuttingDown))
    }

    /// Applies an event at this node, which is the home of the match.
    pub(super) async fn apply_here(&self, event: Event) -> Result<Recorded, OrderError> {
        self.ask(|done| Letter::Apply { event, done }).await
    }

    /// Ends the match at this node, which is its home.
    pub(super) async fn stop_here(&self) -> Result<(), OrderError> {
        self.pause_here();
        let minute = self.state().minute;
        self.apply_here(Event { minute, action: Action::Stop }).await.map(|_| ())
    }

    /// Replaces the match at this node, which is its home.
    pub(super) async fn again_here(&self) -> Result<(), OrderError> {
        self.ask(|done| Letter::Again { done }).await
    }

    async fn ask<T>(
        &self,
        letter: impl FnOnce(oneshot::Sender<Result<T, OrderError>>) -> Letter,
    ) -> Result<T, OrderError> {
        if self.core.is_draining() {
            return Err(OrderError::ShuttingDown);
        }
        let (done, answer) = oneshot::channel();
        self.letters.send(letter(done)).map_err(|_| OrderError::ShuttingDown)?;
        answer.await.unwrap_or(Err(OrderError::ShuttingDown))
    }

    /// Makes a part crash: `dispatcher`, or a shard such as `shard-0`. A dispatcher that crashes
    /// closes its watchers, and begins its next life. A shard that crashes keeps its watchers,
    /// and tells them which events they have lost.
    ///
    /// # Errors
    /// [`OrderError::NoPart`], if there is no such part, as when the match is not being played.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn crash(&self, part: &str) -> Result<(), OrderError> {
        let life = self.life();
        let shards = life.as_ref().map_or(0, |life| life.hub.figures().shards.len());
        let known: Vec<String> = match shards {
            0 => Vec::new(),
            _ => ["dispatcher".to_owned()]
                .into_iter()
                .chain((0..shards).map(|shard| format!("shard-{shard}")))
                .collect(),
        };
        if !known.iter().any(|name| name == part) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(OrderError::NoPart { found: part.to_owned(), known });
        }
        self.core.mark(MarkKind::Crash, format!("{part} of {} was made to crash", self.id));
        let tree = match (part, life) {
            ("dispatcher", _) | (_, None) => self.tree.get().cloned(),
            (_, Some(life)) => Some(life.hub.supervisor().clone()),
        };
        let name = part.to_owned();
        tokio::spawn(async move {
            if let Some(tree) = tree {
                // A tree that has ended has no such part any more.
                _ = tree.kill(&name).await;
            }
        });
        Ok(())
    }
}

impl fmt::Debug for LiveMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveMatch").field("id", &self.id).finish_non_exhaustive()
    }
}
