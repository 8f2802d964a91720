//! The path of a figure, read and written.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{
    AnswerKind, BenchFigure, ClientFigure, ClientTiming, Figure, LedgerFigure, ModeFigure, ModeTiming,
    Statistic,
};
use crate::record::Mode;

/// An unknown path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path:?} is not a figure: {}{step:?} is none of {}", within(.before), .allowed.join(", "))]
pub struct FigureError {
    /// The whole path.
    pub path: String,
    /// The part of the path that was understood.
    pub before: String,
    /// The step that was not.
    pub step: String,
    /// What is allowed in its place.
    pub allowed: Vec<&'static str>,
}

fn within(before: &str) -> String {
    if before.is_empty() { String::new() } else { format!("in {before}, ") }
}

/// The first step of a path, and the rest.
pub(crate) fn first_step(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

/// What `named` finds under `step`, the rest of the path.
pub(crate) fn one_of<T>(
    path: &str,
    step: &str,
    named: impl FnOnce(&str) -> Option<T>,
    allowed: &[&[&'static str]],
) -> Result<T, FigureError> {
    named(step).ok_or_else(|| {
        let before = path.strip_suffix(step).unwrap_or_default().trim_end_matches('.');
        FigureError {
            path: path.to_owned(),
            before: before.to_owned(),
            step: step.to_owned(),
            allowed: allowed.concat(),
        }
    })
}

impl FromStr for Figure {
    type Err = FigureError;

    /// Reads the path of a figure, such as `bench.modes.pipelined.wait.p99_ms`.
    fn from_str(path: &str) -> Result<Self, FigureError> {
        match first_step(path) {
            ("seconds", "") => Ok(Self::Seconds),
            ("client", rest) => of_client(path, rest),
            ("bench", rest) => of_bench(path, rest),
            _ => one_of(path, path, |_| None, &[&["seconds", "client", "bench"]]),
        }
    }
}

fn of_client(path: &str, rest: &str) -> Result<Figure, FigureError> {
    let statistic = |rest| one_of(path, rest, Statistic::named, &[Statistic::NAMES]);
    if let ("statuses", status) = first_step(rest) {
        let status = one_of(path, status, |status| status.parse().ok(), &[&["200", "503"]])?;
        return Ok(Figure::Status(status));
    }
    if let ("lag", rest) = first_step(rest) {
        return Ok(Figure::Lag(statistic(rest)?));
    }
    let (timing, times) = first_step(rest);
    let Some(timing) = ClientTiming::named(timing) else {
        let allowed = [ClientFigure::NAMES, ClientTiming::NAMES, &["lag", "statuses"]];
        return one_of(path, rest, ClientFigure::named, &allowed).map(Figure::Client);
    };
    let (answer, rest) = first_step(times);
    match AnswerKind::named(answer) {
        Some(answer) => Ok(Figure::ClientTime(timing, answer, statistic(rest)?)),
        None => one_of(path, times, |_| None, &[AnswerKind::NAMES]),
    }
}

fn of_bench(path: &str, rest: &str) -> Result<Figure, FigureError> {
    match first_step(rest) {
        ("ledger", rest) => {
            one_of(path, rest, LedgerFigure::named, &[LedgerFigure::NAMES]).map(Figure::Ledger)
        }
        ("modes", rest) => of_mode(path, rest),
        _ => {
            let allowed = [BenchFigure::NAMES, &["ledger", "modes"]];
            one_of(path, rest, BenchFigure::named, &allowed).map(Figure::Bench)
        }
    }
}

fn of_mode(path: &str, rest: &str) -> Result<Figure, FigureError> {
    let (mode, figure) = first_step(rest);
    let Some(mode) = Mode::named(mode) else {
        return one_of(path, rest, |_| None, &[&Mode::ALL.map(Mode::name)]);
    };
    let (timing, statistic) = first_step(figure);
    match ModeTiming::named(timing) {
        Some(timing) => {
            let statistic = one_of(path, statistic, Statistic::named, &[Statistic::NAMES])?;
            Ok(Figure::ModeTime(mode, timing, statistic))
        }
        None => {
            let figure = one_of(path, figure, ModeFigure::named, &[ModeFigure::NAMES, ModeTiming::NAMES])?;
            Ok(Figure::Mode(mode, figure))
        }
    }
}

impl fmt::Display for Figure {
    /// Writes the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds => f.write_str("seconds"),
            Self::Client(figure) => write!(f, "client.{}", figure.name()),
            Self::Status(status) => write!(f, "client.statuses.{status}"),
            Self::ClientTime(timing, answer, statistic) => {
                write!(f, "client.{}.{}.{}", timing.name(), answer.name(), statistic.name())
            }
            Self::Lag(statistic) => write!(f, "client.lag.{}", statistic.name()),
            Self::Bench(figure) => write!(f, "bench.{}", figure.name()),
            Self::Ledger(figure) => write!(f, "bench.ledger.{}", figure.name()),
            Self::Mode(mode, figure) => write!(f, "bench.modes.{}.{}", mode.name(), figure.name()),
            Self::ModeTime(mode, timing, statistic) => {
                write!(f, "bench.modes.{}.{}.{}", mode.name(), timing.name(), statistic.name())
            }
        }
    }
}
