//! The task that samples all matches of a lab.

use std::sync::{Arc, Weak};

use tokio::time::{Duration, Instant, sleep_until};

use super::history::STEP_MS;
use super::{Core, lock};
use crate::config::MatchLog;

/// The time between two samples while nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// Samples until the lab ends.
pub(super) async fn run(core: Weak<Core>) {
    let Some(stop) = core.upgrade().map(|core| core.stop.clone()) else { return };
    let (mut due, mut second) = (Instant::now(), Instant::now());
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
        let matches = core.all();
        if !is_due {
            matches.iter().for_each(|live| live.settle());
            // Whatever woke it, such as a watcher, is worth the full pace.
            due = due.min(Instant::now() + Duration::from_millis(STEP_MS));
            continue;
        }
        let now_ms = core.now_ms();
        for live in &matches {
            live.sample(now_ms).await;
        }
        let watchers: u64 = matches.iter().map(|live| live.watchers()).sum();
        if Instant::now() >= second {
            second = Instant::now() + Duration::from_secs(1);
            lock(&core.memory).sample(watchers, core.config().writer);
            if core.log() == MatchLog::Sampled {
                matches.iter().for_each(|live| live.log_counts());
            }
        }
        if core.ticks.receiver_count() > 0 {
            core.tick();
        }
        let is_active =
            watchers > 0 || core.ticks.receiver_count() > 0 || matches.iter().any(|live| live.is_playing());
        due = Instant::now() + if is_active { Duration::from_millis(STEP_MS) } else { IDLE };
    }
}

/// Waits until the sampler is woken. Returns false if the lab has gone.
async fn wake(core: &Weak<Core>) -> bool {
    let Some(core): Option<Arc<Core>> = core.upgrade() else { return false };
    core.wake.notified().await;
    true
}
