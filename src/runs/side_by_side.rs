//! The figures of runs side by side: one row for each figure that a run may have, whether it
//! was measured, simulated or predicted. The command line and the report lay them out.

use std::fmt;

use crate::record::{Origin, PredictedTimes, RoomsSide, Run, TimingKind, WatchSide};

/// A figure of a run, if the run has it.
type Figure = dyn Fn(&Run) -> Option<f64>;

/// A row of a table with a run in each column.
pub struct FigureRow {
    /// Its name with the unit, such as `answer p99 ms`.
    pub name: String,
    /// Returns the figure of a run, if the run has it.
    pub figure: Box<Figure>,
}

/// Returns the rows of a table of runs side by side, measured or predicted, in their order.
pub fn figure_rows() -> Vec<FigureRow> {
    let row = |name: &str, figure: fn(&Run) -> Option<f64>| -> FigureRow {
        FigureRow { name: name.to_owned(), figure: Box::new(figure) }
    };
    let mut rows = vec![
        row("N watchers", |run| of_watchers(run, |watch| Some(watch.watchers as f64))),
        row("C connects/s", |run| of_watchers(run, |watch| Some(watch.connects_s))),
        row("ART p50 ms", |run| of_watchers(run, |watch| watch.art.quantile_ms(0.5))),
        row("ART p99 ms", |run| of_watchers(run, |watch| watch.art.quantile_ms(0.99))),
        row("first p50 ms", |run| of_watchers(run, |watch| watch.first.quantile_ms(0.5))),
        row("median p50 ms", |run| of_watchers(run, |watch| watch.median.quantile_ms(0.5))),
        row("last p50 ms", |run| of_watchers(run, |watch| watch.last.quantile_ms(0.5))),
        row("last p99 ms", |run| of_watchers(run, |watch| watch.last.quantile_ms(0.99))),
        row("deliveries/s", |run| of_watchers(run, |_| run.done_rate())),
        row("bytes/watcher", |run| of_watchers(run, |watch| watch.server.as_ref()?.rss_per_watcher)),
        row("moves/s", |run| of_rooms(run, |_| run.rate())),
        row("move p50 ms", |run| of_rooms(run, |rooms| rooms.ack_others.quantile_ms(0.5))),
        row("move p99 ms", |run| of_rooms(run, |rooms| rooms.ack_others.quantile_ms(0.99))),
        row("after a kill p50 ms", |run| of_rooms(run, |rooms| rooms.ack_killed.quantile_ms(0.5))),
        row("after a kill p99 ms", |run| of_rooms(run, |rooms| rooms.ack_killed.quantile_ms(0.99))),
        row("kills", |run| of_rooms(run, |rooms| Some(rooms.killed as f64))),
        row("down p99 ms", |run| of_rooms(run, |rooms| rooms.down.quantile_ms(0.99))),
        row("lost moves", |run| of_rooms(run, |rooms| Some(rooms.ledger.lost as f64))),
        row("answers/s", |run| {
            let rate = || run.rate().or_else(|| run.prediction.as_ref()?.rate);
            requests_or_jobs(run).and_then(|()| rate())
        }),
        row("refused %", |run| refused(run).map(|share| share * 100.0)),
    ];
    rows.extend(times("answer", TimingKind::Answer, &[None, Some(0.5), Some(0.9), Some(0.99)]));
    rows.push(row("done/s", |run| match run.prediction.as_ref() {
        Some(prediction) => prediction.done_rate,
        None => requests_or_jobs(run).and_then(|()| run.done_rate()),
    }));
    rows.extend(times("wait", TimingKind::Wait, &[Some(0.5), Some(0.99)]));
    rows.extend(times("service", TimingKind::Service, &[Some(0.5)]));
    rows.extend(times("response", TimingKind::Response, &[None, Some(0.5), Some(0.9), Some(0.99)]));
    rows.push(row("peak in resource", |run| match &run.bench {
        Some(bench) => Some(bench.peak_in_use as f64),
        None if run.window.is_some() => run.window.as_ref().map(|window| window.peak_in_use as f64),
        None => run.prediction.as_ref()?.peak_in_use,
    }));
    rows.push(row("mean in resource", |run| match run.mode_side() {
        // Little's law: rate times service time.
        Some(side) => Some(side.done_rate * side.service.mean_ms()? / 1e3),
        None => run.prediction.as_ref()?.in_use,
    }));
    rows.push(row("peak depth", |run| match &run.bench {
        Some(bench) => Some(bench.peak_depth as f64),
        None if run.window.is_some() => run.window.as_ref().map(|window| window.peak_depth as f64),
        None => run.prediction.as_ref()?.peak_depth,
    }));
    rows.push(row("drain s", |run| match &run.bench {
        Some(bench) => Some(bench.drain_s),
        None => run.prediction.as_ref()?.drain_s,
    }));
    rows
}

/// A figure of a run of watchers.
fn of_watchers(run: &Run, figure: impl Fn(&WatchSide) -> Option<f64>) -> Option<f64> {
    figure(run.watch.as_ref()?)
}

/// A figure of a run of rooms.
fn of_rooms(run: &Run, figure: impl Fn(&RoomsSide) -> Option<f64>) -> Option<f64> {
    figure(run.rooms.as_ref()?)
}

/// Something, unless the run is one of watchers or rooms.
fn requests_or_jobs(run: &Run) -> Option<()> {
    (run.watch.is_none() && run.rooms.is_none()).then_some(())
}

/// The mean, or percentiles, of the times of one kind.
fn times(
    word: &'static str,
    kind: TimingKind,
    shares: &'static [Option<f64>],
) -> impl Iterator<Item = FigureRow> {
    shares.iter().map(move |share| -> FigureRow {
        let name = share.map_or("mean".to_owned(), |share| format!("p{:.0}", share * 100.0));
        let figure = move |run: &Run| match run.timing(kind) {
            // Watchers and rooms have rows of their own.
            Some(_) if requests_or_jobs(run).is_none() => None,
            Some(timing) => share
                .map_or_else(|| timing.mean_ms(), |share| timing.quantile_ms(share))
                .filter(|ms| *ms > 0.0 || !leaves_out_answers(run, kind)),
            None => predicted(run, kind, *share),
        };
        FigureRow { name: format!("{word} {name} ms"), figure: Box::new(figure) }
    })
}

/// True for the answer times of a simulation, which has neither a network nor a server:
/// an answer that waits for nothing takes no time there.
fn leaves_out_answers(run: &Run, kind: TimingKind) -> bool {
    run.origin == Origin::Simulated && kind == TimingKind::Answer
}

fn predicted(run: &Run, kind: TimingKind, share: Option<f64>) -> Option<f64> {
    let prediction = run.prediction.as_ref()?;
    let times: PredictedTimes = match kind {
        TimingKind::Answer => prediction.answer,
        TimingKind::Wait => prediction.wait,
        TimingKind::Service => prediction.service,
        TimingKind::Response => prediction.response,
    }?;
    match share {
        None => times.mean_ms,
        Some(0.5) => times.p50_ms,
        Some(0.9) => times.p90_ms,
        Some(_) => times.p99_ms,
    }
}

/// The share of requests that were refused.
fn refused(run: &Run) -> Option<f64> {
    if let Some(client) = &run.client {
        return (client.sent > 0).then(|| client.refused as f64 / client.sent as f64);
    }
    match run.mode_side() {
        Some(side) => (side.requests > 0).then(|| side.refused as f64 / side.requests as f64),
        None => run.prediction.as_ref()?.refused_share,
    }
}

impl fmt::Debug for FigureRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FigureRow").field("name", &self.name).finish_non_exhaustive()
    }
}
