//! What was logged, by the thread that logged it.
//!
//! A process has one logger and tests run side by side, so each thread has its
//! own lines; the tests that read them keep their stages on one thread.

use std::cell::RefCell;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("weir")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{}: {}", record.level(), record.args());
            // A thread that is ending logs to nobody.
            let _ = LINES.try_with(|lines| lines.borrow_mut().push(line));
        }
    }

    fn flush(&self) {}
}

/// The lines of this thread since the last call; the first call begins.
pub(super) fn captured() -> Vec<String> {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Lines).expect("no other logger in this binary");
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.take()
}

/// The lines that this thread logs while it does this.
pub(super) fn capture(run: impl FnOnce()) -> Vec<String> {
    drop(captured());
    run();
    captured()
}
