//! The house rules, held against the sources: no module reaches above its floor,
//! the pure ones know no runtime, and no file is too long to be read at once.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules are on which floor.
const FLOORS: &[(u8, &[&str])] = &[
    (4, &["main", "cli", "http", "measure", "exercise"]),
    (3, &["duration", "record", "config", "workbench", "metrics", "load", "runs", "simulate", "theory"]),
    (2, &["resource", "queue", "pipeline"]),
    (
        1,
        &[
            "stage",
            "demand",
            "buffer",
            "dispatch",
            "pool",
            "supervise",
            "shutdown",
            "backoff",
            "clean",
            "files",
            "limit",
            "shard",
            "sync",
        ],
    ),
];

/// What knows no runtime, no clock and no I/O.
const PURE: &[&str] = &["demand", "buffer", "dispatch", "backoff"];

/// The length at which a file is to be split.
const LONGEST: usize = 400;

fn floor_of(module: &str) -> u8 {
    let found = FLOORS.iter().find(|(_, modules)| modules.contains(&module));
    found.unwrap_or_else(|| panic!("the module {module} is on no floor")).0
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Each file of `src` that belongs to a module, with the module's name.
fn modules() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = |path: &Path| {
        let top = path.strip_prefix(&root).unwrap().components().next().unwrap();
        Path::new(top.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
    };
    let all = sources(&root)
        .into_iter()
        .map(|path| (name(&path), path.clone(), fs::read_to_string(path).unwrap()));
    all.filter(|(module, ..)| module != "lib").collect()
}

/// The code of a file, without its comments and its tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim().starts_with("//"))
}

#[test]
fn no_module_reaches_above_its_floor() {
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        for line in code(&text) {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let other = &rest[..end];
                if other.is_empty() || other == "Exit" {
                    continue;
                }
                if floor_of(other) > floor_of(&module) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_modules_know_no_runtime_and_no_clock() {
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        if PURE.contains(&module.as_str()) {
            let impure = code(&text).filter(|line| line.contains("tokio") || line.contains("Instant"));
            wrong.extend(impure.map(|line| format!("{}: {line}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_error_whose_text_includes_the_cause_has_it_as_a_source_as_well() {
    // Printed with all its sources, such an error would say the cause twice.
    let mut wrong = Vec::new();
    for (_, path, text) in modules().into_iter().filter(|(.., text)| text.contains("use thiserror::Error"))
    {
        let mut forwards = true;
        for line in code(&text) {
            forwards = line.contains("#[error(transparent)]") || forwards && !line.contains("#[error(");
            let is_source = line.contains("#[from]") || line.contains("#[source]");
            if !forwards && (is_source || line.trim().starts_with("source: ")) {
                wrong.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = modules()
        .into_iter()
        .map(|(_, path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
