//! The binary: exit codes, signals, reports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Tokens and `--read-only`.
mod access;
/// The data folder, which stays the same while the server runs.
mod directory;
/// Edits of the configuration file.
mod edits;
/// The end: in time, whatever is blocked, and with everything said.
mod ending;
/// Runs of exercises that kill a process and start it again.
mod engines;
/// `weir set`.
mod set;
/// The exercise in which an owner is paused.
#[cfg(feature = "nats")]
mod two_owners;

/// A server that answers each request in one way, for commands that ask a server.
mod fake;
/// The jobs lab from the command line.
pub(crate) mod jobs;
/// Stages and workers that are killed and restarted from the command line.
mod kill;
/// The ladder of the matches lab.
mod ladder;
/// `weir load rooms` on a real server.
mod load_rooms;
/// Matches from the command line.
mod matches;
/// Several servers: on one port, and as nodes that know each other.
mod nodes;
/// Nodes over NATS.
#[cfg(feature = "nats")]
mod nodes_over_nats;
/// The queue of a server and of a file, from the command line and over HTTP.
pub(crate) mod queue;
/// Rooms from the command line.
mod rooms;

/// A folder of its own for each test, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn weir(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.current_dir(&self.0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.weir().args(args).output().unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.join("config.toml"), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts on a free port and reads from the banner which one it is.
    pub(crate) fn start(folder: &Folder, args: &[&str]) -> Self {
        Self::start_as(folder.weir(), args)
    }

    /// Starts a server like [`start`](Self::start), with the command's own standard error.
    pub(crate) fn start_as(command: Command, args: &[&str]) -> Self {
        Self::start_at(command, "127.0.0.1:0", args)
    }

    /// Starts a server that listens at `address`.
    pub(crate) fn start_at(mut command: Command, address: &str, args: &[&str]) -> Self {
        let mut child = command.args(["--listen", address]).args(args).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the banner names the page").unwrap();
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim_end_matches('/').to_owned();
            }
        };
        Self { child, address }
    }

    pub(crate) fn request(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Exit code and what was said on standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        (status.code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, unless a test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A message as one line, however it was wrapped.
pub(crate) fn words(bytes: &[u8]) -> String {
    text(bytes).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asks until the answer is as expected.
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{what} does not come");
}

#[test]
#[cfg(target_os = "linux")]
fn a_load_of_more_clients_than_descriptors_is_refused_with_the_numbers() {
    let folder = Folder::new("descriptors");
    let command = r#"ulimit -n 500 && exec "$0" load http://127.0.0.1:9/ -c 5000 -d 1min -q --no-save"#;
    let output = Command::new("sh")
        .args(["-c", command, env!("CARGO_BIN_EXE_weir")])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("5000 clients need 50") && said.contains("the limit is 500: raise it with"),
        "{said}"
    );
}

#[test]
fn check_config_says_valid_or_what_is_wrong_by_text_and_exit_code() {
    let folder = Folder::new("check");
    let output = folder.run(&["check-config"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("no file, defaults: valid"));
    folder.write("[consumers]\nconcurrency = 3\n");
    let output = folder.run(&["check-config", "--set", "queue.capacity=5"]);
    let said = text(&output.stdout);
    assert!(
        said.contains("consumers.concurrency = 3\n") && said.contains("queue.capacity = 5   (set by flag)"),
        "{said}"
    );
    folder.write("[consumers]\nconcurrency = -3\n");
    for command in ["check-config", "serve"] {
        let output = folder.run(&[command]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(text(&output.stderr).starts_with("config.toml:2:15: consumers.concurrency = -3"));
    }
    let output = folder.run(&["check-config", "--config", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("nowhere.toml: cannot be read"));
}

#[test]
fn wrong_arguments_a_taken_address_and_a_missing_server_have_their_exit_codes() {
    let folder = Folder::new("codes");
    assert_eq!(folder.run(&["--sett"]).status.code(), Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = folder.run(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains(&format!("cannot listen on {address}")),
        "{}",
        text(&output.stderr)
    );
    drop(taken);
    let output = folder.run(&["snapshot", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output.stderr).contains("is weir running?"));
}

#[test]
fn completions_are_printed_for_each_shell() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish"] {
        let output = folder.run(&["completions", shell]);
        assert!(output.status.success() && text(&output.stdout).contains("check-config"), "{shell}");
    }
}

#[test]
fn snapshot_prints_json_for_programs_and_eighty_columns_for_people() {
    let folder = Folder::new("snapshot");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    assert!(server.request("GET /serial").ends_with("OK"));
    let output = folder.run(&["snapshot", "--json", "--listen", &server.address]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["modes"]["serial"]["requests"], 1);
    let url = format!("http://{}", server.address);
    let output = folder.run(&["snapshot", "--url", &url]);
    let said = text(&output.stdout);
    assert!(said.contains("accepted 1 = done 1 + failed 0 + dropped 0 + held 0"), "{said}");
    assert!(said.contains("queue      running  producer"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn a_running_server_is_paused_resumed_and_reset_from_the_command_line() {
    let folder = Folder::new("orders");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    let url = format!("http://{}", server.address);
    let order = |command| {
        let output = folder.run(&[command, "--url", &url]);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{command}");
    };
    let shown = || text(&folder.run(&["snapshot", "--url", &url]).stdout);
    order("pause");
    assert!(server.request("GET /pipelined").ends_with("OK"));
    let said = shown();
    assert!(said.lines().any(|line| line.ends_with(" s, paused")), "{said}");
    assert!(said.contains("queue      paused   producer") && said.contains("held 1;"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    order("resume");
    while !shown().contains("accepted 1 = done 1 ") {}
    order("reset");
    let said = shown();
    assert!(said.contains("accepted 0 = done 0 ") && !said.contains("paused"), "{said}");
    drop(server);
    for command in ["pause", "resume", "purge", "reset"] {
        let output = folder.run(&[command, "--url", &url]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(words(&output.stderr).contains("is weir running?"), "{}", text(&output.stderr));
    }
    // Where a server listens is then not known.
    folder.write("[consumers]\nconcurrency = -3\n");
    for command in ["pause", "resume", "purge", "reset"] {
        let output = folder.run(&[command]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(text(&output.stderr).contains("config.toml:2:15: consumers.concurrency = -3"), "{command}");
    }
}

#[test]
fn a_queue_is_emptied_from_the_command_line_and_the_number_of_events_is_told() {
    let folder = Folder::new("purge");
    let server = Server::start(&folder, &["--set", "consumers.concurrency=0"]);
    for _ in 0..3 {
        assert!(server.request("GET /pipelined").ends_with("OK"));
    }
    let purge = || text(&folder.run(&["purge", "--listen", &server.address]).stdout);
    assert_eq!(purge(), "3 waiting events dropped\n");
    assert_eq!(purge(), "0 waiting events dropped\n");
    let said = text(&folder.run(&["snapshot", "--listen", &server.address]).stdout);
    assert!(said.contains("dropped 3 + held 0;") && said.contains("unaccounted 0"), "{said}");
}

#[test]
fn a_signal_drains_and_the_exit_code_tells_whether_events_were_lost() {
    let folder = Folder::new("signals");
    let args = ["--set", "resource.latency.mean=20ms", "--set", "server.drain_timeout=20s"];
    for signal in ["-INT", "-TERM"] {
        let server = Server::start(&folder, &args);
        for _ in 0..10 {
            assert!(server.request("POST /part2/genstage").starts_with("HTTP/1.1 202"));
        }
        server.signal(signal);
        let (code, said) = server.end();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("accepted 10 = done 10 + failed 0 + dropped 0 + left over 0"), "{said}");
    }
    let server = Server::start(
        &folder,
        &["--set", "resource.latency.mean=1h", "--set", "server.drain_timeout=50ms"],
    );
    for _ in 0..3 {
        server.request("GET /pipelined");
    }
    server.signal("-TERM");
    let (code, said) = server.end();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("3 accepted events are lost"), "{said}");
    assert!(said.contains("in the queue             2  ids 2–3"), "{said}");
    assert!(said.contains("with consumers           1  ids 1"), "{said}");
}

#[test]
fn a_second_signal_stops_at_once_and_says_what_was_lost() {
    let folder = Folder::new("twice");
    let mut server =
        Server::start(&folder, &["--set", "resource.latency.mean=1h", "--set", "server.drain_timeout=1h"]);
    server.request("GET /async");
    server.signal("-INT");
    let mut said = BufReader::new(server.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("again to stop at once") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it announces the drain");
    }
    server.signal("-INT");
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("stopped at once: 1 accepted events are lost"), "{rest}");
}

#[test]
fn a_reader_of_the_output_that_leaves_stops_nothing() {
    let folder = Folder::new("pipe");
    folder.write("[consumers]\nconcurrency = 1\n");
    let mut server = Server::start(&folder, &[]);
    drop((server.child.stdout.take(), server.child.stderr.take()));
    // Each edit is logged to a closed pipe.
    for concurrency in [2, 3] {
        folder.write(&format!("[consumers]\nconcurrency = {concurrency}\n"));
        let expected = format!("\"generation\":{concurrency},");
        while !server.request("GET /api/snapshot").contains(&expected) {
            std::thread::yield_now();
        }
    }
    server.signal("-INT");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
