//! The measures C and ART of a match: how often watchers join, and how long each takes to have
//! its snapshot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::lock;
use crate::lab::Percentiles;
use crate::metrics::PerThreadHistogram;

/// The number of latest arrivals that the current figures are made from.
const KEPT: usize = 4_096;

/// Counts joins, and records the time until each newcomer had its snapshot.
#[derive(Debug)]
pub(super) struct Arrivals {
    visits: AtomicU64,
    latest: Mutex<Latest>,
    /// The metric of the whole lab.
    histogram: Arc<PerThreadHistogram>,
}

#[derive(Debug, Default)]
struct Latest {
    /// When each had its snapshot, and after which time in microseconds.
    arrivals: VecDeque<(Instant, u32)>,
    /// How many came since the last sample.
    unsampled: usize,
}

impl Arrivals {
    pub(super) fn new(histogram: Arc<PerThreadHistogram>) -> Self {
        Self { visits: AtomicU64::new(0), latest: Mutex::default(), histogram }
    }

    /// Counts a join.
    pub(super) fn count(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of joins since the start.
    pub(super) fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }

    /// Notes that a newcomer has its snapshot, and when the server accepted it.
    pub(super) fn has_snapshot(&self, accepted: Instant) {
        let now = Instant::now();
        let took = now - accepted;
        self.histogram.record_duration(took);
        let mut latest = lock(&self.latest);
        if latest.arrivals.len() == KEPT {
            latest.arrivals.pop_front();
        }
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        latest.arrivals.push_back((now, micros));
        latest.unsampled += 1;
    }

    /// Returns the joins per second: of those that came within a second before the newest one.
    pub(super) fn per_second(&self) -> f64 {
        let latest = lock(&self.latest);
        let Some((newest, _)) = latest.arrivals.back() else { return 0.0 };
        let is_recent = |at: &Instant| *newest - *at <= Duration::from_secs(1);
        let recent = latest.arrivals.iter().rev().take_while(|(at, _)| is_recent(at));
        let (mut count, mut oldest) = (0_u32, *newest);
        for (at, _) in recent {
            (count, oldest) = (count + 1, *at);
        }
        let span = (*newest - oldest).as_secs_f64();
        // A few joins at once say nothing about a rate.
        if count < 10 || span <= 0.0 { f64::from(count) } else { f64::from(count - 1) / span }
    }

    /// Returns the percentiles of the latest newcomers.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        percentiles(lock(&self.latest).arrivals.iter().map(|(_, micros)| *micros).collect())
    }

    /// Returns the number of newcomers since the last call, and their percentiles.
    pub(super) fn sample(&self) -> (u64, Option<Percentiles>) {
        let mut latest = lock(&self.latest);
        let new = std::mem::take(&mut latest.unsampled);
        let micros = latest.arrivals.iter().rev().take(new).map(|(_, micros)| *micros).collect();
        drop(latest);
        (new as u64, percentiles(micros))
    }

    /// Forgets the latest arrivals. The visits stay.
    pub(super) fn reset(&self) {
        *lock(&self.latest) = Latest::default();
    }
}

fn percentiles(mut micros: Vec<u32>) -> Option<Percentiles> {
    micros.sort_unstable();
    let at = |share: f64| {
        let rank = (share * micros.len() as f64).ceil() as usize;
        micros.get(rank.max(1) - 1).map(|micros| f64::from(*micros) / 1e3)
    };
    Some(Percentiles { p50: at(0.50)?, p99: at(0.99)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_that_of_the_last_second_with_joins() {
        let arrivals = Arrivals::new(Arc::default());
        assert_eq!((arrivals.per_second(), arrivals.percentiles()), (0.0, None));
        for _ in 0..2_000 {
            let accepted = Instant::now();
            tokio::time::advance(Duration::from_millis(1)).await;
            arrivals.has_snapshot(accepted);
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!((arrivals.per_second() - 1_000.0).abs() < 1.0, "{}", arrivals.per_second());
        assert_eq!(arrivals.percentiles(), Some(Percentiles { p50: 1.0, p99: 1.0 }));
        assert_eq!(arrivals.sample().0, 2_000);
        assert_eq!(arrivals.sample(), (0, None));
    }
}
