//! Changes of the configuration by hand: on the page, with `weir set`, and with the
//! concurrency stepper. A change takes effect at once; only a change that is written back
//! reaches the file.

use std::sync::{Arc, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Workbench;
use super::reload::Origin;
use crate::config::{Change, ConfigError, ConfigFile, NEEDS_RESTART, WriteError, changes, keys};

/// A change that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The keys whose value changed.
    pub changes: Vec<Change>,
    /// The file that has the new values, if they were written.
    pub written: Option<String>,
    /// The keys whose value in force is not the file's.
    pub not_in_file: Vec<String>,
}

/// Why a change is refused. The previous configuration stays in force.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The change is wrong.
    #[error("{0}")]
    Invalid(ConfigError),
    /// The text has no key.
    #[error("no key to change: expected TOML such as consumers.concurrency = 3")]
    Nothing,
    /// A key keeps its value until the server restarts.
    #[error("{0} cannot change while the server runs: write it to the file, and restart")]
    NeedsRestart(String),
    /// The file in its present state was refused.
    #[error("the file is invalid and has to be corrected first; nothing was changed: {0}")]
    FileInvalid(String),
    /// The server has no configuration file, for example in a simulation.
    #[error("this server watches no configuration file")]
    NoFile,
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// The configuration for an editor.
#[derive(Debug, Clone, Serialize)]
pub struct Editable {
    /// 1 at the start, and one more after each change that took effect.
    pub generation: u64,
    /// The file that is watched.
    pub file: Option<String>,
    /// Whether it exists; writing a change creates it.
    pub exists: bool,
    /// Why the file in its present state was refused.
    pub error: Option<String>,
    /// Every key, in the order of the file.
    pub keys: Vec<EditableKey>,
}

/// A key with its values, each as TOML.
#[derive(Debug, Clone, Serialize)]
pub struct EditableKey {
    /// What the key takes.
    #[serde(flatten)]
    pub key: crate::config::Key,
    /// The value in force.
    pub value: String,
    /// The value according to defaults, file and flags.
    pub in_file: String,
    /// Whether a flag has set it. Such a key cannot be changed.
    pub flag: bool,
}

impl Workbench {
    /// Returns every key with its values.
    pub fn editable(&self) -> Editable {
        let (generation, error, config, of_file) = {
            let now = self.in_force();
            (now.generation, now.error.clone(), now.config.clone(), now.of_file.flat())
        };
        let values = config.settings.flat();
        let value = |values: &[(String, String)], name: &str| {
            values.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.clone())
        };
        let of = |key: crate::config::Key| EditableKey {
            value: value(&values, key.name),
            in_file: value(&of_file, key.name),
            flag: config.by_flag.iter().any(|flag| flag.key == key.name),
            key,
        };
        let file = self.file();
        Editable {
            generation,
            file: file.as_ref().map(ConfigFile::name),
            exists: file.as_ref().is_some_and(ConfigFile::exists),
            error,
            keys: keys().into_iter().map(of).collect(),
        }
    }

    /// Returns what a change in TOML, such as `consumers.concurrency = 3`, would change.
    ///
    /// # Errors
    /// With all problems of the text.
    pub fn check_change(&self, text: &str) -> Result<Vec<Change>, ConfigError> {
        let old = self.in_force().config.clone();
        Ok(changes(&old.settings, &old.changed(text)?.config.settings))
    }

    /// Applies a change in TOML, and with `write` writes its values to the file first.
    /// Without `write`, the next edit of the file takes the change back.
    ///
    /// # Errors
    /// [`ChangeError`]. Configuration and file are then as they were.
    ///
    /// # Cancel safety
    /// If the future is dropped, the change takes effect all the same.
    pub async fn make_change(self: &Arc<Self>, text: &str, write: bool) -> Result<Made, ChangeError> {
        let (this, text) = (Arc::clone(self), text.to_owned());
        // In a task of its own, so that a client that disconnects cannot leave the file written
        // and the bench unchanged.
        let made = tokio::spawn(async move { this.make(&text, write).await });
        made.await.unwrap_or(Err(ChangeError::Stopping))
    }

    async fn make(self: Arc<Self>, text: &str, write: bool) -> Result<Made, ChangeError> {
        let _one_at_a_time = self.editing.lock().await;
        let old = self.in_force().config.clone();
        let changed = old.changed(text).map_err(ChangeError::Invalid)?;
        if changed.keys.is_empty() {
            return Err(ChangeError::Nothing);
        }
        let wanted = changes(&old.settings, &changed.config.settings);
        let written = if write {
            let this = Arc::clone(&self);
            let keys = changed.keys;
            let write = tokio::task::spawn_blocking(move || this.write(&keys, &wanted));
            Some(write.await.unwrap_or(Err(ChangeError::Stopping))?)
        } else {
            let fixed = wanted.iter().find(|change| NEEDS_RESTART.contains(&change.key.as_str()));
            if let Some(change) = fixed {
                return Err(ChangeError::NeedsRestart(change.key.clone()));
            }
            None
        };
        let changes = self.apply_from(changed.config, Origin::Hand).await;
        Ok(Made { changes, written, not_in_file: self.not_in_file() })
    }

    /// Writes values to the file, and returns its name.
    fn write(&self, keys: &[(String, String)], wanted: &[Change]) -> Result<String, ChangeError> {
        if let Some(error) = &self.in_force().error {
            let first = error.lines().next().unwrap_or_default();
            return Err(ChangeError::FileInvalid(first.to_owned()));
        }
        let mut file = self.file();
        let file = file.as_mut().ok_or(ChangeError::NoFile)?;
        let config = file.write(keys, wanted)?;
        let name = file.name();
        log::info!("configuration: {name} was written: {}", names(keys));
        let mut in_force = self.in_force();
        in_force.source = Some(name.clone());
        in_force.know_file(config.settings);
        Ok(name)
    }

    /// The keys whose value in force differs from the file's, with defaults and flags.
    pub(super) fn not_in_file(&self) -> Vec<String> {
        self.in_force().not_in_file()
    }

    pub(super) fn file(&self) -> MutexGuard<'_, Option<ConfigFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(keys: &[(String, String)]) -> String {
    keys.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}
