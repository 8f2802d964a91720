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
fn a_standard_error_that_nobody_reads_freezes_nothing_and_the_server_ends_by_itself() {
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
