//! The busy share of each stage of the pipeline over the last second.
//!
//! A stage's busy time is counted when its code returns, so lengthy work would show as
//! nothing and then as too much. For a pool, the time that the events in hand have taken
//! so far is estimated and added. The estimate grows with each event, shrinks with each
//! return, and never exceeds the recent time of an event.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::stage::{Kind, Status};

/// The share is over a second; samples may come a little early.
const WINDOW_S: f64 = 0.95;
/// After a longer gap between samples, the samples before it are dropped.
const GAP_S: f64 = 1.5;

/// The busy share of each stage.
#[derive(Debug, Default)]
pub(super) struct BusyShares(Vec<(Arc<str>, Busy)>);

impl BusyShares {
    /// Takes the state of all stages at `now`, in seconds. `running` events are in hand
    /// of a pool with `slots` slots.
    pub(super) fn sample(&mut self, now: f64, stages: &[Status], running: usize, slots: u64) {
        self.0.retain(|(name, _)| stages.iter().any(|stage| stage.name == *name));
        for stage in stages {
            let (running, slots) = if stage.kind == Kind::Pool { (running, slots) } else { (0, 1) };
            let reading = Reading {
                now,
                busy: stage.busy.as_secs_f64(),
                finished: stage.events_in.saturating_sub(stage.held as u64),
                running: running as f64,
                slots: slots as f64,
            };
            match self.0.iter_mut().find(|(name, _)| *name == stage.name) {
                Some((_, busy)) => busy.sample(&reading),
                None => {
                    let mut busy = Busy::default();
                    busy.sample(&reading);
                    self.0.push((Arc::clone(&stage.name), busy));
                }
            }
        }
    }

    /// The busy share of a stage, from 0 to 1; none before there is a second of samples.
    pub(super) fn of(&self, stage: &str) -> Option<f64> {
        self.0.iter().find(|(name, _)| &**name == stage).and_then(|(_, busy)| busy.share)
    }
}

/// A stage at one moment. Times are in seconds.
#[derive(Debug, Clone, Copy)]
struct Reading {
    now: f64,
    /// Busy since the start, as far as the stage's code has returned.
    busy: f64,
    /// Events whose code has returned, since the start.
    finished: u64,
    /// Events in hand.
    running: f64,
    /// Events that may be in hand at once.
    slots: f64,
}

#[derive(Debug)]
struct Busy {
    /// Times and busy seconds, what is in hand included.
    samples: VecDeque<(f64, f64)>,
    last: Option<Reading>,
    /// Estimated seconds that the events in hand have taken so far.
    in_hand: f64,
    /// What an event lately took, in seconds.
    each: f64,
    share: Option<f64>,
}

impl Default for Busy {
    fn default() -> Self {
        Self { samples: VecDeque::new(), last: None, in_hand: 0.0, each: f64::INFINITY, share: None }
    }
}

impl Busy {
    fn sample(&mut self, reading: &Reading) {
        let Reading { now, busy, finished, running, slots } = *reading;
        match self.last {
            // A restarted stage counts from zero.
            Some(last) if now - last.now < GAP_S && busy >= last.busy && finished >= last.finished => {
                let returned = busy - last.busy;
                let events = finished - last.finished;
                if returned > 0.0 && events > 0 {
                    self.each = returned / events as f64;
                }
                let grown = (self.in_hand + running * (now - last.now) - returned).max(0.0);
                let most = if running > 0.0 { running * self.each } else { 0.0 };
                self.in_hand = grown.min(most);
            }
            _ => {
                self.samples.clear();
                self.in_hand = 0.0;
            }
        }
        self.last = Some(*reading);
        self.samples.push_back((now, busy + self.in_hand));
        while self.samples.len() > 2 && self.samples[1].0 <= now - WINDOW_S {
            self.samples.pop_front();
        }
        let (began, before) = self.samples[0];
        let seconds = now - began;
        self.share = (seconds >= WINDOW_S && slots > 0.0)
            .then(|| ((busy + self.in_hand - before) / seconds / slots).clamp(0.0, 1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares at each quarter of a second, of a stage that is as `reading` says.
    fn shares(quarters: u32, reading: impl Fn(f64) -> Reading) -> Vec<Option<f64>> {
        let mut busy = Busy::default();
        let times = (0..quarters).map(|quarter| f64::from(quarter) / 4.0);
        times
            .map(|now| {
                busy.sample(&reading(now));
                busy.share
            })
            .collect()
    }

    /// A pool whose every event takes `each` seconds in a slot, all begun together.
    fn pool(now: f64, each: f64, running: f64, slots: f64) -> Reading {
        let finished = (now / each).floor();
        Reading {
            now,
            busy: finished * each * running,
            finished: (finished * running) as u64,
            running,
            slots,
        }
    }

    #[test]
    fn a_share_needs_a_second_of_samples() {
        let shares = shares(6, |now| pool(now, 0.01, 1.0, 1.0));
        assert_eq!(shares.iter().position(Option::is_some), Some(4), "{shares:?}");
    }

    #[test]
    fn half_of_the_slots_at_work_is_half_busy_also_when_an_event_takes_seconds() {
        for each in [0.01, 0.5, 3.0] {
            let shares = shares(60, |now| pool(now, each, 5.0, 10.0));
            // From the second event on it is known what an event takes.
            for share in shares.iter().skip((each * 8.0) as usize + 8).flatten() {
                assert!((share - 0.5).abs() < 0.06, "{each}: {share}");
            }
        }
    }

    #[test]
    fn an_idle_stage_is_not_busy_and_a_stage_without_slots_has_no_share() {
        let idle = |now| Reading { now, busy: 7.0, finished: 3, running: 0.0, slots: 1.0 };
        assert_eq!(shares(8, idle).last(), Some(&Some(0.0)));
        let none = |now| Reading { now, busy: 7.0, finished: 3, running: 0.0, slots: 0.0 };
        assert_eq!(shares(8, none).last(), Some(&None));
    }

    #[test]
    fn a_restarted_stage_and_a_gap_begin_anew() {
        let mut busy = Busy::default();
        for now in [0.0, 0.25, 0.5, 0.75, 1.0] {
            busy.sample(&pool(now, 0.01, 1.0, 1.0));
        }
        assert!(busy.share.is_some());
        busy.sample(&Reading { now: 1.25, busy: 0.0, finished: 0, running: 0.0, slots: 1.0 });
        assert_eq!(busy.share, None);
        for now in [2.25, 2.5, 2.75, 3.0, 3.25] {
            busy.sample(&Reading { now, busy: 0.0, finished: 0, running: 0.0, slots: 1.0 });
        }
        assert!(busy.share.is_some());
        busy.sample(&Reading { now: 9.0, busy: 0.0, finished: 0, running: 0.0, slots: 1.0 });
        assert_eq!(busy.share, None);
    }
}
