//! That an example ends well is seen by running it, which the gate does. Here:
//! that the README lists all of them, and that each introduces itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `examples/NAME.rs`, without the folder and the ending.
fn on_disk() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let names = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn the_readme_lists_every_example_and_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links =
        readme.split("](examples/").skip(1).map(|rest| rest.split_once(".rs)").unwrap().0.to_owned());
    assert_eq!(links.collect::<BTreeSet<_>>(), on_disk());
}

#[test]
fn every_example_says_what_it_shows_and_then_how_to_run_it() {
    for name in on_disk() {
        let source = fs::read_to_string(root().join(format!("examples/{name}.rs"))).unwrap();
        let docs: Vec<_> =
            source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let command = format!("cargo run --example {name}");
        let at = docs.iter().position(|line| *line == command);
        let at = at.unwrap_or_else(|| panic!("examples/{name}.rs has no line `//! {command}` at its top"));
        let first: String = docs[..at].iter().take_while(|line| !line.is_empty()).copied().collect();
        assert!(first.len() > 40, "examples/{name}.rs should say what it shows, found {first:?}");
        assert!(docs.len() > at + 3, "examples/{name}.rs should say what to look for");
    }
}
