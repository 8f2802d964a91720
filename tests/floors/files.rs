//! No circle among files. A module and its own submodules may name each other: a parent
//! re-exports what its children define. Files beside each other may not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{code, modules, tests_only};

/// The files that each file imports from.
type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// The paths that code names, with braces expanded: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            // `super::super::x` begins at its first `super`.
            let begins = !code[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'));
            if begins {
                expand(String::new(), &mut code[at..].chars().peekable(), &mut found);
            }
        }
    }
    found
}

/// Reads one path, or one group in braces, behind a prefix.
fn expand(prefix: String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>, found: &mut Vec<String>) {
    let mut path = prefix.clone();
    while let Some(&c) = rest.peek() {
        match c {
            '{' if path.ends_with("::") => {
                rest.next();
                while rest.peek().is_some_and(|c| *c != '}') {
                    expand(path.clone(), rest, found);
                    while rest.peek().is_some_and(|c| matches!(c, ',' | ' ' | '\n')) {
                        rest.next();
                    }
                }
                rest.next();
                return;
            }
            c if c.is_alphanumeric() || matches!(c, '_' | ':') => path.push(c),
            ' ' | '\n' if path == prefix => {}
            _ => break,
        }
        rest.next();
    }
    if path == prefix {
        // Something else than a path, such as `*`: step over it.
        rest.next();
    }
    found.push(path);
}

/// The file that a path of a file leads to: that of the longest run of module names.
fn target(from: &Path, root: &Path, path: &str, known: &BTreeSet<PathBuf>) -> Option<PathBuf> {
    // `stage/outlet.rs` is the module `stage::outlet`, whose children lie in `stage/outlet/`.
    let mut module = from.with_extension("");
    let mut found = None;
    for name in path.split("::") {
        match name {
            "crate" => module = root.to_owned(),
            "self" => {}
            "super" => _ = module.pop(),
            name => {
                module.push(name);
                let file = module.with_extension("rs");
                if !known.contains(&file) {
                    break;
                }
                found = Some(file);
            }
        }
    }
    found
}

fn imports() -> Imports {
    let modules = modules();
    let tests = tests_only(&modules);
    let known: BTreeSet<PathBuf> = modules.iter().map(|(_, path, _)| path.clone()).collect();
    let mut imports = Imports::new();
    for (_, from, text) in &modules {
        if tests.iter().any(|of_tests| from.with_extension("").starts_with(of_tests)) {
            continue;
        }
        let root = from.ancestors().find(|folder| folder.ends_with("src")).expect("it lies in src");
        let code: Vec<&str> = code(text).collect();
        let targets =
            paths(&code.join("\n")).into_iter().filter_map(|path| target(from, root, &path, &known));
        let related = |a: &Path, b: &Path| b.with_extension("").starts_with(a.with_extension(""));
        let targets = targets.filter(|to| !related(from, to) && !related(to, from));
        imports.entry(from.clone()).or_default().extend(targets);
    }
    imports
}

/// A way from a file back to itself, if there is one.
fn circle(imports: &Imports, start: &Path) -> Option<Vec<PathBuf>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in imports.get(way.last()?).into_iter().flatten() {
            let longer = || way.iter().cloned().chain([next.clone()]).collect();
            if next == start {
                return Some(longer());
            }
            if seen.insert(next) {
                ways.push(longer());
            }
        }
    }
    None
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let imports = imports();
    let edges: usize = imports.values().map(BTreeSet::len).sum();
    assert!(edges > 300, "{edges} imports between files were found: the search is broken");
    let circles: Vec<_> = imports.keys().filter_map(|file| circle(&imports, file)).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_of_three_files_is_found() {
    let file = |name: &str| PathBuf::from(name);
    let arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
    let mut imports = Imports::new();
    for (from, to) in arrows {
        imports.entry(file(from)).or_default().insert(file(to));
    }
    assert_eq!(circle(&imports, &file("a")), Some(["a", "b", "c", "a"].map(file).to_vec()));
    assert_eq!(circle(&imports, &file("d")), None);
}

#[test]
fn paths_with_braces_are_read() {
    let named = paths("use super::{a::B, c::{D, E}};\nuse crate::f::G;\nlet x = super::super::h();");
    assert_eq!(
        named,
        ["crate::f::G", "super::a::B", "super::c::D", "super::c::E", "super::super::h"].map(str::to_owned)
    );
}
