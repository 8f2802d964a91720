//! Outside programs that check our numbers and formats. Ignored where they may
//! not be installed; `.ci/run` installs and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::binary::{Folder, Server};

/// `weir load` beside other load generators, and in bad company.
mod load;

/// A browser that a test drives.
mod browser;

/// The configuration, edited on the page.
mod editing;

/// The jobs lab, loaded and watched from outside.
mod jobs;

/// The matches lab, watched from outside.
mod matches;

/// The page in a browser.
mod page;

/// The queue on the disk, and kills.
mod queue;

/// `weir load watch` beside an outside client.
mod watch;

/// The Runs tab, and a selection that is kept.
mod runs;

/// The release build that `WEIR_RELEASE` names, or the debug build.
fn program() -> PathBuf {
    let program = std::env::var_os("WEIR_RELEASE").unwrap_or(env!("CARGO_BIN_EXE_weir").into());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(program)
}

/// Standard output of a program that must succeed.
fn run(program: &str, args: &[&str]) -> String {
    let output =
        Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The first number behind `label`.
fn number(text: &str, label: &str) -> f64 {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{label} is missing in\n{text}"))
}

fn assert_close(ours: f64, theirs: f64, share: f64, what: &str) {
    assert!((ours / theirs - 1.0).abs() < share, "{what}: we say {ours}, they say {theirs}");
}

impl Server {
    fn snapshot(&self) -> Value {
        let answer = self.request("GET /api/snapshot");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

#[test]
#[ignore = "needs ab, from the package apache2-utils"]
fn ab_and_the_snapshot_agree() {
    let folder = Folder::new("ab");
    let server =
        Server::start(&folder, &["--set", "resource.latency.mean=50ms", "--set", "queue.capacity=100000"]);
    for (path, mode, n, peak) in [
        ("/part1/serial", "serial", 2000, Some(50)),
        ("/part1/async", "async", 40_000, None),
        ("/part2/genstage", "pipelined", 40_000, Some(1)),
    ] {
        let said = run("ab", &["-q", "-n", &n.to_string(), "-c", "50", &server.url(path)]);
        let snapshot = server.snapshot();
        let ours = &snapshot["modes"][mode];
        assert_eq!(
            (number(&said, "Complete requests:"), number(&said, "Failed requests:")),
            (f64::from(n), 0.0)
        );
        assert_eq!((&ours["requests"], &ours["errors"]), (&n.into(), &0.into()));
        match ours["rate"].as_f64() {
            Some(rate) => assert_close(rate, number(&said, "Requests per second:"), 0.03, path),
            // A burst of less than a second has no rate, and ab's clock starts first.
            None => assert!(number(&said, "Time taken for tests:") < 1.1, "{path}"),
        }
        if let Some(peak) = peak {
            assert_eq!(ours["peak_in_use"], peak, "{path}");
        }
    }
}

#[test]
#[ignore = "needs ab, from the package apache2-utils"]
fn ab_counts_refusals_as_we_do() {
    let folder = Folder::new("ab-refused");
    let args = [
        "--set",
        "queue.capacity=100",
        "--set",
        "resource.latency.mean=1h",
        "--set",
        "server.drain_timeout=0ms",
    ];
    let server = Server::start(&folder, &args);
    let said = run("ab", &["-q", "-n", "3000", "-c", "50", &server.url("/pipelined")]);
    assert_eq!(number(&said, "Non-2xx responses:"), 2899.0);
    let snapshot = server.snapshot();
    // One is with the consumer, a hundred wait.
    assert_eq!(
        (&snapshot["ledger"]["accepted"], &snapshot["ledger"]["rejected"]),
        (&101.into(), &2899.into())
    );
    assert_eq!(snapshot["modes"]["pipelined"]["errors"], 2899);
}

#[test]
#[ignore = "needs wrk, from the package wrk"]
fn wrk_and_the_snapshot_agree() {
    let folder = Folder::new("wrk");
    let server =
        Server::start(&folder, &["--set", "queue.capacity=10000000", "--set", "resource.latency.mean=1ms"]);
    let said = run("wrk", &["-t1", "-c50", "-d3s", &server.url("/pipelined")]);
    let snapshot = server.snapshot();
    let ours = &snapshot["modes"]["pipelined"];
    let theirs: f64 = said
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(n, _)| n.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    // wrk stops without waiting for what is in flight: up to one a connection.
    let more = ours["requests"].as_f64().unwrap() - theirs;
    assert!((0.0..=50.0).contains(&more), "{more} more than wrk");
    assert_close(ours["rate"].as_f64().unwrap(), number(&said, "Requests/sec:"), 0.03, "rate");
}

#[test]
#[ignore = "needs promtool, from the package prometheus"]
fn promtool_finds_nothing_to_complain_about() {
    let folder = Folder::new("promtool");
    let server = Server::start(&folder, &["--set", "resource.latency.mean=1ms"]);
    for path in ["/serial", "/async", "/pipelined"] {
        assert!(server.request(&format!("GET {path}")).ends_with("OK"));
    }
    let metrics = server.request("GET /metrics");
    let file = folder.0.join("metrics");
    std::fs::write(&file, metrics.split_once("\r\n\r\n").unwrap().1).unwrap();
    let output = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
