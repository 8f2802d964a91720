//! What is sampled of a match: its curves, the feed, and the way of the newest recorded event.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use tokio::time::{Duration, Instant, timeout};

use super::history::{Point, Points, STEP_MS};
use super::snapshot::{BehindRow, FeedItem};
use super::{Life, LiveMatch, Recorded, lock};
use crate::config::Behind;
use crate::hub::{Curve, HubFigures};

/// The most events of the feed, earlier times, and watchers that are listed as behind.
const FEED: usize = 50;
const PAST: usize = 8;
const BEHIND: usize = 20;

/// How long the shards may take to list the watchers that are behind.
const PATIENCE: Duration = Duration::from_millis(100);

/// The samples of a match.
#[derive(Debug)]
pub(super) struct Sampled {
    pub(super) points: Points,
    pub(super) feed: VecDeque<FeedItem>,
    pub(super) traced: Option<Traced>,
    /// The times of earlier events, newest first, in milliseconds.
    pub(super) past: VecDeque<f64>,
    /// The watchers that are furthest behind.
    pub(super) behind: Vec<BehindRow>,
    /// Since when the match has waited for a watcher.
    pub(super) stalled: Option<Instant>,
    /// The counts of the last line of the log: joins, leaves and events.
    logged: (u64, u64, u64),
}

/// An event whose way to the watchers is recorded.
#[derive(Debug, Clone)]
pub(super) struct Traced {
    pub(super) seq: u64,
    pub(super) kind: String,
    pub(super) published: Instant,
    /// The watchers at publication.
    pub(super) sent: u64,
    pub(super) is_settled: bool,
    /// The time until the last watcher had it.
    pub(super) last_ms: Option<f64>,
}

/// The way of an event so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Way {
    pub(super) sent: u64,
    pub(super) reached: u64,
    /// Quantiles, in milliseconds.
    pub(super) points: Vec<f64>,
    pub(super) is_settled: bool,
    pub(super) by_task: bool,
}

impl Sampled {
    pub(super) fn new(now_ms: u64) -> Self {
        let mut points = Points::default();
        points.begin_at(now_ms);
        Self {
            points,
            feed: VecDeque::new(),
            traced: None,
            past: VecDeque::new(),
            behind: Vec::new(),
            stalled: None,
            logged: (0, 0, 0),
        }
    }
}

impl LiveMatch {
    /// Adds an event to the feed.
    pub(super) fn note_event(&self, recorded: &Recorded, is_traced: bool, now: Instant) {
        self.settle();
        self.events.fetch_add(1, Ordering::Relaxed);
        let sent = self.life().map_or(0, |life| life.hub.figures().watchers());
        let mut sampled = lock(&self.sampled);
        let kind = recorded.event.action.to_string();
        if is_traced {
            let traced = Traced {
                seq: recorded.seq,
                kind: kind.clone(),
                published: now,
                sent,
                is_settled: sent == 0,
                last_ms: None,
            };
            let last = sampled.traced.replace(traced).and_then(|traced| traced.last_ms);
            if let Some(last) = last {
                sampled.past.push_front(last);
                sampled.past.truncate(PAST);
            }
        }
        let item = FeedItem {
            seq: recorded.seq,
            kind,
            minute: recorded.event.minute,
            text: recorded.text.clone(),
            last_ms: None,
        };
        sampled.feed.push_front(item);
        sampled.feed.truncate(FEED);
    }

    /// Forgets the events of an earlier match.
    pub(super) fn forget_events(&self) {
        lock(&self.playing).end();
        self.lives_of_game.store(0, Ordering::Relaxed);
        let mut sampled = lock(&self.sampled);
        (sampled.traced, sampled.behind) = (None, Vec::new());
        sampled.feed.clear();
        sampled.past.clear();
    }

    /// Returns the way of event `seq`, if it is recorded.
    pub(super) fn way(&self, life: &Life, seq: u64) -> Option<Way> {
        if !life.is_by_task() {
            let curve = life.hub.curve().filter(|curve| curve.seq == seq)?;
            let Curve { sent, watchers, points, is_settled, .. } = curve;
            let points = points.iter().map(|time| millis(*time)).collect();
            return Some(Way { sent, reached: watchers as u64, points, is_settled, by_task: false });
        }
        let written = life.times.record().filter(|written| written.seq == seq)?;
        let blocked: u64 = life.hub.figures().shards.iter().map(|shard| shard.blocked).sum();
        let reached = written.micros.len() as u64;
        let is_settled = reached + blocked >= written.sent;
        let points = quantiles(&written.micros);
        Some(Way { sent: written.sent, reached, points, is_settled, by_task: true })
    }

    /// Notes the time of the newest recorded event, if it has become complete.
    pub(super) fn settle(&self) {
        let Some(life) = self.life() else { return };
        let open = lock(&self.sampled).traced.as_ref().filter(|traced| !traced.is_settled).map(|t| t.seq);
        let Some(seq) = open else { return };
        let Some(way) = self.way(&life, seq).filter(|way| way.is_settled) else { return };
        let mut sampled = lock(&self.sampled);
        let last_ms = way.points.last().copied();
        if let Some(traced) = sampled.traced.as_mut().filter(|traced| traced.seq == seq) {
            (traced.is_settled, traced.last_ms) = (true, last_ms);
        }
        if let Some(item) = sampled.feed.iter_mut().find(|item| item.seq == seq) {
            item.last_ms = last_ms;
        }
        drop(sampled);
        self.core.tick();
    }

    /// Takes a sample: the points that are due, and the watchers that are behind.
    pub(super) async fn sample(&self, now_ms: u64) {
        self.settle();
        let life = self.life();
        let figures = life.as_ref().map(|life| life.hub.figures()).unwrap_or_default();
        let is_blocked = figures.shards.iter().any(|shard| shard.blocked > 0);
        let behind = match &life {
            Some(life) if is_blocked => self.rows_behind(life, &figures).await,
            _ => Some(Vec::new()),
        };
        let waits = self.core.config().behind == Behind::Wait;
        let is_stalled = waits && is_blocked && life.as_ref().is_some_and(|life| life.is_held_up());
        let mut sampled = lock(&self.sampled);
        if let Some(behind) = behind {
            sampled.behind = behind;
        }
        sampled.stalled = is_stalled.then(|| sampled.stalled.unwrap_or_else(Instant::now));
        let due = sampled.points.due(now_ms);
        if due > 0 {
            let (joins, art) = self.arrivals.sample();
            let last_ms = sampled.traced.as_ref().and_then(|traced| traced.last_ms).unwrap_or(0.0);
            let watchers = figures.watchers();
            sampled.points.skip(due);
            for left in (0..sampled.points.due(now_ms)).rev() {
                let art_p99_ms = if left == 0 { art.map_or(0.0, |art| art.p99) } else { 0.0 };
                let connects_s = if left == 0 { joins * (1_000 / STEP_MS) } else { 0 };
                sampled.points.push(Point { watchers, connects_s, art_p99_ms, last_ms });
            }
        }
    }

    /// Lists the watchers that are behind, or `None` if the shards are too busy to tell.
    async fn rows_behind(&self, life: &Life, figures: &HubFigures) -> Option<Vec<BehindRow>> {
        let listed = timeout(PATIENCE, life.hub.slowest(BEHIND)).await.ok()?;
        let before =
            |shard: usize| figures.shards.iter().take(shard).map(|shard| shard.watchers).sum::<u64>();
        let row = |(watcher, socket): (crate::hub::BehindWatcher, _)| {
            let socket: std::sync::Arc<super::socket::Socket> = socket;
            BehindRow {
                user: socket.user.name().to_owned(),
                place: before(watcher.id.shard()) + watcher.id.place() as u64,
                events: watcher.events,
                dropped: watcher.dropped,
                gap: watcher.gap.map(|(from, to)| [from, to.saturating_sub(1)]),
                for_ms: u64::try_from(watcher.blocked.as_millis()).unwrap_or(u64::MAX),
            }
        };
        Some(listed.into_iter().map(row).collect())
    }

    /// Logs the counts since the last call, if there are any.
    pub(super) fn log_counts(&self) {
        let (joins, left) = (self.arrivals.visits(), self.left.load(Ordering::Relaxed));
        let (events, now) = (self.now().1, self.life().map_or(0, |life| life.hub.figures().watchers()));
        let last = std::mem::replace(&mut lock(&self.sampled).logged, (joins, left, events));
        if last != (joins, left, events) {
            log::info!(
                "match {}: {} joins, {} leaves, {} events; {now} watchers",
                self.id(),
                joins - last.0,
                left - last.1,
                events.saturating_sub(last.2)
            );
        }
    }

    /// Zeroes curves and figures.
    pub(super) fn reset(&self) {
        self.reset_ledger();
        self.arrivals.reset();
        let mut sampled = lock(&self.sampled);
        sampled.points.clear();
        sampled.past.clear();
    }
}

/// Returns at most 200 quantiles of sorted times, in milliseconds.
fn quantiles(micros: &[u32]) -> Vec<f64> {
    let n = micros.len().min(200);
    let at = |i: usize| if n == 1 { 0 } else { i * (micros.len() - 1) / (n - 1) };
    (0..n).map(|i| f64::from(micros[at(i)]) / 1e3).collect()
}

/// Returns a time in milliseconds with three digits after the point.
pub(super) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
impl LiveMatch {
    /// Returns the time of the newest recorded event, once it is complete.
    pub(super) fn sampled_last_ms(&self) -> Option<f64> {
        lock(&self.sampled).traced.as_ref().and_then(|traced| traced.last_ms)
    }
}
