//! The configuration over HTTP: shows it, checks a change, and applies a change.
//!
//! A change is a text in TOML, in the parameter `toml`, such as
//! `consumers.concurrency = 3`. Keys that it lacks keep their values. The text is part of
//! the address, as in every other request to this server, so the limit on request heads
//! bounds its length.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/config` | shows every key: kind, default, value in force, value in the file |
//! | `GET /api/config/check?toml=…` | answers the differences, or each problem with its line |
//! | `POST /api/config?toml=…` | applies the change until the next edit of the file |
//! | `POST /api/config?toml=…&write=true` | also writes the values to the file |

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::config::{Change, ConfigError, NEEDS_RESTART, Problem, WriteError};
use crate::workbench::{ChangeError, Workbench};

pub(super) fn routes() -> Router<Arc<Workbench>> {
    Router::new().route("/api/config", get(show).post(change)).route("/api/config/check", get(check))
}

#[derive(Debug, Deserialize)]
struct Text {
    toml: String,
    /// Write the values to the file, too.
    #[serde(default)]
    write: bool,
}

/// The effect of a change.
#[derive(Debug, Default, Serialize)]
struct Checked {
    /// The differences. Empty if there are problems.
    changes: Vec<Difference>,
    /// The problems, in the order of the text.
    problems: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Difference {
    #[serde(flatten)]
    change: Change,
    /// Whether it takes effect only after a restart.
    restart: bool,
}

/// A problem with its place in the text; without one, it is in the configuration in force.
#[derive(Debug, Serialize)]
struct Found {
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

async fn show(State(workbench): State<Arc<Workbench>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.editable())).into_response()
}

async fn check(State(workbench): State<Arc<Workbench>>, Query(text): Query<Text>) -> Json<Checked> {
    let difference = |change: Change| {
        let restart = NEEDS_RESTART.contains(&change.key.as_str());
        Difference { change, restart }
    };
    Json(match workbench.check_change(&text.toml) {
        Ok(changes) => {
            Checked { changes: changes.into_iter().map(difference).collect(), ..Checked::default() }
        }
        Err(ConfigError::Invalid(problems)) => {
            Checked { problems: problems.into_iter().map(found).collect(), ..Checked::default() }
        }
        Err(error) => {
            let found = Found { line: None, column: None, message: error.to_string() };
            Checked { problems: vec![found], ..Checked::default() }
        }
    })
}

fn found(Problem { position, message, .. }: Problem) -> Found {
    let (line, column) = position.unzip();
    Found { line, column, message }
}

async fn change(State(workbench): State<Arc<Workbench>>, Query(text): Query<Text>) -> Response {
    match workbench.make_change(&text.toml, text.write).await {
        Ok(made) => Json(made).into_response(),
        Err(error) => (status(&error), format!("{}\n", words(&error))).into_response(),
    }
}

/// The message of a problem without its place, which a text of one line does not need.
fn words(error: &ChangeError) -> String {
    match error {
        ChangeError::Invalid(ConfigError::Invalid(problems)) => {
            problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n")
        }
        // The page shows one line.
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

fn status(error: &ChangeError) -> StatusCode {
    match error {
        ChangeError::Invalid(_) | ChangeError::Nothing | ChangeError::NeedsRestart(_) => {
            StatusCode::BAD_REQUEST
        }
        ChangeError::FileInvalid(_) | ChangeError::NoFile => StatusCode::CONFLICT,
        ChangeError::Write(WriteError::Io { error, .. }) => match error.kind() {
            std::io::ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
        ChangeError::Write(_) => StatusCode::CONFLICT,
        ChangeError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    }
}
