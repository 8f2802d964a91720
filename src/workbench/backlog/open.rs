//! Opens the engine that the configuration names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::stored::Parts;
use super::{Backlog, Stored};
use crate::config::{Queue, QueueEngine, Settings, Syncs};
use crate::engine::AnyEngine;
use crate::pipeline::{Account, Clock};
use weir_queue_redb::{DiskQueue, OpenError, Options, Sync};

/// Why the engine of the queue could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineOpenError {
    /// The data folder cannot be created.
    #[error("cannot create the folder {}: {error}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file cannot be opened.
    #[error(transparent)]
    Disk(#[from] OpenError),
    /// This program was built without the engine.
    #[error(
        "queue.engine = \"jetstream\" needs a build with the feature nats: cargo run --release --features nats"
    )]
    NotBuilt,
    /// The engine cannot be reached.
    #[error("{0}")]
    Away(String),
}

/// An engine that was opened.
pub(in crate::workbench) struct Opened {
    engine: AnyEngine,
    file: Option<PathBuf>,
}

impl Opened {
    /// Makes a backlog of it.
    pub(in crate::workbench) fn into_backlog(
        self,
        account: &Arc<Account>,
        clock: Clock,
        settings: &Settings,
    ) -> Backlog {
        let Self { engine, file } = self;
        Backlog::Stored(Stored::new(Parts { engine, file, account: Arc::clone(account), clock }, settings))
    }
}

/// Opens the engine of the settings. `None` for memory.
///
/// # Errors
/// [`EngineOpenError`].
///
/// # Cancel safety
/// If the future is dropped, the file may stay open until the process ends.
pub(in crate::workbench) async fn open(settings: &Settings) -> Result<Option<Opened>, EngineOpenError> {
    match settings.queue.engine {
        QueueEngine::Memory => Ok(None),
        QueueEngine::Disk => {
            let folder = PathBuf::from(&settings.data.directory);
            let (file, options) = (Queue::file(&folder), disk_options(&settings.queue));
            let opened = tokio::task::spawn_blocking(move || open_file(&folder, file, options));
            // The task does not panic: it opens a file.
            opened.await.unwrap_or_else(|error| Err(EngineOpenError::Away(error.to_string()))).map(Some)
        }
        #[cfg(feature = "nats")]
        QueueEngine::JetStream => {
            let engine = super::jetstream::open(settings).await?;
            Ok(Some(Opened { engine, file: None }))
        }
        #[cfg(not(feature = "nats"))]
        QueueEngine::JetStream => Err(EngineOpenError::NotBuilt),
    }
}

fn disk_options(queue: &Queue) -> Options {
    Options {
        group: queue.group as usize,
        attempts: u32::try_from(queue.attempts).unwrap_or(u32::MAX),
        sync: match queue.sync {
            Syncs::Always => Sync::Always,
            Syncs::Every(every) => Sync::Every(every),
        },
        // `queue.max_payload` refuses longer payloads before they get here.
        max_payload: Queue::LONGEST_PAYLOAD as usize,
        ..Options::default()
    }
}

fn open_file(folder: &Path, file: PathBuf, options: Options) -> Result<Opened, EngineOpenError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| EngineOpenError::Folder { folder: folder.to_owned(), error })?;
    let engine = AnyEngine::new(DiskQueue::open(&file, options)?);
    Ok(Opened { engine, file: Some(file) })
}
