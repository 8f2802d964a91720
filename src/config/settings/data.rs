//! `[data]`: where runs are kept.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::reader::Reader;

/// `[data]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Data {
    /// The folder of runs and progress.
    pub directory: String,
    /// Whether the bench stores a run of each load.
    pub record: bool,
    /// The number of unnamed runs that are kept.
    pub keep: u64,
}

impl Data {
    /// The file of the workshop's progress.
    pub fn progress(&self) -> PathBuf {
        Path::new(&self.directory).join("progress.json")
    }

    /// The folder of the runs.
    pub fn runs(&self) -> PathBuf {
        Path::new(&self.directory).join("runs")
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let allowed = "the name of a folder, such as \"data\"";
        Self {
            directory: reader.parsed("data.directory", "data".to_owned(), allowed),
            record: reader.boolean("data.record", true),
            keep: reader.integer("data.keep", 100, 0..=100_000),
        }
    }
}
