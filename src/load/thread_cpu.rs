//! The CPU time of a thread, and the time for which it was runnable but had no core.
//!
//! A load generator that waits for a core measures its own machine instead of the server.
//! For each thread, the system counts the time that it ran, and the time that it was
//! runnable while other threads ran.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The counters of the reading thread on Linux: nanoseconds on a core, nanoseconds
/// runnable without one, and the number of times it was scheduled.
const SCHEDSTAT: &str = "/proc/thread-self/schedstat";

/// A thread whose counters other threads can read while it lives.
#[derive(Debug, Clone)]
pub struct ThreadRef {
    /// `None` except on Linux.
    counters: Option<PathBuf>,
}

impl ThreadRef {
    /// Refers to the calling thread.
    pub fn current() -> Self {
        let thread = fs::read_link("/proc/thread-self").ok();
        Self { counters: thread.map(|thread| Path::new("/proc").join(thread).join("schedstat")) }
    }

    /// Reads the counters of the thread; without counters if it has ended.
    pub fn cpu(&self) -> ThreadCpu {
        let text = self.counters.as_ref().and_then(|path| fs::read_to_string(path).ok());
        ThreadCpu { counted: text.and_then(|text| read(&text)) }
    }
}

/// The counters of the calling thread up to a moment.
///
/// Reading them costs about 10 µs: fine at the beginning and the end of a load or once a
/// second, too much for every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadCpu {
    counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    cpu: Duration,
    pub(super) starved: Duration,
}

/// The CPU use of a thread in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadCpuUse {
    /// The time it ran. `None` except on Linux. May lag by a tick of the scheduler, some
    /// milliseconds.
    pub cpu: Option<Duration>,
    /// The time it was runnable but had no core. `None` except on Linux. It does not
    /// include time that a hypervisor takes from the whole machine.
    pub starved: Option<Duration>,
}

impl ThreadCpu {
    /// Reads the counters of the calling thread.
    pub fn now() -> Self {
        Self { counted: fs::read_to_string(SCHEDSTAT).ok().and_then(|text| read(&text)) }
    }

    /// Returns the CPU use since `before`, which must be of the same thread.
    pub fn since(&self, before: &Self) -> ThreadCpuUse {
        let both = self.counted.zip(before.counted);
        debug_assert!(
            both.is_none_or(|(now, before)| before.cpu <= now.cpu && before.starved <= now.starved),
            "`before` was taken later, or on another thread"
        );
        ThreadCpuUse {
            cpu: both.map(|(now, before)| now.cpu.saturating_sub(before.cpu)),
            starved: both.map(|(now, before)| now.starved.saturating_sub(before.starved)),
        }
    }
}

pub(super) fn read(text: &str) -> Option<Counted> {
    let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
    let (cpu, starved, times) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // The reading thread has been scheduled at least once. A kernel that reports zero
    // does not count, and its zeros are not times.
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
        let before = ThreadCpu::now();
        let start = tokio::time::Instant::now();
        let mut n = 0_u64;
        while start.elapsed() < Duration::from_millis(100) {
            n = std::hint::black_box(n + 1);
        }
        let share = ThreadCpu::now().since(&before);
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
