//! The configuration: a commented file, flags that override it, and errors with their
//! place, what was found and what is allowed.
//!
//! ```text
//!   config.toml ─┐
//!                ├─▶ Reader (keys with their places) ─▶ Settings, or all problems
//!   --set k=v ───┘
//! ```
//!
//! A [`Config`] is one reading of file and flags. [`Watcher`] says when the file
//! has changed, and a [`ConfigFile`] writes values back into it; what a change does to a
//! running bench is the [`workbench`](crate::workbench)'s business.

mod bytes;
mod change;
mod file;
mod keys;
mod kind;
mod problem;
mod reader;
mod rewrite;
mod settings;
mod value;
mod watch;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use change::{Changed, assignment};
pub use file::{ConfigFile, WriteError};
pub use keys::{Key, NEEDS_RESTART, keys};
pub use kind::Kind;
pub use problem::{ConfigError, Problem};
pub use settings::{
    Backup, Behind, Consumers, Encode, Jobs, JobsLoad, Latency, MatchLog, MatchNodes, Matches, Queue,
    QueueEngine, RegistryKind, Resource, ResourceKind, Rooms, Server, Settings, Shape, SnapshotFrom, Syncs,
    WhenFullWord, Writer,
};
pub use watch::Watcher;

use crate::clean;
use reader::Reader;

/// The sources of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file; the built-in defaults without one.
    pub file: Option<PathBuf>,
    /// `key=value`, as given with `--set`. Later ones win over earlier ones, and
    /// all over the file.
    pub flags: Vec<String>,
}

/// One valid reading of file and flags.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The effective settings.
    pub settings: Settings,
    /// The keys that a flag has set, each with its value in the file.
    pub by_flag: Vec<FlagKey>,
}

/// A key that was set by a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagKey {
    /// Such as `consumers.concurrency`.
    pub key: String,
    /// The value in the file, as written.
    pub in_file: Option<String>,
}

impl Sources {
    /// Reads the file and applies the flags.
    ///
    /// # Errors
    /// If the file cannot be read, or with all problems in file and flags.
    pub fn load(&self) -> Result<Config, ConfigError> {
        self.parse(&self.read()?)
    }

    /// The content of the file; nothing without one.
    ///
    /// # Errors
    /// If it cannot be read, is not a regular file, or cannot be a configuration.
    pub fn read(&self) -> Result<String, ConfigError> {
        let Some(path) = &self.file else { return Ok(String::new()) };
        let bytes =
            watch::read(path).map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            ConfigError::Invalid(vec![Problem::in_file(
                &self.name(),
                &text,
                at..at,
                "expected text in UTF-8",
            )])
        })
    }

    fn name(&self) -> String {
        self.file.as_ref().map_or_else(String::new, |path| path.display().to_string())
    }

    /// Applies the flags to `text`, which stands for the content of the file.
    ///
    /// # Errors
    /// With all problems in text and flags.
    pub fn parse(&self, text: &str) -> Result<Config, ConfigError> {
        let name = self.name();
        let mut reader = Reader::default();
        reader.file(text);
        for flag in &self.flags {
            reader.flag(flag);
        }
        let by_flag = reader
            .written_by_flag()
            .map(|(key, in_file)| FlagKey {
                key: key.to_owned(),
                in_file: in_file.map(|written| written.value.to_string()),
            })
            .collect();
        let settings = Settings::read(&mut reader);
        reader.finish(&name, text)?;
        Ok(Config { settings, by_flag })
    }
}

impl Config {
    /// The configuration whose settings, every key with its value, are these: as
    /// a run keeps them. Keys that it lacks have their defaults.
    ///
    /// # Errors
    /// With all problems in it.
    pub fn from_effective(settings: &serde_json::Value) -> Result<Self, ConfigError> {
        let flags = settings::flat(settings).into_iter().map(|(key, value)| format!("{key}={value}"));
        let mut config = Sources { file: None, flags: flags.collect() }.load()?;
        config.by_flag.clear();
        Ok(config)
    }
}

/// One key whose value differs between two configurations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Such as `consumers.concurrency`.
    pub key: String,
    /// The old value.
    pub from: String,
    /// The new value.
    pub to: String,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} → {}", self.key, clean::line(&self.from), clean::line(&self.to))
    }
}

/// The keys in which `new` differs from `old`, in alphabetical order.
pub fn changes(old: &Settings, new: &Settings) -> Vec<Change> {
    let (old, new) = (old.flat(), new.flat());
    let pairs = old.into_iter().zip(new);
    pairs
        .filter(|(old, new)| old.1 != new.1)
        .map(|((key, from), (_, to))| Change { key, from, to })
        .collect()
}
