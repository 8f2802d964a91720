//! The examples of the crates: the README lists all of them, and each introduces itself. The
//! gate runs each once, which shows that it ends well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The folders of examples.
const FOLDERS: [&str; 2] = ["crates/weir-stage/examples", "crates/weir-parts/examples"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Lists the path of every example.
fn on_disk() -> BTreeSet<String> {
    let in_folder = |folder: &str| {
        let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let names = files.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    FOLDERS.into_iter().flat_map(in_folder).collect()
}

#[test]
fn the_readme_lists_every_example_and_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links = readme.split("](").skip(1).map(|rest| rest.split_once(')').unwrap().0.to_owned());
    let links: BTreeSet<_> = links.filter(|link| link.contains("/examples/")).collect();
    assert_eq!(links, on_disk());
}

#[test]
fn every_example_says_what_it_shows_and_then_how_to_run_it() {
    for path in on_disk() {
        let source = fs::read_to_string(root().join(&path)).unwrap();
        let docs: Vec<_> =
            source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let name = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        let command = format!("cargo run --example {name}");
        let at = docs.iter().position(|line| *line == command);
        let at = at.unwrap_or_else(|| panic!("{path} has no line `//! {command}` at its top"));
        let first: String = docs[..at].iter().take_while(|line| !line.is_empty()).copied().collect();
        assert!(first.len() > 40, "{path} should say what it shows, found {first:?}");
        assert!(docs.len() > at + 3, "{path} should say what to look for");
    }
}
