//! The points of curves: one each step, the newest kept, each with its time.

use std::collections::{VecDeque, vec_deque};

/// The latest `KEPT` points of curves, one each `STEP_MS` milliseconds.
#[derive(Debug)]
pub(super) struct Points<P, const STEP_MS: u64, const KEPT: usize> {
    points: VecDeque<P>,
    /// The number of points since the start, those that are no longer kept included.
    taken: u64,
}

impl<P, const STEP_MS: u64, const KEPT: usize> Default for Points<P, STEP_MS, KEPT> {
    fn default() -> Self {
        Self { points: VecDeque::new(), taken: 0 }
    }
}

impl<P, const STEP_MS: u64, const KEPT: usize> Points<P, STEP_MS, KEPT> {
    /// Begins the curves at this time.
    pub(super) fn begin_at(&mut self, now_ms: u64) {
        self.taken = now_ms / STEP_MS;
    }

    /// Returns the number of points that are due at this time.
    pub(super) fn due(&self, now_ms: u64) -> u64 {
        (now_ms / STEP_MS).saturating_sub(self.taken)
    }

    pub(super) fn push(&mut self, point: P) {
        self.points.push_back(point);
        if self.points.len() > KEPT {
            self.points.pop_front();
        }
        self.taken += 1;
    }

    /// Skips points that are no longer needed, because the clock has gone on without them.
    pub(super) fn skip(&mut self, points: u64) {
        if points > KEPT as u64 {
            self.points.clear();
            self.taken += points - KEPT as u64;
        }
    }

    /// Returns the latest points, the newest first.
    pub(super) fn latest(&self, number: usize) -> impl Iterator<Item = &P> {
        self.points.iter().rev().take(number)
    }

    /// Returns the points that begin at `from_ms` or later, and the time of the first.
    pub(super) fn since(&self, from_ms: u64) -> (u64, vec_deque::Iter<'_, P>) {
        let first = self.taken - self.points.len() as u64;
        let skipped = from_ms.div_ceil(STEP_MS).saturating_sub(first).min(self.points.len() as u64);
        ((first + skipped) * STEP_MS, self.points.range(skipped as usize..))
    }

    /// Forgets all points.
    pub(super) fn clear(&mut self) {
        self.points.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(number: u64) -> Points<u64, 100, 600> {
        let mut points = Points::default();
        (0..number).for_each(|point| points.push(point));
        points
    }

    #[test]
    fn the_latest_points_are_kept_and_keep_their_time() {
        let points = filled(1_000);
        let (from_ms, mut kept) = points.since(0);
        assert_eq!((from_ms, kept.len(), kept.next()), (40_000, 600, Some(&400)));
    }

    #[test]
    fn a_reader_gets_only_the_points_that_it_does_not_have() {
        let points = filled(1_000);
        let (from_ms, new) = points.since(99_800);
        assert_eq!((from_ms, new.copied().collect::<Vec<_>>()), (99_800, vec![998, 999]));
        let (from_ms, nothing) = points.since(100_000);
        assert_eq!((from_ms, nothing.len()), (100_000, 0));
    }

    #[test]
    fn a_long_pause_costs_no_more_points_than_are_kept() {
        let mut points = filled(10);
        let due = points.due(10_000_000);
        points.skip(due);
        assert_eq!(points.due(10_000_000), 600);
    }
}
