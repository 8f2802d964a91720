//! The dates of runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The end of the year 9999, the last that RFC 3339 can write.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns the calendar time.
#[expect(clippy::disallowed_methods, reason = "a run is dated by the calendar, also under virtual time")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Writes a moment in RFC 3339, in UTC, to the second.
pub fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    humantime::format_rfc3339_seconds(time).to_string()
}
