//! What the matches of a lab share: settings, counters, supervisors and the machine's limits.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::crew::Crew;
use super::ladder::Results;
use super::machine::Machine;
use super::marks::{Mark, MarkKind, Marks};
use super::memory::Memory;
use super::nodes::Peers;
use super::snapshot::{ConnectionFigures, Connections};
use super::transport::Transports;
use super::{LiveMatch, MOST_MATCHES, lock};
use crate::config::{MatchLog, Matches};
use crate::metrics::PerThreadHistogram;
use crate::shutdown::StopToken;

/// The shared part of a lab.
pub(super) struct Core {
    pub(super) began: Instant,
    pub(super) transports: Transports,
    pub(super) matches: Mutex<Vec<Arc<LiveMatch>>>,
    pub(super) crew: Crew,
    config: Mutex<Matches>,
    /// The configured log, read for each watcher.
    log: AtomicU8,
    pub(super) read_only: AtomicBool,
    pub(super) results: Mutex<Results>,
    pub(super) marks: Mutex<Marks>,
    pub(super) machine: Mutex<Option<Machine>>,
    pub(super) memory: Mutex<Memory>,
    pub(super) connections: Mutex<Option<Arc<dyn ConnectionFigures>>>,
    /// Watchers that hubs let go of, by reason.
    pub(super) closed: Closed,
    /// Readers that panicked.
    pub(super) faults: AtomicU64,
    /// The time until newcomers had their snapshot.
    pub(super) art: Arc<PerThreadHistogram>,
    pub(super) ticks: watch::Sender<u64>,
    /// Wakes the sampler.
    pub(super) wake: Notify,
    /// The other nodes, given once.
    pub(super) peers: OnceLock<Arc<Peers>>,
    /// Ends the tasks of the lab.
    pub(super) stop: StopToken,
    is_draining: AtomicBool,
}

/// Counts by reason.
#[derive(Debug, Default)]
pub(super) struct Closed(Mutex<BTreeMap<&'static str, u64>>);

impl Closed {
    pub(super) fn count(&self, reason: &'static str) {
        *lock(&self.0).entry(reason).or_insert(0) += 1;
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.0).clone()
    }
}

impl Core {
    pub(super) fn new(
        transports: Transports,
        config: Matches,
        read_only: bool,
        art: Arc<PerThreadHistogram>,
    ) -> Self {
        Self {
            began: Instant::now(),
            transports,
            matches: Mutex::default(),
            crew: Crew::default(),
            log: AtomicU8::new(config.log as u8),
            config: Mutex::new(config),
            read_only: AtomicBool::new(read_only),
            results: Mutex::default(),
            marks: Mutex::default(),
            machine: Mutex::default(),
            memory: Mutex::default(),
            connections: Mutex::default(),
            closed: Closed::default(),
            faults: AtomicU64::new(0),
            art,
            ticks: watch::Sender::new(0),
            wake: Notify::new(),
            peers: OnceLock::new(),
            stop: StopToken::new(),
            is_draining: AtomicBool::new(false),
        }
    }

    /// Returns the time since the lab was started, in milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn config(&self) -> Matches {
        lock(&self.config).clone()
    }

    pub(super) fn configure(&self, config: Matches) {
        self.log.store(config.log as u8, Ordering::Relaxed);
        *lock(&self.config) = config;
    }

    pub(super) fn log(&self) -> MatchLog {
        let is_every = self.log.load(Ordering::Relaxed) == MatchLog::Every as u8;
        if is_every { MatchLog::Every } else { MatchLog::Sampled }
    }

    pub(super) fn all(&self) -> Vec<Arc<LiveMatch>> {
        lock(&self.matches).clone()
    }

    /// Returns the other nodes, unless the server is alone.
    pub(super) fn peers(&self) -> Option<&Peers> {
        self.peers.get().map(Arc::as_ref)
    }

    /// Returns the match of a number, which another node may have added.
    pub(super) fn ensure(self: &Arc<Self>, number: usize) -> Option<Arc<LiveMatch>> {
        if !(1..=MOST_MATCHES).contains(&number) || self.is_draining() {
            return None;
        }
        let mut matches = lock(&self.matches);
        while matches.len() < number {
            let added = LiveMatch::start(self, matches.len() + 1);
            matches.push(added);
        }
        matches.get(number - 1).cloned()
    }

    /// Tells the pages that something has changed.
    pub(super) fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks += 1);
    }

    pub(super) fn mark(&self, kind: MarkKind, word: String) {
        if kind != MarkKind::Change {
            log::warn!("matches: {word}");
        }
        lock(&self.marks).add(Mark { at_ms: self.now_ms(), kind, word });
    }

    pub(super) fn connections(&self) -> Connections {
        let figures = lock(&self.connections).clone();
        figures.map(|figures| figures.connections()).unwrap_or_default()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Takes no more orders and no more watchers.
    pub(super) fn begin_drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.crew.close();
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("transports", &self.transports).finish_non_exhaustive()
    }
}
