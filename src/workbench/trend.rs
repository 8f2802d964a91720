//! How fast things happen: rates and growth from counters that were read now and then.
//!
//! A rate is counted over the longest window, from 3 to 48 seconds, whose older half
//! agrees with its newer one. A steady load is so measured more and more exactly, and
//! a change of it shows within three seconds or as soon as chance can be ruled out. (The
//! idea is that of adaptive windowing: Bifet and Gavaldà, *Learning from time-changing
//! data with adaptive windowing*, 2007.)

use std::collections::VecDeque;

use super::verdict::Rate;
use crate::record::ByMode;

/// The shortest window of a rate, in seconds.
const WINDOW_S: f64 = 3.0;
/// How often a window may be doubled.
const DOUBLINGS: u32 = 4;
/// The longest window, and a reading.
const KEPT_S: f64 = 49.0;
/// The shortest time that a rate is counted over, in seconds.
const SHORTEST_S: f64 = 1.0;
/// Half windows that differ by this many standard deviations do not agree.
const AGREES: f64 = 3.0;
/// The rate of the last 6 seconds says how long the periods are whose counts are compared.
const DISPERSION_S: f64 = 6.0;
/// The expected number of events in a period.
const FEW: f64 = 2.0;
/// The most readings in a period.
const LONGEST_STRIDE: f64 = 12.0;
/// How many periods are compared, at most and at least.
const PERIODS: usize = 24;
const FEWEST_PERIODS: usize = 3;
/// While little is known, a load counts as random: the weight of this many periods of Poisson.
const PRIOR: f64 = 2.0;
/// Chance leaves out this many events in a row once in 400 times.
const SILENCE: f64 = 6.0;
/// No silence is shorter than this, in seconds.
const SHORTEST_SILENCE_S: f64 = 0.75;

/// The counters and levels of one moment. Counts are since the start, resets aside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// In seconds.
    pub(super) t: f64,
    /// Requests that arrived.
    pub(super) arrived: ByMode<u64>,
    /// Pipelined events that the queue refused.
    pub(super) refused: u64,
    /// Pipelined events that the queue's policy dropped.
    pub(super) dropped: u64,
    /// Events in the queue.
    pub(super) depth: usize,
    /// Events in the queue and events that consumers hold in advance.
    pub(super) backlog: usize,
}

/// The readings of the last 49 seconds.
#[derive(Debug, Default)]
pub(super) struct Trend {
    readings: VecDeque<Reading>,
}

impl Trend {
    pub(super) fn add(&mut self, reading: Reading) {
        self.readings.push_back(reading);
        while self.readings.get(1).is_some_and(|second| second.t <= reading.t - KEPT_S) {
            self.readings.pop_front();
        }
    }

    /// How fast a level has grown over the last `seconds`.
    pub(super) fn growth(&self, seconds: f64, level: impl Fn(&Reading) -> usize) -> f64 {
        let Some(last) = self.readings.back() else { return 0.0 };
        let first = &self.readings[self.at(last.t - seconds)];
        (level(last) as f64 - level(first) as f64) / (last.t - first.t).max(SHORTEST_S)
    }

    /// Whether anything was counted within the last `seconds`.
    pub(super) fn has_moved(&self, seconds: f64, count: impl Fn(&Reading) -> u64) -> bool {
        let Some(last) = self.readings.back() else { return false };
        count(last) > count(&self.readings[self.at(last.t - seconds)])
    }

    /// The highest that a level was within the last `seconds`.
    pub(super) fn highest(&self, seconds: f64, level: impl Fn(&Reading) -> usize) -> usize {
        let last = self.readings.back().map_or(0.0, |last| last.t);
        let recent = self.readings.iter().rev().take_while(|reading| reading.t >= last - seconds);
        recent.map(level).max().unwrap_or(0)
    }

    /// How often something happens, and the window that this was counted over, in
    /// seconds. 0 once a silence is too long to be chance.
    pub(super) fn rate(&self, count: impl Fn(&Reading) -> u64) -> (Rate, f64) {
        let silent = (Rate { dispersion: 1.0, ..Rate::default() }, WINDOW_S);
        let Some(last) = self.readings.back() else { return silent };
        let now = last.t;
        let dispersion = self.dispersion(&count);
        let came = |from: usize, to: usize| {
            let (from, to) = (&self.readings[from], &self.readings[to]);
            (count(to).saturating_sub(count(from)) as f64, to.t - from.t)
        };
        let newest = self.readings.len() - 1;
        let (mut first, mut window) = (self.beginning(now - WINDOW_S, &count), WINDOW_S);
        for _ in 0..DOUBLINGS {
            let older = self.at(now - 2.0 * window);
            // Both halves must be there.
            if self.readings[first].t > now - window || self.readings[older].t > now - 2.0 * window {
                break;
            }
            let ((new, took), (old, before)) = (came(first, newest), came(older, first));
            let expected = new * before / took.max(f64::MIN_POSITIVE);
            if (expected - old).abs() > AGREES * (dispersion * (expected + old)).sqrt() + 1.0 {
                break;
            }
            (first, window) = (older, 2.0 * window);
        }
        let (came, took) = came(first, newest);
        let took = took.max(SHORTEST_S);
        if came == 0.0 || self.has_ended(&count, dispersion) {
            return silent;
        }
        // Of a metronome, the first or the last of a window may be left out.
        let error = (dispersion * came + 0.1).sqrt() / took;
        (Rate { per_s: came / took, error, dispersion }, took)
    }

    /// Whether the present silence is too long to be chance: before it, more came in as long
    /// a time than chance leaves out.
    fn has_ended(&self, count: impl Fn(&Reading) -> u64, dispersion: f64) -> bool {
        let Some(last) = self.readings.back() else { return true };
        let Some(moved) = self.readings.iter().rposition(|reading| count(reading) < count(last)) else {
            return true;
        };
        // The last one came after this reading, and no later than the next.
        let ended = self.readings[moved].t;
        let silence = last.t - ended;
        let before = count(last) - count(&self.readings[self.at(ended - silence)]);
        silence > SHORTEST_SILENCE_S && before as f64 > 1.0 + SILENCE * dispersion
    }

    /// The last reading that is not younger than `t`, or the oldest.
    fn at(&self, t: f64) -> usize {
        self.readings.partition_point(|reading| reading.t <= t + 1e-6).saturating_sub(1)
    }

    /// Where the window begins that would begin at `t`: later, if silence came before
    /// what is in it, or a load that has just begun would count as a slow one.
    fn beginning(&self, t: f64, count: impl Fn(&Reading) -> u64) -> usize {
        let first = self.at(t);
        let before = count(&self.readings[first]);
        if before > count(&self.readings[self.at(t - WINDOW_S)]) {
            return first;
        }
        let moved = self.readings.range(first..).position(|reading| count(reading) > before);
        moved.map_or(first, |place| first + place.saturating_sub(1))
    }

    /// The variance of counts over their mean, by the differences of neighbours, which a
    /// slow change does not move (von Neumann, 1941). Counted in periods of a few events:
    /// of a metronome, shorter ones would have one event or none, as if by chance.
    fn dispersion(&self, count: impl Fn(&Reading) -> u64) -> f64 {
        let Some(last) = self.readings.back() else { return 1.0 };
        let recent = self.readings.len() - self.at(last.t - DISPERSION_S);
        let came = count(last).saturating_sub(count(&self.readings[self.readings.len() - recent]));
        let stride = (FEW * recent as f64 / came.max(1) as f64).ceil().clamp(1.0, LONGEST_STRIDE);
        let newest_first = self.readings.iter().rev().step_by(stride as usize).take(PERIODS + 1);
        let readings: Vec<(f64, f64)> =
            newest_first.map(|reading| (count(reading) as f64, reading.t)).collect();
        let mut periods: Vec<(f64, f64)> =
            readings.windows(2).map(|pair| (pair[0].0 - pair[1].0, pair[0].1 - pair[1].1)).collect();
        // Neither the silence after a load is of it nor that before it, nor the periods in
        // which it ended and began.
        let ended = periods.iter().take_while(|(came, _)| *came == 0.0).count();
        periods.drain(..(if ended > 0 { ended + 1 } else { 0 }).min(periods.len()));
        if let Some(silent) = periods.iter().position(|(came, _)| *came == 0.0) {
            periods.truncate(silent.saturating_sub(1));
        }
        // Too little to tell: as random as Poisson.
        if periods.len() < FEWEST_PERIODS {
            return 1.0;
        }
        let squares = periods.windows(2).map(|pair| {
            let ((a, a_took), (b, b_took)) = (pair[0], pair[1]);
            let expected = if b_took > 0.0 { b * a_took / b_took } else { b };
            (a - expected).powi(2)
        });
        let variance = squares.sum::<f64>() / 2.0 / (periods.len() - 1) as f64;
        let mean = periods.iter().map(|(came, _)| came).sum::<f64>() / periods.len() as f64;
        let known = periods.len() as f64;
        (variance / mean * known + PRIOR) / (known + PRIOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Mode;

    /// Four readings a second of a load that makes `at(t)` requests until then.
    fn trend(seconds: f64, at: impl Fn(f64) -> u64) -> Trend {
        let mut trend = Trend::default();
        for step in 0..=(seconds * 4.0) as u64 {
            let t = step as f64 / 4.0;
            let arrived = ByMode { pipelined: at(t), ..ByMode::default() };
            trend.add(Reading { t, arrived, depth: at(t) as usize, ..Reading::default() });
        }
        trend
    }

    fn rate(trend: &Trend) -> (Rate, f64) {
        trend.rate(|reading| reading.arrived[Mode::Pipelined])
    }

    #[test]
    fn a_steady_load_is_counted_over_a_window_that_doubles() {
        for (seconds, window) in [(2.0, 2.0), (4.0, 3.0), (7.0, 6.0), (30.0, 24.0), (100.0, 48.0)] {
            let (rate, found) = rate(&trend(seconds, |t| (t * 20.0) as u64));
            assert!((rate.per_s - 20.0).abs() < 0.5, "{rate:?} after {seconds} s");
            assert!((found - window).abs() < 0.3, "{found} s after {seconds} s");
            assert!(rate.dispersion < 0.4, "a metronome: {rate:?}");
        }
    }

    #[test]
    fn a_change_shows_within_the_shortest_window() {
        let (rate, window) = rate(&trend(63.0, |t| (20.0 * t + 10.0 * (t - 60.0).max(0.0)) as u64));
        assert!((rate.per_s - 30.0).abs() < 0.5, "{rate:?}");
        assert!((window - 3.0).abs() < 1e-6, "{window}");
    }

    #[test]
    fn a_load_that_has_just_begun_has_its_whole_rate_after_a_second() {
        let (rate, _) = rate(&trend(61.0, |t| (20.0 * (t - 60.0).max(0.0)) as u64));
        assert!((rate.per_s - 20.0).abs() < 0.5, "{rate:?}");
    }

    #[test]
    fn a_load_that_has_ended_is_gone_after_a_short_silence_and_a_trickle_is_not() {
        let ended = |after: f64| rate(&trend(60.0 + after, |t| (20.0 * t.min(60.0)) as u64)).0.per_s;
        assert!(ended(0.5) > 15.0);
        assert_eq!(ended(1.0), 0.0);
        let (trickle, _) = rate(&trend(60.0, |t| (0.2 * t) as u64));
        assert!((trickle.per_s - 0.2).abs() < 0.05, "{trickle:?}");
    }

    #[test]
    fn growth_is_over_its_window_and_never_over_less_than_a_second() {
        let grows =
            |seconds: f64| trend(seconds, |t| (8.0 * t) as u64).growth(6.0, |reading| reading.depth);
        assert!((grows(60.0) - 8.0).abs() < 1e-9);
        assert!((grows(0.5) - 4.0).abs() < 1e-9);
        assert_eq!(Trend::default().growth(6.0, |reading| reading.depth), 0.0);
    }
}
