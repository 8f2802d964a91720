//! Watches the configuration file by polling.
//!
//! Each poll reads the whole file, which costs some microseconds. This works on every file
//! system, also without change notifications, sees a file that an editor replaced by
//! renaming, and does not depend on a clock.

use std::io;
use std::path::{Path, PathBuf};

use crate::files;

use super::problem::ConfigError;

/// Larger than any configuration, and small enough to read and check at once.
pub(super) const LARGEST: u64 = 64 * 1024;

/// The content of the file, if it can be a configuration.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    files::read(path, LARGEST)
}

/// Compares the file with its content at the last poll.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    /// The content that was last reported, or with which the caller began.
    known: Reading,
    /// The content that was read last. A change is reported when two readings in a row
    /// agree, so that a half-written file is not taken for an edit.
    last: Reading,
}

/// The result of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reading {
    Text(String),
    Missing,
    /// With the reason.
    Unreadable(String),
}

impl Watcher {
    /// Watches `path`, whose content is `text` now; `None` if there is no such file
    /// yet. That is not an error until it has been there once.
    pub fn new(path: PathBuf, text: Option<String>) -> Self {
        let now = text.map_or(Reading::Missing, Reading::Text);
        Self { path, known: now.clone(), last: now }
    }

    /// The file that is watched.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content that was last reported or written; `None` if there was no readable file.
    pub fn text(&self) -> Option<&str> {
        match &self.known {
            Reading::Text(text) => Some(text),
            Reading::Missing | Reading::Unreadable(_) => None,
        }
    }

    /// Records that this process wrote `text` to the file, so that the watcher does not report
    /// it as a change.
    pub fn wrote(&mut self, text: String) {
        self.known = Reading::Text(text);
        self.last = self.known.clone();
    }

    /// Reads the file, and returns its content if it has changed and the change
    /// was there the last time already.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] and [`ConfigError::Emptied`], once for each time
    /// that begins.
    pub fn changed(&mut self) -> Result<Option<String>, ConfigError> {
        let reading = read(&self.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let now = match &reading {
            Ok(text) => Reading::Text(text.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Reading::Missing,
            Err(error) => Reading::Unreadable(error.to_string()),
        };
        let settled = now == self.last;
        self.last = now.clone();
        if !settled || now == self.known {
            return Ok(None);
        }
        self.known = now;
        match reading {
            // An editor on a full disk, or a copy that has only begun, leaves an
            // empty file; to take that for an edit would reset every key.
            Ok(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => {
                Err(ConfigError::Emptied { path: self.path.clone() })
            }
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(ConfigError::Unreadable { path: self.path.clone(), error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct File(PathBuf);

    impl File {
        fn with(name: &str, text: &str) -> (Self, Watcher) {
            let path = std::env::temp_dir().join(format!("weir-{}-{name}.toml", std::process::id()));
            std::fs::write(&path, text).unwrap();
            (Self(path.clone()), Watcher::new(path, Some(text.to_owned())))
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            drop(std::fs::remove_file(&self.0));
        }
    }

    #[test]
    fn a_change_is_reported_once_and_only_when_it_has_settled() {
        let (file, mut watcher) = File::with("settles", "a = 1");
        assert_eq!(watcher.changed().unwrap(), None);
        std::fs::write(&file.0, "").unwrap();
        assert_eq!(watcher.changed().unwrap(), None);
        std::fs::write(&file.0, "a = 2").unwrap();
        assert_eq!(watcher.changed().unwrap(), None);
        assert_eq!(watcher.changed().unwrap().as_deref(), Some("a = 2"));
        assert_eq!(watcher.changed().unwrap(), None);
    }

    #[test]
    fn a_file_that_is_replaced_by_a_rename_has_changed() {
        let (file, mut watcher) = File::with("renamed", "a = 1");
        let (other, _) = File::with("renamed-new", "a = 3");
        std::fs::rename(&other.0, &file.0).unwrap();
        assert_eq!(watcher.changed().unwrap(), None);
        assert_eq!(watcher.changed().unwrap().as_deref(), Some("a = 3"));
    }

    #[test]
    fn a_file_that_goes_is_an_error_once_and_news_when_it_is_back() {
        let (file, mut watcher) = File::with("gone", "a = 1");
        std::fs::remove_file(&file.0).unwrap();
        assert!(watcher.changed().unwrap().is_none());
        assert!(watcher.changed().is_err());
        assert!(watcher.changed().unwrap().is_none());
        std::fs::write(&file.0, "a = 1").unwrap();
        assert!(watcher.changed().unwrap().is_none());
        assert_eq!(watcher.changed().unwrap().as_deref(), Some("a = 1"));
    }

    #[test]
    fn a_file_that_is_emptied_is_an_error_once_and_news_when_its_text_is_back() {
        for empty in ["", " \n\t\n", "\u{feff}"] {
            let (file, mut watcher) = File::with("emptied", "a = 1");
            std::fs::write(&file.0, empty).unwrap();
            assert!(watcher.changed().unwrap().is_none());
            assert!(matches!(watcher.changed(), Err(ConfigError::Emptied { .. })), "{empty:?}");
            assert!(watcher.changed().unwrap().is_none());
            std::fs::write(&file.0, "a = 1").unwrap();
            assert!(watcher.changed().unwrap().is_none());
            assert_eq!(watcher.changed().unwrap().as_deref(), Some("a = 1"));
            std::fs::write(&file.0, "# the defaults").unwrap();
            assert!(watcher.changed().unwrap().is_none());
            assert!(watcher.changed().unwrap().is_some(), "a comment is a configuration");
        }
    }

    #[test]
    fn a_file_that_comes_later_is_news_and_not_an_error_before() {
        let (file, _) = File::with("later", "");
        std::fs::remove_file(&file.0).unwrap();
        let mut watcher = Watcher::new(file.0.clone(), None);
        for _ in 0..3 {
            assert!(watcher.changed().unwrap().is_none());
        }
        std::fs::write(&file.0, "a = 1").unwrap();
        assert!(watcher.changed().unwrap().is_none());
        assert_eq!(watcher.changed().unwrap().as_deref(), Some("a = 1"));
        std::fs::remove_file(&file.0).unwrap();
        assert!(watcher.changed().unwrap().is_none());
        assert!(watcher.changed().is_err());
    }
}
