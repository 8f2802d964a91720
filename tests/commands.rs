//! The binary's commands about loads and runs: exit codes, widths, JSON, and
//! readers that leave.

use std::io::Read;
use std::process::{Output, Stdio};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::binary::{Folder, Server, words};

const QUICK: [&str; 2] = ["--set", "resource.latency.mean=1ms"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command that must succeed prints, without a word of complaint.
fn said(folder: &Folder, args: &[&str]) -> String {
    let output = folder.run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{args:?}");
    text(&output.stdout)
}

fn json(folder: &Folder, args: &[&str]) -> Value {
    let said = said(folder, args);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

#[track_caller]
fn fits(said: &str) {
    assert!(said.lines().count() > 1, "{said:?} is no report");
    for line in said.lines() {
        assert!(line.width() <= 80, "{line:?} is too wide");
        assert_eq!(line, line.trim_end(), "spaces at its end");
    }
}

/// Loads of every kind, and one whose description alone is longer than a line.
const LOADS: [&[&str]; 5] = [
    &["serial", "-n", "200", "-c", "5"],
    &["async", "-n", "30", "-c", "5"],
    &["pipelined", "--rate", "200", "-d", "2s"],
    &["serial", "--rate", "100", "-d", "1s", "--arrivals", "constant"],
    &[
        "serial",
        "--rate",
        "100:300ms,100..500:500ms,20:200ms,20..300:250ms,77:125ms",
        "--arrivals",
        "burst:20",
    ],
];

#[test]
fn every_line_for_people_fits_eighty_columns() {
    let folder = Folder::new("widths");
    fits(&said(&folder, &["runs", "list", "--help"]));
    for (n, load) in LOADS.iter().enumerate() {
        let name = format!("{n}-{}", "a-name-as-long-as-a-name-may-be-".repeat(3))
            .chars()
            .take(80)
            .collect::<String>();
        let flags = [*load, &QUICK, &["--name", &name]].concat();
        fits(&said(&folder, &[&["simulate"], &flags[..]].concat()));
        fits(&said(&folder, &["runs", "show", &name]));
        if n < 4 {
            fits(&said(&folder, &[&["predict"], *load, &QUICK].concat()));
        }
    }
    fits(&said(&folder, &["runs", "list"]));
    fits(&said(&folder, &["compare", "last", "last~1"]));
    for runs in
        [&["last~1"][..], &["last", "last~1", "last~2", "last~3"], &["last", "last~1", "--side-by-side"]]
    {
        fits(&said(&folder, &[&["compare"], runs].concat()));
    }
    for command in
        [&["--help"][..], &["load", "--help"], &["compare", "--help"], &["runs", "import", "--help"]]
    {
        fits(&said(&folder, command));
    }
}

#[test]
fn every_exercise_and_all_that_is_said_of_it_fits_eighty_columns() {
    let folder = Folder::new("exercise-widths");
    let set = concat!(env!("CARGO_MANIFEST_DIR"), "/exercises");
    let exercise = |args: &[&str]| said(&folder, &[&["exercise", "--dir", set], args].concat());
    fits(&exercise(&["list"]));
    let list = json(&folder, &["exercise", "--dir", set, "list", "--json"]);
    for id in list["exercises"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()) {
        fits(&exercise(&["start", id]));
        for _ in 0..3 {
            fits(&exercise(&["hint", id]));
        }
        if list["exercises"].as_array().unwrap().iter().any(|one| one["id"] == id && one["questions"] != 0)
        {
            fits(&exercise(&["predict", id]));
        }
        // Source code stays as it is.
        let solution = exercise(&["solution", id]);
        fits(solution.split("solution.rs:\n").next().unwrap());
    }
}

#[test]
fn error_messages_fit_eighty_columns() {
    let folder = Folder::new("wrong-widths");
    let long = format!("[consumers]\nconcurency = {}\n", "9".repeat(200));
    std::fs::write(folder.0.join("long.toml"), long).unwrap();
    let path = format!("{}/no-such-file.toml", "folder/".repeat(20));
    for args in [
        &["check-config", "--config", "long.toml"][..],
        &["check-config", "--set", "consumers.concurency=3"],
        &["check-config", "--config", &path],
        &["load", "nowhere"],
        &["load", "serial", "--set", "queue.capacity=5"],
        &["simulate", "serial", "--edit", "20s:consumers.concurrency=three"],
        &["runs", "show", "nothing"],
        &["exercise", "list"],
        &["pause", "--url", "http://127.0.0.1:1"],
    ] {
        let output = folder.run(args);
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        for line in text(&output.stderr).lines() {
            assert!(line.width() <= 80, "{args:?}: {line:?} is too wide");
        }
    }
}

#[test]
fn output_for_programs_is_json() {
    let folder = Folder::new("json");
    // Long enough for a comparison.
    let simulate = [&["simulate", "serial", "-n", "2000", "-c", "5", "--json"], &QUICK[..]].concat();
    let run = json(&folder, &simulate);
    assert_eq!((&run["origin"], &run["client"]["ok"]), (&"simulated".into(), &2000.into()));
    assert_eq!(json(&folder, &["runs", "show", "last", "--json"]), run);
    assert_eq!(json(&folder, &["runs", "export", "last", "--json"]), run);
    json(&folder, &simulate);
    assert_eq!(json(&folder, &["runs", "list", "--json"])["runs"].as_array().unwrap().len(), 2);
    let predicted = json(&folder, &[&["predict", "--json"], LOADS[0], &QUICK].concat());
    assert_eq!(predicted["model"], "closed loop, 5 clients");
    assert_eq!(json(&folder, &["compare", "last", "last~1", "--json"])["difference"], "within_noise");
    let columns = json(&folder, &["compare", "last", "--json"]);
    let origins: Vec<&Value> = columns.as_array().unwrap().iter().map(|run| &run["origin"]).collect();
    assert_eq!(origins, ["predicted", "simulated", "simulated"]);
    let series = said(&folder, &["runs", "export", "last", "--csv"]);
    assert!(series.lines().count() >= 2 && series.lines().next().unwrap().contains(','), "{series}");
}

#[test]
fn the_same_simulation_prints_the_same_but_for_its_date() {
    let folder = Folder::new("same");
    let flags = ["--set", "resource.latency={distribution='lognormal',mean='5ms'}", "--json", "--no-save"];
    for load in LOADS {
        let [a, b] = [0, 1].map(|_| {
            let mut run = json(&folder, &[&["simulate"], load, &flags].concat());
            for dated in ["id", "began"] {
                assert!(run.as_object_mut().unwrap().remove(dated).is_some());
            }
            run
        });
        assert_eq!(a, b, "{load:?}");
    }
    assert_eq!(said(&folder, &["runs", "list"]).lines().count(), 1, "nothing was kept");
}

#[test]
fn a_simulation_is_edited_when_it_is_due() {
    let folder = Folder::new("edits");
    let late = ["--edit", "200s:consumers.concurrency=1", "--edit", "100s:consumers.concurrency=10"];
    let drain = |recall: &str| {
        let prefetch = ["--set", "consumers.max_demand=1000", "--set", recall];
        let simulate = ["simulate", "pipelined", "-n", "1000", "--json", "--no-save"];
        json(&folder, &[&simulate, &prefetch[..], &late].concat())["bench"]["drain_s"].as_f64().unwrap()
    };
    // The first consumer has them all: nine others change nothing. Unless they are
    // recalled and dealt out, when 800 are left: 80 to each.
    assert!((drain("consumers.recall=false") - 500.0).abs() < 0.01);
    assert!((drain("consumers.recall=true") - 140.0).abs() < 0.01);
}

#[test]
fn mistakes_are_two_and_untrustworthy_runs_four() {
    let folder = Folder::new("mistakes");
    let code = |args: &[&str]| folder.run(args).status.code();
    for args in [
        &["simulate", "http://127.0.0.1:1/"][..],
        &["simulate", "nowhere"],
        &["simulate", "serial", "-n", "0"],
        &["simulate", "async", "-d", "1s"],
        &["simulate", "serial", "--name", "a/b"],
        &["predict", "serial", "--rate", "100..200"],
        &["predict", "serial", "--rate", "0"],
        &["load", "serial", "--rate", "100", "-c", "3"],
        &["load", "serial", "-c", "1..5"],
        &["load", "ftp://127.0.0.1/"],
        &["compare", "last"],
        &["compare"],
        &["runs", "show", "no-such-run"],
        &["simulate", "serial", "--set", "resource.latency.mean=-1ms"],
        &["simulate", "serial", "--edit", "20s"],
        &["simulate", "serial", "--edit", "20s:consumers.concurrency=three"],
    ] {
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{args:?}");
    }
    // No server listens there: a load without any answer says nothing, and a missing
    // server is a failure.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}/");
    let output = folder.run(&["load", &url, "-n", "5", "--json"]);
    assert_eq!(output.status.code(), Some(4));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&run["client"]["sent"], &run["client"]["aborted"]), (&5.into(), &5.into()));
    assert_eq!(code(&["load", "serial", "-n", "5", "--url", &url]), Some(1));
}

#[test]
fn a_run_beside_theory_and_simulation_is_three_columns() {
    let folder = Folder::new("columns");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=20ms"]);
    let url = format!("http://{}", server.address);
    let load =
        [&["load", "-n", "50", "-c", "5", "serial", "--url", &url], &["--name", "here"][..]].concat();
    let report = folder.run(&load);
    assert!([Some(0), Some(4)].contains(&report.status.code()), "{}", text(&report.stderr));
    fits(&text(&report.stdout));
    let said = said(&folder, &["compare", "here"]);
    fits(&said);
    let header = said.lines().find(|line| line.trim_start().starts_with("predicted")).unwrap();
    assert_eq!(header.split_whitespace().collect::<Vec<_>>(), ["predicted", "simulated", "measured"]);
    let peak = said.lines().find(|line| line.starts_with("peak in resource")).unwrap();
    assert_eq!(peak.matches("5.00").count(), 3, "{peak}");
}

#[test]
fn a_reader_that_leaves_is_no_reason_to_panic() {
    let folder = Folder::new("closed-pipe");
    said(&folder, &[&["simulate", "--name", "kept"], LOADS[0], &QUICK].concat());
    for args in [
        &["simulate", "serial", "-n", "50", "--json"][..],
        &["predict", "serial"],
        &["compare", "kept"],
        &["compare", "kept", "kept"],
        &["runs", "show", "kept", "--json"],
        &["runs", "export", "kept", "--csv", "--what", "histogram"],
        &["runs", "list"],
        &["check-config"],
        &["--help"],
    ] {
        // Standard output is closed before a word is written to it.
        let mut child = folder.weir().args(args).stdin(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        let Output { status, .. } = child.wait_with_output_of(args);
        assert!(status.code() == Some(0) || args == ["--help"], "{args:?}: {status}");
    }
}

trait Wait {
    fn wait_with_output_of(self, args: &[&str]) -> Output;
}

impl Wait for std::process::Child {
    /// Waits; a panic is said on standard error.
    fn wait_with_output_of(mut self, args: &[&str]) -> Output {
        let mut said = String::new();
        self.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        self.wait_with_output().unwrap()
    }
}

#[test]
fn lists_and_the_configuration_are_told_to_programs_in_json() {
    let folder = Folder::new("lists");
    let exercises = concat!(env!("CARGO_MANIFEST_DIR"), "/exercises");
    let list = json(&folder, &["exercise", "--dir", exercises, "list", "--json"]);
    assert_eq!((list["exercises"].as_array().unwrap().len(), &list["next"]), (36, &"enqueue-1000".into()));
    assert!(list["exercises"][0]["finished"].is_null());
    let config = json(&folder, &["check-config", "--json", "--set", "queue.capacity=5"]);
    assert_eq!((&config["valid"], &config["effective"]["queue"]["capacity"]), (&true.into(), &5.into()));
    assert_eq!(config["by_flag"], serde_json::json!(["queue.capacity"]));
    let output = folder.run(&["check-config", "--json", "--set", "queue.capacity=0"]);
    assert_eq!(output.status.code(), Some(2));
    let config: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&config["valid"], &config["problems"][0]["place"]),
        (&false.into(), &"--set queue.capacity=0".into())
    );
    assert!(output.stderr.is_empty(), "all of it is in the JSON");
}

#[test]
fn an_exercise_that_needs_what_is_missing_is_skipped_with_a_sentence_that_names_it() {
    let folder = Folder::new("needs");
    let exercises = concat!(env!("CARGO_MANIFEST_DIR"), "/exercises");
    // A PATH without the program; the feature is missing too, unless this build has it.
    let program = "the program `nats-server` on the PATH (Debian's package `nats-server`)";
    let build = "a build of Weir with a client of NATS (`cargo build --release --features nats`)";
    let missing = if cfg!(feature = "nats") { vec![program] } else { vec![build, program] };
    let run = |args: &[&str]| {
        let mut weir = folder.weir();
        let output = weir.env("PATH", &folder.0).args(["exercise", "--dir", exercises]).args(args).output();
        let output = output.unwrap();
        let said = words(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    };
    for (command, begins) in [("check", "two-owners is not checked."), ("verify", "skip two-owners: ")] {
        let said = run(&[command, "two-owners"]);
        assert!(said.starts_with(begins) && said.contains("needs a NATS server"), "{said}");
        assert!(said.ends_with(&format!("Missing here: {}.", missing.join("; "))), "{said}");
    }
    let checked: Value = serde_json::from_str(&run(&["check", "two-owners", "--json"])).unwrap();
    assert_eq!((&checked["passed"], &checked["needs"]["what"]), (&Value::Null, &"NATS".into()));
    assert_eq!(checked["needs"]["missing"], serde_json::json!(missing));
}

#[test]
fn bash_completes_what_only_weir_knows_and_the_commands_as_before() {
    let folder = Folder::new("complete");
    let complete = |words: &str| {
        let script = format!(
            "source <(weir completions bash)\nCOMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}}-1))\n\
             _weir_dynamic weir \"${{COMP_WORDS[COMP_CWORD]}}\" \"\"\necho \"${{COMPREPLY[@]}}\""
        );
        let weir = std::path::Path::new(env!("CARGO_BIN_EXE_weir")).parent().unwrap();
        let path = format!("{}:{}", weir.display(), std::env::var("PATH").unwrap());
        let mut bash = std::process::Command::new("bash");
        let output =
            bash.args(["-c", &script]).env("PATH", path).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        text(&output.unwrap().stdout).trim().to_owned()
    };
    assert_eq!(complete("weir load ''"), "serial async pipelined watch rooms");
    assert_eq!(complete("weir exercise check kn"), "knee");
    assert_eq!(
        complete("weir --set consumers.m"),
        "consumers.max_demand= consumers.min_demand= consumers.mode="
    );
    assert_eq!(complete("weir comp"), "compare components completions", "the static part goes on");
    drop(folder);
}

#[test]
fn output_to_a_pipe_has_no_colour() {
    let folder = Folder::new("plain");
    for args in [&["--help"][..], &["predict", "serial"], &["check-config", "--set", "queue.capacity=0"]] {
        let output = folder.run(args);
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.contains(&0x1b), "{args:?}: {}", text(&said));
    }
}

#[test]
fn a_flag_that_has_no_effect_is_refused_with_the_reason() {
    let folder = Folder::new("effectless");
    let flag = ["--set", "resource.latency.mean=20ms"];
    for (command, reason) in [
        (&["load", "serial"][..], "the running bench has its own configuration"),
        (&["load", "http://127.0.0.1:1/"], "the running bench has its own configuration"),
        (&["snapshot"], "the running bench has its own configuration"),
        (&["pause"], "the running bench has its own configuration"),
        (&["purge"], "the running bench has its own configuration"),
        (&["runs", "list"], "data.directory"),
        (&["compare", "last"], "its stored configuration"),
        (&["exercise", "list"], "its own configuration"),
    ] {
        let output = folder.run(&[command, &flag].concat());
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        let said = words(&output.stderr);
        let expected = format!("resource.latency.mean has no effect on `weir {}`: ", command[0]);
        assert!(said.starts_with(&expected) && said.contains(reason), "{command:?}: {said}");
    }
    for (command, flag) in [
        (&["runs", "list"][..], "data.directory=elsewhere"),
        (&["predict", "serial"], "resource.latency.mean=20ms"),
        (&["check-config"], "resource.latency.mean=20ms"),
    ] {
        assert_eq!(folder.run(&[command, &["--set", flag]].concat()).status.code(), Some(0), "{command:?}");
    }
}
