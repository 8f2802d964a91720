//! The memory of the process per watcher: what it takes above its level without watchers.

use std::fs;

use crate::config::Writer;

/// The fewest watchers for which memory per watcher says something.
const FEWEST: u64 = 100;

/// Memory above the lowest level that the allocator may keep, in bytes.
const KEPT: u64 = 16 << 20;

/// The lowest level without watchers, and the newest reading.
///
/// The allocator keeps memory that watchers have given back, and uses it for the next ones. The
/// figure is therefore counted from the lowest level. It is unknown while memory is kept that
/// another writer needed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    lowest: Option<u64>,
    writer: Option<Writer>,
    is_mixed: bool,
    per_watcher: Option<u64>,
}

impl Memory {
    /// Takes a reading with this number of watchers and this writer.
    pub(super) fn sample(&mut self, watchers: u64, writer: Writer) {
        if let Some(resident) = resident() {
            self.note(resident, watchers, writer);
        }
    }

    fn note(&mut self, resident: u64, watchers: u64, writer: Writer) {
        if watchers == 0 {
            self.lowest = Some(self.lowest.map_or(resident, |lowest| lowest.min(resident)));
        }
        let above = self.lowest.map(|lowest| resident.saturating_sub(lowest));
        let is_high = above.is_some_and(|above| above > KEPT);
        let is_changed = self.writer.replace(writer).is_some_and(|last| last != writer);
        self.is_mixed = is_high && (self.is_mixed || is_changed);
        let counts = watchers >= FEWEST && !self.is_mixed;
        self.per_watcher = above.filter(|_| counts).map(|above| above / watchers);
    }

    /// Returns the bytes per watcher of the newest reading.
    pub(super) fn per_watcher(&self) -> Option<u64> {
        self.per_watcher
    }
}

/// Returns the resident memory of this process in bytes, without the pages of files, where the
/// system tells it. Those of the program's code become resident when they are run first, which has
/// nothing to do with the number of watchers.
fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = statm.split_ascii_whitespace().skip(1).map_while(|pages| pages.parse::<u64>().ok());
    let (resident, of_files) = (pages.next()?, pages.next()?);
    // The page size of every Linux that Weir is built for, unless a kernel was built otherwise.
    Some(resident.saturating_sub(of_files) * 4_096)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn memory_per_watcher_counts_from_the_lowest_level_without_watchers() {
        let mut memory = Memory::default();
        memory.note(20 * MIB, 0, Writer::Shards);
        memory.note(30 * MIB, FEWEST - 1, Writer::Shards);
        assert_eq!(memory.per_watcher(), None, "too few watchers");
        memory.note(40 * MIB, 1024, Writer::Shards);
        assert_eq!(memory.per_watcher(), Some(20 * 1024));
        memory.note(39 * MIB, 0, Writer::Shards);
        assert_eq!(memory.per_watcher(), None);
        memory.note(40 * MIB, 1024, Writer::Shards);
        assert_eq!(memory.per_watcher(), Some(20 * 1024), "in memory that was kept");
    }

    #[test]
    fn memory_that_another_writer_needed_makes_it_unknown() {
        let mut memory = Memory::default();
        memory.note(20 * MIB, 0, Writer::Shards);
        memory.note(21 * MIB, 0, Writer::Task);
        memory.note(148 * MIB, 1024, Writer::Task);
        assert_eq!(memory.per_watcher(), Some(128 * 1024));
        memory.note(147 * MIB, 1024, Writer::Shards);
        memory.note(147 * MIB, 0, Writer::Shards);
        memory.note(147 * MIB, 1024, Writer::Shards);
        assert_eq!(memory.per_watcher(), None);
        memory.note(25 * MIB, 0, Writer::Shards);
        memory.note(22 * MIB, 1024, Writer::Shards);
        assert_eq!(memory.per_watcher(), Some(2 * 1024), "the allocator gave it back");
    }
}
