//! A server with the lab, its figures and orders over HTTP, and watchers of an outside client.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::binary::{Folder, Server};
use crate::programs::program;

/// How long the server may take to reach a state. Most states take a fraction of this.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Lab {
    pub(super) server: Server,
    child: Child,
    lines: BufReader<ChildStdout>,
    _folder: Folder,
}

impl Lab {
    /// Starts the release build that `WEIR_RELEASE` names, or the debug build.
    pub(super) fn start(name: &str, settings: &[&str]) -> Self {
        Self::start_by(name, settings, "exec \"$0\" \"$@\"")
    }

    /// Starts a server that may have this number of descriptors, and waits for the rest of a
    /// request as long as the tests wait.
    pub(super) fn with_descriptors(name: &str, number: u32) -> Self {
        let patient = format!("server.head_timeout={}s", PATIENCE.as_secs());
        Self::start_by(name, &[&patient], &format!("ulimit -n {number}; exec \"$0\" \"$@\""))
    }

    fn start_by(name: &str, settings: &[&str], script: &str) -> Self {
        let folder = Folder::new(name);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(program()).current_dir(&folder.0);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let server = Server::start_as(command, &settings.collect::<Vec<_>>());
        let mut command = Command::new("python3");
        command.arg(root.join("tests/programs/matches/watchers.py")).arg(&server.address);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { server, child, lines, _folder: folder }
    }

    /// Gives an order to the outside client, and returns its answer.
    pub(super) fn client(&mut self, order: &Value) -> Value {
        writeln!(self.child.stdin.as_ref().unwrap(), "{order}").unwrap();
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{order}: {line:?}"))
    }

    /// Connects a group of watchers, all of which must be taken.
    pub(super) fn open(&mut self, name: &str, count: u64, transport: &str, more: &Value) {
        let mut order = json!({ "open": name, "count": count, "transport": transport });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(self.client(&order), json!({ "opened": count }), "{order}");
    }

    pub(super) fn report(&mut self, name: &str) -> Value {
        self.client(&json!({ "report": name }))
    }

    /// Polls the report of a group until it is as expected. No event may be missed, sent twice or
    /// come out of order.
    pub(super) fn reported(&mut self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let report = self.report(name);
            assert_eq!(report["wrong"], 0, "{name}: {report}");
            if holds(&report) {
                return report;
            }
            assert!(begun.elapsed() < PATIENCE, "{name}: {what} does not come: {report}");
            pause(Duration::from_millis(50));
        }
    }

    /// Sends a request, and returns the body of an answer with status 200: JSON, or a word.
    pub(super) fn order(&self, line: &str) -> Value {
        let answer = self.server.request(line);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{line}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()))
    }

    pub(super) fn game(&self, order: &str) -> Value {
        self.order(&format!("POST /api/matches/weir-sluice/{order}"))
    }

    pub(super) fn set(&self, toml: &str) {
        let toml = toml.replace(' ', "%20").replace('"', "%22").replace('=', "%3D");
        self.order(&format!("POST /api/config?toml={toml}"));
    }

    pub(super) fn figures(&self) -> Value {
        self.order("GET /api/matches/weir-sluice")
    }

    /// Polls the figures of the default match until they are as expected.
    pub(super) fn until(&self, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let figures = self.figures();
            if holds(&figures) {
                return figures;
            }
            let state = ["match", "now", "ledger", "connections"].map(|part| &figures[part]);
            assert!(begun.elapsed() < PATIENCE, "{what} does not come: {state:?}");
            pause(Duration::from_millis(50));
        }
    }

    /// Waits until nothing is under way, and returns the ledger, which must add up.
    pub(super) fn ledger(&self) -> Ledger {
        let figures = self.until("a quiet ledger", |figures| figures["ledger"]["behind"] == 0);
        let count = |name: &str| figures["ledger"][name].as_u64().unwrap();
        assert_eq!(figures["ledger"]["unaccounted"], 0, "{}", figures["ledger"]);
        let ledger = Ledger {
            sent: count("sent"),
            delivered: count("delivered"),
            dropped: count("dropped"),
            closed: count("closed"),
        };
        assert_eq!(ledger.sent, ledger.delivered + ledger.dropped + ledger.closed, "{ledger:?}");
        ledger
    }

    /// The memory of the server, in kB.
    pub(super) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The CPU time that the server has used, in hundredths of a second.
    pub(super) fn cpu(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// The account of all deliveries, once none is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) dropped: u64,
    pub(super) closed: u64,
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A figure of a report.
pub(super) fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} is missing in {report}"))
}

/// Lets real time pass in another process than this one.
pub(super) fn pause(time: Duration) {
    let seconds = format!("{:.3}", time.as_secs_f64());
    assert!(Command::new("sleep").arg(seconds).status().unwrap().success());
}
