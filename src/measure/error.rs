//! Why a load was not measured.

use hyper::Uri;
use thiserror::Error;

use super::RequestError;
use crate::load::{TargetError, TooFewDescriptors};

/// Why a load was not measured.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// The target cannot be loaded.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The process may not open enough connections.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// The bench did not answer, or refused.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The bench answered with something else than a Weir of this version does.
    #[error("{uri} did not answer like a Weir of this version: {error}")]
    Answer {
        /// The URL.
        uri: Uri,
        /// The parser's reason.
        error: serde_json::Error,
    },
    /// The system refused what the load generator needs.
    #[error("cannot start the load generator: {0}")]
    Start(std::io::Error),
}

impl MeasureError {
    /// Whether another argument would mend it.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Target(_) | Self::Descriptors(_))
    }
}
