//! A note in the data folder that a bench is running. The next start can tell from it
//! that the process was killed, and what was lost.
//!
//! The file is locked while the process lives, and removed when it ends in order. A file
//! without a lock was left behind by a process that was killed, or by a machine that lost
//! power. Its content is at most 0.1 s older than that end.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Workbench;
use crate::clean;
use crate::duration;
use crate::record::now;
use crate::runs::InProgress;

/// How often the note is updated.
const UPDATE: Duration = Duration::from_millis(100);
/// How long to wait after the folder could not be used.
const AGAIN: Duration = Duration::from_secs(5);
/// The length of every note, so that a single write replaces the previous one.
const LENGTH: usize = 1024;

/// The content of the note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    pid: u32,
    /// When the process started, in UTC.
    since: String,
    /// When the note was written, in UTC to the millisecond.
    seen: String,
    /// Accepted events in memory.
    held: u64,
    run: Option<InProgress>,
}

/// A process that did not end in order, as described by the note it left.
#[derive(Debug, Clone, PartialEq)]
pub struct Killed {
    note: Note,
    ago: Duration,
}

/// The note of this process. Dropping it removes the file.
#[derive(Debug)]
pub struct Running {
    placed: Arc<Mutex<Placed>>,
    /// Dropping it ends the thread that writes.
    _end: Sender<()>,
}

/// The place of the note.
#[derive(Debug, Default)]
struct Placed {
    path: Option<PathBuf>,
    /// True once the note must not be written again.
    over: bool,
}

impl Running {
    /// Keeps a note in `directory` from now on. If the directory does not exist, it is
    /// created once there is an event or a run that could be lost. Also returns the
    /// processes that did not end in order there, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be used, or the system has no thread.
    pub fn begin(directory: &Path, workbench: &Arc<Workbench>) -> io::Result<(Self, Vec<Killed>)> {
        let placed = Arc::<Mutex<Placed>>::default();
        let (directory, since) = (directory.to_owned(), moment(now()));
        let mut writer =
            NoteWriter { directory, since, file: None, last: None, placed: Arc::clone(&placed) };
        let mut killed = Vec::new();
        if fs::exists(&writer.directory)? {
            killed = collect_killed(&writer.directory)?;
            writer.place()?;
            writer.write(workbench)?;
        } else {
            try_to_write(writer.directory.ancestors().skip(1).find(|path| path.exists()))?;
        }
        let (end, ended) = channel();
        let workbench = Arc::downgrade(workbench);
        let follow = move || {
            while ended.recv_timeout(UPDATE) == Err(RecvTimeoutError::Timeout) {
                let Some(workbench) = Weak::upgrade(&workbench) else { return };
                if let Err(error) = writer.write(&workbench) {
                    workbench.note_unusable(&writer.directory, error);
                    // The problem may be resolved, but there is no need to retry ten
                    // times a second.
                    if ended.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new().name("weir-running".to_owned()).spawn(follow)?;
        Ok((Self { placed, _end: end }, killed))
    }

    /// Removes the note for good, because the process ends in order.
    pub fn remove(&self) {
        let mut placed = lock(&self.placed);
        placed.over = true;
        if let Some(path) = placed.path.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.remove();
    }
}

fn lock(placed: &Mutex<Placed>) -> MutexGuard<'_, Placed> {
    placed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks that a file can be created in a folder, by default the current one.
fn try_to_write(directory: Option<&Path>) -> io::Result<()> {
    let directory = directory.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let probe = directory.join(format!(".weir-probe-{:08x}.tmp", fastrand::u32(..)));
    let tried = File::create_new(&probe);
    let _ = fs::remove_file(&probe);
    tried.map(drop)
}

struct NoteWriter {
    directory: PathBuf,
    since: String,
    file: Option<File>,
    last: Option<(u64, Option<InProgress>)>,
    placed: Arc<Mutex<Placed>>,
}

impl NoteWriter {
    /// Makes the file.
    fn place(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let pid = std::process::id();
        // Locked before it gets its name; otherwise another start could take it for one
        // that was left behind.
        let beside = self.directory.join(format!(".running-{pid}.tmp"));
        let mut path = self.directory.join(format!("running-{pid}.json"));
        if path.exists() {
            // A process in another container has the same pid.
            path = self.directory.join(format!("running-{pid}-{:08x}.json", fastrand::u32(..)));
        }
        let mut placed = lock(&self.placed);
        if placed.over {
            return Ok(());
        }
        let file = File::create(&beside)?;
        let named = file.try_lock().map_err(io::Error::from).and_then(|()| fs::rename(&beside, &path));
        if let Err(error) = named {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        placed.path = Some(path);
        (self.file, self.last) = (Some(file), None);
        Ok(())
    }

    /// Returns whether the file still exists: the folder may have been deleted.
    fn is_placed(&self) -> bool {
        lock(&self.placed).path.as_ref().is_some_and(|path| path.exists())
    }

    /// Writes the note if it has changed. Creates the file first if there is something to
    /// lose.
    fn write(&mut self, workbench: &Workbench) -> io::Result<()> {
        let held = workbench.ledger().held;
        let run = workbench.run_in_progress(held);
        let held = held.saturating_sub(workbench.kept_by_engine());
        if self.last.as_ref() == Some(&(held, run.clone())) {
            return Ok(());
        }
        if !self.is_placed() {
            if held == 0 && run.is_none() {
                return Ok(());
            }
            self.place()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let note = Note {
            pid: std::process::id(),
            since: self.since.clone(),
            seen: moment(now()),
            held,
            run: run.clone(),
        };
        let mut text = serde_json::to_vec(&note)?;
        text.resize(text.len().max(LENGTH - 1), b' ');
        text.push(b'\n');
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&text)?;
        self.last = Some((held, run));
        Ok(())
    }
}

/// Reads and removes the notes that were left behind.
fn collect_killed(directory: &Path) -> io::Result<Vec<Killed>> {
    let mut killed = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !(name.starts_with("running-") && name.ends_with(".json") && path.is_file()) {
            continue;
        }
        // A file that cannot be locked belongs to a live process; one that cannot be
        // opened is skipped.
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let mut text = String::new();
        let read = (&file).take(LENGTH as u64 * 4).read_to_string(&mut text);
        if let Ok(note) =
            read.map_err(|_| ()).and_then(|_| serde_json::from_str::<Note>(&text).map_err(|_| ()))
        {
            let seen = humantime::parse_rfc3339(&note.seen).unwrap_or_else(|_| now());
            killed.push(Killed { note, ago: now().duration_since(seen).unwrap_or_default() });
        }
        let _ = fs::remove_file(&path);
    }
    killed.sort_by(|a, b| a.note.seen.cmp(&b.note.seen));
    Ok(killed)
}

fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Note { pid, since, held, run, .. } = &self.note;
        // In whole seconds from one second on.
        let ago = if self.ago >= Duration::from_secs(1) {
            Duration::from_secs(self.ago.as_secs())
        } else {
            Duration::from_millis(self.ago.as_millis() as u64)
        };
        let since = clean::line(since);
        write!(
            f,
            "the last server here did not end in order: process {pid}, running since {since}, last seen {} ago",
            duration::format(ago)
        )?;
        match held {
            0 => write!(f, "; no accepted event was in its memory then")?,
            1 => write!(f, "; 1 accepted event was in its memory then and is lost")?,
            _ => write!(f, "; {held} accepted events were in its memory then and are lost")?,
        }
        if let Some(run) = run {
            let requests: u64 = run.requests.values().sum();
            let began = clean::line(&run.began);
            write!(f, "; the run that began at {began}, with {requests} requests, was not kept")?;
        }
        Ok(())
    }
}
