//! The mean service time of late, which says how much the consumers can do.

use std::collections::VecDeque;

use hdrhistogram::Histogram;

/// The configured mean fades out over this many events for each consumer, and
/// [`SOME`] more: the first events that finish are the quick ones.
const FADES: f64 = 20.0;
const SOME: f64 = 100.0;
/// The mean is one of at least this many events, once there are as many.
const EVENTS: u64 = 1000;

/// The service times of the events that were finished last.
#[derive(Debug, Default)]
pub(super) struct ServiceTime {
    /// Counts, and sums in seconds, of what was finished between two looks.
    looks: VecDeque<(u64, f64)>,
    count: u64,
    sum_s: f64,
    configured_s: Option<f64>,
    /// When the configured mean last changed, in seconds.
    changed: f64,
}

impl ServiceTime {
    /// Notes what the configuration says: `None` if it does not know, as for jobs. Once it says
    /// something else, what was measured before is forgotten.
    pub(super) fn configured(&mut self, mean_s: Option<f64>, now: f64) {
        if mean_s != self.configured_s {
            *self = Self { configured_s: mean_s, changed: now, ..Self::default() };
        }
    }

    /// Adds service times, in microseconds, of events that have just finished. Those do
    /// not count that began before the configuration changed, or of which `froze` says
    /// that the resource stood still within their time, in seconds.
    pub(super) fn add(&mut self, times: &Histogram<u64>, now: f64, froze: impl Fn(f64) -> bool) {
        let (mut count, mut sum_s) = (0, 0.0);
        for bucket in times.iter_recorded() {
            let took = bucket.value_iterated_to() as f64 / 1e6;
            if now - took >= self.changed && !froze(took) {
                count += bucket.count_at_value();
                sum_s += took * bucket.count_at_value() as f64;
            }
        }
        if count == 0 {
            return;
        }
        self.looks.push_back((count, sum_s));
        self.count += count;
        self.sum_s += sum_s;
    }

    /// Returns the mean in seconds, for a number of consumers. It is 0 before anything was
    /// measured if the configuration does not know it.
    pub(super) fn mean_s(&mut self, consumers: u64) -> f64 {
        let fades = FADES * consumers as f64 + SOME;
        let kept = EVENTS.max(fades as u64);
        while let Some((count, sum_s)) =
            self.looks.front().copied().filter(|(count, _)| self.count - count >= kept)
        {
            self.looks.pop_front();
            self.count -= count;
            self.sum_s -= sum_s;
        }
        let Some(configured_s) = self.configured_s else {
            return self.sum_s / self.count.max(1) as f64;
        };
        if self.count == 0 {
            return configured_s;
        }
        let weight = (self.count as f64 / fades).min(1.0);
        weight * self.sum_s / self.count as f64 + (1.0 - weight) * configured_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::empty_histogram;

    fn times(count: u64, ms: u64) -> Histogram<u64> {
        let mut times = empty_histogram();
        times.record_n(ms * 1000, count).unwrap();
        times
    }

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 0.002, "{found} is not about {expected}");
    }

    #[test]
    fn the_configured_mean_fades_out_and_what_was_long_ago_is_forgotten() {
        let mut service = ServiceTime::default();
        service.configured(Some(0.5), 0.0);
        close(service.mean_s(5), 0.5);
        service.add(&times(100, 700), 10.0, |_| false);
        close(service.mean_s(5), 0.6);
        service.add(&times(100, 700), 20.0, |_| false);
        close(service.mean_s(5), 0.7);
        for _ in 0..20 {
            service.add(&times(100, 300), 30.0, |_| false);
        }
        close(service.mean_s(5), 0.3);
    }

    #[test]
    fn an_edit_of_the_latency_counts_at_once_and_what_began_before_it_does_not() {
        let mut service = ServiceTime::default();
        service.configured(Some(0.5), 0.0);
        service.add(&times(1000, 500), 10.0, |_| false);
        service.configured(Some(0.2), 11.0);
        service.add(&times(10, 500), 11.3, |_| false);
        close(service.mean_s(1), 0.2);
        service.add(&times(1000, 250), 11.5, |_| false);
        close(service.mean_s(1), 0.25);
    }

    #[test]
    fn what_was_inside_while_the_resource_stood_still_does_not_count() {
        let mut service = ServiceTime::default();
        service.configured(Some(0.5), 0.0);
        let mut both = times(500, 500);
        both.add(times(10, 1500)).unwrap();
        service.add(&both, 10.0, |took| took > 1.0);
        close(service.mean_s(1), 0.5);
    }
}
