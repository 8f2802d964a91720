//! The times at which each event reached the first, the median and the last watcher.
//!
//! One thread reads all watchers, so arrivals come in the order of time. First and last
//! arrival of an event are exact. Of the others, every n-th is kept, with n a 256th of the
//! watchers, so the median is exact to 1 in 256 watchers and an event costs 2 kB however
//! many watchers there are.

use std::collections::VecDeque;

/// Times kept between the first and the last arrival.
const KEPT: u64 = 256;
/// The most events that are followed at once. The oldest leaves when there are more.
const MOST: usize = 1024;

/// The events that may still arrive at watchers.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The number of the first of them.
    base: u64,
    open: VecDeque<Option<Arriving>>,
    /// Different events that arrived.
    pub(super) events: u64,
    /// The event after the last that arrived.
    pub(super) next: u64,
}

/// One event on its way to the watchers. Times are microseconds since the load began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arriving {
    /// When it was published, or first arrived if that is not known.
    pub(super) published: i64,
    pub(super) first: u64,
    pub(super) last: u64,
    /// How many watchers have it.
    pub(super) count: u64,
    /// How many watchers there were when it first arrived.
    pub(super) watchers: u64,
    /// True if no watcher was still to connect then.
    pub(super) all_connected: bool,
    every: u64,
    kept: Vec<u64>,
}

impl Arriving {
    /// The time from publication until half of the watchers had it, in microseconds.
    pub(super) fn median(&self) -> u64 {
        let at = self.count.div_ceil(2).saturating_sub(1) / self.every;
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(self.kept.len().saturating_sub(1));
        self.since(self.kept.get(at).copied().unwrap_or(self.last))
    }

    /// The time from publication to `at`, in microseconds. Zero if clocks disagree.
    pub(super) fn since(&self, at: u64) -> u64 {
        u64::try_from(at as i64 - self.published).unwrap_or(0)
    }

    /// True if all watchers that were there at its first arrival have it.
    pub(super) fn is_complete(&self) -> bool {
        self.count >= self.watchers
    }
}

/// The state of the load at an arrival.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Microseconds since the load began.
    pub(super) now: u64,
    /// Watchers that get events.
    pub(super) watchers: u64,
    /// True if no watcher is still to connect.
    pub(super) all_connected: bool,
}

impl Arrivals {
    /// Notes that event `seq`, published at `at`, arrived at a watcher. Returns the event,
    /// or `None` if it is not followed any more. Calls `left` with each event that leaves.
    pub(super) fn arrive(
        &mut self,
        seq: u64,
        at: Option<i64>,
        moment: Moment,
        mut left: impl FnMut(Arriving),
    ) -> Option<&Arriving> {
        if self.open.is_empty() {
            self.base = seq;
        }
        let place = usize::try_from(seq.checked_sub(self.base)?).ok()?;
        if place >= MOST {
            self.leave_until(seq + 1 - MOST as u64, &mut left);
        }
        let place = usize::try_from(seq - self.base).ok()?;
        if place >= self.open.len() {
            self.open.resize(place + 1, None);
        }
        let Moment { now, watchers, all_connected } = moment;
        let arriving = self.open[place].get_or_insert_with(|| {
            self.events += 1;
            Arriving {
                published: at.unwrap_or(now as i64),
                first: now,
                last: now,
                count: 0,
                watchers,
                all_connected,
                every: watchers.div_ceil(KEPT).max(1),
                kept: Vec::new(),
            }
        });
        self.next = self.next.max(seq + 1);
        if arriving.count.is_multiple_of(arriving.every) && (arriving.kept.len() as u64) < 2 * KEPT {
            arriving.kept.push(now);
        }
        arriving.count += 1;
        arriving.last = now;
        Some(arriving)
    }

    /// True if every event that is followed has reached all watchers of its first arrival.
    pub(super) fn are_complete(&self) -> bool {
        self.open.iter().flatten().all(Arriving::is_complete)
    }

    /// Ends all events and calls `left` with each.
    pub(super) fn end(&mut self, mut left: impl FnMut(Arriving)) {
        self.leave_until(u64::MAX, &mut left);
    }

    fn leave_until(&mut self, base: u64, left: &mut impl FnMut(Arriving)) {
        while self.base < base {
            match self.open.pop_front() {
                Some(event) => {
                    self.base += 1;
                    event.into_iter().for_each(&mut *left);
                }
                None => self.base = base,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(now: u64, watchers: u64) -> Moment {
        Moment { now, watchers, all_connected: true }
    }

    #[test]
    fn first_and_last_are_exact_and_the_median_nearly() {
        for watchers in [1_u64, 2, 255, 256, 1000, 10_000] {
            let mut arrivals = Arrivals::default();
            for n in 0..watchers {
                arrivals.arrive(5, Some(-100), moment(n, watchers), |_| panic!("nothing leaves"));
            }
            assert!(arrivals.are_complete());
            let mut left = Vec::new();
            arrivals.end(|event| left.push(event));
            let [event] = &left[..] else { panic!("one event") };
            assert_eq!((event.since(event.first), event.since(event.last)), (100, 99 + watchers));
            let exact = 100 + watchers.div_ceil(2) - 1;
            assert!(event.median().abs_diff(exact) <= watchers / 256, "{} {exact}", event.median());
            assert!(event.kept.len() <= 256);
        }
    }

    #[test]
    fn events_beyond_the_most_push_out_the_oldest() {
        let mut arrivals = Arrivals::default();
        let mut left = Vec::new();
        for seq in 10..10 + MOST as u64 + 3 {
            arrivals.arrive(seq, None, moment(seq, 2), |event| left.push(event.first));
        }
        assert_eq!(left, [10, 11, 12]);
        assert!(arrivals.arrive(12, None, moment(9, 2), |_| {}).is_none());
        assert_eq!(arrivals.arrive(13, None, moment(9, 2), |_| {}).unwrap().count, 2);
        // A jump is not a reason to keep a place for each number in between.
        arrivals.arrive(1 << 60, None, moment(9, 2), |_| {});
        assert!(arrivals.open.len() <= MOST);
        assert_eq!((arrivals.next, arrivals.events), ((1 << 60) + 1, MOST as u64 + 4));
        let mut ended = 0;
        arrivals.end(|_| ended += 1);
        assert!(ended >= 1 && arrivals.open.is_empty());
    }
}
