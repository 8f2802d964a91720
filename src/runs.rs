//! Runs: what was done, and what came of it.

mod audit;
mod run;
mod series;
mod slicer;
mod timing;

pub use audit::{Audit, Check, Verdict};
pub use run::{BenchSide, ByAnswer, ClientSide, Clock, FORMAT, ModeSide, Origin, Run, Series};
pub use series::{Merge, SeriesBuilder};
pub use slicer::Slicer;
pub use timing::{Points, Slices, Timing, micros, quantile_ms};
