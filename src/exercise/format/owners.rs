//! A run with two owners of one name, as `owners` in `[[engine]]` describes it.

use serde::{Deserialize, Serialize};

/// The most entries of a log.
const MOST_ENTRIES: u64 = 10_000;
/// The shortest lease, in milliseconds: an owner renews it three times within that time.
const SHORTEST_MS: u64 = 1_000;
/// The longest lease, in milliseconds.
const LONGEST_MS: u64 = 10_000;

/// Two owners of one name, each in a process of its own. The first fills the log up to entry
/// `entries`, checks that it is the owner, and is paused until the second has taken over. Then it
/// goes on and writes the next entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// The entries of the log before the pause, with the mark of generation 1, which is entry 1.
    pub entries: u64,
    /// The lease, in milliseconds.
    pub lease_ms: u64,
}

impl Owners {
    /// The run in a line.
    pub(super) fn in_words(&self) -> String {
        let Self { entries, lease_ms } = self;
        format!("two owners of a log, lease {lease_ms} ms, the first is paused after entry {entries}")
    }

    /// What exceeds the bounds of an exercise, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let Self { entries, lease_ms } = *self;
        if !(2..=MOST_ENTRIES).contains(&entries) {
            return Some(format!("{entries} entries, expected 2 to {MOST_ENTRIES}"));
        }
        let fits = (SHORTEST_MS..=LONGEST_MS).contains(&lease_ms);
        (!fits).then(|| format!("a lease of {lease_ms} ms, expected {SHORTEST_MS} to {LONGEST_MS}"))
    }
}
