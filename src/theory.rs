//! What queueing theory says, and under which assumption.
//!
//! ```text
//!   settings ─┐                ┌─ burst  closed  fluid
//!   mode ─────┼─▶ choose ──────┼─ mmc  mmck  mdc  mg1  erlang ──▶ Prediction
//!   plan ─────┘   (or refuse)  └─ little  service                 or NoModel
//! ```
//!
//! [`predict`] chooses; each model is a file of formulas that knows nothing of
//! settings and loads, and says where it comes from. All of them count in seconds.

pub mod burst;
mod choose;
pub mod closed;
mod complex;
pub mod erlang;
pub mod fluid;
pub mod line;
pub mod little;
pub mod mdc;
pub mod mg1;
pub mod mmc;
pub mod mmck;
pub mod normal;
pub mod percentile;
pub mod poisson;
pub mod service;

use thiserror::Error;

pub use choose::{left_out, predict};

/// No model fits: why, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no model fits: {why}")]
pub struct NoModel {
    /// What no model allows for.
    pub why: String,
}
