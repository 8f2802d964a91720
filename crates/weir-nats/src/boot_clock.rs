//! The clock that leases are measured with.
//!
//! It counts from the start of the machine, including the time that the machine sleeps. On Linux the
//! monotonic clock stops during sleep, so after it the owner of an expired lease would still believe
//! that the lease is valid.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// Returns the time since the machine started.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(CLOCK);
    // It is never negative.
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}
