//! Servers against `gen_server`: `tests/README.md` is the list of behaviours, each with its test.

mod gen_server;
mod key_value;
mod script;
mod supervised;
mod support;

/// The sources of the tests that the list names.
const SOURCES: [&str; 3] = [
    include_str!("tests/gen_server.rs"),
    include_str!("tests/key_value.rs"),
    include_str!("tests/supervised.rs"),
];

#[test]
fn every_row_names_a_test_and_every_test_has_a_row() {
    let rows = include_str!("tests/README.md").lines().filter(|line| line.starts_with("| "));
    let rows = rows.filter(|line| !line.starts_with("| # "));
    let named = rows.map(|row| {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or_else(|| panic!("{row}"))
    });
    let named: Vec<&str> = named.collect();
    let mut tests = Vec::new();
    for source in SOURCES {
        for part in source.split("#[tokio::test").skip(1) {
            let name = part.split_once("async fn ").unwrap().1;
            tests.push(name.split_once('(').unwrap().0);
        }
    }
    let unknown: Vec<_> = named.iter().filter(|name| !tests.contains(name)).collect();
    let without_row: Vec<_> = tests.iter().filter(|name| !named.contains(name)).collect();
    assert!(
        unknown.is_empty() && without_row.is_empty(),
        "no such test: {unknown:#?}; no row: {without_row:#?}"
    );
    assert!(named.len() >= 37);
}
