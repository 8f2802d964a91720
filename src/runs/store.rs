//! The store of runs: a folder with a JSON file for each run.
//!
//! A file is written under a temporary name and then renamed, so that neither a kill nor
//! a full disk leaves half a run. Other files in the folder are left alone.
//!
//! References and names come from the command line and over HTTP. They cannot name a file
//! outside the folder. Only [`Store::open`], for the command line, takes a path.

mod error;
mod index;
mod names;
mod progress;
mod reference;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::format::{from_json, to_json};
use crate::files;
use crate::record::{Measured, Origin, RoomsSide, Run, TimingKind, Validity, WatchSide, now};
use error::failed;
use index::{Index, NotARun};
use names::is_id;

pub use error::StoreError;
pub use names::{check_name, id_for};
pub use progress::InProgress;

/// Larger than any run: a day-long one has a few megabytes.
const LARGEST: u64 = 256 << 20;
/// The most runs in a folder. A limit is needed because loads can be started over HTTP.
const MOST: usize = 20_000;

/// A folder of runs. It need not exist before the first run is saved.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

/// The content of a [`Store`].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Listing {
    /// The runs, in the order in which they began.
    pub runs: Vec<Listed>,
    /// JSON files that are not runs.
    pub skipped: Vec<Skipped>,
    /// The run that the bench is recording. It has no file yet.
    pub in_progress: Option<InProgress>,
}

/// A run in a [`Listing`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// See [`Run::id`].
    pub id: String,
    /// See [`Run::name`].
    pub name: Option<String>,
    /// See [`Run::origin`].
    pub origin: Origin,
    /// See [`Run::target`].
    pub target: String,
    /// When it began, in UTC.
    pub began: String,
    /// Its length.
    pub seconds: f64,
    /// The load in words, if it is known.
    pub load: Option<String>,
    /// Answers per second; jobs done per second of a run of jobs.
    pub rate: Option<f64>,
    /// The median of the answer times; of the lateness of a run of jobs.
    pub p50_ms: Option<f64>,
    /// The 99th percentile of the answer times.
    pub p99_ms: Option<f64>,
    /// True unless its figures are wrong.
    pub valid: bool,
    /// The word for the run: valid, disturbed or invalid.
    pub verdict: Validity,
}

/// A file that is not a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name in the folder.
    pub file: String,
    /// Why it is not one.
    pub why: String,
}

fn read(path: &Path) -> Result<Run, StoreError> {
    let text = files::read(path, LARGEST).map_err(failed("read", path))?;
    from_json(&text).map_err(|error| StoreError::Format { path: path.to_owned(), error })
}

impl Store {
    /// Returns the store of a folder, which need not exist.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Returns the folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the path of a run's file, whether it exists or not.
    ///
    /// # Errors
    /// [`StoreError::BadId`].
    pub fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        if is_id(id) {
            Ok(self.directory.join(format!("{id}.json")))
        } else {
            Err(StoreError::BadId(id.to_owned()))
        }
    }

    /// Returns an unused id: [`id_for`], with a number if that is taken.
    pub fn new_id(&self, began: SystemTime, target: &str, origin: Origin) -> String {
        self.free_id(&id_for(began, target, origin))
    }

    /// Sets the id of a run from its target, its origin and its beginning.
    pub fn give_id(&self, run: &mut Run) {
        let began = humantime::parse_rfc3339(&run.began).unwrap_or_else(|_| now());
        run.id = self.new_id(began, &run.target, run.origin);
    }

    /// Returns the id, with the first free number appended if it is taken.
    pub fn free_id(&self, id: &str) -> String {
        let numbered = (2_u64..).map(|n| format!("{id}-{n}"));
        let mut ids = std::iter::once(id.to_owned()).chain(numbered);
        let free = |id: &String| !self.path(id).is_ok_and(|path| path.exists());
        ids.find(free).unwrap_or_else(|| id.to_owned())
    }

    /// Saves a run, and replaces the one with the same id, if any.
    ///
    /// # Errors
    /// A bad id or name, a run that JSON cannot represent, or an I/O error. The folder is
    /// then unchanged.
    pub fn save(&self, run: &Run) -> Result<(), StoreError> {
        let path = self.path(&run.id)?;
        run.name.as_deref().map_or(Ok(()), check_name)?;
        let text = to_json(run).map_err(|error| StoreError::Format { path: path.clone(), error })?;
        fs::create_dir_all(&self.directory).map_err(failed("create the folder", &self.directory))?;
        self.has_room(&path, MOST)?;
        let beside = self.directory.join(format!(".{}.{}.tmp", run.id, fastrand::u64(..)));
        let written = write_new(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.map_err(failed("write", &path))?;
        // The run is saved; this makes the folder entry survive a power cut, where the
        // system supports it.
        let _ = File::open(&self.directory).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Checks that there is room for a run at `path`. An existing run may be replaced at
    /// any time.
    fn has_room(&self, path: &Path, most: usize) -> Result<(), StoreError> {
        let files = || fs::read_dir(&self.directory).map_or(0, Iterator::count);
        if path.exists() || files() < most {
            return Ok(());
        }
        Err(StoreError::Full { path: self.directory.clone(), most })
    }

    /// Lists all runs, in the order in which they began.
    ///
    /// # Errors
    /// If the folder exists and cannot be read.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing { in_progress: self.in_progress(), ..Listing::default() };
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(failed("read the folder", &self.directory)(error)),
        };
        let _alone = index::alone();
        let mut index = Index::read(self);
        let mut files = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(failed("read the folder", &self.directory))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let Some(id) = file.strip_suffix(".json").filter(|id| !id.starts_with('.')) else { continue };
            let read = || self.path(id).and_then(|path| read(&path)).map(|run| listed(id, &run));
            let listed = match fs::metadata(entry.path()) {
                Ok(about) if about.is_file() => index.entry(&file, (&about).into(), || read().map_err(why)),
                _ => read().map_err(why),
            };
            match listed {
                Ok(run) => listing.runs.push(run),
                Err(NotARun(why)) => listing.skipped.push(Skipped { file: file.clone(), why }),
            }
            files.insert(file);
        }
        index.keep(self, |file| files.contains(file));
        listing.runs.sort_by(|a, b| (&a.began, &a.id).cmp(&(&b.began, &b.id)));
        listing.skipped.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(listing)
    }

    /// Loads a run by any reference that [`Store::find`] accepts.
    ///
    /// # Errors
    /// Those of [`Store::find`], or that the file cannot be read or is not a run.
    pub fn load(&self, reference: &str) -> Result<Run, StoreError> {
        let id = self.find(reference)?;
        // A copy of a file under another name is another run.
        Ok(Run { id: id.clone(), ..read(&self.path(&id)?)? })
    }

    /// Like [`Store::load`], or reads any file whose path ends in `.json`. Not for
    /// references from the network.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn open(&self, reference: &str) -> Result<Run, StoreError> {
        let path = Path::new(reference);
        let of_ours = self.path(reference).is_ok_and(|path| path.exists());
        let is_path = path.extension().is_some_and(|extension| extension == "json") && !of_ours;
        if is_path { read(path) } else { self.load(reference) }
    }

    /// Names a run, or removes its name. Returns its id.
    ///
    /// # Errors
    /// As [`Store::load`] and [`Store::save`]; or another run has that name.
    pub fn rename(&self, reference: &str, name: Option<&str>) -> Result<String, StoreError> {
        name.map_or(Ok(()), check_name)?;
        let mut run = self.load(reference)?;
        if let Some(name) = name {
            let taken = |other: &Listed| {
                other.id != run.id && (other.name.as_deref() == Some(name) || other.id == name)
            };
            if let Some(other) = self.list()?.runs.into_iter().find(taken) {
                return Err(StoreError::Taken { name: name.to_owned(), id: other.id });
            }
        }
        run.name = name.map(ToOwned::to_owned);
        self.save(&run)?;
        Ok(run.id)
    }

    /// Deletes a run. Returns its id.
    ///
    /// # Errors
    /// As [`Store::find`]; or the file cannot be deleted.
    pub fn delete(&self, reference: &str) -> Result<String, StoreError> {
        let id = self.find(reference)?;
        let path = self.path(&id)?;
        fs::remove_file(&path).map_err(failed("delete", &path))?;
        Ok(id)
    }

    /// Keeps the newest `keep` of the runs that the bench recorded on its own and that
    /// have no name, and deletes the others. Returns their ids.
    ///
    /// # Errors
    /// If the folder cannot be read or a file cannot be deleted.
    pub fn prune(&self, keep: usize) -> Result<Vec<String>, StoreError> {
        let runs = self.list()?.runs.into_iter();
        let own = runs.filter(|run| run.name.is_none() && run.origin == Origin::Recorded);
        own.rev().skip(keep).map(|run| self.delete(&run.id)).collect()
    }
}

/// Returns why a file is not a run, without the name of the file.
fn why(error: StoreError) -> NotARun {
    NotARun(match error {
        StoreError::Io { error, .. } => error.to_string(),
        StoreError::Format { error, .. } => error.to_string(),
        error => error.to_string(),
    })
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn listed(id: &str, run: &Run) -> Listed {
    // Of a run of jobs, those of the load; of watchers, those of the last to have an event.
    let (kind, rate) = match run.measured() {
        Measured::Jobs | Measured::Watchers => (TimingKind::Response, run.done_rate()),
        Measured::Requests | Measured::Rooms => (TimingKind::Answer, run.rate()),
    };
    let answer = |share| run.timing(kind).and_then(|timing| timing.quantile_ms(share));
    Listed {
        id: id.to_owned(),
        name: run.name.clone(),
        origin: run.origin,
        target: run.target.clone(),
        began: run.began.clone(),
        seconds: run.seconds,
        load: (run.load.as_ref().map(ToString::to_string))
            .or(run.watch.as_ref().map(WatchSide::load))
            .or(run.rooms.as_ref().map(RoomsSide::load)),
        rate,
        p50_ms: answer(0.5),
        p99_ms: answer(0.99),
        valid: !run.audit.is_invalid(),
        verdict: run.audit.validity(),
    }
}
