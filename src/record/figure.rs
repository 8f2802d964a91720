//! Figures of a run by name: the path at which a figure stands in the file, its unit, and
//! its value.
//!
//! ```text
//!   client.rate                                  ClientFigure
//!   client.service.ok.p50_ms                     ClientTiming, ByAnswer, Statistic
//!   bench.drain_s, bench.ledger.done             BenchFigure
//!   bench.modes.pipelined.done_rate              Mode, ModeFigure
//!   bench.modes.pipelined.wait.p99_ms            Mode, ModeTiming, Statistic
//! ```
//!
//! A prediction has some of the same figures under the same names.

mod fields;
mod path;

use super::{Mode, Prediction, Run, Timing};

pub use fields::{
    AnswerKind, BenchFigure, ClientFigure, ClientTiming, LedgerFigure, ModeFigure, ModeTiming, Statistic,
};
pub(crate) use fields::{Number, figures, names};
pub use path::FigureError;
pub(crate) use path::{first_step, one_of};

/// The quantity of a figure. It decides how the figure changes when the same run goes
/// faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A time, in the unit that the path names: seconds or milliseconds.
    Time,
    /// A number per second.
    Rate,
    /// A number of requests, events or bytes; a mean number of them as well.
    Count,
    /// A part of a whole, or a number of cores.
    Share,
    /// Yes or no, as 1 or 0.
    Flag,
}

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// `seconds`: how long the run took.
    Seconds,
    /// `client.…`: what the generator counted.
    Client(ClientFigure),
    /// `client.statuses.…`: the answers with one HTTP status.
    Status(u16),
    /// `client.service.…` and `client.response.…`: times of answers of one kind.
    ClientTime(ClientTiming, AnswerKind, Statistic),
    /// `client.lag.…`: how late requests were sent.
    Lag(Statistic),
    /// `bench.…`: what the bench counted over all modes.
    Bench(BenchFigure),
    /// `bench.ledger.…`: the account of every event.
    Ledger(LedgerFigure),
    /// `bench.modes.MODE.…`: what one mode counted.
    Mode(Mode, ModeFigure),
    /// `bench.modes.MODE.TIMING.…`: the times of one mode.
    ModeTime(Mode, ModeTiming, Statistic),
}

impl Figure {
    /// The unit of the figure.
    pub fn unit(self) -> Unit {
        match self {
            Self::Seconds => Unit::Time,
            Self::Client(figure) => figure.unit(),
            Self::Status(_) => Unit::Count,
            Self::Bench(figure) => figure.unit(),
            Self::Ledger(figure) => figure.unit(),
            Self::Mode(_, figure) => figure.unit(),
            Self::ClientTime(.., statistic) | Self::ModeTime(.., statistic) | Self::Lag(statistic) => {
                statistic.unit()
            }
        }
    }
}

impl Run {
    /// The value of a figure in this run; `None` where the run does not have it.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        let (client, bench) = (self.client.as_ref(), self.bench.as_ref());
        let mode_side = |mode: Mode| bench?.modes.get(mode.name());
        match figure {
            Figure::Seconds => Some(self.seconds),
            Figure::Client(figure) => figure.of(client?),
            Figure::Status(status) => client?.statuses.get(&status.to_string())?.number(),
            Figure::ClientTime(timing, answer, statistic) => {
                let times = match timing {
                    ClientTiming::Service => &client?.service,
                    ClientTiming::Response => client?.response.as_ref()?,
                };
                let times = match answer {
                    AnswerKind::Ok => &times.ok,
                    AnswerKind::Refused => &times.refused,
                    AnswerKind::Failed => &times.failed,
                };
                statistic.of(times)
            }
            Figure::Lag(statistic) => statistic.of(client?.lag.as_ref()?),
            Figure::Bench(figure) => figure.of(bench?),
            Figure::Ledger(figure) => figure.of(&bench?.ledger),
            Figure::Mode(mode, figure) => figure.of(mode_side(mode)?),
            Figure::ModeTime(mode, timing, statistic) => {
                let side = mode_side(mode)?;
                let times = match timing {
                    ModeTiming::Http => &side.http,
                    ModeTiming::HttpErrors => &side.http_errors,
                    ModeTiming::Wait => &side.wait,
                    ModeTiming::Service => &side.service,
                    ModeTiming::Response => &side.response,
                    ModeTiming::ResponseFailed => &side.response_failed,
                };
                statistic.of(times)
            }
        }
    }
}

impl Prediction {
    /// What theory expects of a figure; `None` where the model does not say.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        let (times, statistic) = match figure {
            Figure::Client(ClientFigure::Seconds) => return self.load_s,
            Figure::Client(ClientFigure::Rate) | Figure::Mode(_, ModeFigure::Rate) => return self.rate,
            Figure::Mode(_, ModeFigure::DoneRate) => return self.done_rate,
            Figure::Bench(BenchFigure::PeakInUse) | Figure::Mode(_, ModeFigure::PeakInUse) => {
                return self.peak_in_use;
            }
            Figure::Bench(BenchFigure::PeakDepth) => return self.peak_depth,
            Figure::Bench(BenchFigure::DrainS) => return self.drain_s,
            Figure::ClientTime(_, AnswerKind::Ok, statistic)
            | Figure::ModeTime(_, ModeTiming::Http, statistic) => (self.answer?, statistic),
            Figure::ModeTime(_, ModeTiming::Wait, statistic) => (self.wait?, statistic),
            Figure::ModeTime(_, ModeTiming::Service, statistic) => (self.service?, statistic),
            Figure::ModeTime(_, ModeTiming::Response, statistic) => (self.response?, statistic),
            _ => return None,
        };
        match statistic {
            Statistic::Mean => times.mean_ms,
            Statistic::P50 => times.p50_ms,
            Statistic::P90 => times.p90_ms,
            Statistic::P99 => times.p99_ms,
            Statistic::Count | Statistic::P999 | Statistic::Max => None,
        }
    }
}

impl Statistic {
    fn of(self, times: &Timing) -> Option<f64> {
        let share = match self {
            Self::Count => return times.count()?.number(),
            Self::Mean => return times.mean_ms(),
            Self::P50 => 0.5,
            Self::P90 => 0.9,
            Self::P99 => 0.99,
            Self::P999 => 0.999,
            Self::Max => 1.0,
        };
        times.quantile_ms(share)
    }
}

#[cfg(test)]
mod tests;
