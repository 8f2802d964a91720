//! Predictions by queueing theory, with their assumptions.
//!
//! ```text
//!   settings ─┐                ┌─ burst  closed  fluid
//!   mode ─────┼─▶ choose ──────┼─ mmc  mmck  mdc  mg1  erlang ──▶ Prediction
//!   plan ─────┘   (or refuse)  └─ little  service                 or NoModel
//! ```
//!
//! [`predict`] chooses the model. Each model is a file of formulas with its sources, and
//! knows nothing of settings and loads. All of them use seconds.

pub mod burst;
mod choose;
pub mod closed;
mod complex;
pub mod erlang;
pub mod fluid;
pub mod jobs;
pub mod line;
pub mod little;
pub mod mdc;
pub mod mg1;
pub mod mmc;
pub mod mmck;
pub mod normal;
pub mod percentile;
pub mod poisson;
pub mod rooms;
pub mod service;
pub mod watch;

use thiserror::Error;

pub use choose::{left_out, predict};

/// No model fits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no model fits: {why}")]
pub struct NoModel {
    /// The reason, and what to do instead.
    pub why: String,
}
