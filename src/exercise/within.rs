//! Runs a process within a time limit. At the limit, or when Weir ends in any way, the
//! process is killed with every process that it has started.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// How much of each output stream is kept, in bytes; the rest is read and dropped.
const KEPT: u64 = 24 * 1024;

/// Runs its arguments, in a process group that it leads. Descriptor 3 is the pipe from
/// Weir. The group is killed once the other end is closed.
const GUARD: &str = r#"exec 3<&0
{ cat <&3; kill -KILL 0; } >/dev/null 2>&1 &
"$@" 3<&- </dev/null"#;

/// The end of a process.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit status; `None` if it was killed at the limit.
    pub(super) status: Option<ExitStatus>,
    /// The beginning of its standard output, then that of its standard error.
    pub(super) said: String,
}

/// Returns the command that runs a program in a process group of its own. The group is killed when
/// the standard input of the command is closed, so it ends with the process that holds the pipe.
pub(super) fn guarded(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "sh"]).arg(program).process_group(0).stdin(Stdio::piped());
    command
}

/// Runs a program in `folder` and waits until it has ended, or `limit` is over.
///
/// # Errors
/// When the process, or a thread that reads its output, cannot be started.
pub(super) fn run_within(
    limit: Duration,
    program: &Path,
    args: &[&str],
    folder: &Path,
) -> io::Result<Ended> {
    let mut command = guarded(program);
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env("RUST_BACKTRACE", "0").spawn()?;
    let guard = child.stdin.take();
    let outputs = [
        child.stdout.take().map(|output| thread::spawn(|| beginning(output))),
        child.stderr.take().map(|output| thread::spawn(|| beginning(output))),
    ];
    let (tell, told) = channel();
    let waiting = thread::spawn(move || tell.send(child.wait()));
    let status = told.recv_timeout(limit).ok().transpose()?;
    drop(guard);
    let _ = waiting.join();
    let said = outputs.into_iter().flatten().map(|output| output.join().unwrap_or_default()).collect();
    Ok(Ended { status, said })
}

/// Reads to the end, and returns the beginning.
fn beginning(mut output: impl Read) -> String {
    let mut kept = Vec::new();
    let read = output.by_ref().take(KEPT).read_to_end(&mut kept);
    let rest = read.and_then(|_| io::copy(&mut output, &mut io::sink()));
    let mut text = String::from_utf8_lossy(&kept).into_owned();
    if rest.is_ok_and(|rest| rest > 0) {
        text += "\n[cut here]\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(limit: Duration, script: &str) -> Ended {
        run_within(limit, Path::new("sh"), &["-c", script], Path::new("/")).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_process_that_ends_in_time_has_its_status_and_its_output() {
        let ended = sh(LONG, "echo out; echo err >&2; exit 7");
        assert_eq!(ended.status.and_then(|status| status.code()), Some(7));
        assert_eq!(ended.said, "out\nerr\n");
    }

    #[test]
    fn a_process_that_loops_is_killed_with_every_process_it_has_started() {
        let ended = sh(Duration::from_millis(300), "sleep 1000 & echo $! $$; while :; do :; done");
        assert!(ended.status.is_none());
        // A killed process closes its files a moment before it is a zombie, and leaves the
        // table once its parent, or init, has seen it.
        let goes_on = |pid: &str| {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !state.is_empty() && !state.contains(") Z")
        };
        for pid in ended.said.split_whitespace() {
            while goes_on(pid) {
                thread::yield_now();
            }
        }
        assert_eq!(ended.said.split_whitespace().count(), 2, "{}", ended.said);
    }

    #[test]
    fn what_a_process_leaves_running_ends_with_it() {
        let ended = sh(LONG, "sleep 1000 & echo left");
        assert_eq!(
            (ended.status.map(|status| status.success()), ended.said.as_str()),
            (Some(true), "left\n")
        );
    }

    #[test]
    fn endless_output_is_cut_and_fills_no_memory() {
        let ended = sh(Duration::from_millis(300), "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
        assert!(ended.status.is_none());
        assert!(ended.said.len() as u64 <= KEPT + 20 && ended.said.ends_with("[cut here]\n"));
    }
}
