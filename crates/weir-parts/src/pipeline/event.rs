//! What moves through the bench: an event with its timestamps.

use std::time::Duration;

use tokio::time::Instant;

/// A moment, in nanoseconds since a [`Clock`]'s epoch.
///
/// Half the size of an `Instant`: a waiting event carries two of them, and there
/// may be a million waiting events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp(u64);

impl Stamp {
    /// The time from `earlier` to this moment; zero if it is not earlier.
    pub fn since(self, earlier: Stamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment so much later.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_nanos() as u64))
    }

    /// Nanoseconds since the clock's epoch.
    pub fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the clock's epoch.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The moment so many nanoseconds after the clock's epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
}

/// Makes stamps that can be compared. Reads tokio's clock, so it stands still
/// and jumps with virtual time.
///
/// tokio's timers are a millisecond coarse, also under virtual time. A simulation
/// therefore *stretches* time: whatever takes a microsecond takes a millisecond of
/// tokio's clock, and this clock divides what it reads. Durations that are waited
/// for have to be stretched by whoever waits.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Instant,
    stretch: u32,
}

impl Clock {
    /// A clock whose epoch is now.
    pub fn start() -> Self {
        Self::stretched(1)
    }

    /// A clock whose epoch is now, and which goes so many times slower than
    /// tokio's.
    ///
    /// # Panics
    /// At 0.
    pub fn stretched(stretch: u32) -> Self {
        assert!(stretch > 0, "a clock that stands still");
        Self { epoch: Instant::now(), stretch }
    }

    /// True if it goes slower than tokio's clock, as in a simulation.
    pub fn is_stretched(&self) -> bool {
        self.stretch > 1
    }

    /// How long something takes by tokio's clock that takes `duration` by this
    /// one.
    pub fn stretch(&self, duration: Duration) -> Duration {
        duration.saturating_mul(self.stretch)
    }

    /// How long something takes by this clock that takes `duration` by tokio's.
    pub fn shrink(&self, duration: Duration) -> Duration {
        duration / self.stretch
    }

    /// The moment of tokio's clock at which this one shows `stamp`.
    pub fn instant(&self, stamp: Stamp) -> Instant {
        self.epoch + self.stretch(Duration::from_nanos(stamp.0))
    }

    /// This moment.
    pub fn now(&self) -> Stamp {
        // 2^64 nanoseconds are 584 years.
        let nanos = self.epoch.elapsed().as_nanos() as u64;
        Stamp(if self.stretch == 1 { nanos } else { nanos / u64::from(self.stretch) })
    }
}

/// One unit of work, while it waits.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Counted from 1 in the order of acceptance: through the queue, and apart
    /// from it.
    pub id: u64,
    /// When it came in: for HTTP, when the request head had been read.
    pub arrived: Stamp,
    /// When it was promised to be done: a place in the queue, or, without a
    /// queue, the start of the work.
    pub accepted: Stamp,
}

/// Where an event's time went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From arrival until the resource admitted it.
    pub wait: Duration,
    /// In the resource.
    pub service: Duration,
    /// From arrival to finish: the sum of the other two.
    pub response: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_event_is_three_words() {
        assert_eq!(size_of::<Event>(), 24);
    }
}
