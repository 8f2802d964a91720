//! The mailbox of a match: events and requests for its status, in one order. What waits behind
//! an event that the dispatcher does not take waits as long as that.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

use super::framing::{self, Published};
use super::nodes::{self, Place, Word};
use super::{Event, LiveMatch, Match, OrderError, Recorded, Sheet, Transport, lock};
use crate::config::MatchLog;
use crate::shutdown::StopToken;
use crate::stage::Reason;

/// The shortest time between two events whose way to the watchers is recorded. It costs two
/// readings of the watcher's position and one of the clock per watcher, about 0.1 µs beside the
/// 6 µs of a write, and 4 bytes of memory.
const BETWEEN_TRACES: Duration = Duration::from_millis(250);

/// A letter to a match.
pub(super) enum Letter {
    /// Applies an event.
    Apply { event: Event, done: oneshot::Sender<Result<Recorded, OrderError>> },
    /// Encodes the status for one newcomer: the bytes, and the number of the next event.
    Status { transport: Arc<dyn Transport>, done: oneshot::Sender<(Vec<u8>, u64)> },
    /// Replaces the match by a new one.
    Again { done: oneshot::Sender<Result<(), OrderError>> },
    /// Asks for the home of the match.
    Home { done: oneshot::Sender<Result<Place, OrderError>> },
    /// Says the state to the other nodes, if the home is here.
    Announce,
    /// What another node says about the match.
    Heard { from: String, word: Word },
}

/// The receiving end, which outlives a task that fails.
pub(super) type Letters = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Letter>>>;

/// Reads the mailbox until the supervisor stops it.
pub(super) async fn run(live: Arc<LiveMatch>, letters: Letters, stop: StopToken) -> Reason {
    let mut letters = letters.lock().await;
    let mut last_trace: Option<Instant> = None;
    loop {
        let letter = tokio::select! {
            biased;
            () = stop.cancelled() => return Reason::Stopped,
            letter = letters.recv() => letter,
        };
        match letter {
            Some(Letter::Apply { event, done }) => {
                let applied = apply(&live, event, &mut last_trace);
                let result = tokio::select! {
                    biased;
                    () = stop.cancelled() => return Reason::Stopped,
                    result = applied => result,
                };
                // The caller may have gone; the event has happened.
                _ = done.send(result);
            }
            Some(Letter::Status { transport, done }) => {
                let (state, next) = live.now();
                let mut bytes = Vec::new();
                framing::snapshot(&*transport, &state, next, &mut bytes);
                // The newcomer may have gone.
                _ = done.send((bytes, next));
            }
            Some(Letter::Again { done }) => {
                // As above.
                _ = done.send(again(&live).await);
            }
            Some(Letter::Home { done }) => _ = done.send(nodes::home(&live).await),
            Some(Letter::Announce) => nodes::announce(&live).await,
            Some(Letter::Heard { from, word }) => {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return Reason::Stopped,
                    () = nodes::hear(&live, &from, word, &mut last_trace) => {}
                }
            }
            None => return Reason::Finished,
        }
    }
}

/// Applies an event, publishes it to the other nodes, and gives it to the dispatcher.
async fn apply(
    live: &Arc<LiveMatch>,
    event: Event,
    last_trace: &mut Option<Instant>,
) -> Result<Recorded, OrderError> {
    let at = super::epoch_micros();
    let Some(peers) = live.core.peers() else { return record(live, event, at, last_trace).await };
    let epoch = live.epoch_here()?;
    // Once it is recorded, it is published even if the watchers here do not take it.
    let seq = {
        let game = lock(&live.game);
        game.state().after(event)?;
        game.history().len() as u64
    };
    peers.say(live.number, Word::Event { epoch, seq, at, event }).await;
    record(live, event, at, last_trace).await
}

/// Applies an event and gives it to the dispatcher.
pub(super) async fn record(
    live: &Arc<LiveMatch>,
    event: Event,
    at: u64,
    last_trace: &mut Option<Instant>,
) -> Result<Recorded, OrderError> {
    let (recorded, life) = {
        let mut game = lock(&live.game);
        let recorded = game.apply(event)?;
        // Under the same lock: a life that begins later has this event in its first state.
        (recorded, live.life())
    };
    let now = Instant::now();
    let is_traced = last_trace.is_none_or(|last| now - last >= BETWEEN_TRACES);
    if is_traced {
        *last_trace = Some(now);
    }
    live.note_event(&recorded, is_traced, now);
    if live.core.log() == MatchLog::Every {
        log::info!("match {}: event {}, {}", live.id(), recorded.seq, recorded.text);
    }
    let is_over = recorded.state.is_over();
    if let Some(life) = &life {
        life.publish(Published { recorded: recorded.clone(), at, published: now, is_traced }).await;
        if is_over {
            life.finish();
        }
    }
    live.wanted.send_replace(!is_over);
    if is_traced {
        live.core.tick();
    }
    Ok(recorded)
}

/// Replaces a match that is not being played by a new one.
async fn again(live: &Arc<LiveMatch>) -> Result<(), OrderError> {
    {
        let mut game = lock(&live.game);
        if game.state().has_begun() && !game.state().is_over() {
            return Err(OrderError::InPlay);
        }
        live.next_epoch_here()?;
        *game = Match::new(Sheet::clone(&game.state().sheet));
    }
    live.forget_events();
    nodes::announce(live).await;
    live.core.tick();
    Ok(())
}
