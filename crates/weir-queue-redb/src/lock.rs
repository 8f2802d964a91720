//! The process that has a queue open: its number, in a file beside the queue's.

use std::fs;
use std::path::{Path, PathBuf};

/// The file with the number of the process. The store has its own lock, which says nothing about
/// who holds it.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pid");
    PathBuf::from(name)
}

/// Notes this process as the one that has the queue open. It is a help for people only, so a
/// failure is ignored.
pub(crate) fn note(file: &Path) {
    _ = fs::write(beside(file), format!("{}\n", std::process::id()));
}

/// Removes the note.
pub(crate) fn forget(file: &Path) {
    _ = fs::remove_file(beside(file));
}

/// Returns the process that has noted itself.
pub(crate) fn holder(file: &Path) -> Option<u32> {
    fs::read_to_string(beside(file)).ok()?.trim().parse().ok()
}
