//! Supervisors: tasks through which watchers join, each in its order. Each owns the readers of
//! its watchers, notices when one fails, and closes watchers that are silent.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Duration, MissedTickBehavior, interval};

use super::joining;
use super::marks::MarkKind;
use super::{Arrival, Core, Ending, LiveMatch, NotWatching, Socket, lock};

/// How often a supervisor looks at its watchers, unless `matches.silence` is short.
const EVERY: Duration = Duration::from_millis(500);

/// How long a client may take to close its side after the server has closed its own.
const LINGER_MS: u64 = 1_000;

/// A newcomer on its way to a supervisor.
pub(super) struct Newcomer {
    pub(super) live: Arc<LiveMatch>,
    pub(super) arrival: Arrival,
    pub(super) done: oneshot::Sender<Result<(), NotWatching>>,
}

/// The supervisors of a lab.
#[derive(Debug, Default)]
pub(super) struct Crew {
    active: Mutex<Vec<mpsc::UnboundedSender<Newcomer>>>,
    turn: AtomicUsize,
}

impl Crew {
    /// Sets the number of supervisors. One that is taken away takes no newcomers, and ends with
    /// its last watcher.
    pub(super) fn resize(&self, core: &Arc<Core>, number: usize) {
        let mut active = lock(&self.active);
        active.truncate(number);
        while active.len() < number {
            let (newcomers, inbox) = mpsc::unbounded_channel();
            tokio::spawn(run(Arc::downgrade(core), inbox));
            active.push(newcomers);
        }
    }

    /// Returns the number of supervisors.
    pub(super) fn len(&self) -> usize {
        lock(&self.active).len()
    }

    /// Gives a newcomer to the next supervisor.
    pub(super) fn send(&self, newcomer: Newcomer) -> Result<(), NotWatching> {
        let active = lock(&self.active);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let supervisor = active.get(turn % active.len().max(1)).ok_or(NotWatching::ShuttingDown)?;
        supervisor.send(newcomer).map_err(|_| NotWatching::ShuttingDown)
    }

    /// Takes no more newcomers.
    pub(super) fn close(&self) {
        lock(&self.active).clear();
    }
}

/// Runs one supervisor until it has neither newcomers nor watchers.
async fn run(core: Weak<Core>, mut inbox: mpsc::UnboundedReceiver<Newcomer>) {
    let mut readers = JoinSet::new();
    let mut watchers: Vec<Weak<Socket>> = Vec::new();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_open = true;
    while is_open || !readers.is_empty() {
        tokio::select! {
            newcomer = inbox.recv(), if is_open => match newcomer {
                Some(Newcomer { live, arrival, done }) => {
                    // A panic costs one newcomer, not the watchers of this supervisor.
                    let joining = AssertUnwindSafe(joining::join(&live, arrival, &mut readers));
                    let result = match joining.catch_unwind().await {
                        Ok(joined) => joined.map(|socket| watchers.extend(socket)),
                        Err(_) => {
                            live.core.mark(MarkKind::Fault, "a join panicked".to_owned());
                            Err(NotWatching::Failed)
                        }
                    };
                    // The connection's task may have ended.
                    _ = done.send(result);
                }
                None => is_open = false,
            },
            Some(ended) = readers.join_next() => {
                if ended.is_err_and(|error| error.is_panic())
                    && let Some(core) = core.upgrade()
                {
                    core.faults.fetch_add(1, Ordering::Relaxed);
                    core.mark(MarkKind::Fault, "a watcher's reader panicked".to_owned());
                }
            }
            _ = tick.tick() => {
                let Some(core) = core.upgrade() else { break };
                let silence = core.config().silence;
                watchers.retain(|socket| socket.upgrade().map(|socket| check(&socket, silence)).is_some());
                if watchers.capacity() > 4 * watchers.len() + 1_000 {
                    watchers.shrink_to_fit();
                }
            }
        }
    }
}

/// Pings a watcher from which nothing was heard for half of `silence`, and closes it after the
/// whole of it. A socket that the hub has let go of is hung up on if the client does not.
fn check(socket: &Socket, silence: Duration) {
    let (quiet, silence) = (socket.quiet_ms(), silence.as_millis() as u64);
    let Some(id) = socket.id.get().copied() else { return };
    if socket.is_let_go() {
        if quiet >= LINGER_MS {
            socket.hang_up();
        }
        return;
    }
    let common = &socket.common;
    if quiet >= silence && common.transport.is_answered() {
        if quiet >= silence + LINGER_MS {
            // It does not even take its last frame.
            return common.hub().leave(id);
        }
        let mut frame = Vec::new();
        common.transport.last(Ending::Silent, &mut frame);
        common.hub().close(id, frame);
    } else if quiet >= silence / 2 && socket.note_ping() {
        let mut frame = Vec::new();
        common.transport.ping(&mut frame);
        drop(common.hub().say(id, frame));
        if !common.transport.is_answered() {
            // Nothing is ever heard, so the next ping is due after the same time.
            socket.hear();
        }
    }
}
