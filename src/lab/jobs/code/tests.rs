use std::fs;

use super::*;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-code-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, text: &str) -> String {
        let path = self.0.join("sum.wat");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const PLAIN: &str = r#"(module (func (export "run") (param i64) (result i64) (local.get 0)))"#;

#[test]
fn without_a_file_the_built_in_code_runs() {
    let (desk, _) = Desk::open("no/such/file.wat");
    assert!(desk.version(1).unwrap().is_built_in() && desk.problem.is_none());
}

#[test]
fn a_file_that_cannot_run_is_reported_with_its_place_and_the_built_in_code_runs() {
    let folder = Folder::new("broken");
    let (desk, _) = Desk::open(&folder.file("(module\n  (func $f (export \"run\")\n    i32.add drop))"));
    assert!(desk.version(1).unwrap().is_built_in());
    let problem = desk.problem.unwrap();
    assert!(problem.starts_with("function `f`, line 3, column 5: "), "{problem}");
}

#[test]
fn a_save_is_a_change_once_two_readings_agree() {
    let folder = Folder::new("saved");
    let (mut desk, _) = Desk::open(&folder.file(PLAIN));
    assert_eq!(desk.file.changed(), None);
    folder.file("(module");
    assert_eq!(desk.file.changed(), None);
    folder.file(BUILT_IN);
    assert_eq!(desk.file.changed(), None);
    assert_eq!(desk.file.changed(), Some(Saved::Bytes(BUILT_IN.as_bytes().to_vec())));
    assert_eq!(desk.file.changed(), None);
}

#[test]
fn a_file_that_disappears_changes_nothing() {
    let folder = Folder::new("gone");
    let path = folder.file(PLAIN);
    let (mut desk, _) = Desk::open(&path);
    fs::remove_file(path).unwrap();
    assert_eq!([desk.file.changed(), desk.file.changed()], [None, None]);
}

#[test]
fn only_files_in_the_folder_of_the_watched_one_are_read() {
    let folder = Folder::new("beside");
    let (desk, _) = Desk::open(&folder.file(PLAIN));
    let other = folder.0.join("other.wat");
    fs::write(&other, PLAIN).unwrap();
    assert!(desk.source(Some(&other.display().to_string())).is_ok());
    let outside = desk.source(Some("/etc/hostname")).unwrap_err().to_string();
    assert!(outside.contains("is not in the folder of jobs.code"), "{outside}");
    let up = folder.0.join("../../etc/hostname").display().to_string();
    assert!(desk.source(Some(&up)).is_err());
    #[cfg(unix)]
    {
        let link = folder.0.join("link.wat");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(desk.source(Some(&link.display().to_string())).is_err());
    }
}

#[test]
fn only_code_that_was_rehearsed_and_has_not_changed_since_is_swapped_in() {
    let folder = Folder::new("candidate");
    let path = folder.file(PLAIN);
    let (mut desk, _) = Desk::open(&path);
    let refused = desk.candidate().unwrap_err().to_string();
    assert!(refused.contains("nothing was rehearsed"), "{refused}");
    let source = desk.source(None).unwrap();
    let code = Code::new(&source.bytes).unwrap();
    let report = RehearsalReport::refused(&source.name, 1, String::new());
    desk.rehearsed(report, Some(Candidate { source, code }));
    assert!(desk.candidate().is_ok());
    fs::write(&path, "(module)").unwrap();
    let refused = desk.candidate().unwrap_err().to_string();
    assert!(refused.contains("has changed since the rehearsal"), "{refused}");
}
