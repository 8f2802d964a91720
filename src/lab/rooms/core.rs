//! What the parts of the lab share: the house, counters, players and samples.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use weir_parts::rooms::Kill;

use super::census::Census;
use super::curves::{Mark, Sampled};
use super::nodes::Shared;
use super::playing::Playing;
use super::times::Times;
use super::watching::Watchers;
use super::{House, lock};
use crate::config::Rooms;
use crate::metrics::PerThreadHistogram;
use crate::shutdown::StopToken;

/// The shared part of the lab.
pub(super) struct Core {
    pub(super) began: Instant,
    pub(super) house: House,
    config: Mutex<Rooms>,
    pub(super) read_only: AtomicBool,
    pub(super) counts: Counts,
    pub(super) times: Times,
    /// The rooms that play by themselves.
    pub(super) playing: Mutex<HashMap<Arc<str>, Playing>>,
    pub(super) watchers: Watchers,
    /// The latest census.
    pub(super) census: Mutex<Arc<Census>>,
    pub(super) sampled: Mutex<Sampled>,
    /// The last kill by hand, and its room.
    pub(super) last_kill: Mutex<Option<(Arc<str>, Kill)>>,
    pub(super) ticks: watch::Sender<u64>,
    /// Wakes the sampler.
    pub(super) wake: Notify,
    /// The rooms of other nodes, given once.
    pub(super) shared: OnceLock<Arc<Shared>>,
    /// Ends the tasks of the lab.
    pub(super) stop: StopToken,
    is_draining: AtomicBool,
}

/// Counts since the start or the last reset.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) acknowledged: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) poison: AtomicU64,
    pub(super) unknown: AtomicU64,
    /// Kills by hand, of any process of a room and of the registry.
    pub(super) kills: AtomicU64,
}

impl Core {
    pub(super) fn new(
        house: House,
        config: Rooms,
        read_only: bool,
        histogram: Arc<PerThreadHistogram>,
    ) -> Self {
        Self {
            began: Instant::now(),
            house,
            config: Mutex::new(config),
            read_only: AtomicBool::new(read_only),
            counts: Counts::default(),
            times: Times::new(histogram),
            playing: Mutex::default(),
            watchers: Watchers::default(),
            census: Mutex::default(),
            sampled: Mutex::default(),
            last_kill: Mutex::default(),
            ticks: watch::Sender::new(0),
            wake: Notify::new(),
            shared: OnceLock::new(),
            stop: StopToken::new(),
            is_draining: AtomicBool::new(false),
        }
    }

    /// Returns the time since the lab was started, in milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn config(&self) -> Rooms {
        lock(&self.config).clone()
    }

    pub(super) fn configure(&self, config: Rooms) {
        *lock(&self.config) = config;
    }

    /// Tells the pages that something has changed.
    pub(super) fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks += 1);
    }

    pub(super) fn mark(&self, says: String) {
        let at_ms = self.now_ms();
        lock(&self.sampled).marks.add(Mark { at_ms, says });
    }

    pub(super) fn census(&self) -> Arc<Census> {
        Arc::clone(&lock(&self.census))
    }

    pub(super) fn reset(&self) {
        let counts = &self.counts;
        for count in [&counts.acknowledged, &counts.refused, &counts.poison, &counts.unknown, &counts.kills]
        {
            count.store(0, Ordering::Relaxed);
        }
        *lock(&self.last_kill) = None;
        self.times.reset();
        lock(&self.sampled).reset(self.now_ms());
        self.tick();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Takes no more orders.
    pub(super) fn begin_drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("house", &self.house).finish_non_exhaustive()
    }
}
