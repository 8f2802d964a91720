//! A note in the data folder that a bench is running, so that the next start can tell
//! that the process was killed, and what was lost with it.
//!
//! The file is locked for as long as the process lives, and removed when it ends in
//! order. A file that is there and not locked was left behind by a process that was
//! killed, or by a machine that lost its power. What it says is at most a tenth of a
//! second older than the end.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Workbench;
use crate::clean;
use crate::config::format_duration;
use crate::runs::{InProgress, now};

/// How often the note is brought up to date.
const UPDATE: Duration = Duration::from_millis(100);
/// Every note has this length, so that a later one replaces all of an earlier one in
/// a single write.
const LENGTH: usize = 1024;

/// What the note says.
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

/// A process that did not end in order, by the note that it left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Killed {
    note: Note,
    ago: Duration,
}

/// The note of this process. Dropping it removes the file.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    /// Ends the thread that writes.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Writes a note into `directory`, which is made if necessary, and keeps it up to
    /// date. Returns also who did not end in order there, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn begin(directory: &Path, workbench: &Arc<Workbench>) -> io::Result<(Self, Vec<Killed>)> {
        fs::create_dir_all(directory)?;
        let killed = collect_killed(directory)?;
        let pid = std::process::id();
        // Locked before it gets its name, or another start could take it for one that
        // was left behind.
        let beside = directory.join(format!(".running-{pid}.tmp"));
        let mut path = directory.join(format!("running-{pid}.json"));
        if path.exists() {
            // Of a process with this number in another container.
            path = directory.join(format!("running-{pid}-{:08x}.json", fastrand::u32(..)));
        }
        let file = File::create(&beside)?;
        let placed = file.try_lock().map_err(io::Error::from).and_then(|()| fs::rename(&beside, &path));
        if let Err(error) = placed {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        let since = moment(now());
        let mut writer = NoteWriter { file, since, last: None };
        writer.write(workbench)?;
        let (end, ended) = channel();
        let workbench = Arc::downgrade(workbench);
        let follow = move || {
            while ended.recv_timeout(UPDATE) == Err(RecvTimeoutError::Timeout) {
                let Some(workbench) = Weak::upgrade(&workbench) else { return };
                // A disk that does not take it now may take the next one.
                let _ = writer.write(&workbench);
            }
        };
        let thread = std::thread::Builder::new().name("weir-running".to_owned()).spawn(follow)?;
        Ok((Self { path, end: Some(end), thread: Some(thread) }, killed))
    }

    /// Removes the file, if it is still there: the process ends in order.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop((self.end.take(), self.thread.take()));
        self.remove();
    }
}

struct NoteWriter {
    file: File,
    since: String,
    last: Option<(u64, Option<InProgress>)>,
}

impl NoteWriter {
    /// Writes the note, if it says anything new.
    fn write(&mut self, workbench: &Workbench) -> io::Result<()> {
        let held = workbench.ledger().held;
        let run = workbench.run_in_progress(held);
        if self.last.as_ref() == Some(&(held, run.clone())) {
            return Ok(());
        }
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
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)?;
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
        // Only what can be locked is abandoned; what cannot be read says nothing.
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
        // To the second, once it is one.
        let ago = if self.ago >= Duration::from_secs(1) {
            Duration::from_secs(self.ago.as_secs())
        } else {
            Duration::from_millis(self.ago.as_millis() as u64)
        };
        let since = clean::line(since);
        write!(
            f,
            "the last server here did not end in order: process {pid}, running since {since}, last seen {} ago",
            format_duration(ago)
        )?;
        match held {
            0 => write!(f, "; it held no accepted events")?,
            1 => write!(f, "; 1 accepted event was in its memory and is lost")?,
            _ => write!(f, "; {held} accepted events were in its memory and are lost")?,
        }
        if let Some(run) = run {
            let requests: u64 = run.requests.values().sum();
            let began = clean::line(&run.began);
            write!(f, "; the run that began at {began}, with {requests} requests, was not kept")?;
        }
        Ok(())
    }
}
