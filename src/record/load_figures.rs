//! The few figures of a load that theory, simulation and measurement have in common, so
//! that the three can stand side by side.

use serde::Serialize;

use super::{
    AnswerKind, BenchFigure, ClientFigure, ClientTiming, Figure, Mode, ModeFigure, ModeTiming, Prediction,
    Run, Statistic,
};

/// The expected or measured figures of a load on one mode. An unknown figure is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LoadFigures {
    /// Answers per second, whatever their status, over the whole load.
    pub answered_per_s: Option<f64>,
    /// Events done per second, from the first request to the last event.
    pub done_per_s: Option<f64>,
    /// The median time until a client has a successful answer, in milliseconds.
    pub answer_p50_ms: Option<f64>,
    /// The 99th percentile of that time.
    pub answer_p99_ms: Option<f64>,
    /// The median time from the arrival of an event to its finish, in milliseconds.
    pub response_p50_ms: Option<f64>,
    /// The 99th percentile of that time.
    pub response_p99_ms: Option<f64>,
    /// The share of requests that were refused, or whose event was dropped later: 0 to 1.
    pub lost_share: Option<f64>,
    /// The most events in the queue at once.
    pub peak_depth: Option<f64>,
    /// The most events in the resource at once.
    pub peak_in_use: Option<f64>,
    /// From the first request until every event has ended, in seconds.
    pub seconds: Option<f64>,
}

impl LoadFigures {
    /// The figures that `figure` returns. In a load with due times, a client's answer times
    /// run from when their requests were due.
    fn read(mode: Mode, figure: impl Fn(Figure) -> Option<f64>) -> Self {
        let answer = |statistic| {
            let time = |timing| figure(Figure::ClientTime(timing, AnswerKind::Ok, statistic));
            time(ClientTiming::Response).or_else(|| time(ClientTiming::Service))
        };
        let response = |statistic| figure(Figure::ModeTime(mode, ModeTiming::Response, statistic));
        Self {
            answered_per_s: figure(Figure::Client(ClientFigure::Rate)),
            done_per_s: figure(Figure::Mode(mode, ModeFigure::DoneRate)),
            answer_p50_ms: answer(Statistic::P50),
            answer_p99_ms: answer(Statistic::P99),
            response_p50_ms: response(Statistic::P50),
            response_p99_ms: response(Statistic::P99),
            lost_share: None,
            peak_depth: figure(Figure::Bench(BenchFigure::PeakDepth)),
            peak_in_use: figure(Figure::Bench(BenchFigure::PeakInUse)),
            seconds: figure(Figure::Seconds),
        }
    }

    /// The figures of a load on `mode` that was measured or simulated.
    pub fn of_run(run: &Run, mode: Mode) -> Self {
        let side = run.bench.as_ref().and_then(|bench| bench.modes.get(mode.name()));
        let lost = side.map(|side| side.refused + side.dropped);
        let requests = side.map(|side| side.requests).filter(|&requests| requests > 0);
        let lost_share = lost.zip(requests).map(|(lost, requests)| lost as f64 / requests as f64);
        let read = Self::read(mode, |figure| run.figure(figure));
        // Only pipelined events wait in the queue.
        let peak_depth = read.peak_depth.filter(|_| mode == Mode::Pipelined);
        Self { lost_share, peak_depth, ..read }
    }

    /// The figures of a load on `mode` that theory predicts.
    pub fn of_prediction(prediction: &Prediction, mode: Mode) -> Self {
        let Prediction { refused_share, dropped_share, load_s, drain_s, .. } = *prediction;
        let lost_share = refused_share.map(|refused| refused + dropped_share.unwrap_or(0.0));
        // In serial mode a request ends with its event, so nothing is left to drain. In the
        // others, a load without a length of its own is a burst, which takes no time.
        let seconds = match mode {
            Mode::Serial => load_s,
            Mode::Async | Mode::Pipelined => drain_s.map(|drain| load_s.unwrap_or(0.0) + drain),
        };
        // Events waiting outside the queue are not part of its depth.
        let peak_depth = prediction.peak_depth.filter(|_| mode == Mode::Pipelined);
        Self { lost_share, seconds, peak_depth, ..Self::read(mode, |figure| prediction.figure(figure)) }
    }
}
