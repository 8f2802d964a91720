//! The house rules, held against the sources: imports point down one order of all
//! modules, the pure ones know no runtime, and no file is too long to be read at once.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

/// No circle among the files of a module.
mod files;

/// All modules, floor by floor, the lowest first, with the folder of their crate. An
/// import may only point to a module that stands before its own.
pub(crate) const ORDER: &[(u8, &str, &[&str])] = &[
    (
        1,
        "crates/weir-stage/src",
        &[
            "clean",
            "panics",
            "sync",
            "per_thread",
            "backoff",
            "shutdown",
            "limit",
            "demand",
            "marker",
            "buffer",
            "dispatch",
            "stage",
            "pool",
            "server",
            "supervise",
        ],
    ),
    (2, "crates/weir-parts/src", &["resource", "queue", "pipeline", "engine", "hub", "registry", "rooms"]),
    (
        2,
        "crates/weir-queue-redb/src",
        &[
            "error",
            "options",
            "lock",
            "tables",
            "opening",
            "index",
            "recovery",
            "store",
            "transaction",
            "shared",
            "commits",
            "disk",
            "verify",
            "inspect",
        ],
    ),
    (
        2,
        "crates/weir-nats/src",
        &[
            "trouble",
            "token",
            "boot_clock",
            "connection",
            "stores",
            "fan_out",
            "beats",
            "names",
            "jetstream",
        ],
    ),
    (
        2,
        "crates/weir-job-wasm/src",
        &["probe", "stack", "outcome", "settings", "rehearsal", "code", "limiter", "machine", "jobs"],
    ),
    (
        3,
        "src",
        &[
            "files",
            "duration",
            "metrics",
            "record",
            "config",
            "load",
            "theory",
            "runs",
            "nodes",
            "lab",
            "workbench",
            "lab::jobs",
            "lab::matches",
            "lab::rooms",
            "simulate",
        ],
    ),
    (4, "src", &["measure", "http", "exercise", "cli", "main"]),
];

/// The arrows between modules of floor 4. Faces do not know each other, but for these.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("http", "measure", "a load that the page begins is measured as one of the command line"),
    ("exercise", "measure", "a load of an exercise is measured as any other"),
    (
        "exercise",
        "http",
        "an exercise serves a bench of its own, and its pages stand behind the same guard",
    ),
    ("cli", "measure", "commands make loads and ask running servers"),
    ("cli", "http", "`weir serve` serves"),
    ("cli", "exercise", "`weir exercise` shows and checks them"),
    ("main", "cli", "it is the command line"),
];

/// What knows no runtime, no clock and no I/O.
const PURE: &[&str] = &["demand", "marker", "buffer", "dispatch", "backoff"];

/// The length above which a file must be split.
const LONGEST: usize = 400;

/// Where a module stands: its floor, and its place from the lowest to the highest.
fn place_of(module: &str) -> (u8, usize) {
    let places =
        ORDER.iter().flat_map(|(floor, _, modules)| modules.iter().map(move |module| (*floor, *module)));
    let mut places = places.enumerate();
    let found = places.find(|(_, (_, known))| *known == module);
    let (place, (floor, _)) =
        found.unwrap_or_else(|| panic!("the module {module} has no place in the order"));
    (floor, place)
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

/// Each source file of a module: the module's name, the path and the text.
pub(crate) fn modules() -> Vec<(String, PathBuf, String)> {
    let mut crates: Vec<&str> = ORDER.iter().map(|(_, folder, _)| *folder).collect();
    crates.dedup();
    let mut all = Vec::new();
    for folder in crates {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for path in sources(&root) {
            let top = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let module = Path::new(top.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned();
            let module = lab_of(path.strip_prefix(&root).unwrap()).unwrap_or(module);
            let text = fs::read_to_string(&path).unwrap();
            all.push((module, path, text));
        }
    }
    all.retain(|(module, ..)| module != "lib");
    all
}

/// The lab that a file below `src/lab` belongs to. What labs have in common lies below the
/// workbench, and each lab above it, so each has a place of its own.
fn lab_of(path: &Path) -> Option<String> {
    let name = path.strip_prefix("lab").ok()?.components().next()?;
    Some(format!("lab::{}", Path::new(name.as_os_str()).file_stem()?.to_str()?))
}

/// The code of a file, without its comments and its tests.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().filter(|line| !line.trim().starts_with("//")).peekable();
    std::iter::from_fn(move || {
        let line = lines.next()?;
        let opens = |next: &&str| next.starts_with("mod ") && next.ends_with('{');
        // What stands behind the tests of a file is tests as well.
        (line != "#[cfg(test)]" || !lines.peek().is_some_and(opens)).then_some(line)
    })
}

/// Each module that is compiled for tests only, as the path of its file without `.rs`.
pub(crate) fn tests_only(modules: &[(String, PathBuf, String)]) -> Vec<PathBuf> {
    let declared = modules.iter().flat_map(|(_, path, text)| {
        let names = text.split("#[cfg(test)]\nmod ").skip(1);
        let names = names.map(|rest| &rest[..rest.find([';', ' ']).unwrap_or(0)]);
        names.map(|name| path.with_extension("").join(name))
    });
    declared.collect()
}

/// Each import between modules that is compiled without tests: the file, the line, who
/// imports and who is imported.
fn imports() -> Vec<(PathBuf, String, String, String)> {
    let modules = modules();
    let tests = tests_only(&modules);
    let mut found = Vec::new();
    for (module, path, text) in &modules {
        if tests.iter().any(|of_tests| path.with_extension("").starts_with(of_tests)) {
            continue;
        }
        for line in code(text) {
            let import =
                |other: &str| (path.clone(), line.trim().to_owned(), module.clone(), other.to_owned());
            found.extend(named(line).map(import));
        }
    }
    found
}

/// The modules that a line of code names, by `crate::` or by the name of a crate.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let crates = [
        "crate::",
        "weir::",
        "weir_stage::",
        "weir_parts::",
        "weir_job_wasm::",
        "weir_nats::",
        "weir_queue_redb::",
    ];
    let paths = crates.into_iter().flat_map(|name| line.match_indices(name));
    paths.filter_map(|(at, found)| {
        let rest = &line[at + found.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let labs = ORDER.iter().flat_map(|(.., modules)| *modules).filter(|module| module.contains("::"));
        let name = labs.into_iter().find(|lab| rest.starts_with(**lab)).map_or(&rest[..end], |lab| lab);
        (!name.is_empty() && name != "Exit").then_some(name)
    })
}

/// What is wrong with an import, if something is.
fn fault(module: &str, other: &str) -> Option<&'static str> {
    let ((floor, place), (other_floor, other_place)) = (place_of(module), place_of(other));
    let decided = SIDEWAYS.iter().any(|(from, to, _)| (*from, *to) == (module, other));
    match other_place.cmp(&place) {
        Ordering::Equal => None,
        Ordering::Greater => Some("points up"),
        Ordering::Less if floor == 4 && other_floor == 4 && !decided => Some("points sideways"),
        Ordering::Less => None,
    }
}

#[test]
fn imports_point_down_the_order_of_the_modules() {
    let wrong: Vec<String> = imports()
        .into_iter()
        .filter_map(|(path, line, from, to)| {
            fault(&from, &to).map(|fault| format!("{}: {fault}: {line}", path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_decided_arrow_between_faces_is_needed() {
    let imports = imports();
    for (from, to, why) in SIDEWAYS {
        let needed = imports.iter().any(|(_, _, module, other)| module == from && other == to);
        assert!(needed, "{from} no longer imports {to} ({why}): take the arrow out");
    }
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
