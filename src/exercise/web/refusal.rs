//! Why a request to the workshop is refused, as an HTTP answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use crate::clean;
use crate::exercise::{AnswerError, ProgressError, SetError};

/// Why a request is refused.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// There is no set.
    #[error(
        "there is no folder {} in {}: start weir in the folder that contains it, such as that of \
         its sources",
        clean::line(name),
        clean::line(place)
    )]
    NoSet { name: String, place: String },
    /// The set cannot be read, or has no such exercise.
    #[error(transparent)]
    Set(SetError),
    /// Progress cannot be read or stored.
    #[error("your progress: {0}")]
    Progress(ProgressError),
    /// A file of an exercise cannot be read.
    #[error("{}: {}", clean::line(.0), .1)]
    File(String, std::io::Error),
    /// A text is no answer.
    #[error("{}", clean::line(&.0.to_string()))]
    Answer(AnswerError),
    /// The exercise cannot be checked.
    #[error("{0}")]
    Needs(String),
    /// A check is running already.
    #[error("{}", clean::line(.0))]
    Busy(String),
    /// The system has no thread for a check.
    #[error("{0}")]
    Thread(std::io::Error),
}

impl From<ProgressError> for Refusal {
    fn from(error: ProgressError) -> Self {
        Self::Progress(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NoSet { .. } | Self::Set(SetError::Unknown { .. } | SetError::Several { .. }) => {
                StatusCode::NOT_FOUND
            }
            Self::Answer(_) => StatusCode::BAD_REQUEST,
            Self::Busy(_) | Self::Needs(_) => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{self}\n")).into_response()
    }
}
