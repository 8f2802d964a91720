//! What the requests of the lab have in common: bodies, numbers in addresses, and errors.

use std::str::FromStr;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::clean;

/// The longest name that a message repeats, in characters.
const REPEATED: usize = 40;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Wrong {
    status: StatusCode,
    /// The name of the error, for programs.
    error: &'static str,
    /// A sentence.
    message: String,
}

impl Wrong {
    pub(super) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self { status, error, message: message.into() }
    }

    pub(super) fn bad(error: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, message)
    }

    pub(super) fn no_room(name: &str) -> Self {
        let message = format!("Game does not exist: {}", clean::line(&short(name)));
        Self::new(StatusCode::NOT_FOUND, "no_such_room", message)
    }

    pub(super) fn shutting_down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", "the server shuts down")
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let Self { status, error, message } = self;
        (status, Json(json!({ "error": error, "message": message }))).into_response()
    }
}

/// Returns the beginning of a client's word.
pub(super) fn short(word: &str) -> String {
    word.chars().take(REPEATED).collect()
}

/// Reads a body.
///
/// # Errors
/// 400 with what was found; `example` shows what is expected.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Wrong> {
    serde_json::from_slice(body).map_err(|error| {
        let found = error.to_string();
        let message = format!("{}; expected {example}", clean::line(&found));
        Wrong::bad("bad_body", message)
    })
}

/// Reads a number of the address, if it is there.
///
/// # Errors
/// 400 with what was found.
pub(super) fn number<T: FromStr>(
    name: &str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, Wrong> {
    let read = |text: &str| {
        let found = || format!("{name} = {:?}, expected {expected}", short(text));
        text.parse().map_err(|_| Wrong::bad("bad_number", found()))
    };
    text.map(read).transpose()
}

/// Answers with figures, which no cache may keep.
pub(super) fn fresh(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
