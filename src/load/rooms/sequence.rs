//! Checks the words that one watcher of a room gets: each position once and in order, and every
//! loss named as a gap.

use std::fmt;

/// The life of a room, and the number of an update in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Deserialize)]
pub(super) struct Position {
    pub(super) life: u64,
    pub(super) n: u64,
}

/// Writes it as the server does: `2-409`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.life, self.n)
    }
}

/// A word of the server to a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The status, as the first word.
    Status { at: Position },
    /// An update.
    Update { at: Position },
    /// A new life in which nothing is lost.
    Resumed { at: Position },
    /// Updates that are lost with the life before, or that a backup took with the whole state,
    /// so that the watcher does not get each of them.
    Gap { from: u64, to: u64, at: Position },
}

/// What is wrong with a word, in numbers. All are zero for the next word in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Faults {
    /// The position was there before.
    pub(super) twice: u64,
    /// The position belongs to an earlier life.
    pub(super) disordered: u64,
    /// Updates that did not arrive and were in no gap.
    pub(super) missed: u64,
    /// A new life began without a word, or its word does not fit what the watcher has seen.
    pub(super) untold: u64,
}

/// The place of one watcher in the sequence of updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sequence {
    at: Option<Position>,
}

impl Sequence {
    /// Returns the last position.
    pub(super) fn at(&self) -> Option<Position> {
        self.at
    }

    /// Takes the next word of the server.
    pub(super) fn take(&mut self, told: Told) -> Faults {
        let mut faults = Faults::default();
        let (Told::Status { at } | Told::Update { at } | Told::Resumed { at } | Told::Gap { at, .. }) =
            told;
        let Some(seen) = self.at else {
            self.at = Some(at);
            return faults;
        };
        if at.life < seen.life {
            faults.disordered = 1;
            return faults;
        }
        let new_life = at.life > seen.life;
        match told {
            Told::Update { .. } if new_life => faults.untold = 1,
            Told::Update { .. } if at.n <= seen.n => {
                faults.twice = 1;
                return faults;
            }
            Told::Update { .. } => faults.missed = at.n - seen.n - 1,
            Told::Status { .. } if new_life => faults.untold = 1,
            // A status of the same life stands for no update.
            Told::Status { .. } => faults.missed = at.n.saturating_sub(seen.n),
            Told::Resumed { .. } => {
                faults.missed = at.n.saturating_sub(seen.n);
                // A state with fewer updates than were seen has lost some.
                faults.untold = u64::from(at.n < seen.n);
            }
            Told::Gap { from, to, .. } => {
                faults.missed = from.saturating_sub(seen.n + 1);
                let is_loss = new_life && at.n < from && to >= seen.n;
                let is_skipped = at.n == to && from > seen.n;
                let fits = from <= to && (is_loss || is_skipped);
                faults.untold = u64::from(!fits);
            }
        }
        self.at = Some(at);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(life: u64, n: u64) -> Position {
        Position { life, n }
    }

    /// Takes all words, and returns the faults of the last.
    fn faults(words: &[Told]) -> [u64; 4] {
        let mut sequence = Sequence::default();
        let found: Vec<Faults> = words.iter().map(|told| sequence.take(*told)).collect();
        let (last, others) = found.split_last().unwrap();
        assert!(others.iter().all(|faults| *faults == Faults::default()), "{found:?}");
        [last.twice, last.disordered, last.missed, last.untold]
    }

    #[test]
    fn updates_follow_each_other_and_a_new_life_is_told() {
        let status = Told::Status { at: at(1, 5) };
        let update = |life, n| Told::Update { at: at(life, n) };
        assert_eq!(faults(&[status, update(1, 6), update(1, 7)]), [0; 4]);
        assert_eq!(faults(&[status, update(1, 6), Told::Resumed { at: at(2, 6) }, update(2, 7)]), [0; 4]);
        // Of a room with a backup: the lost updates never reached the watcher.
        let gap = Told::Gap { from: 6, to: 9, at: at(2, 5) };
        assert_eq!(faults(&[status, gap, update(2, 6)]), [0; 4]);
        // The backup has ended, and the next one was sent the whole state.
        let skipped = Told::Gap { from: 6, to: 8, at: at(1, 8) };
        assert_eq!(faults(&[status, skipped, update(1, 9)]), [0; 4]);
        let both = Told::Gap { from: 6, to: 8, at: at(2, 8) };
        assert_eq!(faults(&[status, both, update(2, 9)]), [0; 4]);
        // Without one: the watcher has seen what is lost.
        let fresh = Told::Gap { from: 1, to: 6, at: at(2, 0) };
        assert_eq!(faults(&[status, update(1, 6), fresh, update(2, 1)]), [0; 4]);
    }

    #[test]
    fn what_is_told_twice_late_or_never_is_found() {
        let status = Told::Status { at: at(2, 5) };
        let update = |life, n| Told::Update { at: at(life, n) };
        assert_eq!(faults(&[status, update(2, 6), update(2, 6)]), [1, 0, 0, 0]);
        assert_eq!(faults(&[status, update(1, 9)]), [0, 1, 0, 0]);
        assert_eq!(faults(&[status, update(2, 9)]), [0, 0, 3, 0]);
        assert_eq!(faults(&[status, update(3, 6)]), [0, 0, 0, 1]);
        assert_eq!(faults(&[status, Told::Status { at: at(2, 7) }]), [0, 0, 2, 0]);
        assert_eq!(faults(&[status, Told::Resumed { at: at(3, 4) }]), [0, 0, 0, 1]);
        assert_eq!(faults(&[status, Told::Resumed { at: at(3, 7) }]), [0, 0, 2, 0]);
        // The gap ends before what the watcher has seen.
        assert_eq!(faults(&[status, Told::Gap { from: 3, to: 4, at: at(3, 2) }]), [0, 0, 0, 1]);
        assert_eq!(faults(&[status, Told::Gap { from: 8, to: 9, at: at(3, 7) }]), [0, 0, 2, 0]);
        // It names as skipped what the watcher has seen, or as lost what was lost in no new life.
        assert_eq!(faults(&[status, Told::Gap { from: 5, to: 8, at: at(2, 8) }]), [0, 0, 0, 1]);
        assert_eq!(faults(&[status, Told::Gap { from: 6, to: 8, at: at(2, 5) }]), [0, 0, 0, 1]);
    }
}
