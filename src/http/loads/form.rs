//! Reads the page's form of a load from the parameters of a request.

use serde::Deserialize;
use thiserror::Error;

use crate::duration;
use crate::load::{CONNECTIONS, PlanError};
use crate::record::{Arrivals, ArrivalsError, Mode, Plan};

/// The page's form of a load, with each field as it was entered.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Form {
    mode: Option<String>,
    clients: Option<String>,
    requests: Option<String>,
    duration: Option<String>,
    rate: Option<String>,
    arrivals: Option<String>,
    seed: Option<String>,
}

/// Why a form is invalid.
#[derive(Debug, Error)]
pub(super) enum FormError {
    #[error("no mode: expected serial, async or pipelined")]
    NoMode,
    #[error("mode {0:?}: expected serial, async or pipelined")]
    Mode(String),
    #[error("duration {0:?}: expected such as 10s or 2min")]
    Duration(String),
    #[error("{name} {text:?}: expected a whole number")]
    Number { name: &'static str, text: String },
    #[error(transparent)]
    Arrivals(#[from] ArrivalsError),
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Form {
    /// Returns whether every field of the form is empty.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the mode and the load.
    pub(super) fn read(&self) -> Result<(Mode, Plan), FormError> {
        let mode = self.mode.as_deref().ok_or(FormError::NoMode)?;
        let mode = Mode::named(mode).ok_or_else(|| FormError::Mode(mode.to_owned()))?;
        let requests = number("requests", self.requests.as_ref())?;
        let duration = match written(self.duration.as_ref()) {
            None => None,
            Some(text) => match duration::parse_seconds(text).filter(|duration| !duration.is_zero()) {
                None => return Err(FormError::Duration(text.to_owned())),
                some => some,
            },
        };
        let plan = match written(self.rate.as_ref()) {
            None => Plan::closed(written(self.clients.as_ref()).unwrap_or("50"), requests, duration),
            Some(rate) => {
                let arrivals: Arrivals = written(self.arrivals.as_ref()).unwrap_or("poisson").parse()?;
                let seed = number("seed", self.seed.as_ref())?.unwrap_or(1);
                Plan::open(rate, requests, duration, arrivals, seed, CONNECTIONS)
            }
        };
        Ok((mode, plan?))
    }
}

/// Returns the text of a field, unless it is empty.
fn written(field: Option<&String>) -> Option<&str> {
    field.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn number(name: &'static str, field: Option<&String>) -> Result<Option<u64>, FormError> {
    let Some(text) = written(field) else { return Ok(None) };
    let number = text.parse().map_err(|_| FormError::Number { name, text: text.to_owned() })?;
    Ok(Some(number))
}
