//! The binary: exit codes, signals, reports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// The data folder, which stays the same while the server runs.
mod directory;
/// The end: in time, whatever is blocked, and with everything said.
mod ending;

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
    fn start_as(mut command: Command, args: &[&str]) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).args(args).spawn().unwrap();
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
fn a_file_made_after_the_start_is_found_an_emptied_one_refused_and_a_valid_one_welcomed_back() {
    let folder = Folder::new("later");
    let server = Server::start(&folder, &[]);
    let shown = || {
        let output = folder.run(&["snapshot", "--json", "--listen", &server.address]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let concurrency = || shown()["consumers"]["concurrency"].clone();
    let wrong = || shown()["config"]["error"].as_str().map(str::to_owned);
    assert!(shown()["config"]["source"].is_null());
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the new file", || concurrency() == 3);
    assert_eq!(shown()["config"]["source"], "config.toml");
    folder.write("");
    until("the refusal", || {
        wrong().is_some_and(|wrong| wrong.starts_with("config.toml: the file is empty"))
    });
    assert_eq!(concurrency(), 3);
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the text", || wrong().is_none());
    std::fs::remove_file(folder.0.join("config.toml")).unwrap();
    until("the refusal", || wrong().is_some_and(|wrong| wrong.contains("cannot be read")));
    // Another way to change a key does not mend the file.
    server.request("POST /api/concurrency?value=4");
    assert!(wrong().is_some() && concurrency() == 4);
    folder.write("[consumers]\nconcurrency = 3\n");
    until("the file", || concurrency() == 3);
    server.signal("-INT");
    let (_, said) = server.end();
    assert_eq!(said.matches("config.toml found: it is in force now, and watched").count(), 1, "{said}");
    assert_eq!(said.matches("config.toml is valid again").count(), 2, "{said}");
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
fn an_edit_is_live_within_moments_and_a_broken_one_changes_nothing() {
    let folder = Folder::new("edit");
    folder.write("[consumers]\nconcurrency = 1\n");
    let server = Server::start(&folder, &[]);
    let config = || {
        let answer = server.request("GET /api/snapshot");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str::<serde_json::Value>(body).unwrap()["config"].clone()
    };
    // Bounded by the test runner, not by a clock: a loaded machine is slow.
    let wait_for = |what: &dyn Fn(&serde_json::Value) -> bool| loop {
        let now = config();
        if what(&now) {
            break now;
        }
    };
    folder.write("[consumers]\nconcurrency = 3\n");
    let now = wait_for(&|config| config["generation"] == 2);
    assert_eq!(now["effective"]["consumers"]["concurrency"], 3);
    folder.write("[consumers]\nconcurrency = 4\nmode = 5\n");
    let now = wait_for(&|config| config["error"].is_string());
    assert!(now["error"].as_str().unwrap().contains("config.toml:3:8: consumers.mode = 5"), "{now}");
    assert_eq!((&now["generation"], &now["effective"]["consumers"]["concurrency"]), (&2.into(), &3.into()));
    folder.write("[server]\nlisten = \"127.0.0.1:1\"\n[consumers]\nconcurrency = 4\n");
    let now = wait_for(&|config| config["generation"] == 3);
    assert!(now["error"].is_null());
    // The flag of this test wins over the file, and says so.
    assert!(now["notes"][0].as_str().unwrap().contains("server.listen is set by a flag"), "{now}");
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

#[test]
fn a_file_that_cannot_be_a_configuration_is_refused_at_once() {
    let folder = Folder::new("odd");
    folder.write(&"# a comment\n".repeat(10_000));
    let output = folder.run(&["check-config"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("it is larger than 64 KiB"), "{}", text(&output.stderr));
    let output = folder.run(&["check-config", "--config", "."]);
    assert!(text(&output.stderr).contains("it is not a regular file"), "{}", text(&output.stderr));
    std::fs::write(folder.0.join("config.toml"), b"[queue]\ncapacity = \xff\n").unwrap();
    let output = folder.run(&["check-config"]);
    assert!(
        text(&output.stderr).starts_with("config.toml:2:12: expected text in UTF-8"),
        "{}",
        text(&output.stderr)
    );
    folder.write(&(0..500).map(|n| format!("key{n} = 1\n")).collect::<String>());
    let output = folder.run(&["check-config"]);
    assert!(text(&output.stderr).ends_with("and 490 more problems\n"), "{}", text(&output.stderr));
}

/// An answer's status and body; of a POST with these headers.
fn post(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[test]
fn a_server_for_other_machines_prints_an_address_that_works_and_a_token_that_every_change_needs() {
    let folder = Folder::new("shared");
    let mut child = folder.weir().args(["--listen", "0.0.0.0:0"]).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.map(Result::unwrap).find(|line| line.trim_start().starts_with("page")).unwrap();
    let (_, page) = page.split_once("http://").unwrap();
    let (address, token) = page.split_once("/#token=").expect(page);
    let server = Server { child, address: address.to_owned() };
    assert!(!address.starts_with("0.0.0.0"), "{address}");
    assert!(server.request("GET /api/snapshot").contains("\"read_only\":false"));
    let local = format!("127.0.0.1:{}", address.rsplit(':').next().unwrap());
    for address in [address, &local] {
        let (status, why) = post(address, "/api/pause", "");
        assert!(status == 403 && why.contains("WEIR_TOKEN"), "{status} {why}");
        assert_eq!(post(address, "/api/pause", &format!("Weir-Token: {token}\r\n")).0, 200);
        assert_eq!(post(address, "/async", "").0, 202, "the endpoints are open");
    }
    // The commands take it as a flag and from the environment.
    let run = |args: &[&str], from_environment: &str| {
        let args = [args, &["--url", &local]].concat();
        let mut command = folder.weir();
        command.env("WEIR_TOKEN", from_environment).args(args).output().unwrap().status.code()
    };
    assert_eq!(run(&["pause"], ""), Some(1));
    assert_eq!(run(&["pause"], "wrong"), Some(1));
    assert_eq!(run(&["pause"], token), Some(0));
    assert_eq!(run(&["resume", "--token", token], "wrong"), Some(0));
    assert_eq!(run(&["resume"], "not a token"), Some(2));
    let load = ["load", "serial", "-n", "1", "--no-save"];
    assert_eq!(run(&load, ""), Some(1));
    assert_ne!(run(&load, token), Some(1), "valid or not, the load was made");
}

#[test]
fn a_chosen_token_is_the_servers_and_a_read_only_server_takes_none() {
    let folder = Folder::new("chosen");
    let server = Server::start(&folder, &["--token", "chosen-one"]);
    let origin = format!("Origin: http://{}\r\n", server.address);
    assert_eq!(post(&server.address, "/api/pause", "").0, 200, "a program on this machine needs none");
    assert_eq!(post(&server.address, "/api/resume", &origin).0, 403);
    let page = format!("{origin}Weir-Token: chosen-one\r\n");
    assert_eq!(post(&server.address, "/api/resume", &page).0, 200);
    assert!(server.request("GET /").contains("data-token=\"chosen-one\""));
    let server = Server::start(&folder, &["--read-only", "--token", "chosen-one"]);
    for headers in ["", "Weir-Token: chosen-one\r\n"] {
        let (status, why) = post(&server.address, "/api/pause", headers);
        assert!(status == 403 && why.contains("read-only"), "{status} {why}");
    }
    assert!(!server.request("GET /").contains("chosen-one"));
    assert_eq!(folder.run(&["serve", "--token", "two words"]).status.code(), Some(2));
}
