//! Words from outside: whatever they hold, they neither command the terminal nor
//! forge a line of Weir's own.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::binary::{Folder, Server};

/// Clears the screen, reorders the line, hides in it, and forges a record of the log.
const HOSTILE: &str =
    "x\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200b}\u{7}\u{2028}weir: forged\nweir: forged\r\nweir: forged";

/// What a command has printed, on both streams.
fn said(folder: &Folder, args: &[&str]) -> String {
    let output = folder.run(args);
    let streams = [output.stdout, output.stderr];
    streams.map(|stream| String::from_utf8(stream).expect("text")).concat()
}

/// Fails if the text acts on a terminal, or has a line that Weir seems to have begun.
fn assert_harmless(what: &str, text: &str) {
    assert_eq!(weir::clean::text(text), text, "{what}");
    let forged = text.lines().find(|line| line.starts_with("weir: forged"));
    assert_eq!(forged, None, "{what}: {text}");
}

fn quoted(word: &str) -> String {
    serde_json::to_string(word).unwrap().replace("\u{2028}", "\\u2028")
}

#[test]
fn configuration_keys_and_values_are_printed_clean() {
    let folder = Folder::new("foreign-config");
    // In TOML a string of JSON is a string, also as a key.
    let word = quoted(HOSTILE);
    let flag = format!("{HOSTILE}=1");
    let value = format!("queue.when_full={HOSTILE}");
    for (what, text, args) in [
        ("a key", format!("{word} = 1\n"), vec!["check-config"]),
        ("a key below", format!("[{word}]\nx = 1\n"), vec!["check-config"]),
        ("a value", format!("[queue]\nwhen_full = {word}\n"), vec!["check-config"]),
        ("a line", format!("# x\n{}\n", HOSTILE.replace('\n', "")), vec!["check-config"]),
        ("a folder", format!("[data]\ndirectory = {word}\n"), vec!["check-config"]),
        ("a flag", String::new(), vec!["check-config", "--set", &flag]),
        ("a flag's value", String::new(), vec!["check-config", "--set", &value]),
        ("a file name", String::new(), vec!["check-config", "--config", HOSTILE]),
        ("an argument", String::new(), vec!["serve", HOSTILE]),
    ] {
        std::fs::write(folder.0.join("config.toml"), text).unwrap();
        assert_harmless(what, &said(&folder, &args));
    }
}

#[test]
fn an_edit_cannot_forge_a_line_of_the_log() {
    let folder = Folder::new("foreign-edit");
    let file = folder.0.join("config.toml");
    std::fs::write(&file, "[consumers]\nconcurrency = 1\n").unwrap();
    let server = Server::start(&folder, &[]);
    std::fs::write(&file, format!("{} = 1\n", quoted(HOSTILE))).unwrap();
    let snapshot = loop {
        let snapshot = server.request("GET /api/snapshot");
        if snapshot.contains("unknown key") {
            break snapshot;
        }
        std::thread::yield_now();
    };
    let body: Value = serde_json::from_str(snapshot.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_harmless("the snapshot", body["config"]["error"].as_str().unwrap());
    server.signal("-TERM");
    let (_, log) = server.end();
    assert!(log.contains("configuration refused"), "{log}");
    assert_harmless("the log", &log);
}

#[test]
fn run_files_are_printed_clean() {
    let folder = Folder::new("foreign-run");
    let made = said(&folder, &["simulate", "pipelined", "-n", "20", "-c", "2", "--json"]);
    let mut run: Value = serde_json::from_str(&made).unwrap();
    let word = json!(HOSTILE);
    for field in ["name", "target", "began", "weir"] {
        run[field] = word.clone();
    }
    run["audit"]["checks"] = json!([{ "name": word, "verdict": "failed", "says": word }]);
    run["client"]["statuses"] = json!({ HOSTILE: 1 });
    run["client"]["errors"] = json!({ HOSTILE: 1 });
    run["bench"]["marks"] = json!([{ "t": 0.1, "kind": "reload", "text": word }]);
    run["config"]["consumers"] = json!({ HOSTILE: word });
    let runs = folder.0.join("data/runs");
    std::fs::create_dir_all(&runs).unwrap();
    for id in ["a", "b"] {
        run["id"] = json!(id);
        run["name"] = json!(format!("{id}{HOSTILE}"));
        std::fs::write(runs.join(format!("{id}.json")), run.to_string()).unwrap();
    }
    std::fs::write(runs.join("x\u{1b}[2J.json"), "{\"format\": 1}").unwrap();
    let data = format!("data.directory={}", folder.0.join("data").display());
    for args in [
        vec!["runs", "list"],
        vec!["runs", "list", "--json"],
        vec!["runs", "show", "a"],
        vec!["runs", "show", "a", "--json"],
        vec!["runs", "show", HOSTILE],
        vec!["runs", "compare", "a", "b"],
        vec!["compare", "a"],
        vec!["compare", "a", "b", "--side-by-side"],
        vec!["compare", "a", "b", "--json"],
        vec!["runs", "export", "a"],
        vec!["runs", "rename", "a", "x\u{202e}\u{200b}y"],
    ] {
        let text = said(&folder, &[&args[..], &["--set", &data]].concat());
        assert_harmless(&format!("{args:?}"), &text);
    }
}

#[test]
fn imports_and_their_file_names_are_printed_clean() {
    let folder = Folder::new("foreign-import");
    let wrk = include_str!("data/import/wrk.txt");
    let hostile = wrk.replace("Running", &format!("Running {HOSTILE}")).replace("http://", HOSTILE);
    let name = "x\u{1b}[2J\nweir: forged.txt";
    for text in [hostile.as_str(), HOSTILE, "Requests/sec: \u{1b}[2Jx", "{\"summary\": \"\u{1b}[2J\"}", wrk]
    {
        std::fs::write(folder.0.join(name), text).unwrap();
        assert_harmless("an import", &said(&folder, &["runs", "import", name]));
    }
    assert_harmless("the list", &said(&folder, &["runs", "list"]));
    assert_harmless("no such file", &said(&folder, &["runs", "import", HOSTILE]));
}

#[test]
fn exercise_sets_are_printed_clean() {
    let folder = Folder::new("foreign-set");
    let set = folder.0.join("set");
    std::fs::create_dir_all(set.join("one")).unwrap();
    let word = quoted(HOSTILE);
    let text = |exercises: &str| format!("title = {word}\nparts = [{word}]\nexercises = [{exercises}]\n");
    std::fs::write(set.join("set.toml"), text("\"one\"")).unwrap();
    std::fs::write(set.join("one/README.md"), HOSTILE.replace('\n', "")).unwrap();
    let exercise = format!(
        "title = {word}\npart = 1\nminutes = 5\nhints = [{word}]\nexplanation = {word}\n\
         [[question]]\nname = \"q\"\nask = {word}\nunit = {word}\nmeasure = \"answer\"\nanswer = {word}\n\
         choices = [{word}]\nlook = {word}\n"
    );
    std::fs::write(set.join("one/exercise.toml"), &exercise).unwrap();
    for args in [
        &["list"][..],
        &["start", "one"],
        &["predict", "one"],
        &["hint", "one"],
        &["solution", "one"],
        &["check", "one"],
    ] {
        let text = said(&folder, &[&["exercise", "--dir", "set"], args].concat());
        assert!(!text.contains("exercise.toml:"), "{text}");
        assert_harmless(&format!("{args:?}"), &text);
    }
    std::fs::write(set.join("one/exercise.toml"), format!("{word} = 1\n{exercise}")).unwrap();
    assert_harmless("an unknown key", &said(&folder, &["exercise", "--dir", "set"]));
    std::fs::write(set.join("set.toml"), text(&word)).unwrap();
    assert_harmless("an exercise's name", &said(&folder, &["exercise", "--dir", "set"]));
    assert_harmless("the folder", &said(&folder, &["exercise", "--dir", HOSTILE]));
}

/// A server that answers every request with this body.
fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.read(&mut [0; 4096]));
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[test]
fn answers_of_a_server_are_printed_clean() {
    let folder = Folder::new("foreign-server");
    let odd = answering("500 Internal Server Error", HOSTILE);
    for args in [&["snapshot"][..], &["pause"], &["load", "serial", "-n", "1"]] {
        let text = said(&folder, &[args, &["--url", &odd]].concat());
        assert_harmless(&format!("{args:?}"), &text);
    }
    let server = Server::start(&folder, &[]);
    let mut snapshot: Value =
        serde_json::from_str(server.request("GET /api/snapshot").split_once("\r\n\r\n").unwrap().1)
            .unwrap();
    snapshot["version"] = json!(HOSTILE);
    snapshot["config"]["source"] = json!(HOSTILE);
    snapshot["config"]["error"] = json!(HOSTILE);
    snapshot["config"]["notes"] = json!([HOSTILE]);
    snapshot["components"][0]["name"] = json!(HOSTILE);
    let forged = answering("200 OK", &snapshot.to_string());
    for args in [&["snapshot"][..], &["snapshot", "--json"]] {
        assert_harmless("a snapshot", &said(&folder, &[args, &["--url", &forged]].concat()));
    }
}

#[test]
fn answers_of_the_jobs_lab_are_printed_clean() {
    let folder = Folder::new("foreign-jobs");
    let word = json!(HOSTILE);
    let mut snapshot = crate::binary::jobs::snapshot();
    snapshot["verdict"] = json!({ "word": word, "tone": word, "text": word });
    snapshot["top"][0]["input"] = word.clone();
    snapshot["top"][0]["by"] = word.clone();
    snapshot["top"][0]["kill"] = word.clone();
    snapshot["isolation"] = word.clone();
    for field in ["file", "problem"] {
        snapshot["code"][field] = word.clone();
    }
    snapshot["code"]["running"] = json!({ HOSTILE: 1 });
    let difference = json!({ "input": word, "old": word, "new": word, "count": 1, "old_reductions": 1,
        "new_reductions": 1 });
    let job = json!({ "id": 1, "input": word, "version": 1, "stack": [word], "taken_at_slice": 1,
        "trace": { "calls": [[word, word]], "asked": 1, "took_ms": 1, "ended": word } });
    for (args, answer) in [
        (&["top"][..], snapshot),
        (&["stack", "1"], job.clone()),
        (&["trace", "1"], job),
        (&["kill", "1"], json!({ "ended": word, "told_ms": 1 })),
        (&["submit", "1", "--wait"], json!({ "id": 1, "state": word, "why": word })),
        (&["submit", "1", "--wait"], json!({ "id": 1, "state": "done", "result": word })),
        (
            &["rehearse"],
            json!({ "inputs": 1, "same": 0, "took_ms": 1, "refused": word, "differences": [difference] }),
        ),
        (&["history"], json!([{ "version": 1, "current": true, "since_ms": 1, "name": word }])),
    ] {
        let lab = answering("200 OK", &answer.to_string());
        for json in [&[][..], &["--json"]] {
            let text = said(&folder, &[&["jobs"], args, json, &["--url", &lab]].concat());
            assert!(!text.contains("unexpected"), "{args:?}: {text}");
            assert_harmless(&format!("jobs {args:?}"), &text);
        }
    }
    let refusing = answering("404 Not Found", HOSTILE);
    assert_harmless("a refusal", &said(&folder, &["jobs", "kill", "1", "--url", &refusing]));
}

#[test]
fn a_json_document_is_the_same_document_after_it_was_cleaned() {
    let document = serde_json::json!({ "name": "\u{1b}[2J\u{9b}31m\u{202e}\u{e0041}\n\u{2028}" });
    let printed = serde_json::to_string_pretty(&document).unwrap();
    let clean = weir::clean::text(&printed);
    assert!(clean.chars().all(|c| matches!(c, '\n' | ' '..='~')), "{clean}");
    assert_eq!(serde_json::from_str::<Value>(&clean).unwrap(), document);
}
