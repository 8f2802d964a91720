//! The process that has a queue open: its number, in a file beside the queue's.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

/// The file with the number of the process. The store has its own lock, which does not name its
/// holder.
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

/// Returns the process that has noted itself, if it still exists: a process that was killed has left
/// its note behind.
pub(crate) fn holder(file: &Path) -> Option<u32> {
    let pid: u32 = fs::read_to_string(beside(file)).ok()?.trim().parse().ok()?;
    let exists = Pid::from_raw(pid.try_into().ok()?).is_some_and(|pid| {
        // Without permission to signal it, it exists too.
        !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    });
    exists.then_some(pid)
}
