use clap::{CommandFactory, Parser};

use super::*;
use crate::runs::sample;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn folder(name: &str) -> (PathBuf, Store) {
    let folder = std::env::temp_dir().join(format!("weir-cli-runs-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    (folder.clone(), Store::new(folder.join("runs")))
}

fn exit(store: &Store, line: &[&str]) -> Option<Exit> {
    let line = Line::try_parse_from(["runs"].iter().chain(line)).unwrap();
    run(&line.args, store).ok()
}

#[test]
fn the_arguments_make_sense() {
    Line::command().debug_assert();
    let refused = |line: &[&str]| Line::try_parse_from(["runs"].iter().chain(line)).is_err();
    assert!(refused(&["export", "x"]), "either CSV or JSON");
    assert!(refused(&["export", "x", "--csv", "--json"]));
    assert!(refused(&["export", "x", "--json", "--what", "series"]));
    assert!(refused(&["delete"]));
}

#[test]
fn a_result_comes_in_and_goes_out() {
    let (folder, store) = folder("life");
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/import/");
    let [text, csv] = ["ab.txt", "ab.csv"].map(|file| format!("{data}{file}"));
    assert_eq!(exit(&store, &["import", &text, &csv, "--name", "first"]), Some(Exit::Success));
    assert_eq!(exit(&store, &["import", &text]), Some(Exit::Success));
    assert_eq!(store.list().unwrap().runs.len(), 2);
    let out = folder.join("out.csv").display().to_string();
    let export = ["export", "first", "--csv", "--what", "percentiles", "-o", &out];
    assert_eq!(exit(&store, &export), Some(Exit::Success));
    assert!(std::fs::read_to_string(&out).unwrap().contains("\n50,20.991\n"));
    assert_eq!(exit(&store, &["export", "first", "--json", "-o", "/nowhere/x"]), None);
    assert_eq!(exit(&store, &["rename", "first", ""]), Some(Exit::Success));
    assert_eq!(exit(&store, &["delete", "last", "last~2"]), Some(Exit::Usage));
    assert_eq!(store.list().unwrap().runs.len(), 2, "nothing is deleted if one is not there");
    assert_eq!(exit(&store, &["delete", "last", "last~1"]), Some(Exit::Success));
    assert_eq!(store.list().unwrap().runs.len(), 0);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn mistakes_in_the_arguments_are_told_from_those_of_the_disk() {
    let (folder, store) = folder("mistakes");
    store.save(&sample()).unwrap();
    let own = store.path(&sample().id).unwrap().display().to_string();
    assert_eq!(exit(&store, &["show", &own]), Some(Exit::Success));
    for line in [
        &["show", "missing"][..],
        &["rename", "last", "a/b"],
        &["import", &own],
        &["import", &own, "--name", "last"],
        &["import", &own, "--from", "wrk"],
    ] {
        assert_eq!(exit(&store, line), Some(Exit::Usage), "{line:?}");
    }
    assert_eq!(exit(&store, &["import", "/nowhere/x"]), None);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_file_that_is_no_run_is_told_with_the_reason_once() {
    let (folder, store) = folder("cause");
    std::fs::create_dir_all(store.directory()).unwrap();
    for text in ["{", "[]", "{\"format\": 1}", "{\"format\": 99999}"] {
        let file = store.directory().join("broken.json");
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        for line in [&["show", &file][..], &["export", &file, "--csv"]] {
            let args = Line::parse_from([&["runs"], line].concat()).args;
            let error = run(&args, &store).unwrap_err();
            let said = format!("{error:#}");
            assert_eq!(said, error.to_string());
            let reasons = said.matches("not a run").count() + said.matches("written in format").count();
            assert_eq!(reasons, 1, "{said}");
        }
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_list_has_the_figures_of_a_run_its_name_and_load_and_the_run_in_progress() {
    let (folder, store) = folder("list");
    store.save(&sample()).unwrap();
    let expected = "\
id                        from        rate/s   p50 ms   p99 ms
2026-11-21-053505-serial  weir load        –      501      620
    before; closed, 2 clients, 5 requests
";
    assert_eq!(table(&store.list().unwrap()), expected);
    let requests = [("pipelined".to_owned(), 120)].into();
    store.note_progress(&InProgress { seconds: 12.3, requests, held: 33, ..InProgress::default() });
    let expected = format!(
        "{expected}\
(in progress)             recorded         –        –        –
    pipelined, 120 requests in 12 s; the bench holds 33 events
"
    );
    assert_eq!(table(&store.list().unwrap()), expected);
    store.no_progress();
    assert_eq!(store.list().unwrap().in_progress, None);
    let _ = std::fs::remove_dir_all(folder);
}
