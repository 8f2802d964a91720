//! Figures of a snapshot by name: the path at which a figure stands in the JSON, its
//! unit, and its value.

use std::fmt;
use std::str::FromStr;

use super::{ConsumerState, ModeState, QueueState, ResourceState, Snapshot};
use crate::metrics::Summary;
use crate::record::{FigureError, LedgerFigure, Mode, Unit, figures, first_step, names, one_of};
use crate::workbench::Component;

figures! {
    /// The use of the resource.
    ResourceFigure of ResourceState {
        InUse Count in_use,
        PeakInUse Count peak_in_use,
        Limit Count limit,
        Waiting Count waiting,
        Refused Count refused,
        Failed Count failed,
        Calls Count calls,
        Oldest Time oldest_ms,
        Frozen Flag frozen,
        FrozenFor Time frozen_ms,
    }
}

figures! {
    /// The queue.
    QueueFigure of QueueState {
        Depth Count depth,
        Queued Count queued,
        AtGate Count at_gate,
        PeakDepth Count peak_depth,
        Capacity Count capacity,
        Waiting Count waiting,
        Refused Count refused,
        Dropped Count dropped,
        Oldest Time oldest_ms,
    }
}

figures! {
    /// The pool.
    ConsumerFigure of ConsumerState {
        Concurrency Count concurrency,
        Busy Count busy,
        Held Count held,
        MaxDemand Count max_demand,
        MinDemand Count min_demand,
    }
}

figures! {
    /// A stage of the pipeline.
    ComponentFigure of Component {
        Restarts Count restarts,
        EventsIn Count events_in,
        EventsOut Count events_out,
        Asked Count asked,
        Demand Count demand,
        Buffered Count buffered,
        Held Count held,
        Busy Time busy_s,
    }
}

names! {
    /// What is said of a stage in words.
    ComponentText { Name "name" Kind "kind" State "state" Source "source" }
}

figures! {
    /// What one mode counted.
    ModeStateFigure of ModeState {
        Arrived Count arrived,
        Requests Count requests,
        Errors Count errors,
        Refused Count refused,
        Failed Count failed,
        Dropped Count dropped,
        Aborted Count aborted,
        InFlight Count in_flight,
        Rate Rate rate,
        InUse Count in_use,
        PeakInUse Count peak_in_use,
    }
}

names! {
    /// The times that a mode shows.
    ModeStateTiming {
        Http "http_ms"
        Errors "errors_ms"
        Wait "wait_ms"
        Service "service_ms"
        Response "response_ms"
        Failed "failed_ms"
    }
}

figures! {
    /// What is taken from a distribution of times.
    SummaryFigure of Summary {
        Count Count count,
        Mean Time mean,
        P50 Time p50,
        P90 Time p90,
        P99 Time p99,
        P999 Time p999,
        Max Time max,
    }
}

/// A figure of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotFigure {
    /// `resource.…`.
    Resource(ResourceFigure),
    /// `queue.…`.
    Queue(QueueFigure),
    /// `consumers.…`.
    Consumers(ConsumerFigure),
    /// `ledger.…`.
    Ledger(LedgerFigure),
    /// `components.N.…`: the counts of the stage at this place, from 0.
    Component(usize, ComponentFigure),
    /// `components.N.…`: what is said of that stage in words.
    ComponentText(usize, ComponentText),
    /// `modes.MODE.…`: what one mode counted.
    Mode(Mode, ModeStateFigure),
    /// `modes.MODE.TIMING.…`: the times of one mode.
    ModeTime(Mode, ModeStateTiming, SummaryFigure),
}

/// The value of a figure of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum SnapshotValue {
    /// A number, and what it is a number of.
    Number(f64, Unit),
    /// A word.
    Text(String),
}

impl Snapshot {
    /// The value of a figure; `None` where the bench has no such thing.
    pub fn figure(&self, figure: SnapshotFigure) -> Option<SnapshotValue> {
        let (number, unit) = match figure {
            SnapshotFigure::Resource(figure) => (figure.of(&self.resource), figure.unit()),
            SnapshotFigure::Queue(figure) => (figure.of(&self.queue), figure.unit()),
            SnapshotFigure::Consumers(figure) => (figure.of(&self.consumers), figure.unit()),
            SnapshotFigure::Ledger(figure) => (figure.of(&self.ledger), figure.unit()),
            SnapshotFigure::Component(place, figure) => {
                (figure.of(self.components.get(place)?), figure.unit())
            }
            SnapshotFigure::ComponentText(place, text) => {
                let component = self.components.get(place)?;
                let text = match text {
                    ComponentText::Name => &component.name,
                    ComponentText::Kind => &component.kind,
                    ComponentText::State => &component.state,
                    ComponentText::Source => &component.source,
                };
                return Some(SnapshotValue::Text(text.clone()));
            }
            SnapshotFigure::Mode(mode, figure) => (figure.of(&self.modes[mode]), figure.unit()),
            SnapshotFigure::ModeTime(mode, timing, figure) => {
                let state = &self.modes[mode];
                let times = match timing {
                    ModeStateTiming::Http => &state.http_ms,
                    ModeStateTiming::Errors => &state.errors_ms,
                    ModeStateTiming::Wait => &state.wait_ms,
                    ModeStateTiming::Service => &state.service_ms,
                    ModeStateTiming::Response => &state.response_ms,
                    ModeStateTiming::Failed => &state.failed_ms,
                };
                (figure.of(times), figure.unit())
            }
        };
        Some(SnapshotValue::Number(number?, unit))
    }
}

impl FromStr for SnapshotFigure {
    type Err = FigureError;

    /// Reads the path of a figure, such as `resource.calls` or `components.0.source`.
    fn from_str(path: &str) -> Result<Self, FigureError> {
        let (part, rest) = first_step(path);
        match part {
            "resource" => {
                one_of(path, rest, ResourceFigure::named, &[ResourceFigure::NAMES]).map(Self::Resource)
            }
            "queue" => one_of(path, rest, QueueFigure::named, &[QueueFigure::NAMES]).map(Self::Queue),
            "consumers" => {
                one_of(path, rest, ConsumerFigure::named, &[ConsumerFigure::NAMES]).map(Self::Consumers)
            }
            "ledger" => one_of(path, rest, LedgerFigure::named, &[LedgerFigure::NAMES]).map(Self::Ledger),
            "components" => {
                let (place, name) = first_step(rest);
                let Ok(place) = place.parse() else { return one_of(path, rest, |_| None, &[&["0", "1"]]) };
                match ComponentText::named(name) {
                    Some(text) => Ok(Self::ComponentText(place, text)),
                    None => {
                        let allowed = [ComponentText::NAMES, ComponentFigure::NAMES];
                        let figure = one_of(path, name, ComponentFigure::named, &allowed)?;
                        Ok(Self::Component(place, figure))
                    }
                }
            }
            "modes" => {
                let (mode, name) = first_step(rest);
                let Some(mode) = Mode::named(mode) else {
                    return one_of(path, rest, |_| None, &[&Mode::ALL.map(Mode::name)]);
                };
                let (timing, statistic) = first_step(name);
                if let Some(timing) = ModeStateTiming::named(timing) {
                    let statistic = one_of(path, statistic, SummaryFigure::named, &[SummaryFigure::NAMES])?;
                    return Ok(Self::ModeTime(mode, timing, statistic));
                }
                let allowed = [ModeStateFigure::NAMES, ModeStateTiming::NAMES];
                Ok(Self::Mode(mode, one_of(path, name, ModeStateFigure::named, &allowed)?))
            }
            _ => {
                let parts = &["resource", "queue", "consumers", "ledger", "components", "modes"];
                one_of(path, path, |_| None, &[parts])
            }
        }
    }
}

impl fmt::Display for SnapshotFigure {
    /// Writes the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(figure) => write!(f, "resource.{}", figure.name()),
            Self::Queue(figure) => write!(f, "queue.{}", figure.name()),
            Self::Consumers(figure) => write!(f, "consumers.{}", figure.name()),
            Self::Ledger(figure) => write!(f, "ledger.{}", figure.name()),
            Self::Component(place, figure) => write!(f, "components.{place}.{}", figure.name()),
            Self::ComponentText(place, text) => write!(f, "components.{place}.{}", text.name()),
            Self::Mode(mode, figure) => write!(f, "modes.{}.{}", mode.name(), figure.name()),
            Self::ModeTime(mode, timing, figure) => {
                write!(f, "modes.{}.{}.{}", mode.name(), timing.name(), figure.name())
            }
        }
    }
}
