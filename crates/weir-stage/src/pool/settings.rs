//! The settings of a pool, and the subscriptions that follow from them.

use std::fmt;

use crate::demand::Limits;

/// The way a pool spreads its events over tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spread {
    /// `concurrency` consumers, each with its own demand.
    #[default]
    Workers,
    /// One consumer, which spawns a task per event.
    PerEvent,
}

impl Spread {
    /// Returns the source file of the workers, relative to the workspace. A bench shows it beside
    /// the pool.
    pub fn source(self) -> &'static str {
        match self {
            Self::Workers => super::worker::SOURCE,
            Self::PerEvent => super::per_event::SOURCE,
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workers => "workers",
            Self::PerEvent => "per_event",
        })
    }
}

/// The settings of a pool, which can change while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The number of events handled at the same time. With 0 the pool rests.
    pub concurrency: usize,
    /// How the events are spread over tasks.
    pub spread: Spread,
    /// The limits of each worker's subscription.
    ///
    /// Under [`Spread::PerEvent`], `concurrency` takes the place of `max_demand`: the pool
    /// asks for as many events as it can run. `min_demand` is then the number of events that
    /// must end before it asks for as many again, as in GenStage's `ConsumerSupervisor`. With
    /// 0 or 1 it asks for a new event whenever one ends.
    pub limits: Limits,
    /// True if a resize requeues the events that were prefetched and not begun: they go back
    /// to the producer, which dispatches them again.
    pub requeue: bool,
}

impl PoolSettings {
    /// Settings of `concurrency` workers that hold one event each.
    pub fn workers(concurrency: usize) -> Self {
        Self { concurrency, spread: Spread::Workers, limits: Limits::ONE, requeue: true }
    }

    /// Settings of a task per event, with at most `concurrency` tasks.
    pub fn per_event(concurrency: usize) -> Self {
        Self { spread: Spread::PerEvent, ..Self::workers(concurrency) }
    }

    /// Returns the limits of each worker's subscription, or `None` when the pool rests and
    /// its only worker would have no limits.
    pub(super) fn worker_limits(&self) -> Option<Limits> {
        match self.spread {
            Spread::Workers => Some(self.limits),
            Spread::PerEvent if self.concurrency == 0 => None,
            Spread::PerEvent => {
                let ended = self.limits.min().clamp(1, self.concurrency);
                Limits::new(self.concurrency, self.concurrency - ended).ok()
            }
        }
    }

    /// Returns the limits of a pool's only subscription, where the dispatcher allows no more
    /// than one: as much in advance as its workers would have asked for together, and again
    /// whenever one of them would have asked. `None` when the pool rests.
    pub(super) fn single_limits(&self) -> Option<Limits> {
        if self.spread == Spread::PerEvent || self.concurrency == 0 {
            return self.worker_limits().filter(|_| self.concurrency > 0);
        }
        let max = self.concurrency.saturating_mul(self.limits.max());
        debug_assert!(max >= self.limits.batch(), "a batch is at most the limit of one worker");
        Limits::new(max, max - self.limits.batch()).ok()
    }

    /// Returns the number of workers: tasks that subscribe.
    pub(super) fn workers_wanted(&self) -> usize {
        match self.spread {
            Spread::Workers => self.concurrency,
            Spread::PerEvent => self.concurrency.min(1),
        }
    }
}
