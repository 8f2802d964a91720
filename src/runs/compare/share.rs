//! Shares of failures: requests refused, failed or unanswered, and events that failed or
//! were dropped after their answer. A run in which everything fails may be as fast as one
//! in which nothing does, so these figures come before the times.
//!
//! The test of two shares:
//!
//! - The limits of each share are Wilson's (1927), those of the difference Newcombe's
//!   (1998, method 10). They hold for shares of 0 and 1, too.
//! - The p value is never smaller than that of Fisher's exact test (1935) where
//!   failures or successes are few.
//! - Failures come in clusters. The variance of a run's slices, divided by that of
//!   independent failures, is the design effect (Kish 1965); both samples are divided
//!   by the larger of the two effects.

use super::noise::{FEWEST_SLICES, long_run};
use super::student::{critical, ln_gamma, two_sided};
use super::{ComparedFigure, Difference, LEVEL, Values};
use crate::record::{Mode, ModeSide, Origin, Run, Timing};

/// Degrees of freedom where the variance is known: Student's t is normal.
const KNOWN: f64 = 1e6;
/// Up to this number of failures, or of successes, Fisher's test counts every case.
const FEW: f64 = 300.0;
/// A p value is looked for up to this number of standard errors.
const FARTHEST: f64 = 40.0;

/// The kinds of failure, in the order of the table.
const KINDS: [Kind; 9] = [
    Kind { name: "failed", went: "of the requests failed", count: failed },
    Kind { name: "unanswered", went: "of the requests got no answer", count: unanswered },
    Kind { name: "refused", went: "of the requests were refused", count: refused },
    Kind { name: "failed events", went: "of the events failed", count: failed_events },
    Kind { name: "dropped events", went: "of the events were dropped", count: dropped_events },
    Kind { name: "refused watchers", went: "of the connects failed", count: refused_watchers },
    Kind { name: "lost events", went: "of the deliveries were lost", count: lost_events },
    Kind { name: "lost moves", went: "of the acknowledged moves were lost", count: lost_moves },
    Kind { name: "failed jobs", went: "of the jobs failed", count: failed_jobs },
];

struct Kind {
    name: &'static str,
    went: &'static str,
    count: fn(&Run) -> Option<Count<'_>>,
}

/// The failures of one kind in a run, and the total.
struct Count<'a> {
    part: f64,
    all: f64,
    /// The times of the failures and of all, where they are known.
    times: Option<(&'a Timing, Vec<&'a Timing>)>,
}

/// Returns the shares that both runs have and that are not zero in both.
pub(super) fn figures(a: &Run, b: &Run) -> Vec<ComparedFigure> {
    let figure = |kind: &Kind| {
        let (Some(of_a), Some(of_b)) = ((kind.count)(a), (kind.count)(b)) else { return None };
        let (a_share, b_share) = (of_a.share(), of_b.share());
        if a_share == 0.0 && b_share == 0.0 {
            return None;
        }
        let values = Values::Shares { a_share, b_share };
        let mut figure = ComparedFigure::new(kind.name.to_owned(), values, b_share - a_share);
        match [("A", a), ("B", b)].into_iter().find(|(_, run)| run.origin == Origin::Predicted) {
            Some((letter, _)) => figure.unknown = Some(format!("{letter} is predicted")),
            None => decide(&mut figure, &of_a, &of_b),
        }
        figure.words = words(&figure, kind);
        Some(figure)
    };
    KINDS.iter().filter_map(figure).collect()
}

fn decide(figure: &mut ComparedFigure, a: &Count<'_>, b: &Count<'_>) {
    let effects = [a.effect(), b.effect()].into_iter().flatten();
    let (effect, freedom) = effects.max_by(|f, g| f.0.total_cmp(&g.0)).unwrap_or((1.0, KNOWN));
    let pair = Pair { a: a.smaller(effect), b: b.smaller(effect) };
    let (low, high) = pair.limits(critical(LEVEL, freedom));
    let p_value = pair.p_value(freedom);
    // If Fisher's test is not significant, the interval must include zero as well.
    let (low, high) = if p_value > LEVEL { (low.min(0.0), high.max(0.0)) } else { (low, high) };
    figure.interval = Some((low, Some(high)));
    figure.p_value = Some(p_value);
    figure.difference = if p_value <= LEVEL { Difference::Alone } else { Difference::WithinNoise };
}

/// Such as `50.0 % of the requests failed in B, none in A (44.3 to 55.7 points more)`.
fn words(figure: &ComparedFigure, kind: &Kind) -> String {
    let (a, b) = figure.values.pair();
    let share = |value: f64| match value * 100.0 {
        0.0 => "none".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    };
    // The larger share first, as the one to act on.
    let (first, second, [more, less]) = if b >= a { ("B", "A", [b, a]) } else { ("A", "B", [a, b]) };
    let range = figure.interval.and_then(|(low, high)| {
        let [low, high] = [low, high?].map(|points| points * 100.0);
        let (least, most) = if b >= a { (low, high) } else { (-high, -low) };
        Some(format!(" ({least:.1} to {most:.1} points more)"))
    });
    format!(
        "{} {} in {first}, {} in {second}{}",
        share(more),
        kind.went,
        share(less),
        range.unwrap_or_default()
    )
}

impl<'a> Count<'a> {
    /// `None` if there were no trials.
    fn new(part: u64, all: u64, times: Option<(&'a Timing, Vec<&'a Timing>)>) -> Option<Self> {
        (all > 0).then(|| Self { part: part.min(all) as f64, all: all as f64, times })
    }

    /// Returns a share without times.
    fn of_share(share: Option<f64>) -> Option<Self> {
        share.map(|share| Self { part: share, all: 1.0, times: None })
    }

    fn share(&self) -> f64 {
        self.part / self.all
    }

    /// Returns a smaller count with the same share.
    fn smaller(&self, effect: f64) -> Sample {
        Sample { part: self.part / effect, all: self.all / effect }
    }

    /// Returns the design effect, by which the share varies more than with independent
    /// failures, and its degrees of freedom. `None` with no or few slices.
    fn effect(&self) -> Option<(f64, f64)> {
        let (part, all) = self.times.as_ref()?;
        let in_slice = |timing: &Timing, n: usize| -> f64 {
            let slice = timing.slices().buckets_us.get(n);
            slice.map_or(0.0, |slice| slice.iter().map(|(_, count)| *count as f64).sum())
        };
        let slices = all.iter().map(|timing| timing.slices().buckets_us.len()).max()?;
        if slices < FEWEST_SLICES {
            return None;
        }
        let counts: Vec<[f64; 2]> = (0..slices)
            .map(|n| [in_slice(part, n), all.iter().map(|timing| in_slice(timing, n)).sum()])
            .collect();
        let total: f64 = counts.iter().map(|[_, all]| all).sum();
        let share = counts.iter().map(|[part, _]| part).sum::<f64>() / total;
        let independent = total * share * (1.0 - share);
        if independent.is_nan() || independent <= 0.0 {
            return None;
        }
        let excess: Vec<f64> = counts.iter().map(|[part, all]| part - share * all).collect();
        let (variance, freedom) = long_run(&excess);
        let effect = variance * slices as f64 / independent;
        Some(if effect > 1.0 { (effect, freedom) } else { (1.0, KNOWN) })
    }
}

/// A number of failures among a number of trials. Neither need be whole.
#[derive(Clone, Copy)]
struct Sample {
    part: f64,
    all: f64,
}

impl Sample {
    fn share(self) -> f64 {
        self.part / self.all
    }

    /// Wilson's limits (1927) at `t` standard errors.
    fn limits(self, t: f64) -> (f64, f64) {
        let (share, all) = (self.share(), self.all);
        let centre = share + t * t / (2.0 * all);
        let half = t * (share * (1.0 - share) / all + t * t / (4.0 * all * all)).sqrt();
        let below = 1.0 + t * t / all;
        (((centre - half) / below).max(0.0), ((centre + half) / below).min(1.0))
    }
}

struct Pair {
    a: Sample,
    b: Sample,
}

impl Pair {
    /// Newcombe's limits (1998) of the difference, at `t` standard errors.
    fn limits(&self, t: f64) -> (f64, f64) {
        let ((a_low, a_high), (b_low, b_high)) = (self.a.limits(t), self.b.limits(t));
        let (a, b) = (self.a.share(), self.b.share());
        (b - a - (b - b_low).hypot(a_high - a), b - a + (b_high - b).hypot(a - a_low))
    }

    /// Returns the p value at which the limits reach zero, at least that of Fisher's
    /// test.
    fn p_value(&self, freedom: f64) -> f64 {
        let reaches = |t| {
            let (low, high) = self.limits(t);
            low <= 0.0 && high >= 0.0
        };
        let (mut outside, mut inside) = (0.0, FARTHEST);
        for _ in 0..50 {
            let middle = (outside + inside) / 2.0;
            if reaches(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        two_sided(inside, freedom).max(self.fisher().unwrap_or(0.0))
    }

    /// Fisher's exact test: the total probability of the tables that are no more probable
    /// than this one. `None` if there are too many tables.
    fn fisher(&self) -> Option<f64> {
        let [part_a, part_b] = [self.a.part, self.b.part].map(f64::round);
        let (all_a, all_b) = (self.a.all.round().max(part_a), self.b.all.round().max(part_b));
        let (part, all) = (part_a + part_b, all_a + all_b);
        if part.min(all - part) > FEW {
            return None;
        }
        let choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
        let probability = |k: f64| (choose(all_a, k) + choose(all_b, part - k) - choose(all, part)).exp();
        let (least, most) = ((part - all_b).max(0.0), part.min(all_a));
        let here = probability(part_a) * (1.0 + 1e-7);
        let tables = (0..=(most - least) as u64).map(|n| probability(least + n as f64));
        Some(tables.filter(|p| *p <= here).sum::<f64>().min(1.0))
    }
}

/// Returns the bench's side of a run without a client side.
fn bench(run: &Run) -> Option<&ModeSide> {
    run.mode_side().filter(|_| run.client.is_none())
}

fn refused(run: &Run) -> Option<Count<'_>> {
    if let Some(client) = &run.client {
        let by = client.response.as_ref().unwrap_or(&client.service);
        return Count::new(
            client.refused,
            client.sent,
            Some((&by.refused, vec![&by.ok, &by.refused, &by.failed])),
        );
    }
    match bench(run) {
        Some(side) => Count::new(side.refused, side.requests, None),
        None => Count::of_share(run.prediction.as_ref()?.refused_share),
    }
}

fn failed(run: &Run) -> Option<Count<'_>> {
    if let Some(client) = &run.client {
        let by = client.response.as_ref().unwrap_or(&client.service);
        return Count::new(
            client.failed,
            client.sent,
            Some((&by.failed, vec![&by.ok, &by.refused, &by.failed])),
        );
    }
    let side = bench(run)?;
    Count::new(side.errors.saturating_sub(side.refused), side.requests, None)
}

fn unanswered(run: &Run) -> Option<Count<'_>> {
    match &run.client {
        Some(client) => Count::new(client.aborted, client.sent, None),
        None => bench(run).and_then(|side| Count::new(side.aborted, side.requests + side.aborted, None)),
    }
}

/// `None` in serial mode, where the answer reports the failure.
fn failed_events(run: &Run) -> Option<Count<'_>> {
    let side = run.mode_side().filter(|_| run.mode() != Some(Mode::Serial))?;
    let times = (&side.response_failed, vec![&side.response, &side.response_failed]);
    Count::new(side.failed, side.accepted, Some(times))
}

fn refused_watchers(run: &Run) -> Option<Count<'_>> {
    let watch = run.watch.as_ref()?;
    Count::new(watch.refused, watch.connected + watch.refused, None)
}

/// Deliveries in gaps, and those that were missed without one.
fn lost_events(run: &Run) -> Option<Count<'_>> {
    let watch = run.watch.as_ref()?;
    Count::new(watch.gap_events + watch.missed, watch.expected, None)
}

/// Acknowledged moves that the rooms do not contain.
fn lost_moves(run: &Run) -> Option<Count<'_>> {
    let ledger = &run.rooms.as_ref()?.ledger;
    Count::new(ledger.lost, ledger.acknowledged, None)
}

fn failed_jobs(run: &Run) -> Option<Count<'_>> {
    let ledger = &run.jobs.as_ref()?.ledger;
    Count::new(ledger.failed, ledger.ended(), None)
}

fn dropped_events(run: &Run) -> Option<Count<'_>> {
    match run.mode_side() {
        Some(side) if run.mode() != Some(Mode::Serial) => Count::new(side.dropped, side.accepted, None),
        Some(_) => None,
        None => Count::of_share(run.prediction.as_ref()?.dropped_share),
    }
}
