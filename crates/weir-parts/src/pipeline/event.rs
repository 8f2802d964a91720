//! The event with its time stamps, and the clock that makes them.

use std::time::Duration;

use tokio::time::Instant;

/// A moment, in nanoseconds since the epoch of a [`Clock`].
///
/// It takes half the space of an `Instant`: a waiting event carries two of them, and a
/// million events may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp(u64);

impl Stamp {
    /// Returns the time from `earlier` to this moment, or zero if `earlier` is later: two
    /// threads may read the clock in the other order than they use it.
    #[must_use]
    pub fn since(self, earlier: Stamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the moment `duration` after this one, or the last one there is.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_nanos() as u64))
    }

    /// Returns the nanoseconds since the clock's epoch.
    pub fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the seconds since the clock's epoch.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Creates the moment `nanos` nanoseconds after the clock's epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
}

/// A source of stamps that can be compared. It reads tokio's clock, so it stands still and
/// jumps with virtual time.
///
/// Tokio timers have 1 ms resolution, even with the clock paused. A simulation therefore
/// runs at a *time scale*: at 1000, one microsecond of this clock is 1 ms of tokio time.
/// Convert every duration with [`to_tokio`](Self::to_tokio) before sleeping.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Instant,
    /// Nanoseconds of tokio time to a nanosecond of this clock.
    scale: u32,
}

impl Clock {
    /// Starts a clock in step with tokio's. Its epoch is now.
    pub fn start() -> Self {
        Self::scaled(1)
    }

    /// Starts a clock that runs `scale` times slower than tokio's. Its epoch is now.
    ///
    /// # Panics
    /// If `scale` is 0.
    pub fn scaled(scale: u32) -> Self {
        assert!(scale > 0, "a clock with the time scale 0 would stand still");
        Self { epoch: Instant::now(), scale }
    }

    /// Returns true if this clock is slower than tokio's, as it is in a simulation.
    pub fn is_scaled(&self) -> bool {
        self.scale > 1
    }

    /// Converts a duration of this clock to tokio time.
    #[must_use]
    pub fn to_tokio(self, duration: Duration) -> Duration {
        duration.saturating_mul(self.scale)
    }

    /// Converts a duration of tokio time to this clock.
    #[must_use]
    pub fn to_clock_time(self, duration: Duration) -> Duration {
        duration / self.scale
    }

    /// Returns the moment of tokio time at which this clock shows `stamp`.
    pub fn to_instant(self, stamp: Stamp) -> Instant {
        self.epoch + self.to_tokio(Duration::from_nanos(stamp.0))
    }

    /// Reads the clock.
    pub fn now(&self) -> Stamp {
        // 2^64 nanoseconds are 584 years.
        let nanos = self.epoch.elapsed().as_nanos() as u64;
        Stamp(if self.scale == 1 { nanos } else { nanos / u64::from(self.scale) })
    }
}

/// One unit of work, while it waits.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, counted from 1 in the order of acceptance. Events that go through the
    /// queue are numbered apart from those that do not.
    pub id: u64,
    /// The moment it came in: for HTTP, when the request head had been read.
    pub arrived: Stamp,
    /// The moment its sender was promised that it will be done: when it got a place in the
    /// queue or, without a queue, when its work was accepted.
    pub accepted: Stamp,
}

/// The times of one event: how long it waited and how long it was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTimes {
    /// From its arrival until the resource admitted it.
    pub wait: Duration,
    /// From its admission until it was finished.
    pub service: Duration,
    /// From its arrival until it was finished: `wait + service`.
    pub response: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_event_takes_24_bytes() {
        assert_eq!(size_of::<Event>(), 24);
    }
}
