//! The fluid model: a queue with more arrivals than can be done.
//!
//! Events are treated as a fluid. The surplus fills the waiting room at a steady rate;
//! once it is full, the surplus is lost; after the load the room drains. The model
//! ignores randomness: it is right on average, and better for longer loads and greater
//! overload.
//!
//! Source: G. F. Newell, *Applications of Queueing Theory*, 2nd edition (1982),
//! chapter 2.

use crate::record::PredictedTimes;

/// An overload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fluid {
    /// Arrivals per second.
    pub rate: f64,
    /// Events that can be done per second; fewer than the arrivals.
    pub pace: f64,
    /// The waiting room; `None` without a limit.
    pub room: Option<f64>,
    /// The length of the load, in seconds; `None` for ever.
    pub seconds: Option<f64>,
}

impl Fluid {
    /// Returns when the room is full, in seconds from the beginning; `None` if the load
    /// ends before.
    pub fn full_at(&self) -> Option<f64> {
        let full = self.room? / (self.rate - self.pace);
        self.seconds.is_none_or(|seconds| full < seconds).then_some(full)
    }

    /// Returns the number waiting after `seconds`.
    pub fn waiting(&self, seconds: f64) -> f64 {
        let end = self.seconds.unwrap_or(f64::INFINITY);
        let grown = (self.rate - self.pace) * seconds.min(end);
        let most = grown.min(self.room.unwrap_or(f64::INFINITY));
        (most - self.pace * (seconds - end).max(0.0)).max(0.0)
    }

    /// Returns the most waiting at once; `None` if it grows without end.
    pub fn most_waiting(&self) -> Option<f64> {
        match (self.seconds, self.room) {
            (Some(seconds), _) => Some(self.waiting(seconds)),
            (None, room) => room,
        }
    }

    /// Returns the mean number waiting during the load; `None` if it grows without end.
    pub fn mean_waiting(&self) -> Option<f64> {
        let (most, Some(seconds)) = (self.most_waiting()?, self.seconds) else { return self.room };
        let growing = self.full_at().unwrap_or(seconds);
        Some(most * (1.0 - growing / seconds / 2.0))
    }

    /// Returns the share of arrivals that find no room.
    pub fn lost(&self) -> f64 {
        let after = match (self.full_at(), self.seconds) {
            (None, _) => 0.0,
            (Some(full), Some(seconds)) => 1.0 - full / seconds,
            (Some(_), None) => 1.0,
        };
        after * (1.0 - self.pace / self.rate)
    }

    /// Returns the waits of those that found room: growing at first, then constant while
    /// the room is full.
    pub fn waits(&self) -> PredictedTimes {
        let Some(most) = self.most_waiting() else { return PredictedTimes::default() };
        let longest = most / self.pace;
        let growing = match (self.full_at(), self.seconds) {
            (None, _) => 1.0,
            (Some(_), None) => 0.0,
            (Some(full), Some(seconds)) => {
                let before = self.rate * full;
                before / (before + self.pace * (seconds - full))
            }
        };
        let quantile = |p: f64| if p < growing { longest * p / growing } else { longest };
        PredictedTimes::of_quantiles(longest * (1.0 - growing / 2.0), quantile)
    }

    /// Returns the seconds from the end of the load until nothing waits.
    pub fn drain(&self) -> Option<f64> {
        Some(self.waiting(self.seconds?) / self.pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Fluid = Fluid { rate: 30.0, pace: 10.0, room: Some(1000.0), seconds: Some(100.0) };

    #[test]
    fn it_fills_overflows_and_drains() {
        assert_eq!(LOAD.full_at(), Some(50.0));
        assert_eq!(LOAD.waiting(25.0), 500.0);
        assert_eq!(LOAD.waiting(80.0), 1000.0);
        assert_eq!(LOAD.waiting(150.0), 500.0);
        assert_eq!(LOAD.drain(), Some(100.0));
        // 20 a second, for half of the time, of 30 a second.
        assert!((LOAD.lost() - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(LOAD.mean_waiting(), Some(750.0));
    }

    /// 1500 come in while it fills and wait 0 to 100 s; 500 come later and wait 100.
    #[test]
    fn waits_grow_and_then_stay() {
        let waits = LOAD.waits();
        assert_eq!(waits.mean_ms, Some(62_500.0));
        assert!((waits.p50_ms.unwrap() - 66_666.666_7).abs() < 1e-3);
        assert_eq!(waits.p90_ms, Some(100_000.0));
    }

    #[test]
    fn without_an_end_it_is_full_or_without_bounds() {
        let endless = Fluid { seconds: None, ..LOAD };
        assert_eq!(endless.mean_waiting(), Some(1000.0));
        assert_eq!(endless.waits().p50_ms, Some(100_000.0));
        assert!((endless.lost() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(Fluid { room: None, ..endless }.most_waiting(), None);
        let short = Fluid { seconds: Some(10.0), ..LOAD };
        assert_eq!((short.full_at(), short.lost(), short.drain()), (None, 0.0, Some(20.0)));
    }
}
