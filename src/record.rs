//! The data of a run, which load, bench, theory and the store of runs exchange.
//!
//! ```text
//!   Plan, Mode ────────────────▶ the load
//!   ClientSide, BenchSide ─────▶ the measurements: counts, Timing, Series, Mark
//!   Prediction ────────────────▶ the expectations of theory
//!   Audit ─────────────────────▶ whether it can be trusted
//!                 └── all of them make a Run
//! ```
//!
//! This module has no rules of the bench, makes no load and opens no file. Modules that
//! do depend on it and not on each other. [`runs`](crate::runs) describes the file of a
//! [`Run`].

mod audit;
pub mod by_mode;
mod date;
mod engine_used;
mod figure;
mod jobs_side;
mod ledger;
mod left_out;
mod load_figures;
mod mark;
mod mode;
mod plan;
mod prediction;
mod rooms_side;
mod run;
mod series;
mod sides;
mod slicer;
mod timing;
mod watch_side;
mod window;

pub use audit::{Audit, Check, Validity, Verdict};
pub use by_mode::ByMode;
pub use date::{date, now};
pub use engine_used::EngineUsed;
pub use figure::{
    AnswerKind, BenchFigure, ClientFigure, ClientTiming, Figure, FigureError, LedgerFigure, ModeFigure,
    ModeTiming, Statistic, Unit,
};
pub use jobs_side::{JobsLedger, JobsSide};
pub use ledger::LedgerState;
pub use left_out::LeftOut;
pub use load_figures::LoadFigures;
pub use mark::{Mark, MarkKind};
pub use mode::Mode;
pub use plan::{Arrivals, ArrivalsError, Model, Phase, Plan, Profile, ProfileError, REFUSALS, RequestPlan};
pub use prediction::{Exactness, PredictedTimes, Prediction};
pub use rooms_side::{MOST_KILLS, MovesLedger, RoomKill, RoomsServer, RoomsSide, RoomsWatch};
pub use run::{FORMAT, Measured, Origin, Run, TimingKind};
pub use series::{Merge, Series, SeriesBuilder};
pub use sides::{BenchSide, ByAnswer, ClientSide, ModeSide, Stalls};
pub use slicer::Slicer;
pub use timing::{Buckets, Points, Slices, Timing, micros, quantile_ms};
pub use watch_side::{WatchLedger, WatchServer, WatchSide};
pub use window::{WindowMode, WindowSide};

pub(crate) use figure::{Number, figures, first_step, names, one_of};
#[cfg(test)]
pub(crate) use timing::buckets;
pub(crate) use timing::p50_and_p99_ms;
