//! The figures that questions and facts refer to, such as `drain.bench.peak_depth`: the
//! name of a load, and a figure of its run or of the snapshot after it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Measured;
use super::{engine, jobs, rooms, watch};
use crate::exercise::Value;
use crate::record::{Figure, FigureError, Unit};
use crate::workbench::{SnapshotFigure, SnapshotValue};

/// A figure of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureName {
    /// The name of the load.
    pub load: String,
    figure: Place,
}

/// Where the figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Run(Figure),
    /// Below `snapshot`: measured only.
    Snapshot(SnapshotFigure),
    /// Below `jobs`, `watch`, `rooms` or `engine`: a figure of a run in a lab or of an engine.
    Lab(LabName, &'static str),
}

/// A lab, by the word that stands before its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LabName {
    Jobs,
    Watch,
    Rooms,
    Engine,
}

impl LabName {
    fn read(word: &str) -> Option<Self> {
        [Self::Jobs, Self::Watch, Self::Rooms, Self::Engine].into_iter().find(|lab| lab.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Watch => "watch",
            Self::Rooms => "rooms",
            Self::Engine => "engine",
        }
    }

    /// The name of the lab in a sentence.
    fn title(self) -> &'static str {
        match self {
            Self::Jobs => "the jobs lab",
            Self::Watch => "the matches lab",
            Self::Rooms => "the rooms lab",
            Self::Engine => "an engine",
        }
    }

    /// The figures of the lab.
    fn figures(self) -> &'static [&'static str] {
        match self {
            Self::Jobs => &jobs::NAMES,
            Self::Watch => &watch::NAMES,
            Self::Rooms => &rooms::NAMES,
            Self::Engine => &engine::NAMES,
        }
    }
}

/// An unknown name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FigureNameError {
    /// It has no load or no path.
    #[error("{0:?} is not a figure: expected LOAD.PATH, such as drain.bench.peak_depth")]
    NoLoad(String),
    /// Its path is unknown.
    #[error(transparent)]
    Path(#[from] FigureError),
    /// The lab has no such figure.
    #[error("{path:?} is not a figure of {lab}: expected one of {}", figures.join(", "))]
    Lab {
        /// The path.
        path: String,
        /// The lab.
        lab: &'static str,
        /// The figures that it has.
        figures: &'static [&'static str],
    },
}

impl FromStr for FigureName {
    type Err = FigureNameError;

    /// Reads `LOAD.PATH`, where the path is that of a figure of the run, or of the
    /// snapshot after it if it begins with `snapshot`.
    fn from_str(text: &str) -> Result<Self, FigureNameError> {
        let Some((load, path)) = text.split_once('.').filter(|(load, _)| !load.is_empty()) else {
            return Err(FigureNameError::NoLoad(text.to_owned()));
        };
        let figure = match path.split_once('.') {
            Some(("snapshot", path)) => Place::Snapshot(path.parse()?),
            Some((word, path)) => match LabName::read(word) {
                Some(lab) => {
                    let known = lab.figures().iter().find(|name| **name == path);
                    let unknown = || FigureNameError::Lab {
                        path: path.to_owned(),
                        lab: lab.title(),
                        figures: lab.figures(),
                    };
                    Place::Lab(lab, known.ok_or_else(unknown)?)
                }
                None => Place::Run(format!("{word}.{path}").parse()?),
            },
            None => Place::Run(path.parse()?),
        };
        Ok(Self { load: load.to_owned(), figure })
    }
}

impl fmt::Display for FigureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            Place::Run(figure) => write!(f, "{}.{figure}", self.load),
            Place::Snapshot(figure) => write!(f, "{}.snapshot.{figure}", self.load),
            Place::Lab(lab, figure) => write!(f, "{}.{}.{figure}", self.load, lab.word()),
        }
    }
}

fn value(number: f64, unit: Unit) -> Value {
    match unit {
        Unit::Flag => Value::Text(if number == 0.0 { "no" } else { "yes" }.to_owned()),
        Unit::Time | Unit::Rate | Unit::Count | Unit::Share => Value::Number(number),
    }
}

impl Measured {
    /// The measured value, converted to the speed that the question asks.
    pub fn measured(&self, name: &FigureName) -> Option<Value> {
        let (number, unit) = match name.figure {
            Place::Run(figure) => (self.measured.as_ref()?.figure(figure)?, figure.unit()),
            Place::Snapshot(figure) => match self.snapshot.as_ref()?.figure(figure)? {
                SnapshotValue::Number(number, unit) => (number, unit),
                SnapshotValue::Text(text) => return Some(Value::Text(text)),
            },
            Place::Lab(_, figure) => return self.lab.as_ref()?.measured.get(figure).cloned(),
        };
        Some(value(self.scale.asked(number, unit), unit))
    }

    /// What the run has observed besides its figures, in a sentence.
    pub(in crate::exercise) fn observed(&self) -> Option<String> {
        engine::observed(&self.load, &self.lab.as_ref()?.measured)
    }

    /// The simulated value. A simulation has no snapshot.
    pub fn simulated(&self, name: &FigureName) -> Option<Value> {
        let figure = match name.figure {
            Place::Run(figure) => figure,
            Place::Snapshot(_) => return None,
            Place::Lab(_, figure) => return self.lab.as_ref()?.simulated.get(figure).cloned(),
        };
        Some(value(self.simulated.as_ref()?.figure(figure)?, figure.unit()))
    }

    /// What theory predicts.
    pub fn predicted(&self, name: &FigureName) -> Option<f64> {
        let figure = match name.figure {
            Place::Run(figure) => figure,
            Place::Snapshot(_) => return None,
            Place::Lab(_, figure) => {
                return match self.lab.as_ref()?.predicted.get(figure)? {
                    Value::Number(number) => Some(*number),
                    Value::Text(_) => None,
                };
            }
        };
        self.predicted.as_ref()?.figure(figure)
    }
}
