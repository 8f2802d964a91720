//! Limits the log: a message that repeats is logged once a second, with a count.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Throttle {
    told: Option<Instant>,
    /// The last message that is not logged yet, and the number of them.
    waiting: Option<(String, u64)>,
}

impl Throttle {
    /// Logs a message, now or together with those of the same second.
    pub(super) fn note(&mut self, complaint: String) {
        let before = self.waiting.take().map_or(0, |(_, count)| count);
        self.waiting = Some((complaint, before + 1));
        self.tell();
    }

    /// Returns whether a message waits to be logged.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// Logs the waiting message, if the last line is at least a second ago.
    pub(super) fn tell(&mut self) {
        if let Some(line) = self.line() {
            log::error!("{line}");
        }
    }

    fn line(&mut self) -> Option<String> {
        if self.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return None;
        }
        let (complaint, count) = self.waiting.take()?;
        self.told = Some(Instant::now());
        Some(if count == 1 { complaint } else { format!("{complaint} ({count} times)") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_thousand_complaints_in_a_second_are_two_lines() {
        let mut throttle = Throttle::default();
        throttle.note("no room".to_owned());
        assert!(!throttle.waits(), "the first is logged at once");
        for _ in 0..1000 {
            throttle.note("no room".to_owned());
        }
        assert_eq!(throttle.line(), None);
        advance(PAUSE).await;
        assert_eq!(throttle.line().as_deref(), Some("no room (1000 times)"));
        assert!(!throttle.waits());
    }
}
