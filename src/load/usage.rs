//! How much of a core a thread had, and how much it wanted and did not get.
//!
//! A load generator that waits for a core measures its own machine and not the
//! server. The system knows: for each thread it counts the time that it ran, and
//! the time that it was ready to run and other threads did.

use std::fs;
use std::time::Duration;

/// Linux writes here, for the thread that reads: nanoseconds on a core,
/// nanoseconds ready and waiting for one, and how often it was given one.
const SCHEDSTAT: &str = "/proc/thread-self/schedstat";

/// What the system has counted for the calling thread up to now.
///
/// Costs about ten microseconds: to be taken at the beginning and the end of a
/// load and perhaps once a second, not once a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    cpu: Duration,
    pub(super) starved: Duration,
}

/// What a thread had of the cores in a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The time it ran. `None` where the system does not say, which is everywhere
    /// but on Linux. May be late by a tick of the scheduler, some milliseconds.
    pub cpu: Option<Duration>,
    /// The time it was ready to run, and had no core. `None` as above. What a
    /// hypervisor takes from the whole machine is not in it.
    pub starved: Option<Duration>,
}

impl Usage {
    /// What was counted for the calling thread.
    pub fn now() -> Self {
        Self { counted: fs::read_to_string(SCHEDSTAT).ok().and_then(|text| read(&text)) }
    }

    /// What was counted since `before`, which must have been taken on the same thread.
    pub fn since(&self, before: &Self) -> Share {
        let both = self.counted.zip(before.counted);
        Share {
            cpu: both.map(|(now, before)| now.cpu.saturating_sub(before.cpu)),
            starved: both.map(|(now, before)| now.starved.saturating_sub(before.starved)),
        }
    }
}

pub(super) fn read(text: &str) -> Option<Counted> {
    let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
    let (cpu, starved, times) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Who reads this was given a core at least once: a kernel that says never does
    // not count, and its zeros are no times.
    (times > 0).then(|| Counted { cpu: Duration::from_nanos(cpu), starved: Duration::from_nanos(starved) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_does_not_count_is_not_believed() {
        assert_eq!(read("0 0 0\n"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("1 2"), None);
        assert_eq!(read("1 x 3"), None);
        let counted = read("2000000 3000 12\n").unwrap();
        assert_eq!((counted.cpu, counted.starved), (Duration::from_millis(2), Duration::from_micros(3)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_works_uses_a_core_and_one_that_sleeps_does_not() {
        let before = Usage::now();
        let start = tokio::time::Instant::now();
        let mut n = 0_u64;
        while start.elapsed() < Duration::from_millis(100) {
            n = std::hint::black_box(n + 1);
        }
        let share = Usage::now().since(&before);
        // A system that does not count is allowed; one that does must not lie.
        if let (Some(cpu), Some(starved)) = (share.cpu, share.starved) {
            let all = cpu + starved;
            assert!(cpu <= start.elapsed() + Duration::from_millis(20), "{share:?}");
            assert!(
                all >= Duration::from_millis(60) && all <= start.elapsed() + Duration::from_millis(40),
                "{share:?}"
            );
        }
    }
}
