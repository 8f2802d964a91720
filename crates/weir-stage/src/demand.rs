//! The arithmetic of demand: how many events a consumer may hold, and when it asks for
//! more.
//!
//! This module is pure: numbers in, numbers out. It covers one subscription, from the
//! consumer's side; [`dispatch`](crate::dispatch) covers the demand of all subscriptions
//! of a producer.
//!
//! Any `usize` is a valid amount. A subscription's demand saturates at `usize::MAX`, which
//! no producer ever serves. The demand of several subscriptions is summed in a [`Total`],
//! which cannot overflow.
//!
//! # Example, with numbers
//!
//! With `max_demand` 10 and `min_demand` 5 a consumer asks for 10 events. Its handler gets
//! them in batches of `max - min` = 5. After the first batch 5 events are outstanding,
//! which is not more than `min_demand`, so the consumer asks for 5 again:
//!
//! ```
//! use weir_stage::demand::{Limits, Window};
//!
//! let mut window = Window::new(Limits::new(10, 5)?);
//! assert_eq!(window.open(0), 10);
//! assert_eq!(window.finished(5), 5);
//! assert_eq!(window.finished(5), 5);
//! # Ok::<(), weir_stage::demand::LimitsError>(())
//! ```
//!
//! The rules are GenStage's (`max_demand`, `min_demand`). They are not limits on
//! concurrency, as readers often assume: one is an *in-flight limit*, the other is the
//! level at which the consumer *asks again*.

use thiserror::Error;

/// GenStage's default `max_demand`, in events.
pub const DEFAULT_MAX_DEMAND: usize = 1000;

/// The in-flight limit of a subscription and the level at which it asks again, in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    max: usize,
    min: usize,
}

impl Limits {
    /// One event at a time.
    pub const ONE: Self = Self { max: 1, min: 0 };

    /// Allows at most `max` events in flight, and asks again when no more than `min` are.
    ///
    /// # Errors
    /// If `max` is 0, or `min` is not below `max`: such a subscription would never ask.
    pub fn new(max: usize, min: usize) -> Result<Self, LimitsError> {
        if max == 0 {
            Err(LimitsError::NoDemand)
        } else if min >= max {
            Err(LimitsError::NeverAsksAgain { min, max })
        } else {
            Ok(Self { max, min })
        }
    }

    /// Allows `max` events in flight and asks again at half of them, as GenStage does when
    /// only `max_demand` is given.
    ///
    /// # Errors
    /// If `max` is 0.
    pub fn with_max(max: usize) -> Result<Self, LimitsError> {
        Self::new(max, max / 2)
    }

    /// Returns the in-flight limit, in events.
    pub fn max(self) -> usize {
        self.max
    }

    /// Returns the level at which the consumer asks again, in events.
    pub fn min(self) -> usize {
        self.min
    }

    /// Returns the most events that a handler gets in one call: `max - min`.
    pub fn batch(self) -> usize {
        self.max - self.min
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max: DEFAULT_MAX_DEMAND, min: DEFAULT_MAX_DEMAND / 2 }
    }
}

/// The reason why a pair of limits is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// `max_demand` was 0.
    #[error("max_demand is 0, and must be at least 1")]
    NoDemand,
    /// `min_demand` was not below `max_demand`.
    #[error("min_demand is {min}, and must be below max_demand: at most {}", max - 1)]
    NeverAsksAgain {
        /// The `min_demand` that was given.
        min: usize,
        /// The `max_demand` that was given.
        max: usize,
    },
}

/// The account of one subscription, kept by its consumer.
///
/// `outstanding` counts the events that were asked for and are not finished: under way,
/// waiting in the consumer, or in its handler. It never exceeds the in-flight limit,
/// unless that limit was lowered meanwhile.
#[derive(Debug, Clone)]
pub struct Window {
    /// `None` for manual demand.
    limits: Option<Limits>,
    outstanding: usize,
}

impl Window {
    /// Makes a window that has asked for nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits: Some(limits), outstanding: 0 }
    }

    /// Makes a window that asks for nothing by itself, and counts what is
    /// [asked](Self::ask).
    pub fn manual() -> Self {
        Self { limits: None, outstanding: 0 }
    }

    /// Returns the limits of this window, unless it is manual.
    pub fn limits(&self) -> Option<Limits> {
        self.limits
    }

    /// Returns the most events that a handler gets in one call.
    pub fn batch(&self) -> usize {
        self.limits.map_or(usize::MAX, Limits::batch)
    }

    /// Notes a manual ask for `n` more events.
    pub fn ask(&mut self, n: usize) {
        self.outstanding = self.outstanding.saturating_add(n);
    }

    /// Returns the number of events that were asked for and are not finished.
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Opens the window and returns the first amount to ask for: the in-flight limit, less
    /// the `in_progress` events of an earlier subscription that a handler is still working
    /// on. A manual window asks again for the events that have not come.
    pub fn open(&mut self, in_progress: usize) -> usize {
        let wanted = self.limits.map_or(self.outstanding, |limits| limits.max);
        // There may be more in progress than the new limits allow.
        let ask = wanted.saturating_sub(in_progress);
        self.outstanding = ask + in_progress;
        ask
    }

    /// Replaces the limits, and returns how many more events to ask for now: none if more
    /// are outstanding than the new limits allow.
    pub fn adjust(&mut self, limits: Limits) -> usize {
        self.limits = Some(limits);
        let ask = limits.max.saturating_sub(self.outstanding);
        self.outstanding += ask;
        ask
    }

    /// Notes that `n` events are finished and returns how many to ask for now: 0 until the
    /// outstanding amount has fallen to `min_demand`, then enough to fill the window.
    ///
    /// If a dispatcher of your own assigns more than was asked, the account stops at zero.
    pub fn finished(&mut self, n: usize) -> usize {
        self.outstanding = self.outstanding.saturating_sub(n);
        let Some(limits) = self.limits.filter(|limits| self.outstanding <= limits.min) else { return 0 };
        let ask = limits.max - self.outstanding;
        self.outstanding = limits.max;
        ask
    }
}

/// The exact sum of the demand of several subscriptions, in events.
///
/// Wider than a `usize`, because two subscriptions may each ask for `usize::MAX`. A sum that
/// saturated at `usize::MAX` would be too small once one of them leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total(u128);

impl Total {
    /// Adds a subscription's demand.
    pub fn add(&mut self, n: usize) {
        // 2^64 subscriptions of 2^64 - 1 events each still fit.
        self.0 += n as u128;
    }

    /// Subtracts what was served, or the demand of a subscription that leaves: never more
    /// than was added.
    pub fn remove(&mut self, n: usize) {
        debug_assert!(n as u128 <= self.0, "{n} of {} is removed", self.0);
        self.0 = self.0.saturating_sub(n as u128);
    }

    /// Returns the sum, or `usize::MAX` if it is larger.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(max: usize, min: usize, batches: &[usize]) -> Vec<usize> {
        let mut window = Window::new(Limits::new(max, min).unwrap());
        let mut asks = vec![window.open(0)];
        asks.extend(batches.iter().map(|&n| window.finished(n)).filter(|&ask| ask > 0));
        asks
    }

    #[test]
    fn a_window_asks_for_its_maximum_first_and_tops_up_at_its_minimum() {
        assert_eq!(asks(10, 5, &[5, 5, 5]), [10, 5, 5, 5]);
    }

    #[test]
    fn an_odd_maximum_asks_seven_then_four_as_genstage_does() {
        let batches = [4, 3, 4, 4, 3, 4];
        assert_eq!(Limits::with_max(7).unwrap(), Limits::new(7, 3).unwrap());
        assert_eq!(asks(7, 3, &batches), [7, 4, 7, 4, 7]);
    }

    #[test]
    fn one_at_a_time_asks_again_after_each_event() {
        assert_eq!(asks(1, 0, &[1, 1, 1]), [1, 1, 1, 1]);
    }

    #[test]
    fn events_in_progress_count_against_a_reopened_window() {
        let mut window = Window::new(Limits::new(3, 2).unwrap());
        assert_eq!(window.open(10), 0);
        assert_eq!(window.finished(7), 0);
        assert_eq!(window.finished(1), 1);
    }

    #[test]
    fn a_manual_window_asks_for_nothing_and_asks_again_for_missing_events_when_reopened() {
        let mut window = Window::manual();
        assert_eq!(window.open(0), 0);
        window.ask(7);
        assert_eq!((window.finished(3), window.outstanding()), (0, 4));
        assert_eq!(window.open(1), 3);
    }

    #[test]
    fn a_window_that_grows_asks_for_the_difference_and_one_that_shrinks_waits() {
        let mut window = Window::new(Limits::new(2, 1).unwrap());
        assert_eq!(window.open(0), 2);
        assert_eq!(window.adjust(Limits::new(5, 4).unwrap()), 3);
        assert_eq!(window.adjust(Limits::new(2, 1).unwrap()), 0);
        assert_eq!([1, 2, 1].map(|n| window.finished(n)), [0, 0, 1]);
    }

    #[test]
    fn amounts_near_the_largest_number_neither_overflow_nor_drift() {
        let mut window = Window::manual();
        window.ask(usize::MAX);
        window.ask(usize::MAX);
        assert_eq!(window.outstanding(), usize::MAX);
        let mut total = Total::default();
        (0..3).for_each(|_| total.add(usize::MAX));
        total.add(1);
        assert_eq!(total.get(), usize::MAX);
        (0..3).for_each(|_| total.remove(usize::MAX));
        assert_eq!(total.get(), 1);
    }

    #[test]
    fn limits_that_could_never_ask_are_refused_with_the_bound() {
        assert_eq!(Limits::new(0, 0), Err(LimitsError::NoDemand));
        let error = Limits::new(8, 9).unwrap_err();
        assert_eq!(error.to_string(), "min_demand is 9, and must be below max_demand: at most 7");
    }
}
