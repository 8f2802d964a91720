//! The play of a match: events at random, at a steady rate.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until};

use super::{LiveMatch, OrderError, Play, lock};

/// The allowed rates, in events per second.
const RATES: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

/// How far a play that was held up may catch up.
const CATCH_UP: Duration = Duration::from_secs(1);

/// A play of a match: events at random, the same ones for the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlayPlan {
    /// Events per second, from 0.01 to 10,000.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
    /// About how many events the whole match has.
    pub events: u32,
}

impl Default for PlayPlan {
    fn default() -> Self {
        Self { rate: 2.0, seed: 1, events: 300 }
    }
}

/// The play of a match.
#[derive(Debug, Default)]
pub(super) struct Playing {
    /// The plan, while the play runs.
    plan: Option<watch::Sender<PlayPlan>>,
    /// The seed and the play, which is kept during a pause.
    play: Option<(u64, Play)>,
}

impl Playing {
    /// Returns the plan of the play that runs.
    pub(super) fn plan(&self) -> Option<PlayPlan> {
        self.plan.as_ref().filter(|plan| !plan.is_closed()).map(|plan| *plan.borrow())
    }

    /// Stops the play. It can go on.
    pub(super) fn pause(&mut self) {
        self.plan = None;
    }

    /// Ends the play.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

impl LiveMatch {
    /// Plays the match at this node, which is its home.
    pub(super) async fn play_here(self: &Arc<Self>, plan: PlayPlan) -> Result<(), OrderError> {
        if !RATES.contains(&plan.rate) {
            return Err(OrderError::Rate(plan.rate));
        }
        {
            let playing = lock(&self.playing);
            if playing.plan().is_some() {
                if let Some(running) = &playing.plan {
                    running.send_modify(|running| running.rate = plan.rate);
                }
                return Ok(());
            }
        }
        if self.state().is_over() {
            self.again_here().await?;
        }
        if self.core.is_draining() {
            return Err(OrderError::ShuttingDown);
        }
        let mut playing = lock(&self.playing);
        if playing.plan().is_none() {
            let (sender, plans) = watch::channel(plan);
            playing.plan = Some(sender);
            if playing.play.as_ref().is_none_or(|(seed, _)| *seed != plan.seed) {
                playing.play = Some((plan.seed, Play::new(plan.seed, plan.events)));
            }
            tokio::spawn(run(Arc::clone(self), plans));
            self.core.wake.notify_one();
        }
        Ok(())
    }

    /// Stops the play at this node, which is the home of the match.
    pub(super) fn pause_here(&self) {
        lock(&self.playing).pause();
        self.core.tick();
    }
}

/// Plays until the match is over, or until the sender of the plan is dropped.
async fn run(live: Arc<LiveMatch>, mut plans: watch::Receiver<PlayPlan>) {
    let mut due = Instant::now();
    loop {
        let rate = plans.borrow_and_update().rate;
        tokio::select! {
            biased;
            changed = plans.changed() => match changed {
                // From now on at the new rate.
                Ok(()) => {
                    due = due.min(Instant::now() + Duration::from_secs_f64(1.0 / plans.borrow().rate));
                    continue;
                }
                Err(_) => return,
            },
            () = sleep_until(due) => {}
        }
        let state = live.state();
        let event = lock(&live.playing).play.as_mut().and_then(|(_, play)| play.next(&state));
        let Some(event) = event else { return };
        // An event that was applied by hand meanwhile may make this one impossible.
        if let Err(OrderError::ShuttingDown) = live.apply_here(event).await {
            return;
        }
        let now = Instant::now();
        due = (due + Duration::from_secs_f64(1.0 / rate)).max(now.checked_sub(CATCH_UP).unwrap_or(now));
    }
}
