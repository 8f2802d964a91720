//! A server with the lab, its figures and orders over HTTP, and WebSockets that an outside
//! client holds open.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::binary::{Folder, Server};
use crate::programs::program;

/// How long the server may take to reach a state. Most states take a fraction of this.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// WebSockets that are held open during each test.
const SOCKETS: usize = 20;

/// The load of a test. A debug build does a tenth of what a release build does.
pub(super) struct Scale {
    pub(super) workers: u64,
    /// An input whose sum takes seconds.
    pub(super) long: u64,
}

impl Scale {
    /// The load for the build that is tested.
    fn chosen() -> Self {
        match std::env::var_os("WEIR_RELEASE") {
            Some(_) => Self { workers: 10_000, long: 999_999_999 },
            None => Self { workers: 1_000, long: 19_999_999 },
        }
    }
}

pub(super) struct Lab {
    server: Server,
    child: Child,
    lines: Receiver<Value>,
    pub(super) scale: Scale,
    pub(super) folder: Folder,
    reference: u64,
}

impl Lab {
    pub(super) fn start(name: &str) -> Self {
        let (folder, scale) = (Folder::new(name), Scale::chosen());
        std::fs::create_dir(folder.0.join("jobs")).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(root.join("jobs/sum.wat"), folder.0.join("jobs/sum.wat")).unwrap();
        let mut command = Command::new(program());
        command.current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::null());
        let server = Server::start_as(command, &[]);
        let client = root.join("tests/programs/jobs/sockets.py");
        let mut command = Command::new("python3");
        command.arg(client).args([&server.address, &SOCKETS.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut this = Self { server, child, lines, scale, folder, reference: 0 };
        this.sockets();
        this
    }

    /// Answers a request with its status and body.
    pub(super) fn ask(&self, line: &str) -> (u16, String) {
        let answer = self.server.request(line);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{line}: {answer}"));
        (status.unwrap(), body.to_owned())
    }

    /// The body of an answer with status 200 or 202: JSON, or a word.
    pub(super) fn order(&self, line: &str) -> Value {
        let (status, body) = self.ask(line);
        assert!(matches!(status, 200 | 202), "{line}: {status}: {body}");
        serde_json::from_str(&body).unwrap_or(Value::String(body))
    }

    pub(super) fn figures(&self) -> Value {
        self.order("GET /api/jobs")
    }

    pub(super) fn figures_after(&self, time: Duration) -> Value {
        pause(time);
        self.figures()
    }

    /// Polls the figures until they are as expected, and returns them.
    pub(super) fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let figures = self.figures();
            if holds(&figures) {
                return figures;
            }
            let state = ["verdict", "now", "ledger", "load", "top"].map(|part| &figures[part]);
            assert!(begun.elapsed() < PATIENCE, "{what} does not come: {state:?}");
            pause(Duration::from_millis(50));
        }
    }

    /// Loads the lab, and waits until its rate is that of the load.
    pub(super) fn load(&self, workers: u64) {
        self.order(&format!("POST /api/jobs/load?workers={workers}&rate=1"));
        self.until("the rate of the load", |figures| at_rate(figures, workers));
    }

    /// Returns the outside client's account of all sockets since the last one.
    pub(super) fn sockets(&mut self) -> Value {
        writeln!(self.child.stdin.as_ref().unwrap(), "report").unwrap();
        self.next(|line| line["open"].is_number())
    }

    /// Fails unless every socket has stayed open and still gets records.
    pub(super) fn all_sockets_live(&mut self) {
        let begun = Instant::now();
        loop {
            let report = self.sockets();
            assert_eq!(report["open"], SOCKETS, "{report}");
            if report["records"].as_u64().unwrap() > 0 {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no records: {report}");
            pause(Duration::from_millis(300));
        }
    }

    /// Submits an input over the first socket, and returns its first answer.
    pub(super) fn submit(&mut self, input: &str) -> Value {
        self.reference += 1;
        let order = json!({ "submit": input, "ref": self.reference });
        writeln!(self.child.stdin.as_ref().unwrap(), "{order}").unwrap();
        self.answer()
    }

    /// Returns the next answer to the latest submission.
    pub(super) fn answer(&mut self) -> Value {
        let reference = self.reference;
        self.next(|line| line["answer"]["ref"] == reference)["answer"].take()
    }

    /// Like [`answer`](Self::answer), if it comes in time.
    pub(super) fn answer_within(&mut self, time: Duration) -> Option<Value> {
        let line = self.lines.recv_timeout(time).ok()?;
        let answer = &line["answer"];
        (answer["ref"] == self.reference && answer["state"] != "running").then(|| answer.clone())
    }

    fn next(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line of the outside client in time");
            if wanted(&line) {
                return line;
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether the jobs done in the last second are those of the load, give or take 5 %.
pub(super) fn at_rate(figures: &Value, workers: u64) -> bool {
    let (rate, target) = (figures["now"]["rate"].as_f64().unwrap(), workers as f64);
    (0.95 * target..=1.05 * target).contains(&rate)
}

/// Lets real time pass in another process than this one.
fn pause(time: Duration) {
    let seconds = format!("{:.3}", time.as_secs_f64());
    assert!(Command::new("sleep").arg(seconds).status().unwrap().success());
}
