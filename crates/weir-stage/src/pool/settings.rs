//! What can be set of a pool, and what it means for its members.

use std::fmt;

use crate::demand::Limits;

/// How a pool spreads its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spread {
    /// `concurrency` consumers, each with its own demand.
    #[default]
    Workers,
    /// One consumer, one task an event.
    PerEvent,
}

impl Spread {
    /// The source file of the tasks that a pool spawns, relative to the workspace.
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

/// What can be changed while a pool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// How many events are handled at once. With 0 the pool rests.
    pub concurrency: usize,
    /// How they are spread.
    pub spread: Spread,
    /// The limits of each worker's subscription. Per event, `concurrency` takes
    /// the place of `max_demand`, as many are asked for as can run; and
    /// `min_demand` is how many must have ended before as many are asked for
    /// again, as in GenStage's `ConsumerSupervisor`. With 0 or 1 each one is
    /// replaced at once.
    pub limits: Limits,
    /// True if a resize requeues the events that were prefetched and not started: they go
    /// back to the producer, which dispatches them again.
    pub requeue: bool,
}

impl PoolSettings {
    /// That many workers, each with one event at a time.
    pub fn workers(concurrency: usize) -> Self {
        Self { concurrency, spread: Spread::Workers, limits: Limits::ONE, requeue: true }
    }

    /// A task an event, at most that many.
    pub fn per_event(concurrency: usize) -> Self {
        Self { spread: Spread::PerEvent, ..Self::workers(concurrency) }
    }

    /// The limits of each member's subscription; none when the pool rests.
    pub(super) fn member_limits(&self) -> Option<Limits> {
        match self.spread {
            Spread::Workers => Some(self.limits),
            Spread::PerEvent => {
                let ended = self.limits.min().clamp(1, self.concurrency.max(1));
                Limits::new(self.concurrency, self.concurrency.saturating_sub(ended)).ok()
            }
        }
    }

    /// The limits of the one subscription that a pool has where it can have no
    /// more: as much in advance as its members would have asked for together, and
    /// again whenever one of them would have.
    pub(super) fn single_limits(&self) -> Option<Limits> {
        if self.spread == Spread::PerEvent || self.concurrency == 0 {
            return self.member_limits().filter(|_| self.concurrency > 0);
        }
        let max = self.concurrency.saturating_mul(self.limits.max());
        Limits::new(max, max - self.limits.batch()).ok()
    }

    /// How many members that makes.
    pub(super) fn members(&self) -> usize {
        match self.spread {
            Spread::Workers => self.concurrency,
            Spread::PerEvent => self.concurrency.min(1),
        }
    }
}
