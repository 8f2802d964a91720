//! The workshop: exercises that participants predict, and that are simulated, measured and
//! explained.
//!
//! ```text
//!   exercises/set.toml ─▶ Set ─▶ Exercise ── README.md, exercise.toml
//!                                   │
//!   a participant's prediction ─────┤
//!   theory, simulation, bench ──────┤        trial
//!                                   ▼
//!                                Grade ─▶ explanation; Progress
//! ```
//!
//! An exercise asks for numbers, for code, or for both. The command line shows it in a
//! terminal, and [`routes`] serve it to the page.

mod code;
mod expression;
mod findings;
mod format;
pub mod markdown;
mod needs;
mod numbers;
mod progress;
mod question;
mod set;
mod trial;
mod verdict;
mod web;
mod within;

pub use code::{Checked, CodeError, compile_and_check};
pub use expression::{ExpressionError, evaluate};
pub use findings::{Figures, Findings};
pub use format::{
    BoundsError, Code, EngineRun, Exercise, Fact, FileError, FileProblem, JobsRun, Load, Owners, RoomsRun,
    Step, WatchRun,
};
pub use needs::Need;
pub use numbers::{first_number, prose};
pub use progress::{Progress, ProgressError, Score, State};
pub use question::{AnswerError, Measure, Question, Value, Wrong};
pub use set::{Set, SetError};
pub use trial::{
    FigureName, FigureNameError, MEASURE_RUN, Measured, Trial, TrialBench, TrialError, measure_told_run,
    set_program,
};
pub use verdict::{Grade, Judgement, doubts, finishes, is_honest, judge};
pub use web::routes;

#[cfg(test)]
mod tests;
