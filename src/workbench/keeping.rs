//! Saves the runs that have ended, and retries until it succeeds.
//!
//! A full disk, a read-only folder or a lack of descriptors may be resolved while the
//! bench runs. Until then runs wait in memory and the snapshot says so. When the server
//! ends, it reports the runs that could not be saved.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::time::Instant;

use super::Workbench;
use super::recording::Note;
use crate::clean;
use crate::record::Run;
use crate::runs::{Store, StoreError};

/// The most runs that wait; beyond that the oldest is lost.
const WAITING: usize = 100;
/// The delay before the first retry. It doubles with each, up to the longest.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Why runs cannot be kept.
#[derive(Debug, Error)]
enum KeepError {
    /// The data folder cannot be written.
    #[error("the data folder {} (data.directory) cannot be used: {error}", clean::path(directory))]
    Unusable { directory: PathBuf, error: io::Error },
    /// The store does not take the run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that writes could not be started, or panicked.
    #[error(transparent)]
    Writer(io::Error),
}

/// The state of saving runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepingState {
    /// Runs that have ended and are not saved yet.
    pub waiting: usize,
    /// Runs lost since the start.
    pub lost: u64,
    /// Why the data folder cannot be used; null while it can be.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Keeping {
    state: Mutex<State>,
    /// Held while runs are written, so each is written once.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Run>,
    lost: u64,
    error: Option<String>,
    /// The time of the next retry, and the delay before it.
    again: Option<(Instant, Duration)>,
}

impl Keeping {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> KeepingState {
        let state = self.lock();
        KeepingState { waiting: state.waiting.len(), lost: state.lost, error: state.error.clone() }
    }

    /// Adds a run to the waiting ones, and drops the oldest if there are too many.
    fn add(&self, run: Run) {
        let mut state = self.lock();
        state.again = None;
        state.waiting.push_back(run);
        if state.waiting.len() <= WAITING {
            return;
        }
        state.waiting.pop_front();
        state.lost += 1;
        let why = state.error.clone().unwrap_or_default();
        drop(state);
        log::error!("a run is lost: {WAITING} others wait to be kept already: {why}");
    }

    fn is_due(&self) -> bool {
        let state = self.lock();
        (!state.waiting.is_empty() || state.error.is_some())
            && state.again.is_none_or(|(at, _)| at <= Instant::now())
    }

    /// Notes the outcome of the last attempt.
    fn note(&self, outcome: &Result<(), KeepError>) {
        let error = outcome.as_ref().err().map(KeepError::to_string);
        let mut state = self.lock();
        let news = state.error != error;
        state.error.clone_from(&error);
        state.again = error.is_some().then(|| {
            let wait = state.again.map_or(AGAIN, |(_, wait)| (wait * 2).min(LONGEST));
            (Instant::now() + wait, wait)
        });
        drop(state);
        match error {
            Some(error) if news => log::error!("runs cannot be kept, and wait in memory: {error}"),
            None if news => log::info!("runs are kept again"),
            _ => {}
        }
    }

    /// Checks that the data folder can be written, if the last attempt failed.
    fn probe(&self, store: &Store) -> Result<(), KeepError> {
        if self.lock().error.is_none() {
            return Ok(());
        }
        let Some(directory) = store.directory().parent() else { return Ok(()) };
        let file = directory.join(format!(".probe.{}.tmp", fastrand::u64(..)));
        let tried = fs::create_dir_all(directory).and_then(|()| File::create_new(&file));
        let _ = fs::remove_file(&file);
        tried.map(drop).map_err(|error| KeepError::Unusable { directory: directory.to_owned(), error })
    }

    /// Writes the waiting runs, oldest first, until one cannot be written.
    fn write(&self, store: &Store) -> Result<(), KeepError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(mut run) = self.lock().waiting.front().cloned() else { return self.probe(store) };
            if run.id.is_empty() {
                store.give_id(&mut run);
            }
            store.save(&run)?;
            let mut state = self.lock();
            // A newer run may have replaced it meanwhile.
            if state.waiting.front().is_some_and(|front| front.began == run.began) {
                state.waiting.pop_front();
            }
        }
    }
}

impl Workbench {
    /// Saves the runs that have ended since the last call, retries those that could not
    /// be saved, and notes the progress of the current run once a second.
    ///
    /// # Cancel safety
    /// A write that has begun completes even if the future is dropped.
    pub async fn keep_finished(&self, store: Option<&Store>) {
        let finished = self.finished_runs();
        let (now, held) = (self.bench.clock.now(), self.numbers().ledger().held);
        let (crowded_out, note) = {
            let recorder = &mut self.sampler().recorder;
            (std::mem::take(&mut recorder.crowded_out), recorder.note(now, held))
        };
        let Some(store) = store else { return };
        let settings = self.settings().data;
        if !settings.record {
            return;
        }
        if crowded_out > 0 {
            log::warn!("{crowded_out} runs are not kept: too many were begun within a quarter of a second");
        }
        finished.into_iter().for_each(|run| self.keeping.add(run));
        let due = self.keeping.is_due();
        if !due && note.is_none() {
            return;
        }
        let (keeping, store) = (Arc::clone(&self.keeping), store.clone());
        let write = move || {
            match note {
                Some(Note::Progress(run)) => store.note_progress(&run),
                Some(Note::Ended) => store.no_progress(),
                None => {}
            }
            due.then(|| {
                let written = keeping.write(&store);
                if let Err(error) = store.prune(settings.keep as usize) {
                    log::debug!("old runs cannot be deleted: {error}");
                }
                written
            })
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(None) => {}
            Ok(Some(written)) => self.keeping.note(&written),
            Err(error) => self.keeping.note(&Err(KeepError::Writer(error.into()))),
        }
    }

    /// Adds a run that was recorded elsewhere to the waiting ones.
    pub fn keep_later(&self, run: Run) {
        self.keeping.add(run);
    }

    /// Ends the run that is being recorded and saves all runs, before the process ends.
    /// Returns what could not be saved, if anything.
    ///
    /// Blocks for up to `limit`. It uses no timer and no thread of the runtime, which may
    /// be busy dropping events.
    pub fn keep_last(&self, store: &Store, limit: Duration) -> Option<String> {
        self.end_run();
        let finished = self.finished_runs();
        if self.settings().data.record {
            finished.into_iter().for_each(|run| self.keeping.add(run));
        }
        let nothing_waits = self.keeping.lock().waiting.is_empty();
        let (keeping, store) = (Arc::clone(&self.keeping), store.clone());
        let (done, written) = std::sync::mpsc::channel();
        // The receiver may be gone: the limit has passed.
        let write = move || {
            store.no_progress();
            drop(done.send(keeping.write(&store)));
        };
        let started = std::thread::Builder::new().name("weir-keep".to_owned()).spawn(write);
        match started.map(|_| written.recv_timeout(limit)) {
            _ if nothing_waits => {}
            Ok(Ok(written)) => self.keeping.note(&written),
            Ok(Err(_)) => return self.unkept("there was no time to write it"),
            Err(error) => self.keeping.note(&Err(KeepError::Writer(error))),
        }
        self.unkept("")
    }

    /// The state of saving runs.
    pub fn keeping(&self) -> KeepingState {
        self.keeping.state()
    }

    /// Notes that the data folder cannot be used. It is retried with increasing delays.
    pub fn note_unusable(&self, directory: &Path, error: io::Error) {
        self.keeping.note(&Err(KeepError::Unusable { directory: directory.to_owned(), error }));
    }

    fn unkept(&self, why: &str) -> Option<String> {
        let KeepingState { waiting, lost, error } = self.keeping();
        let unkept = waiting as u64 + lost;
        let runs = if unkept == 1 { "run" } else { "runs" };
        let why = error.unwrap_or_else(|| why.to_owned());
        (unkept > 0).then(|| format!("{unkept} {runs} could not be kept: {why}"))
    }
}
