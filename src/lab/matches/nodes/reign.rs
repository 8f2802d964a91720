//! This node's knowledge of the home of a match.

use tokio::time::{Duration, Instant};

/// A home that is silent for this long is lost; it announces its state once a second.
const LOST: Duration = Duration::from_millis(3_500);
/// The shortest time between two requests for missed events.
const BETWEEN_WANTS: Duration = Duration::from_millis(300);

/// The home of a match.
#[derive(Debug, Default)]
pub(in super::super) struct Reign {
    /// Rises with each new home and each new match; 0 without a home.
    pub(in super::super) epoch: u64,
    pub(in super::super) home: Option<String>,
    /// True once this node's events are known to be those of the home.
    pub(super) is_synced: bool,
    /// Events that came late.
    pub(super) late: u64,
    heard: Option<Instant>,
    wanted: Option<Instant>,
}

/// How the home of a message compares with the known home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    Wins,
    Loses,
}

impl Reign {
    /// Compares a home with the known one.
    pub(super) fn standing(&self, from: &str, epoch: u64) -> Standing {
        match &self.home {
            Some(home) if home == from && epoch == self.epoch => Standing::Current,
            Some(home) if epoch == self.epoch && from < home.as_str() => Standing::Wins,
            None if epoch == self.epoch => Standing::Wins,
            _ if epoch > self.epoch => Standing::Wins,
            _ => Standing::Loses,
        }
    }

    /// Notes a message of the home.
    pub(super) fn hear(&mut self) {
        self.heard = Some(Instant::now());
    }

    /// Makes a node the home.
    pub(super) fn begin(&mut self, home: &str, epoch: u64, is_synced: bool) {
        (self.epoch, self.home, self.is_synced, self.wanted) =
            (epoch, Some(home.to_owned()), is_synced, None);
        self.hear();
    }

    /// Returns true if the home was silent for too long.
    pub(super) fn is_lost(&self) -> bool {
        self.heard.is_none_or(|heard| heard.elapsed() > LOST)
    }

    /// Returns true if this node may ask for missed events now, and notes the request.
    pub(super) fn may_want(&mut self) -> bool {
        let may = self.wanted.is_none_or(|wanted| wanted.elapsed() > BETWEEN_WANTS);
        if may {
            self.wanted = Some(Instant::now());
        }
        may
    }

    /// Allows the next request at once, because the last one was answered.
    pub(super) fn was_answered(&mut self) {
        self.wanted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_homes_the_higher_epoch_wins_and_then_the_lesser_name() {
        let mut reign = Reign::default();
        assert_eq!(reign.standing("right", 1), Standing::Wins);
        reign.begin("middle", 3, true);
        for (from, epoch, standing) in [
            ("middle", 3, Standing::Current),
            ("left", 3, Standing::Wins),
            ("right", 3, Standing::Loses),
            ("right", 4, Standing::Wins),
            ("left", 2, Standing::Loses),
            ("middle", 2, Standing::Loses),
            ("middle", 4, Standing::Wins),
        ] {
            assert_eq!(reign.standing(from, epoch), standing, "{from} {epoch}");
        }
    }
}
