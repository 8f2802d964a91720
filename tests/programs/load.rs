//! The loads are so light that a busy machine hardly shows: 125 requests a second,
//! and answers that take 80 ms each, of which 10 % are 8. The clients go in step, so
//! one moment without a core is a round that is late: of 110 rounds, less than 1 %.
//! Two generators run at the same time, each against a server of its own: such a moment is one of both.
//!
//! With `WEIR_RELEASE`, the path of a release build, that build is measured: a debug build takes
//! milliseconds for ten answers at once.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{assert_close, number, program, run};
use crate::binary::{Folder, Server};

const CLIENTS: &str = "10";
const FLAGS: [&str; 4] = ["--set", "resource.latency.mean=80ms", "--set", "data.keep=100"];

/// The program, in the folder.
fn command(folder: &Folder) -> Command {
    let mut command = Command::new(program());
    command.current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn weir(folder: &Folder, args: &[&str]) -> Value {
    let output = command(folder).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!([Some(0), Some(4)].contains(&output.status.code()), "{args:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

/// Waits until the server has recorded `count` runs by itself, and reads them.
fn recorded(folder: &Folder, count: usize) -> Vec<Value> {
    loop {
        let listing = weir(folder, &["runs", "list", "--json"]);
        let runs = listing["runs"].as_array().unwrap().iter();
        let ids = runs.filter(|run| run["origin"] == "recorded").map(|run| run["id"].as_str().unwrap());
        let runs: Vec<Value> = ids.map(|id| weir(folder, &["runs", "show", id, "--json"])).collect();
        if runs.len() == count {
            return runs;
        }
    }
}

/// Milliseconds, or another number.
fn at(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {path} in {value}"))
}

/// Rates within 5 %, times within 10 %.
fn agree(what: &str, [rate, p50, p99]: [f64; 3], [other_rate, other_p50, other_p99]: [f64; 3]) {
    assert_close(rate, other_rate, 0.05, &format!("{what}, rate"));
    assert_close(p50, other_p50, 0.1, &format!("{what}, p50"));
    assert_close(p99, other_p99, 0.1, &format!("{what}, p99"));
}

/// Rate, p50 and p99 as the client saw them.
fn client(run: &Value) -> [f64; 3] {
    ["rate", "service/ok/p50_ms", "service/ok/p99_ms"].map(|figure| at(run, &format!("/client/{figure}")))
}

/// These figures as the bench saw them.
fn bench(run: &Value) -> [f64; 3] {
    ["rate", "http/p50_ms", "http/p99_ms"].map(|figure| at(run, &format!("/bench/modes/serial/{figure}")))
}

/// Runs `weir load serial` against a server of its own, and meanwhile another generator.
fn beside<T>(theirs: impl FnOnce() -> T, name: &str, args: &[&str]) -> (Value, T) {
    let folder = Folder::new(name);
    let server = Server::start_as(command(&folder), &FLAGS);
    let url = server.url("");
    let args = [&["load", "serial", "-c", CLIENTS, "--url", &url, "--json"], args].concat();
    std::thread::scope(|scope| {
        let ours = scope.spawn(|| weir(&folder, &args));
        let theirs = theirs();
        (ours.join().unwrap(), theirs)
    })
}

#[test]
#[ignore = "needs ab, from the package apache2-utils"]
fn weir_and_ab_measure_the_same() {
    let folder = Folder::new("load-ab");
    let server = Server::start_as(command(&folder), &FLAGS);
    let csv = folder.0.join("ab.csv").display().to_string();
    let args = ["-q", "-k", "-n", "1100", "-c", CLIENTS, "-e", &csv, &server.url("/serial")];
    let (ours, said) = beside(|| run("ab", &args), "load-beside-ab", &["-n", "1100"]);
    assert_eq!(
        (&ours["client"]["ok"], &ours["bench"]["modes"]["serial"]["requests"]),
        (&1100.into(), &1100.into())
    );
    assert_eq!(ours["bench"]["ledger"]["done"], 1100);
    let theirs = [number(&said, "Requests per second:"), number(&said, "50%"), number(&said, "99%")];
    agree("weir and ab", client(&ours), theirs);
    agree("bench and client", bench(&ours), client(&ours));
    // What ab has told is what the bench has recorded meanwhile.
    let text = folder.0.join("ab.txt");
    std::fs::write(&text, &said).unwrap();
    let kept = folder.run(&["runs", "import", &text.display().to_string(), &csv, "--name", "by-ab"]);
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stderr));
    let told = weir(&folder, &["runs", "show", "by-ab", "--json"]);
    let [seen] = &recorded(&folder, 1)[..] else { panic!("one run") };
    assert_eq!(
        (&told["client"]["ok"], &seen["bench"]["modes"]["serial"]["requests"]),
        (&1100.into(), &1100.into())
    );
    agree("ab, told and recorded", client(&told), bench(seen));
}

#[test]
#[ignore = "needs wrk, from the package wrk"]
fn weir_and_wrk_measure_the_same() {
    let folder = Folder::new("load-wrk");
    let server = Server::start_as(command(&folder), &FLAGS);
    let args = ["-t1", "-c", CLIENTS, "-d9s", "--latency", &server.url("/serial")];
    let (ours, said) = beside(|| run("wrk", &args), "load-beside-wrk", &["-d", "9s"]);
    assert_eq!(ours["client"]["ok"], ours["bench"]["modes"]["serial"]["requests"]);
    let text = folder.0.join("wrk.txt");
    std::fs::write(&text, &said).unwrap();
    let kept = folder.run(&["runs", "import", &text.display().to_string(), "--name", "by-wrk"]);
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stderr));
    let told = weir(&folder, &["runs", "show", "by-wrk", "--json"]);
    agree("weir and wrk", client(&ours), client(&told));
    let [seen] = &recorded(&folder, 1)[..] else { panic!("one run") };
    agree("wrk, told and recorded", client(&told), bench(seen));
    // wrk leaves without waiting for what is under way: one a connection.
    let more = at(seen, "/bench/modes/serial/requests") - at(&told, "/client/ok");
    assert!((0.0..=10.0).contains(&more), "{more} more than wrk");
}

/// Keeps core 0 busy until it is dropped.
struct Spinner(Vec<Child>);

impl Spinner {
    fn start() -> Self {
        let spin = || {
            Command::new("taskset").args(["-c", "0", "sh", "-c", "while :; do :; done"]).spawn().unwrap()
        };
        Self((0..3).map(|_| spin()).collect())
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // taskset has become the shell: there is no other process.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
#[ignore = "needs taskset, from the package util-linux, and two cores"]
fn a_generator_without_a_core_says_so_and_its_run_is_not_valid() {
    let folder = Folder::new("starved");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    let url = server.url("");
    let _spinner = Spinner::start();
    for load in [&["-d", "3s", "-c", "20"][..], &["--rate", "2000", "-d", "3s"]] {
        let mut command = Command::new("taskset");
        command
            .args(["-c", "0", env!("CARGO_BIN_EXE_weir"), "load", "serial", "--url", &url, "--json"])
            .args(load);
        let output = command.current_dir(&folder.0).output().unwrap();
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = run["audit"]["checks"].as_array().unwrap();
        let failed: Vec<&str> = checks
            .iter()
            .filter(|check| check["verdict"] == "failed" || check["disturbed"] == true)
            .map(|check| check["name"].as_str().unwrap())
            .collect();
        let expected = if run["audit"]["verdict"] == "invalid" { 4 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{load:?}: {}", run["audit"]);
        assert!(failed.contains(&"the generator had a core"), "{load:?}: {failed:?}");
    }
}

#[test]
#[ignore = "takes seconds of real time"]
fn a_server_that_is_killed_leaves_a_run_with_what_was_aborted() {
    let folder = Folder::new("killed");
    let server = Server::start(&folder, &FLAGS);
    let url = server.url("");
    let mut load = folder.weir();
    load.args(["load", "serial", "-n", "5000", "-c", CLIENTS, "--url", &url, "--json", "--drain", "1s"]);
    let child = load.stdin(Stdio::null()).spawn().unwrap();
    while server.snapshot()["modes"]["serial"]["requests"].as_u64().unwrap() < 50 {}
    server.signal("-KILL");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let run: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let client = |name: &str| run["client"][name].as_u64().unwrap();
    assert!(client("ok") >= 40 && client("aborted") > 1000, "{}", run["client"]["errors"]);
    assert_eq!(client("sent"), 5000);
    assert!(client("sent") == client("ok") + client("aborted") && run["bench"].is_null(), "{said}");
    assert!(run["audit"].to_string().contains("the bench did not report its side"), "{}", run["audit"]);
    // Refused connections take no time: others may have wanted the core meanwhile.
    assert!([Some(0), Some(4)].contains(&output.status.code()), "{said}");
}
