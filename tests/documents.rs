//! Documents at the root: each link and each path leads to a file, and the map of the
//! modules is the order that `floors` holds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::floors::ORDER;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, except the texts of exercises, which `weir exercise verify` reads.
fn documents() -> Vec<PathBuf> {
    let folders = [
        "",
        "crates/weir-stage",
        "crates/weir-parts",
        "crates/weir-job-wasm",
        "crates/weir-queue-redb",
        "crates/weir-nats",
        "exercises",
        "tests/conformance",
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files
}

/// The targets of relative links: `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The paths of this repository that stand in backquotes.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let tops = ["src/", "crates/", "tests/", "exercises/", "benches/", "examples/", ".ci/"];
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(move |quoted| tops.iter().any(|top| quoted.starts_with(top)) && quoted.chars().all(is_name))
}

#[test]
fn every_link_and_path_in_the_documents_leads_to_a_file() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let beside = document.parent().unwrap();
        let targets = links(&text).map(|link| beside.join(link));
        for target in targets.chain(paths(&text).map(|path| root().join(path))) {
            seen += 1;
            if !target.exists() {
                wrong.push(format!("{}: {}", document.display(), target.display()));
            }
        }
    }
    assert!(seen > 100, "{seen} links and paths were found: the search is broken");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_of_the_architecture_is_the_order_of_the_modules() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let row = |(floor, folder, modules): &(u8, &str, &[&str])| {
        let name = ["stages", "parts", "workbench", "faces"][usize::from(*floor) - 1];
        let modules: Vec<String> = modules.iter().map(|module| format!("`{module}`")).collect();
        format!("| {floor} {name} | `{folder}` | {} |", modules.join(", "))
    };
    for floor in ORDER {
        assert!(text.contains(&row(floor)), "ARCHITECTURE.md has another row than {}", row(floor));
    }
}
