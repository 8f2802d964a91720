//! The figures of two runs, the interval of each difference, and which of them are
//! more than noise.

use serde::Serialize;

use super::LEVEL;
use super::noise::{Estimate, Sliced};
use super::student::{critical, two_sided};
use crate::record::{Measured, Origin, Run, Timing, TimingKind};

/// The relative resolution of a histogram.
const RESOLUTION: f64 = 0.001;
/// The absolute resolution of a histogram, in milliseconds.
const RESOLUTION_MS: f64 = 0.001;
/// A difference by this factor is too large to be called noise on little evidence.
const LARGE: f64 = 1.25;
/// A difference that no more slices than this carry has fewer independent witnesses
/// than the estimate of the noise.
const FEW_SLICES: usize = 8;
/// The most standard errors at which a p value is searched.
const FARTHEST: f64 = 1e3;

/// A figure of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedFigure {
    /// The name, such as `answer p99`.
    pub name: String,
    /// The values in both runs.
    #[serde(flatten)]
    pub values: Values,
    /// The difference as a fraction of A: 0.1 means that B is 10 % higher. For shares it
    /// is absolute: 0.1 is ten percentage points.
    pub relative: f64,
    /// The 95 % confidence interval of `relative`, for this figure alone. The upper end
    /// is `None` if it is unknown, and the whole is `None` if nothing is known.
    pub interval: Option<(f64, Option<f64>)>,
    /// The p value of the difference, for this figure alone.
    pub p_value: Option<f64>,
    /// Whether it is more than noise.
    pub difference: Difference,
    /// The result in a sentence.
    pub words: String,
    /// Why the difference cannot be judged, usually because there is no interval.
    pub unknown: Option<String>,
}

/// A figure in both runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// Times, in milliseconds.
    Times {
        /// Of A.
        a_ms: f64,
        /// Of B.
        b_ms: f64,
    },
    /// Rates.
    Rates {
        /// Of A.
        a_per_s: f64,
        /// Of B.
        b_per_s: f64,
    },
    /// Shares of what went wrong, as fractions.
    Shares {
        /// Of A.
        a_share: f64,
        /// Of B.
        b_share: f64,
    },
}

/// Whether a difference is more than noise, from the weakest to the strongest statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// There is no interval, or too few slices carry the difference.
    Unknown,
    /// The interval includes zero.
    WithinNoise,
    /// It would be significant as the only figure; among several, one such is expected.
    Alone,
    /// It is significant at 5 % for all figures together.
    MoreThanNoise,
}

impl Values {
    /// Returns the values in A and in B.
    pub fn pair(self) -> (f64, f64) {
        match self {
            Self::Times { a_ms, b_ms } => (a_ms, b_ms),
            Self::Rates { a_per_s, b_per_s } => (a_per_s, b_per_s),
            Self::Shares { a_share, b_share } => (a_share, b_share),
        }
    }

    /// Returns the smallest visible difference, relative to the smaller value.
    fn resolution(self) -> f64 {
        match self {
            Self::Times { a_ms, b_ms } => RESOLUTION.max(RESOLUTION_MS / a_ms.min(b_ms)),
            Self::Rates { .. } | Self::Shares { .. } => RESOLUTION,
        }
    }
}

/// The noise of a figure in one run, or why it is unknown.
type Known = Result<Estimate, &'static str>;

/// Returns the figures that both runs have, each judged alone.
pub(super) fn figures(a: &Run, b: &Run) -> Vec<ComparedFigure> {
    let mut figures = Vec::new();
    let kinds = match (a.measured(), b.measured()) {
        (Measured::Requests, Measured::Requests) => {
            [(TimingKind::Answer, "answers/s", "answer"), (TimingKind::Response, "done/s", "response")]
        }
        (Measured::Watchers, Measured::Watchers) => {
            [(TimingKind::Answer, "connects/s", "ART"), (TimingKind::Response, "deliveries/s", "last")]
        }
        (Measured::Rooms, Measured::Rooms) => [
            (TimingKind::Answer, "moves/s", "move"),
            (TimingKind::Response, "moves/s after a kill", "move after a kill"),
        ],
        (Measured::Jobs, Measured::Jobs) => [
            (TimingKind::Answer, "answers/s", "users' jobs"),
            (TimingKind::Response, "jobs done/s", "lateness"),
        ],
        // They time different things.
        _ => return Vec::new(),
    };
    for (kind, name, word) in kinds {
        let of = |run: &Run| Some((rate(run, kind)?, rate_noise(run, kind)));
        if let (Some((a_per_s, a)), Some((b_per_s, b))) = (of(a), of(b)) {
            figures.extend(ComparedFigure::of(name.to_owned(), Values::Rates { a_per_s, b_per_s }, [a, b]));
        }
        let (Some(a), Some(b)) = (Times::of(a, kind), Times::of(b, kind)) else { continue };
        for (name, share) in [("mean", None), ("p50", Some(0.5)), ("p90", Some(0.9)), ("p99", Some(0.99))] {
            let (Some(a_ms), Some(b_ms)) = (a.value_ms(share), b.value_ms(share)) else { continue };
            let known = [a.noise(share), b.noise(share)];
            let figure = ComparedFigure::of(format!("{word} {name}"), Values::Times { a_ms, b_ms }, known);
            figures.extend(figure.map(|figure| {
                // Half-way between the two lies what the longer tail has and the other not.
                let carried = if a_ms > b_ms { &a } else { &b }.beyond((a_ms * b_ms).sqrt());
                figure.doubt(carried)
            }));
        }
    }
    figures
}

/// Holm's step-down procedure (1979): the smallest p value is held against the
/// level divided by how many there are, the next by one fewer, until one fails.
pub(super) fn judge(figures: &mut [ComparedFigure]) {
    let mut order: Vec<&mut ComparedFigure> = figures.iter_mut().filter(|f| f.p_value.is_some()).collect();
    order.sort_by(|f, g| f.p_value.unwrap_or(1.0).total_cmp(&g.p_value.unwrap_or(1.0)));
    let all = order.len();
    for (n, figure) in order.into_iter().enumerate() {
        if figure.p_value.is_none_or(|p| p > LEVEL / (all - n) as f64) {
            break;
        }
        figure.difference = Difference::MoreThanNoise;
    }
}

impl ComparedFigure {
    /// Returns a difference that is not judged yet.
    pub(super) fn new(name: String, values: Values, relative: f64) -> Self {
        let difference = Difference::Unknown;
        Self {
            name,
            values,
            relative,
            interval: None,
            p_value: None,
            difference,
            words: String::new(),
            unknown: None,
        }
    }

    /// `None` if either value is zero, so that there is no ratio; a rate that is zero in
    /// only one run is shown.
    fn of(name: String, values: Values, [a_known, b_known]: [Known; 2]) -> Option<Self> {
        let (a, b) = values.pair();
        if !(a > 0.0 && b > 0.0) {
            let none = if a > 0.0 { "B" } else { "A" };
            let mut figure = Self::new(name, values, b / a - 1.0);
            figure.words = format!("{none} has no {}", figure.name);
            figure.unknown = Some(format!("{none} has none"));
            return (matches!(values, Values::Rates { .. }) && a.max(b) > 0.0).then_some(figure);
        }
        let mut figure = Self::new(name, values, b / a - 1.0);
        match (a_known, b_known) {
            (Ok(a), Ok(b)) => figure.decide(&a, &b),
            (Err(a), Err(b)) if a == b => figure.unknown = Some(format!("each run {a}")),
            (Err(a), Err(b)) => figure.unknown = Some(format!("A {a}, and B {b}")),
            (Err(a), _) => figure.unknown = Some(format!("A {a}")),
            (_, Err(b)) => figure.unknown = Some(format!("B {b}")),
        }
        figure.words = super::words::of(&figure);
        Some(figure)
    }

    /// Marks a large difference as unknown if only a few slices contain it. `carried` is
    /// the number of those, and of all slices.
    fn doubt(mut self, carried: Option<(usize, usize)>) -> Self {
        let large = self.relative.ln_1p().abs() >= LARGE.ln();
        if let Some((few, all)) = carried
            && self.difference == Difference::WithinNoise
            && large
            && few <= FEW_SLICES.min(all / 2)
        {
            let why = format!("only {few} of {all} slices show it. Measure for longer");
            self.words = format!("{}, which may be noise: {why}", self.words);
            self.unknown = Some(why);
            self.difference = Difference::Unknown;
        }
        self
    }

    fn decide(&mut self, a: &Estimate, b: &Estimate) {
        let difference = self.relative.ln_1p();
        let freedom = freedom(a, b);
        let floor = self.values.resolution();
        let (low, high) = limits(difference, a, b, critical(LEVEL, freedom));
        if low.is_infinite() && high.is_infinite() {
            self.unknown = Some("too few times lie beyond this percentile".to_owned());
            return;
        }
        let (low, high) = (low.min(difference - floor), high.max(difference + floor));
        let p_value = if difference.abs() <= floor { 1.0 } else { p_value(difference, a, b, freedom) };
        self.interval = Some((low.exp_m1(), high.is_finite().then(|| high.exp_m1())));
        self.p_value = Some(p_value);
        self.difference = if p_value <= LEVEL { Difference::Alone } else { Difference::WithinNoise };
    }
}

/// Returns the interval of the logarithm of the ratio at `t` standard errors, combined
/// from the limits of both runs (MOVER, Zou & Donner 2008).
fn limits(difference: f64, a: &Estimate, b: &Estimate, t: f64) -> (f64, f64) {
    let ((a_below, a_above), (b_below, b_above)) = (a.distances(t), b.distances(t));
    (difference - b_below.hypot(a_above), difference + b_above.hypot(a_below))
}

/// Returns the p value: the limits reach zero at that number of standard errors.
fn p_value(difference: f64, a: &Estimate, b: &Estimate, freedom: f64) -> f64 {
    let reaches = |t| {
        let (low, high) = limits(difference, a, b, t);
        low <= 0.0 && high >= 0.0
    };
    let (mut outside, mut inside) = (0.0, 1.0);
    while !reaches(inside) {
        if inside > FARTHEST {
            return two_sided(inside, freedom);
        }
        (outside, inside) = (inside, inside * 2.0);
    }
    for _ in 0..30 {
        let middle = (outside + inside) / 2.0;
        if reaches(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    two_sided(inside, freedom)
}

/// Returns the degrees of freedom of the difference: Welch (1947), Satterthwaite (1946).
fn freedom(a: &Estimate, b: &Estimate) -> f64 {
    let variance = |estimate: &Estimate| {
        let (below, above) = estimate.distances(1.0);
        ((below + above) / 2.0).powi(2)
    };
    let (of_a, of_b) = (variance(a), variance(b));
    let both = (of_a + of_b).powi(2) / (of_a.powi(2) / a.freedom + of_b.powi(2) / b.freedom);
    if both.is_finite() { both } else { a.freedom.min(b.freedom) }
}

/// The times of one kind in a run, or the points that are known of them.
struct Times<'a> {
    run: &'a Run,
    kind: TimingKind,
    sliced: Result<Sliced<'a>, &'static str>,
}

impl<'a> Times<'a> {
    fn of(run: &'a Run, kind: TimingKind) -> Option<Self> {
        let sliced = match run.timing(kind) {
            Some(timing) if timing.is_empty() && timing.mean_ms().is_none() => return None,
            Some(timing) => Sliced::of(timing),
            None if run.prediction.is_some() => Err("is predicted"),
            None => return None,
        };
        Some(Self { run, kind, sliced })
    }

    /// Returns the mean, or the quantile of a share.
    fn value_ms(&self, share: Option<f64>) -> Option<f64> {
        if let Some(timing) = self.run.timing(self.kind) {
            return share.map_or(timing.mean_ms(), |share| timing.quantile_ms(share));
        }
        let prediction = self.run.prediction.as_ref()?;
        let times = if self.kind == TimingKind::Answer { prediction.answer } else { prediction.response }?;
        match share {
            None => times.mean_ms,
            Some(0.5) => times.p50_ms,
            Some(0.9) => times.p90_ms,
            Some(_) => times.p99_ms,
        }
    }

    /// Returns the number of slices with times longer than `ms`, and of all slices.
    fn beyond(&self, ms: f64) -> Option<(usize, usize)> {
        self.sliced.as_ref().ok().map(|sliced| sliced.beyond(ms))
    }

    fn noise(&self, share: Option<f64>) -> Known {
        let sliced = self.sliced.as_ref().map_err(|why| *why)?;
        Ok(share.map_or_else(|| sliced.mean(), |share| sliced.quantile(share)))
    }
}

/// Returns the answers per second, or the events done per second.
fn rate(run: &Run, kind: TimingKind) -> Option<f64> {
    let prediction = run.prediction.as_ref();
    match kind {
        TimingKind::Answer => run.rate().or(prediction.and_then(|p| p.rate)),
        _ => run.done_rate().or(prediction.and_then(|p| p.done_rate)),
    }
}

fn rate_noise(run: &Run, kind: TimingKind) -> Known {
    if run.origin == Origin::Predicted {
        return Err("is predicted");
    }
    if let Some(watch) = &run.watch {
        return match kind {
            // A few seconds of connecting say nothing of the next few seconds.
            TimingKind::Answer => Err("connects its watchers only once"),
            _ => Estimate::rate(&[&watch.latency], 0.0),
        };
    }
    if let Some(rooms) = &run.rooms {
        return Estimate::rate(&[&rooms.ack], 0.0);
    }
    let side = run.mode_side();
    let answers: Vec<&Timing> = match (kind, &run.client) {
        (TimingKind::Answer, Some(client)) => {
            let by = client.response.as_ref().unwrap_or(&client.service);
            vec![&by.ok, &by.refused, &by.failed]
        }
        (TimingKind::Response, _) if run.jobs.is_some() => {
            run.jobs.iter().map(|jobs| &jobs.lateness).collect()
        }
        (TimingKind::Answer, None) => {
            side.map(|side| vec![&side.http, &side.http_errors]).unwrap_or_default()
        }
        _ => side.map(|side| vec![&side.response]).unwrap_or_default(),
    };
    // By how much the last one may take longer or shorter, which ends the run: an
    // answer, or an event that is not waiting any more.
    let last = run.timing(if kind == TimingKind::Answer { kind } else { TimingKind::Service });
    let spread_s = last.and_then(|timing| Some(Sliced::of(timing).ok()?.last_spread_s())).unwrap_or(0.0);
    let seconds = match (&run.client, &run.bench) {
        (Some(client), _) if kind == TimingKind::Answer => client.seconds,
        (_, Some(bench)) => bench.seconds,
        _ => run.seconds,
    };
    Estimate::rate(&answers, spread_s / seconds.max(1e-9))
}
