//! Runs: what was done, and what came of it.

mod audit;
mod compare;
mod export;
mod format;
mod import;
mod run;
mod series;
mod slicer;
mod store;
mod timing;

pub use audit::{Audit, Check, Verdict};
pub use compare::{Comparison, Difference, Figure, Side, Values, compare};
pub use export::{ExportError, Table, csv};
pub use format::{FormatError, from_json, to_json};
pub use import::{ImportError, Told, Tool, import};
pub use run::{BenchSide, ByAnswer, ClientSide, Clock, FORMAT, ModeSide, Origin, Run, Series};
pub use series::{Merge, SeriesBuilder};
pub use slicer::Slicer;
pub use store::{Listed, Listing, Skipped, Store, StoreError, check_name, date, id_for, now};
pub use timing::{Points, Slices, Timing, micros, quantile_ms};

#[cfg(test)]
pub(crate) use format::tests::sample;
