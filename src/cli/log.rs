//! Writes a server's standard error on one thread, so that no other thread blocks on it.
//!
//! A stopped terminal (Ctrl-S) or a full pipe blocks every write. If each thread wrote its
//! own lines, the first line would freeze the server. So lines go through a bounded buffer.
//! While it is full, lines are dropped and counted, and the count is written as soon as
//! writing is possible again.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::clean;

/// The capacity of the buffer in lines.
const LINES: usize = 1000;
/// The capacity of the buffer in bytes.
const BYTES: usize = 1 << 20;
/// The pause after a non-blocking descriptor had no room.
const NO_ROOM: Duration = Duration::from_millis(20);

/// A destination with its own writing thread.
#[derive(Debug, Clone)]
pub(super) struct Writer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread for new lines, and [`Writer::flush`] when all are written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines dropped since the last one in `lines`.
    dropped: u64,
    /// True while the thread writes lines that it has taken.
    writing: bool,
}

impl Writer {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub(super) fn start(name: &str, out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let this = Arc::clone(&shared);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || this.write_forever(out))?;
        Ok(Self(shared))
    }

    /// Queues a line, or drops it if the buffer is full. Never blocks.
    pub(super) fn log(&self, line: String) {
        let mut state = self.0.lock();
        if state.lines.len() >= LINES || state.bytes + line.len() > BYTES {
            state.dropped += 1;
            return;
        }
        self.push(state, line);
    }

    /// Queues a line even if the buffer is full, for the few that matter most, such as the
    /// drain report. Never blocks.
    pub(super) fn say(&self, line: impl std::fmt::Display) {
        self.push(self.0.lock(), clean::text(&line.to_string()).into());
    }

    fn push(&self, mut state: MutexGuard<'_, State>, line: String) {
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits up to `limit` until every line is written. Returns whether all are.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let waits = |state: &mut State| state.writing || !state.lines.is_empty() || state.dropped > 0;
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), limit, waits);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock is never held while something is written.
    fn write_forever(&self, mut out: impl Write) {
        loop {
            let idle = |state: &mut State| state.lines.is_empty() && state.dropped == 0;
            let waited = self.changed.wait_while(self.lock(), idle);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            let lines = std::mem::take(&mut state.lines);
            let dropped = std::mem::take(&mut state.dropped);
            state.bytes = 0;
            state.writing = true;
            drop(state);
            for mut line in lines {
                line.push('\n');
                write_all(&mut out, line.as_bytes());
            }
            if dropped > 0 {
                let lines = if dropped == 1 { "line" } else { "lines" };
                let told =
                    format!("weir: {dropped} log {lines} dropped here: standard error was blocked\n");
                write_all(&mut out, told.as_bytes());
            }
            self.lock().writing = false;
            self.changed.notify_all();
        }
    }
}

/// Writes the whole text. Gives up silently if the reader has gone: the server goes on.
fn write_all(out: &mut impl Write, mut text: &[u8]) {
    while !text.is_empty() {
        match out.write(text) {
            Ok(0) => return,
            Ok(n) => text = &text[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::park_timeout(NO_ROOM),
            Err(_) => return,
        }
    }
    let _ = out.flush();
}

struct ToWriter;

static STDERR: OnceLock<Writer> = OnceLock::new();

impl Log for ToWriter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info && metadata.target().starts_with("weir")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata())
            && let Some(writer) = STDERR.get()
        {
            writer.log(format!("weir: {}", clean::record(&record.args().to_string())));
        }
    }

    fn flush(&self) {}
}

/// The writer of this process, if it has one.
pub(super) fn writer() -> Option<&'static Writer> {
    STDERR.get()
}

/// Installs the logger: messages of level info and above go to standard error, and so does
/// everything that `complain` prints.
///
/// # Errors
/// When the system has no thread for it.
pub(super) fn to_stderr() -> io::Result<Writer> {
    let started = Writer::start("weir-log", io::stderr())?;
    let writer = STDERR.get_or_init(|| started).clone();
    // A second call changes nothing, and is no error.
    if log::set_logger(&ToWriter).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
    Ok(writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Takes a line when it is allowed to.
    struct Gate {
        open: Receiver<()>,
        written: Sender<String>,
    }

    impl Write for Gate {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.open.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            self.written.send(String::from_utf8_lossy(text).into_owned()).expect("the test listens");
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Writer, Sender<()>, Receiver<String>) {
        let (opens, open) = channel();
        let (written, reads) = channel();
        (Writer::start("test", Gate { open, written }).unwrap(), opens, reads)
    }

    #[test]
    fn lines_that_find_no_room_are_dropped_and_counted_where_they_are_missing() {
        let (writer, opens, reads) = gated();
        writer.say("first");
        // The thread holds the first line; then the line-up fills.
        while !writer.0.lock().writing {
            std::thread::yield_now();
        }
        for n in 0..LINES + 7 {
            writer.log(format!("line {n}"));
        }
        writer.say("the report");
        assert!(!writer.flush(Duration::ZERO), "nothing is written yet");
        for _ in 0..LINES + 3 {
            opens.send(()).unwrap();
        }
        let all: Vec<String> = reads.iter().take(LINES + 3).collect();
        assert_eq!((&*all[0], &*all[1]), ("first\n", "line 0\n"));
        assert_eq!(all[LINES], format!("line {}\n", LINES - 1));
        assert_eq!(all[LINES + 1], "the report\n");
        assert_eq!(all[LINES + 2], "weir: 7 log lines dropped here: standard error was blocked\n");
        assert!(writer.flush(Duration::from_secs(20)));
    }

    #[test]
    fn a_large_line_is_dropped_rather_than_kept_without_bound() {
        let (writer, _opens, _reads) = gated();
        writer.log("x".repeat(BYTES + 1));
        assert!(writer.0.lock().lines.is_empty());
    }

    #[test]
    fn what_does_not_fit_at_once_is_written_in_parts() {
        /// Takes three bytes, then says that there is no room, and so on.
        struct Narrow(Vec<u8>, bool);
        impl Write for Narrow {
            fn write(&mut self, text: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if !self.1 {
                    return Err(ErrorKind::WouldBlock.into());
                }
                let n = text.len().min(3);
                self.0.extend(&text[..n]);
                Ok(n)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut out = Narrow(Vec::new(), false);
        write_all(&mut out, b"seven!!");
        assert_eq!(out.0, b"seven!!");
    }
}
