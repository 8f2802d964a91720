use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::config::changes;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The file with this content, as it is after it was read.
    fn file(&self, text: &str) -> ConfigFile {
        fs::write(self.path(), text).unwrap();
        let sources = Sources { file: Some(self.path()), flags: Vec::new() };
        ConfigFile::new(sources, Some(text.to_owned())).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// The names of all files in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn key(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

#[test]
fn a_written_value_is_in_the_file_with_its_mode_and_the_watcher_reports_nothing() {
    let folder = Folder::new("written");
    let mut file = folder.file("# mine\n[queue]\ncapacity = 5 # small\n");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let config = file.write(&key("queue.capacity", "50"), &[]).unwrap();
    assert_eq!(config.settings.queue.capacity, 50);
    assert_eq!(folder.text(), "# mine\n[queue]\ncapacity = 50 # small\n");
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.names(), ["config.toml"]);
    for _ in 0..3 {
        assert_eq!(file.changed().unwrap(), None);
    }
    // The old text is news again, if the user restores it.
    fs::write(folder.path(), "# mine\n[queue]\ncapacity = 5 # small\n").unwrap();
    assert_eq!(file.changed().unwrap(), None);
    assert_eq!(file.changed().unwrap().unwrap().settings.queue.capacity, 5);
}

#[test]
fn a_symbolic_link_stays_one_and_its_target_is_written() {
    let folder = Folder::new("link");
    fs::create_dir(folder.0.join("real")).unwrap();
    let target = folder.0.join("real/weir.toml");
    fs::write(&target, "[queue]\ncapacity = 5\n").unwrap();
    symlink("real/weir.toml", folder.path()).unwrap();
    let sources = Sources { file: Some(folder.path()), flags: Vec::new() };
    let text = sources.read().unwrap();
    let mut file = ConfigFile::new(sources, Some(text)).unwrap();
    file.write(&key("queue.capacity", "7"), &[]).unwrap();
    assert!(fs::symlink_metadata(folder.path()).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(target).unwrap(), "[queue]\ncapacity = 7\n");
}

#[test]
fn a_file_that_has_changed_on_the_disk_is_not_overwritten() {
    let folder = Folder::new("conflict");
    let mut file = folder.file("[queue]\ncapacity = 5\n");
    fs::write(folder.path(), "[queue]\ncapacity = 6\n").unwrap();
    let said = file.write(&key("queue.capacity", "7"), &[]).unwrap_err().to_string();
    assert!(said.contains("config.toml has changed on the disk"), "{said}");
    assert_eq!(folder.text(), "[queue]\ncapacity = 6\n");
    fs::remove_file(folder.path()).unwrap();
    assert!(file.write(&key("queue.capacity", "7"), &[]).is_err());
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[test]
fn a_file_without_write_permission_is_not_replaced() {
    let folder = Folder::new("mode");
    let mut file = folder.file("[queue]\ncapacity = 5\n");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o444)).unwrap();
    let said = file.write(&key("queue.capacity", "7"), &[]).unwrap_err().to_string();
    assert!(
        said.contains("config.toml cannot be written: ") && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(
        (folder.text().as_str(), folder.names()),
        ("[queue]\ncapacity = 5\n", vec!["config.toml".to_owned()])
    );
}

#[test]
fn a_file_that_does_not_exist_is_created_and_one_that_appears_is_kept() {
    let folder = Folder::new("created");
    let missing = || {
        let sources = Sources { file: Some(folder.path()), flags: Vec::new() };
        ConfigFile::new(sources, None).unwrap()
    };
    let mut file = missing();
    assert!(!file.exists());
    file.write(&key("consumers.concurrency", "3"), &[]).unwrap();
    assert!(
        file.exists() && folder.text().ends_with("second.\n\n[consumers]\nconcurrency = 3\n"),
        "{}",
        folder.text()
    );
    assert_eq!(file.changed().unwrap(), None);
    fs::write(folder.path(), "# mine").unwrap();
    assert!(matches!(missing().write(&key("queue.capacity", "7"), &[]), Err(WriteError::Conflict(_))));
    assert_eq!(folder.text(), "# mine");
}

#[test]
fn a_value_that_does_not_go_with_the_files_others_is_refused_or_completed() {
    let folder = Folder::new("others");
    let text = "[resource]\nlatency = { mean = \"500ms\", max = \"500ms\" }\n";
    let mut file = folder.file(text);
    let said = file.write(&key("resource.latency.mean", "\"2s\""), &[]).unwrap_err().to_string();
    assert!(said.contains("the file would be invalid") && said.contains("max = 500ms"), "{said}");
    assert_eq!(folder.text(), text);
    // In force the maximum follows the mean, and the file has to say the same.
    let old = Sources::default().parse(text).unwrap();
    let new = old.changed("resource.latency.mean = \"2s\"").unwrap();
    let wanted = changes(&old.settings, &new.config.settings);
    let config = file.write(&new.keys, &wanted).unwrap();
    assert_eq!(config.settings, new.config.settings);
    assert_eq!(folder.text(), "[resource]\nlatency = { mean = \"2s\", max = \"2s\" }\n");
}
