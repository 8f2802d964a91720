//! Writes values back into the watched configuration file.
//!
//! The file on the disk belongs to the user. It is replaced only if it still has the
//! content that was last read, and only by a text that is a valid configuration.

use std::io;

use thiserror::Error;

use super::rewrite::rewrite;
use super::watch::LARGEST;
use super::{Change, Config, ConfigError, Sources, Watcher};
use crate::{clean, files};

/// The first lines of a file that is created.
const HEAD: &str = "\
# Weir's configuration, created by an edit on the page or by `weir set`. Keys that are
# not in this file have their defaults. An edit takes effect within a second.
";

/// A configuration file, with the flags that win over it.
#[derive(Debug)]
pub struct ConfigFile {
    sources: Sources,
    watcher: Watcher,
}

/// Why the file stays as it is.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Another program has changed the file.
    #[error("{0} has changed on the disk since it was read: nothing was changed; try again in a second")]
    Conflict(String),
    /// The text has no place where the key could be written.
    #[error("{file} has no place for {key}: nothing was changed; edit the file by hand")]
    NoPlace {
        /// The file.
        file: String,
        /// The key.
        key: String,
    },
    /// The new values would make the file invalid.
    #[error("nothing was changed, because the file would be invalid: {0}")]
    Invalid(ConfigError),
    /// The system refuses: a file without write permission, a full disk.
    #[error("{file} cannot be written: {error}; nothing was changed", error = clean::line(&.error.to_string()))]
    Io {
        /// The file.
        file: String,
        /// The reason.
        error: io::Error,
    },
}

impl ConfigFile {
    /// The file of `sources`, whose content was `text` when it was last read. Without
    /// `text` it does not exist yet. `None` if `sources` name no file.
    pub fn new(sources: Sources, text: Option<String>) -> Option<Self> {
        let watcher = Watcher::new(sources.file.clone()?, text);
        Some(Self { sources, watcher })
    }

    /// The name of the file, as it was given.
    pub fn name(&self) -> String {
        clean::path(self.watcher.path()).to_string()
    }

    /// Whether the file existed when it was last read.
    pub fn exists(&self) -> bool {
        self.watcher.text().is_some()
    }

    /// Returns a change of the file since it was last read, as a reading of file and flags.
    ///
    /// # Errors
    /// As for [`Watcher::changed`], and if the new content is invalid.
    pub fn changed(&mut self) -> Result<Option<Config>, ConfigError> {
        match self.watcher.changed()? {
            Some(text) => self.sources.parse(&text).map(Some),
            None => Ok(None),
        }
    }

    /// Writes the values of `keys` into the file and keeps everything else. `wanted` lists
    /// the changes that `keys` make to the configuration in force. If writing `keys` alone
    /// does not make a wanted change in the file, that change is written too: for example a
    /// maximum that follows the mean in force, but not in the file. Returns the reading of
    /// the new file; the watcher does not report it.
    ///
    /// # Errors
    /// [`WriteError`]; the file is then as it was.
    pub fn write(&mut self, keys: &[(String, String)], wanted: &[Change]) -> Result<Config, WriteError> {
        let file = self.name();
        let old = self.watcher.text().map(str::to_owned);
        let text = self.with(old.as_deref().unwrap_or(HEAD), keys)?;
        let (text, config) = self.completed(text, keys, wanted)?;
        let written = if text.len() as u64 > LARGEST {
            Err(io::Error::other("it would be larger than 64 KiB"))
        } else if let Some(old) = &old {
            files::replace(self.watcher.path(), old.as_bytes(), text.as_bytes())
        } else {
            files::create(self.watcher.path(), text.as_bytes())
        };
        match written {
            Ok(true) => {}
            Ok(false) => return Err(WriteError::Conflict(file)),
            Err(error) => return Err(WriteError::Io { file, error }),
        }
        self.watcher.wrote(text);
        Ok(config)
    }

    fn with(&self, text: &str, keys: &[(String, String)]) -> Result<String, WriteError> {
        let pairs = keys.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        rewrite(text, pairs).map_err(|key| WriteError::NoPlace { file: self.name(), key })
    }

    /// Adds the wanted changes that writing the keys alone would not make.
    fn completed(
        &self,
        text: String,
        keys: &[(String, String)],
        wanted: &[Change],
    ) -> Result<(String, Config), WriteError> {
        let config = self.sources.parse(&text);
        let values = config.as_ref().map(|config| config.settings.flat()).unwrap_or_default();
        let is_made =
            |change: &&Change| values.iter().any(|(key, now)| *key == change.key && *now == change.to);
        let others = wanted.iter().filter(|change| keys.iter().all(|(key, _)| *key != change.key));
        let missing: Vec<_> = others.filter(|change| !is_made(change)).collect();
        if missing.is_empty() {
            return Ok((text, config.map_err(WriteError::Invalid)?));
        }
        let missing: Vec<_> =
            missing.iter().map(|change| (change.key.clone(), change.to.clone())).collect();
        let text = self.with(&text, &missing)?;
        let config = self.sources.parse(&text).map_err(WriteError::Invalid)?;
        Ok((text, config))
    }
}

#[cfg(test)]
mod tests;
