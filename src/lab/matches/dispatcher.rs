//! Keeps a dispatcher alive while its match is played: one life after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::life::{Birth, Hooks};
use super::marks::MarkKind;
use super::{Life, LiveMatch, Socket, lock};
use crate::config::MatchLog;
use crate::hub::{Left, LeftReason};
use crate::shutdown::StopToken;
use crate::stage::Reason;

/// Ends a life when its keeper ends, also if the keeper is killed.
struct Keeping {
    live: Arc<LiveMatch>,
    life: Arc<Life>,
    /// True if the life ends by itself, once its watchers have every event.
    finishes: bool,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        if !self.finishes {
            self.life.hub.stop();
        }
        let number = self.life.number;
        self.live.current.send_if_modified(|current| {
            let is_mine = current.as_ref().is_some_and(|life| life.number == number);
            is_mine && current.take().is_some()
        });
    }
}

/// Keeps lives until the supervisor stops it.
pub(super) async fn run(live: Arc<LiveMatch>, stop: StopToken) -> Reason {
    let mut wanted = live.wanted.subscribe();
    loop {
        let reason = tokio::select! {
            biased;
            () = stop.cancelled() => return Reason::Stopped,
            reason = keep_one(&live, &mut wanted) => reason,
        };
        if live.core.is_draining() {
            stop.cancelled().await;
            return Reason::Stopped;
        }
        if !reason.is_normal() {
            live.core.mark(MarkKind::Crash, format!("the dispatcher of {} failed: {reason}", live.id()));
        }
    }
}

/// Begins a life when the match is played, and keeps it until it fails or the match is over.
async fn keep_one(live: &Arc<LiveMatch>, wanted: &mut watch::Receiver<bool>) -> Reason {
    // The sender lives as long as the match, so no wait for it fails.
    _ = wanted.wait_for(|wanted| *wanted).await;
    let life = begin(live);
    let mut keeping = Keeping { live: Arc::clone(live), life: Arc::clone(&life), finishes: false };
    let reason = tokio::select! {
        biased;
        _ = wanted.wait_for(|wanted| !*wanted) => {
            // Slow watchers may take a while, and the next match need not wait for them.
            keeping.finishes = true;
            return Reason::Finished;
        }
        reason = life.hub.ended() => reason,
    };
    drop(keeping);
    if reason.is_normal() && live.state().is_over() {
        _ = wanted.wait_for(|wanted| !*wanted).await;
    }
    reason
}

/// Begins a life with the match's state, and makes it the current one.
fn begin(live: &Arc<LiveMatch>) -> Arc<Life> {
    let game = lock(&live.game);
    let number = live.lives_begun.fetch_add(1, Ordering::Relaxed) + 1;
    let hooks = Hooks {
        left: {
            let live = Arc::downgrade(live);
            Box::new(move |left, socket| {
                if let Some(live) = live.upgrade() {
                    note_left(&live, left, socket);
                }
            })
        },
        traced: {
            let core = Arc::downgrade(&live.core);
            Box::new(move |_| {
                if let Some(core) = core.upgrade() {
                    core.wake.notify_one();
                }
            })
        },
    };
    let config = live.core.config();
    let next = game.history().len() as u64;
    let birth = Birth {
        number,
        is_restart: live.lives_of_game.fetch_add(1, Ordering::Relaxed) > 0,
        transports: &live.core.transports,
        arrivals: &live.arrivals,
        began: live.core.began,
        config: &config,
    };
    let life = Arc::new(Life::begin(birth, next, game.state(), hooks));
    lock(&live.lives).push(Arc::clone(&life));
    live.current.send_replace(Some(Arc::clone(&life)));
    drop(game);
    if life.is_restart {
        // The event that was on its way has reached no more watchers.
        lock(&live.sampled).traced.take_if(|traced| !traced.is_settled);
    }
    // A change of the configuration may have come in between.
    life.change(&live.core.config());
    life
}

/// Counts a watcher that a hub let go of.
fn note_left(live: &LiveMatch, left: &Left, socket: &Socket) {
    let reason = match left.reason {
        LeftReason::Left => "left",
        LeftReason::Closed => "closed",
        LeftReason::Behind => "behind",
        LeftReason::Silent => "silent",
        LeftReason::Unread => "unread",
        LeftReason::Failed(_) => "failed",
        LeftReason::Ended => "ended",
        _ => "stopped",
    };
    live.core.closed.count(reason);
    live.left.fetch_add(1, Ordering::Relaxed);
    if live.core.log() == MatchLog::Every {
        log::info!("match {}: {} left: {}", live.id(), socket.user.name(), left.reason);
    }
}
