//! Says when the file has changed.
//!
//! By reading it again and again, which costs some microseconds a time. It works
//! on every file system, also those without change notices, sees a file that an
//! editor replaced by renaming, and cannot be fooled by a clock.

use std::io;
use std::path::{Path, PathBuf};

/// Larger than any configuration, and small enough to read and check at once.
const LARGEST: u64 = 64 * 1024;

/// Reads a regular file of a reasonable size. Anything else could block, or take
/// for ever to check.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other(format!("it is larger than {} KiB", LARGEST / 1024)));
    }
    std::fs::read(path)
}

/// Compares the file with what it said before.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    /// What was last reported, or what the caller began with.
    known: Reading,
    /// What was read last. A change is reported when two readings in a row
    /// agree, so that a half-written file is not taken for an edit.
    last: Reading,
}

/// The content of the file, or why it could not be read.
type Reading = Result<String, String>;

impl Watcher {
    /// Watches `path`, which says `text` at the moment.
    pub fn new(path: PathBuf, text: String) -> Self {
        Self { path, known: Ok(text.clone()), last: Ok(text) }
    }

    /// The file that is watched.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file, and returns its content if it has changed and the change
    /// was there the last time already.
    ///
    /// # Errors
    /// When the file cannot be read, once for each time that begins.
    pub fn changed(&mut self) -> io::Result<Option<String>> {
        let reading = read(&self.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let now = match &reading {
            Ok(text) => Ok(text.clone()),
            Err(error) => Err(error.to_string()),
        };
        let settled = now == self.last;
        self.last = now.clone();
        if !settled || now == self.known {
            return Ok(None);
        }
        self.known = now;
        reading.map(Some)
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
            (Self(path.clone()), Watcher::new(path, text.to_owned()))
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
}
