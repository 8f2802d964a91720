//! The memory of the process per watcher: what it takes above its level without watchers.

use std::fs;

/// The fewest watchers for which memory per watcher says something.
const FEWEST: u64 = 100;

/// The level without watchers, and the newest reading.
#[derive(Debug, Default)]
pub(super) struct Memory {
    without: Option<u64>,
    per_watcher: Option<u64>,
}

impl Memory {
    /// Takes a reading with this number of watchers.
    pub(super) fn sample(&mut self, watchers: u64) {
        let Some(resident) = resident() else { return };
        if watchers == 0 {
            self.without = Some(resident);
            self.per_watcher = None;
            return;
        }
        let above = self.without.map(|without| resident.saturating_sub(without));
        self.per_watcher = above.filter(|_| watchers >= FEWEST).map(|above| above / watchers);
    }

    /// Returns the bytes per watcher of the newest reading.
    pub(super) fn per_watcher(&self) -> Option<u64> {
        self.per_watcher
    }
}

/// Returns the resident memory of this process in bytes, where the system tells it.
fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    // The page size of every Linux that Weir is built for, unless a kernel was built otherwise.
    Some(pages * 4_096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_per_watcher_counts_from_the_level_without_watchers() {
        let mut memory = Memory::default();
        memory.sample(0);
        memory.sample(FEWEST - 1);
        assert_eq!(memory.per_watcher(), None, "too few watchers");
        let taken = vec![1_u8; 64 << 20];
        memory.sample(1_000);
        let per_watcher = memory.per_watcher().unwrap();
        assert!((30_000..300_000).contains(&per_watcher), "{per_watcher} with {} bytes", taken.len());
        memory.sample(0);
        assert_eq!(memory.per_watcher(), None);
    }
}
