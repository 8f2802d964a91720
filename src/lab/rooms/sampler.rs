//! The task that samples the lab.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::time::{Duration, Instant, sleep_until};

use super::curves::{Point, STEP_MS};
use super::{Core, lock};

/// The time between two samples while nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// The steps between two counts of the rooms, while there are more rooms than the page draws.
const SELDOM: u64 = 4;

/// Samples until the lab ends.
pub(super) async fn run(core: Weak<Core>) {
    let Some(stop) = core.upgrade().map(|core| core.stop.clone()) else { return };
    let (mut due, mut steps) = (Instant::now(), 0_u64);
    loop {
        let is_due = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = sleep_until(due) => true,
            woken = wake(&core) => {
                if !woken {
                    return;
                }
                false
            }
        };
        let Some(core) = core.upgrade() else { return };
        if !is_due {
            due = due.min(Instant::now() + Duration::from_millis(STEP_MS));
            continue;
        }
        let is_watched = core.ticks.receiver_count() > 0;
        let moves = core.sample();
        if core.is_small() || is_watched && steps.is_multiple_of(SELDOM) {
            core.refresh().await;
        }
        if is_watched {
            core.tick();
        }
        steps += 1;
        let is_active = is_watched || moves > 0 || !lock(&core.playing).is_empty();
        due = Instant::now() + if is_active { Duration::from_millis(STEP_MS) } else { IDLE };
    }
}

/// Waits until the sampler is woken. Returns false if the lab has gone.
async fn wake(core: &Weak<Core>) -> bool {
    let Some(core): Option<Arc<Core>> = core.upgrade() else { return false };
    core.wake.notified().await;
    true
}

impl Core {
    /// Adds the points that are due. Returns the number of moves since the last sample.
    fn sample(&self) -> u64 {
        let (now_ms, now) = (self.now_ms(), Instant::now());
        let moves = self.counts.acknowledged.load(Ordering::Relaxed);
        let kills = self.counts.kills.load(Ordering::Relaxed);
        lock(&self.playing).retain(|_, playing| playing.rate().is_some());
        let mut sampled = lock(&self.sampled);
        let due = sampled.points.due(now_ms);
        let (moves_before, kills_before) = sampled.before;
        let (new_moves, new_kills) =
            (moves.saturating_sub(moves_before), kills.saturating_sub(kills_before));
        if due == 0 {
            return new_moves;
        }
        sampled.before = (moves, kills);
        sampled.rate.push(now, new_moves);
        let ack_p99_us = self.times.sample(due);
        let moves_s = sampled.rate.per_second().round() as u64;
        sampled.points.skip(due);
        for left in (0..sampled.points.due(now_ms)).rev() {
            let newest = Point { moves_s, ack_p99_us, kills: new_kills };
            sampled.points.push(if left == 0 { newest } else { Point::default() });
        }
        new_moves
    }
}
