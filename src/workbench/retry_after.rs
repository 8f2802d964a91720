//! The time after which a refused client should try again.

use std::sync::atomic::Ordering;

use super::{Refusal, Workbench};
use crate::config::{ResourceKind, Settings};
use crate::queue::PushError;

/// The bounds of the advice, in seconds. Even if the queue does not move, a client should
/// retry after an hour.
const SHORTEST: u64 = 1;
const LONGEST: u64 = 3600;

/// Returns the events that consumers can finish per second at most, by the configuration. It
/// does not know how long jobs take, so with them it sets no limit.
fn configured_rate(settings: &Settings) -> f64 {
    if settings.resource.kind == ResourceKind::Jobs {
        return f64::INFINITY;
    }
    let limit = match settings.resource.max_concurrent {
        0 => u64::MAX,
        limit => limit,
    };
    settings.consumers.concurrency.min(limit) as f64 / settings.resource.latency.mean.as_secs_f64()
}

/// Returns the seconds in which `depth` events are finished at `rate`, within bounds.
fn seconds(depth: usize, rate: f64) -> u64 {
    // A float that is too large or infinite becomes the largest number.
    ((depth as f64 / rate).ceil() as u64).clamp(SHORTEST, LONGEST)
}

impl Workbench {
    /// Returns the seconds after which a refused request should be sent again. For the
    /// queue it is the time to finish the waiting events, at the rate of the last ten
    /// seconds. Before any event was finished, the rate that the configuration allows is
    /// used.
    pub fn retry_after(&self, refusal: &Refusal) -> u64 {
        if !matches!(refusal, Refusal::Queue(PushError::Full { .. } | PushError::TimedOut { .. })) {
            return SHORTEST;
        }
        let measured = f64::from_bits(self.drain_rate.load(Ordering::Relaxed));
        let rate = if self.is_paused() {
            0.0
        } else if measured > 0.0 {
            measured
        } else {
            configured_rate(&self.settings())
        };
        seconds(self.bench.queue.depth(), rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_the_time_to_work_off_the_queue_within_bounds() {
        assert_eq!(seconds(100, 2.0), 50);
        assert_eq!(seconds(101, 2.0), 51);
        assert_eq!(seconds(100, 1e6), SHORTEST);
        assert_eq!(seconds(0, 2.0), SHORTEST);
        assert_eq!(seconds(100_000, 1.0), LONGEST);
        assert_eq!(seconds(1, 0.0), LONGEST);
        // 0 divided by 0 is not a number; it counts as no time.
        assert_eq!(seconds(0, 0.0), SHORTEST);
    }
}
