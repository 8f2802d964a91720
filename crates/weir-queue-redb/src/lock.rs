//! Keeps the id of the process that has a queue open, in a file beside the queue's.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

/// The file with the process id. The store's own lock does not name its holder.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pid");
    PathBuf::from(name)
}

/// Notes that this process has the queue open. The note only serves messages, so a failure is
/// ignored.
pub(crate) fn note(file: &Path) {
    _ = fs::write(beside(file), format!("{}\n", std::process::id()));
}

/// Removes the note.
pub(crate) fn forget(file: &Path) {
    _ = fs::remove_file(beside(file));
}

/// Returns the process that has noted itself, if it still exists: a killed process leaves its note
/// behind.
pub(crate) fn holder(file: &Path) -> Option<u32> {
    let pid: u32 = fs::read_to_string(beside(file)).ok()?.trim().parse().ok()?;
    let exists = Pid::from_raw(pid.try_into().ok()?).is_some_and(|pid| {
        // A process that this one may not signal exists too.
        !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    });
    exists.then_some(pid)
}
