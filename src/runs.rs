//! Runs: their audit, their files, and what is derived from them.
//!
//! ```text
//!   weir load ──────▶ ClientSide ─┐
//!   the bench ──────▶ BenchSide ──┼─▶ Run ─▶ audit ─▶ Store (a JSON file each)
//!   weir simulate ──▶ both ───────┤                     │
//!   ab, oha, wrk ───▶ import ─────┘        list, show, compare, export
//! ```
//!
//! # Format of the file
//!
//! One [`Run`](crate::record::Run) as JSON, `format` 1. Its documentation lists the
//! fields; a name ends with the unit (`_ms`, `_s`, `_us`) where there is one. Fields may
//! be added under the same number, never renamed. Readers ignore unknown fields.
//!
//! | field | |
//! |---|---|
//! | `id`, `name`, `origin`, `target`, `began`, `seconds` | what it is |
//! | `load` | the plan: model, clients or rate over time, arrivals, seed, request |
//! | `config` | every key of the configuration in force when it began |
//! | `engine` | what kept the queue: `engine`, `safety`, with `disk` also `sync` and `group`; missing in older runs, whose queue was in memory |
//! | `audit.verdict` | valid, disturbed or invalid |
//! | `audit.checks` | the checks: `name`, `verdict` (passed, caution, failed), `says`; `disturbed` where the cause of a caution is outside the run |
//! | `client` | counts by outcome, rate, times on both clocks, lag, cores, series |
//! | `bench` | ledger, peaks, drain, and for each mode counts, rates and times; series and marks |
//! | `prediction` | the figures of a prediction |
//! | `window` | the samples of a stretch of the history that was kept as a run |
//! | `skipped` | the warm-up that was left out of the figures; never in a stored run |
//!
//! Times are written twice: as the usual figures for people, and as `buckets_us`, the
//! histogram at full resolution in pairs of microseconds and counts. `slices` are the
//! same times by the moment at which they ended, in 32 to 64 slices of the run; confidence intervals are
//! based on them. A `series` has columns with a value for each entry of `t`.

mod audit;
mod compare;
mod document;
mod drawing;
mod export;
mod format;
mod html;
mod import;
mod markup;
mod side_by_side;
mod skip;
mod store;
mod svg;
pub(crate) mod words;

pub use compare::{ComparedFigure, Comparison, Difference, Side, Values, compare};
pub use document::{Document, DocumentError};
pub use export::{ExportError, Table, csv};
pub use format::{FormatError, from_json, to_json};
pub use import::{ImportError, ReadError, Tool, ToolOutput, import};
pub use side_by_side::{FigureRow, figure_rows};
pub use skip::without_first;
pub use store::{InProgress, Listed, Listing, Skipped, Store, StoreError, check_name, id_for};

#[cfg(test)]
pub(crate) use format::tests::sample;
