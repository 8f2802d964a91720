//! Events that nodes have begun, as their notes have them, and nodes that do not answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Events with the number of the delivery whose work has begun.
pub(super) type Begun = BTreeMap<u64, u64>;

/// What the writer of this node's note waits for.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// A note may differ from the stored one.
    pub(super) changed: Notify,
    /// A note must not wait for the pause.
    pub(super) hurried: Notify,
    /// The sequence of the stored note. `None` after the last one.
    pub(super) stored: tokio::sync::Mutex<Option<u64>>,
    pub(super) has_ended: AtomicBool,
}

/// The note of another node.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) instance: String,
    pub(super) sequence: u64,
    pub(super) begun: Begun,
}

#[cfg(test)]
impl Note {
    pub(super) fn new(instance: &str, begun: Begun) -> Self {
        Self { instance: instance.to_owned(), sequence: 1, begun }
    }
}

/// Writes a note, one event on each line.
pub(super) fn text(begun: &Begun) -> String {
    begun.iter().map(|(id, count)| format!("{id} {count}\n")).collect()
}

/// Reads a note. A line that is none is left out.
pub(super) fn read(text: &str) -> Begun {
    let line = |line: &str| {
        let (id, count) = line.split_once(' ')?;
        Some((id.parse().ok()?, count.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// Nodes that have not answered lately, until they are asked again.
#[derive(Debug, Default)]
pub(super) struct Silent(Mutex<HashMap<String, Instant>>);

impl Silent {
    /// Returns whether a node has not answered lately.
    pub(super) fn is(&self, instance: &str) -> bool {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        silent.retain(|_, until| *until > Instant::now());
        silent.contains_key(instance)
    }

    /// Notes that a node has not answered.
    pub(super) fn note(&self, instance: &str, until: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(instance.to_owned(), until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let begun = Begun::from([(7, 1), (u64::MAX, u64::MAX)]);
        assert_eq!(read(&text(&begun)), begun);
        assert!(text(&begun).lines().all(|line| line.len() < 42));
        assert_eq!(read("7\n8 x\n9 1\n"), Begun::from([(9, 1)]));
    }
}
