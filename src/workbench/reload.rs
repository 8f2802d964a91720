//! The configuration in force, and its changes while the bench runs.

mod fixed;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::{Workbench, mock_settings, pool_settings};
use crate::config::{Change, Config, ConfigError, ConfigFile, FlagKey, Settings, Sources, changes};
use crate::duration;
use crate::pipeline::Stamp;
use crate::record::MarkKind;

/// How often the file is polled. An edit is in force after at most two polls, or three if
/// the file was half written at the first.
const LOOK: Duration = Duration::from_millis(250);

/// The configuration in force and its origin.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) config: Config,
    /// The settings according to defaults, file and flags: those that the next edit of the
    /// file begins with.
    pub(super) of_file: Settings,
    /// The file it came from, if any.
    pub(super) source: Option<String>,
    /// 1 at the start, and one more with each change.
    pub(super) generation: u64,
    /// Why the last edit was refused, until one is accepted.
    pub(super) error: Option<String>,
    /// When this configuration came into force; `None` at the start.
    pub(super) changed: Option<Stamp>,
    /// The changes from the previous one.
    pub(super) changes: Vec<String>,
    /// Parts of the last edit that have no effect, and why.
    pub(super) notes: Vec<String>,
}

impl InForce {
    pub(super) fn new(config: Config, sources: &Sources) -> Self {
        Self {
            of_file: config.settings.clone(),
            config,
            source: sources.file.as_ref().map(|path| path.display().to_string()),
            generation: 1,
            error: None,
            changed: None,
            changes: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The keys whose value in force is not the file's.
    pub(super) fn not_in_file(&self) -> Vec<String> {
        differing(&self.of_file, &self.config)
    }

    /// Takes over the settings of the file after it was written.
    pub(super) fn know_file(&mut self, mut of_file: Settings) {
        let notes = fixed::keep(&self.config.settings, &mut of_file);
        self.of_file = of_file;
        self.note(notes);
    }

    fn note(&mut self, notes: Vec<String>) {
        let new: Vec<_> = notes.into_iter().filter(|note| !self.notes.contains(note)).collect();
        self.notes.extend(new);
    }
}

/// Where a configuration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From file and flags: the whole configuration.
    File,
    /// From a change of some keys. Earlier messages about the file stay.
    Hand,
}

/// An edit of the configuration during a load, written as `20s:consumers.concurrency=3`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Edit {
    /// The time of the edit, from the beginning of the load.
    pub after: Duration,
    /// The key, such as `consumers.concurrency`.
    pub key: String,
    /// The new value, as in the file.
    pub value: String,
}

/// A text that does not read as an edit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?}: expected a time and a setting, such as 20s:consumers.concurrency=3")]
pub struct EditError(String);

impl FromStr for Edit {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, EditError> {
        let read = || {
            let (after, set) = text.split_once(':')?;
            let (key, value) = set.split_once('=')?;
            Some(Self {
                after: duration::parse(after.trim())?,
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            })
        };
        read().ok_or_else(|| EditError(text.to_owned()))
    }
}

impl TryFrom<String> for Edit {
    type Error = EditError;

    fn try_from(text: String) -> Result<Self, EditError> {
        text.parse()
    }
}

impl Edit {
    /// Checks that all edits could be made, one after the other.
    ///
    /// # Errors
    /// The error of the first edit that would be refused.
    pub fn check(edits: &[Self], config: &Config) -> Result<(), ConfigError> {
        let mut flags = config.settings.as_flags();
        for Self { key, value, .. } in edits {
            flags.push(format!("{key}={value}"));
            Sources { file: None, flags: flags.clone() }.load()?;
        }
        Ok(())
    }
}

impl Workbench {
    /// Applies a configuration while everything runs, and returns the changes. No
    /// accepted event is lost.
    ///
    /// # Cancel safety
    /// If the future is dropped, settings may be applied in part. Applying them again
    /// completes the change.
    pub async fn apply(&self, new: Config) -> Vec<Change> {
        self.apply_from(new, Origin::File).await
    }

    pub(super) async fn apply_from(&self, new: Config, origin: Origin) -> Vec<Change> {
        let changes = self.change(new, origin).await;
        if origin == Origin::File {
            // Copied, so that no lock is held while logging.
            let notes = self.in_force().notes.clone();
            for note in notes {
                log::warn!("configuration: {note}");
            }
        }
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        if !told.is_empty() {
            log::info!("configuration changed: {}", told.join(", "));
        }
        changes
    }

    /// Like [`apply`](Self::apply), without logging.
    async fn change(&self, mut new: Config, origin: Origin) -> Vec<Change> {
        let old = self.in_force().config.clone();
        let mut notes = overruled(&old.by_flag, &new.by_flag);
        notes.extend(fixed::keep(&old.settings, &mut new.settings));
        let changes = changes(&old.settings, &new.settings);
        self.bench.resource.configure(mock_settings(&new.settings, self.bench.clock));
        self.bench.works.configure(&new.settings);
        self.bench.queue.configure(&new.settings, self.bench.clock);
        self.bench.payloads.configure(&new.settings);
        self.bench.flights.resize(new.settings.asynchronous.max_in_flight);
        self.stages.resize(pool_settings(&new.settings)).await;
        notes.extend(self.labs().iter().flat_map(|lab| lab.apply(&new.settings)));

        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        if !told.is_empty() {
            self.mark(MarkKind::Reload, &told.join(", "));
        }
        let mut in_force = self.in_force();
        match origin {
            Origin::File => {
                in_force.of_file = new.settings.clone();
                in_force.error = None;
                in_force.notes = notes;
            }
            Origin::Hand => in_force.note(notes),
        }
        in_force.config = new;
        if !told.is_empty() {
            in_force.generation += 1;
            in_force.changed = Some(self.bench.clock.now());
            in_force.changes = told;
        }
        changes
    }

    /// Changes one key. The next edit of the file applies the whole file again. An error
    /// of the file stays on display.
    ///
    /// # Errors
    /// When there is no such key, or the value is not allowed.
    ///
    /// # Cancel safety
    /// As for [`apply`](Self::apply).
    pub async fn set(&self, key: &str, value: &str) -> Result<Vec<Change>, ConfigError> {
        let _one_at_a_time = self.editing.lock().await;
        Ok(self.apply_from(self.with(key, value)?, Origin::Hand).await)
    }

    /// Returns the configuration in force with one key changed.
    fn with(&self, key: &str, value: &str) -> Result<Config, ConfigError> {
        let by_flag = self.in_force().config.by_flag.clone();
        let mut flags = self.settings().as_flags();
        flags.push(format!("{key}={value}"));
        Ok(Config { by_flag, ..Sources { file: None, flags }.load()? })
    }

    /// Makes edits, each when it is due, counted from now by the bench's clock. Only
    /// refused edits are logged.
    ///
    /// # Cancel safety
    /// As for [`apply`](Self::apply).
    pub async fn edit(self: Arc<Self>, mut edits: Vec<Edit>) {
        edits.sort_by_key(|edit| edit.after);
        let began = tokio::time::Instant::now();
        for Edit { after, key, value } in edits {
            tokio::time::sleep_until(began + self.bench.clock.to_tokio(after)).await;
            match self.with(&key, &value) {
                Ok(config) => drop(self.change(config, Origin::Hand).await),
                Err(error) => log::error!("an edit is refused: {error}"),
            }
        }
    }

    /// Notes that an edit was refused. The configuration in force stays.
    pub fn refuse(&self, error: &ConfigError) {
        let error = error.to_string();
        log::error!("configuration refused; the previous one stays in force:\n{error}");
        self.mark(MarkKind::Error, error.lines().next().unwrap_or_default());
        self.in_force().error = Some(error);
    }

    /// Applies an edit of the file. Logs it if the file is new or was invalid before,
    /// because without a changed key nothing else would say so.
    async fn adopt(&self, config: Config, file: &str) {
        let (found, again) = {
            let mut in_force = self.in_force();
            (in_force.source.replace(file.to_owned()).is_none(), in_force.error.is_some())
        };
        let said = match (found, again) {
            (true, _) => Some(format!("{file} found: it is in force now, and watched")),
            (_, true) => Some(format!("{file} is valid again")),
            _ => None,
        };
        if let Some(said) = &said {
            log::info!("configuration: {said}");
        }
        let changes = self.apply(config).await;
        if let Some(said) = said.filter(|_| changes.is_empty()) {
            self.mark(MarkKind::Reload, &said);
        }
    }

    /// Watches the file in `sources`, whose content was `text` when it was loaded, and
    /// applies or refuses each edit until the workbench stops. Without `text` the file
    /// does not exist yet; its creation is an edit. Returns at once if `sources` name no
    /// file.
    ///
    /// # Cancel safety
    /// As for [`apply`](Self::apply).
    pub fn follow(
        self: Arc<Self>,
        sources: Sources,
        text: Option<String>,
    ) -> impl Future<Output = ()> + Send + 'static {
        // Updated here: a change may be written as soon as this function has returned.
        *self.file() = ConfigFile::new(sources, text);
        self.poll_file()
    }

    async fn poll_file(self: Arc<Self>) {
        let Some(name) = self.file().as_ref().map(ConfigFile::name) else { return };
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = self.shutdown.stopping() => return,
                _ = look.tick() => {}
            }
            // Puts an edit that was read in force before another change begins.
            let _one_at_a_time = self.editing.lock().await;
            let changed = self.file().as_mut().map_or(Ok(None), ConfigFile::changed);
            match changed {
                Ok(None) => {}
                Ok(Some(config)) => self.adopt(config, &name).await,
                Err(error) => self.refuse(&error),
            }
        }
    }
}

/// The keys in which `config` differs from the settings of the file. A maximum that
/// follows the mean on both sides does not count as a difference.
fn differing(of_file: &Settings, config: &Config) -> Vec<String> {
    if *of_file == config.settings {
        return Vec::new();
    }
    let follows =
        [of_file, &config.settings].iter().all(|settings| settings.resource.latency.max_follows_mean());
    let keys = changes(of_file, &config.settings).into_iter().map(|change| change.key);
    keys.filter(|key| !(follows && key == "resource.latency.max")).collect()
}

/// Returns a note for each key that was edited in the file although a flag overrides it.
fn overruled(old: &[FlagKey], new: &[FlagKey]) -> Vec<String> {
    let edited =
        new.iter().filter(|new| old.iter().any(|old| old.key == new.key && old.in_file != new.in_file));
    let note = |key: &FlagKey| {
        let says = key.in_file.as_deref().unwrap_or("nothing");
        format!("{} is set by a flag, which wins: the file now says {says}", key.key)
    };
    edited.map(note).collect()
}
