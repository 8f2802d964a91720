//! A life of a process that a run may kill: this program again, with a command that no participant
//! types. It reports in lines of JSON, and ends at the end of its input, so it does not outlive
//! the check.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exercise::format::{First, KillPoint, Owners};
use crate::exercise::trial::watch::{MEASURE_RUN, program};

/// The time limit for a line that must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a life's standard error is kept, in bytes.
const KEPT: u64 = 4 << 10;

/// What a life does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Life {
    /// It serves a bench with these keys on a free port.
    Serve(Vec<String>),
    /// It works on the events of a queue.
    Shift(Shift),
    /// It owns a name.
    Own(Post),
}

/// A life's work on the events of a queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shift {
    pub(super) file: PathBuf,
    /// The events that it accepts at the start.
    pub(super) accepts: u64,
    pub(super) workers: u32,
    pub(super) first: First,
    /// The events that each worker finishes, and the point of the next one where it stops. Without
    /// it, the shift ends when nothing is held.
    pub(super) stops: Option<(u32, KillPoint)>,
}

/// A life's ownership of a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Post {
    /// The address of the NATS server.
    pub(super) url: String,
    pub(super) run: Owners,
}

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fate {
    /// The log has it under this number.
    Accepted(u64),
    /// The log has an entry of this generation under its number.
    Refused(u64),
    /// The owner did not send it: it knew that its lease was over.
    Unsent,
}

/// A line of a life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Said {
    /// It serves at this address.
    Serves(String),
    /// It has accepted this number of events.
    Accepted(u64),
    /// The work on the event is done.
    Worked(u64),
    /// Each worker has come to the point where the kill finds it.
    Held,
    /// Nothing is left to do, and this number of events is done by the book of the queue.
    Done(u64),
    /// The owner has made its two checks before a write: whether the registry names it as the
    /// owner, and whether its lease is good.
    Checked { lookup: bool, lease: bool },
    /// The owner has written to the log with a token and to the log without one.
    Wrote { with: Fate, without: Fate },
}

impl Said {
    /// Writes the line at once, as an answer that leaves the process is gone.
    pub(super) fn say(&self) -> io::Result<()> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        let mut output = io::stdout().lock();
        output.write_all(line.as_bytes())?;
        output.flush()
    }
}

/// Waits until the process that started this one closes its input, or ends.
pub(super) fn wait_for_end() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}

/// A living process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Alive {
    pub(super) child: Child,
    lines: Receiver<Said>,
    errors: Option<JoinHandle<String>>,
}

impl Alive {
    /// Starts a life.
    ///
    /// # Errors
    /// In words: without a program to start, or as starting fails.
    pub(super) fn start(life: &Life) -> Result<Self, String> {
        let program = program().ok_or("it kills a process of its own; check it with the command weir")?;
        Self::start_as(program, life).map_err(|error| format!("cannot start another process: {error}"))
    }

    fn start_as(program: &Path, life: &Life) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(MEASURE_RUN).arg(serde_json::to_string(life)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.env("RUST_BACKTRACE", "0").spawn()?;
        let (tell, lines) = channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(output).lines().map_while(Result::ok);
                let said = lines.filter_map(|line| serde_json::from_str(&line).ok());
                said.take_while(|said| tell.send(Said::clone(said)).is_ok()).for_each(drop);
            });
        }
        let errors = child.stderr.take().map(|errors| {
            thread::spawn(move || {
                let mut text = String::new();
                let _ = errors.take(KEPT).read_to_string(&mut text);
                text
            })
        });
        Ok(Self { child, lines, errors })
    }

    /// Waits for lines until one is what is wanted, and returns the lines before it too.
    ///
    /// # Errors
    /// In words, if the process ends or is silent before.
    pub(super) fn until(&mut self, is_wanted: impl Fn(&Said) -> bool) -> Result<Vec<Said>, String> {
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            lines.push(line);
            if lines.last().is_some_and(&is_wanted) {
                return Ok(lines);
            }
        }
        self.end();
        let said = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        Err(format!("the process that the run kills has ended early: {}", said.trim()))
    }

    /// Kills it with SIGKILL, and returns the lines that it had written.
    pub(super) fn kill(mut self) -> Vec<Said> {
        self.end();
        self.lines.iter().collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns a path as a value of a key.
pub(super) fn key(name: &str, path: &Path) -> String {
    let path: PathBuf = path.to_owned();
    format!("{name}={}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends_early_is_quoted() {
        let life = Life::Serve(Vec::new());
        let mut alive = Alive::start_as(Path::new("/bin/false"), &life).unwrap();
        let why = alive.until(|_| true).unwrap_err();
        assert!(why.starts_with("the process that the run kills has ended early"), "{why}");
    }
}
