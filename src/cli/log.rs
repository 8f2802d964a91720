//! What the library has to say, on standard error.

use super::output::complain;
use crate::clean;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info && metadata.target().starts_with("weir")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            complain(format_args!("weir: {}", clean::record(&record.args().to_string())));
        }
    }

    fn flush(&self) {}
}

/// Prints messages of level info and above from here on.
pub(super) fn to_stderr() {
    // A second call changes nothing, and is no error.
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}
