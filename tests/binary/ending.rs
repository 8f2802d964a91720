//! The end of a server, as a process: exit codes, and what can be blocked.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{Folder, Server};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    /// The exit code, if it ends in time.
    #[expect(clippy::disallowed_methods, reason = "a process takes real time")]
    fn ends_within(&mut self, limit: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

#[test]
fn a_standard_error_without_a_reader_freezes_nothing_and_the_server_ends_by_itself() {
    let folder = Folder::new("blocked");
    folder.write("[consumers]\nconcurrency = 1\n");
    let (_unread, full) = std::io::pipe().unwrap();
    let filler = full.try_clone().unwrap();
    // Writes until the pipe is full, and stays there until the test ends.
    std::thread::spawn(move || drop((&filler).write_all(&[b'x'; 1 << 20])));
    let mut command = folder.weir();
    command.stderr(full);
    let mut server = Server::start_as(command, &["--set", "server.drain_timeout=1h"]);
    for value in 2..20 {
        let answer = server.request(&format!("POST /api/concurrency?value={value}"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(server.request("GET /healthz").ends_with("OK"));
    }
    server.signal("-TERM");
    assert_eq!(server.ends_within(PATIENCE), Some(0));
}

#[test]
fn a_run_that_could_not_be_kept_is_told_at_the_end_and_by_the_exit_code() {
    let folder = Folder::new("unkept");
    std::fs::write(folder.0.join("data"), "a file").unwrap();
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    assert!(server.request("GET /serial").ends_with("OK"));
    server.signal("-TERM");
    let (code, said) = server.end();
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("1 run could not be kept: cannot create the folder data/runs"), "{said}");
}

#[test]
fn the_start_after_a_kill_says_what_was_lost() {
    let folder = Folder::new("killed");
    let args = ["--set", "resource.latency.mean=1h"];
    let server = Server::start(&folder, &args);
    for _ in 0..7 {
        assert!(server.request("GET /pipelined").starts_with("HTTP/1.1 202"));
    }
    // The file has its name a moment before it says anything.
    let held =
        |note: &str| serde_json::from_str::<serde_json::Value>(note).is_ok_and(|note| note["held"] == 7);
    let note = folder.0.join(format!("data/running-{}.json", server.child.id()));
    while !std::fs::read_to_string(&note).is_ok_and(|note| held(&note)) {
        std::thread::yield_now();
    }
    server.signal("-KILL");
    let _ = server.end();
    assert!(note.exists());
    let next = Server::start(&folder, &args);
    next.signal("-TERM");
    let (_, said) = next.end();
    assert!(said.contains("the last server here did not end in order: process "), "{said}");
    assert!(said.contains("; 7 accepted events were in its memory then and are lost"), "{said}");
    // The loss is reported once, and an orderly end leaves nothing to report.
    let last = Server::start(&folder, &args);
    last.signal("-TERM");
    let (code, said) = last.end();
    assert!(code == Some(0) && !said.contains("did not end in order"), "{said}");
    let left = std::fs::read_dir(folder.0.join("data")).unwrap();
    assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with("running-")));
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_at_the_start_and_in_the_snapshot() {
    let folder = Folder::new("unusable");
    std::fs::write(folder.0.join("data"), "a file").unwrap();
    let server = Server::start(&folder, &[]);
    let snapshot = server.request("GET /api/snapshot");
    assert!(snapshot.contains("the data folder data (data.directory) cannot be used: "), "{snapshot}");
    server.signal("-TERM");
    let (code, said) = server.end();
    assert!(said.starts_with("weir: runs cannot be kept, and wait in memory: the data folder"), "{said}");
    assert_eq!(code, Some(0), "no run was lost: {said}");
}

#[test]
fn a_load_of_the_page_ends_before_the_drain_and_is_one_whole_run() {
    let folder = Folder::new("page-load");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=5ms"]);
    let started = server.request("POST /api/load/start?mode=serial&clients=4&duration=1h");
    assert!(started.starts_with("HTTP/1.1 202"), "{started}");
    while !server.request("GET /api/snapshot").contains("\"in_use\":4") {}
    server.signal("-TERM");
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");
    let runs = weir::runs::Store::new(folder.0.join("data/runs"));
    let [run] = &runs.list().unwrap().runs[..] else { panic!("one run: {:?}", runs.list()) };
    let run = runs.load(&run.id).unwrap();
    assert!(run.client.is_some() && run.bench.is_some(), "seen from both sides");
}
