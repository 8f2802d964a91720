//! A run as text, in three parts: the figures that matter most with the audit's word,
//! the distribution of the times, and everything else.
//!
//! Of a prediction only the heading is written here; `predict` writes the rest.

mod histogram;
mod jobs;
mod rooms;
mod watch;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::text::{NONE, Table, cut, hang, left, number, pad, percent, right, time};
use crate::record::{
    BenchSide, ClientSide, Mark, Measured, Mode, ModeSide, Origin, Run, Timing, TimingKind, Validity,
    Verdict, WindowMode, WindowSide,
};

/// The width of a label; the text begins behind it.
const LABEL: usize = 12;

/// The report of a run.
pub(super) fn report(run: &Run) -> String {
    let mut text = String::new();
    if run.prediction.is_some() {
        heading(&mut text, run);
        return text;
    }
    result(&mut text, run);
    let (what, kind) = match run.measured() {
        Measured::Jobs => ("lateness", TimingKind::Response),
        Measured::Watchers => ("last", TimingKind::Response),
        Measured::Rooms => ("moves", TimingKind::Answer),
        Measured::Requests => ("answers", TimingKind::Answer),
    };
    if let Some(times) = run.timing(kind).and_then(Timing::histogram) {
        text += &histogram::chart(what, times);
    }
    text.push('\n');
    heading(&mut text, run);
    if let Some(client) = &run.client {
        client_side(&mut text, client, run.origin);
    }
    if let Some(bench) = &run.bench {
        bench_side(&mut text, bench);
    }
    if let Some(window) = &run.window {
        window_side(&mut text, window);
    }
    if let Some(side) = &run.jobs {
        jobs::side(&mut text, side);
    }
    if let Some(side) = &run.watch {
        watch::side(&mut text, side);
    }
    if let Some(side) = &run.rooms {
        rooms::side(&mut text, side);
    }
    audit(&mut text, run);
    text
}

/// The source of a run's figures.
pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Recorded => "recorded",
        Origin::Load => "weir load",
        Origin::Kept => "kept",
        Origin::Simulated => "simulated",
        Origin::Predicted => "predicted",
        Origin::Ab => "ab",
        Origin::Bombardier => "bombardier",
        Origin::Hey => "hey",
        Origin::Oha => "oha",
        Origin::Wrk => "wrk",
    }
}

/// Appends a paragraph behind its label.
fn put(text: &mut String, label: &str, paragraph: impl AsRef<str>) {
    *text += &hang(&pad(&cut(label, LABEL - 1), LABEL), paragraph.as_ref());
}

/// Appends a table of times with a row for each kind that was recorded.
fn times(text: &mut String, rows: &[(String, Option<&Timing>)], origin: Origin) {
    let columns = [left(18), right(7)].into_iter().chain([right(6); 6]);
    let header = ["in ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"];
    let mut table = Table::new(columns).header(header);
    for (name, timing) in rows {
        let Some(timing) = timing.filter(|timing| !timing.is_empty()) else { continue };
        let known = |ms: Option<f64>| ms.map_or(NONE.to_owned(), |ms| time(ms, origin));
        let count = match timing.count() {
            Some(count) if count >= 100_000_000 => number(count as f64),
            Some(count) => count.to_string(),
            None => NONE.to_owned(),
        };
        let quantiles = [0.5, 0.9, 0.99, 0.999, 1.0].map(|share| known(timing.quantile_ms(share)));
        let cells = [cut(name, 20), count, known(timing.mean_ms())];
        table.row(cells.into_iter().chain(quantiles));
    }
    *text += &table.section();
}

/// The figures that matter most, and whether they can be trusted.
fn result(text: &mut String, run: &Run) {
    if let Some(side) = &run.jobs {
        jobs::result(text, side);
        put(text, "audit", trust(run));
        return;
    }
    if let Some(side) = &run.watch {
        watch::result(text, side);
        put(text, "audit", trust(run));
        return;
    }
    if let Some(side) = &run.rooms {
        rooms::result(text, side);
        put(text, "audit", trust(run));
        return;
    }
    let mut figures: Vec<String> =
        run.rate().map(|rate| format!("{} answers/s", number(rate))).into_iter().collect();
    if let Some(times) = run.timing(TimingKind::Answer) {
        figures.extend(percentiles(times, run.origin));
    }
    put(
        text,
        "result",
        if figures.is_empty() { "no request was timed".to_owned() } else { figures.join(", ") },
    );
    // An async or pipelined answer is only a receipt: the work comes later.
    let later = |side: &&ModeSide| run.mode() != Some(Mode::Serial) && !side.response.is_empty();
    if let Some(side) = run.mode_side().filter(later) {
        let rate = side.reliable_done_rate().map(|rate| format!("{} events done/s", number(rate)));
        let figures: Vec<String> =
            rate.into_iter().chain(percentiles(&side.response, run.origin)).collect();
        put(text, "work", figures.join(", "));
    }
    put(text, "audit", trust(run));
}

/// Whether the figures can be trusted.
fn trust(run: &Run) -> &'static str {
    match run.audit.validity() {
        Validity::Valid => "valid",
        Validity::Disturbed => "disturbed: see the end",
        Validity::Invalid => "INVALID: see the end",
    }
}

/// The median, the 99th percentile and the maximum.
fn percentiles(times: &Timing, origin: Origin) -> Vec<String> {
    [("p50", 0.5), ("p99", 0.99), ("max", 1.0)]
        .into_iter()
        .filter_map(|(name, share)| Some(format!("{name} {} ms", time(times.quantile_ms(share)?, origin))))
        .collect()
}

fn heading(text: &mut String, run: &Run) {
    put(text, "run", run.title());
    if run.name.is_some() {
        put(text, "id", &run.id);
    }
    put(text, "from", format!("{}, by weir {}", origin(run.origin), run.weir));
    put(text, "target", &run.target);
    let load = match (&run.jobs, &run.watch, &run.rooms) {
        (Some(side), ..) => jobs::load(side),
        (None, Some(side), _) => side.load(),
        (None, None, Some(side)) => side.load(),
        (None, None, None) => run.load.as_ref().map_or("unknown".to_owned(), ToString::to_string),
    };
    put(text, "load", load);
    if let Some(engine) = run.engine() {
        put(text, "queue", engine.to_string());
    }
    let counted = run.client.as_ref().is_none_or(ClientSide::is_counted);
    let length = if counted { format!(", lasted {} s", number(run.seconds)) } else { String::new() };
    put(text, "began", format!("{}{length}", run.began));
    if let Some(skipped) = &run.skipped {
        put(text, "warm-up", &skipped.says);
    }
}

fn client_side(text: &mut String, client: &ClientSide, origin: Origin) {
    text.push('\n');
    if client.is_counted() {
        counts(text, client);
    } else {
        put(text, "client", "counts, rate and duration are unknown");
    }
    let used = client.cpu.map(|share| format!("used {} of a core", percent(share)));
    let starved = client
        .starved
        .map(|share| format!("was runnable but waiting for a CPU {} of the time", percent(share)));
    let shares: Vec<String> = [used, starved].into_iter().flatten().collect();
    if !shares.is_empty() {
        put(text, "generator", shares.join("; "));
    }
    for (label, counts) in [("statuses", &client.statuses), ("aborted", &client.errors)] {
        if !counts.is_empty() {
            put(text, label, listed(counts));
        }
    }
    let mut rows = Vec::new();
    let clocks = [("service", Some(&client.service)), ("response", client.response.as_ref())];
    for (clock, times) in clocks {
        let Some(times) = times else { continue };
        for (answer, timing) in [("ok", &times.ok), ("refused", &times.refused), ("failed", &times.failed)]
        {
            rows.push((format!("{clock} {answer}"), Some(timing)));
        }
    }
    rows.push(("sent late by".to_owned(), client.lag.as_ref()));
    times(text, &rows, origin);
}

/// The counts of requests, and their rate.
fn counts(text: &mut String, client: &ClientSide) {
    let ClientSide { sent, ok, refused, failed, aborted, unsent, .. } = client;
    put(
        text,
        "client",
        format!(
            "sent {sent} = ok {ok} + refused {refused} + failed {failed} + aborted {aborted}; unsent {unsent}"
        ),
    );
    let mut rate = match client.seconds {
        0.0 => "answered in less than a microsecond".to_owned(),
        seconds => match client.reliable_rate() {
            Some(rate) => format!("{} answers/s for {} s", number(rate), number(seconds)),
            None => format!("answered within {} s", number(seconds)),
        },
    };
    if client.in_flight > 0.0 {
        // Writing to a string cannot fail.
        let _ = write!(rate, "; {} in flight on average", number(client.in_flight));
    }
    if let Some(due) = client.in_flight_due {
        let _ = write!(rate, ", {} due or in flight", number(due));
    }
    put(text, "", rate);
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(what, count)| format!("{count} \u{d7} {what}")).collect::<Vec<_>>().join(", ")
}

fn window_side(text: &mut String, window: &WindowSide) {
    text.push('\n');
    let peaks = format!(
        "highest samples: {} in the resource, {} in the queue",
        window.peak_in_use, window.peak_depth
    );
    put(text, "window", format!("{} s; {peaks}", number(window.seconds)));
    for (name, WindowMode { arrived, answered, finished }) in &window.modes {
        let rate = in_brackets(window.rate(name));
        put(text, name, format!("{arrived} arrived, {answered} answered{rate}, {finished} finished"));
    }
    marks(text, &window.marks);
}

fn bench_side(text: &mut String, bench: &BenchSide) {
    text.push('\n');
    let drained = match bench.drained {
        true => format!("drained {} s after the last request", number(bench.drain_s)),
        false => "still held events at the end".to_owned(),
    };
    put(text, "bench", format!("{} s; {drained}", number(bench.seconds)));
    put(
        text,
        "",
        format!("peaks: {} in the resource, {} in the queue", bench.peak_in_use, bench.peak_depth),
    );
    put(text, "ledger", bench.ledger.to_string());
    let mut rows = Vec::new();
    for (name, mode) in &bench.modes {
        put(
            text,
            name,
            format!(
                "{} answers{}, {} of them errors, {} aborted",
                mode.requests,
                in_brackets(mode.reliable_rate()),
                mode.errors,
                mode.aborted
            ),
        );
        put(
            text,
            "",
            format!(
                "accepted {}, refused {}; done {}{}, failed {}, dropped {}; peak of {} in the resource",
                mode.accepted,
                mode.refused,
                mode.done,
                in_brackets(mode.reliable_done_rate()),
                mode.failed,
                mode.dropped,
                mode.peak_in_use
            ),
        );
        let times = [
            ("http", &mode.http),
            ("wait", &mode.wait),
            ("service", &mode.service),
            ("response", &mode.response),
            ("failed", &mode.response_failed),
        ];
        rows.extend(times.map(|(kind, timing)| (format!("{name} {kind}"), Some(timing))));
    }
    times(text, &rows, Origin::Recorded);
    marks(text, &bench.marks);
}

fn marks(text: &mut String, marks: &[Mark]) {
    if !marks.is_empty() {
        text.push('\n');
    }
    for (n, mark) in marks.iter().enumerate() {
        let label = if n == 0 { "marks" } else { "" };
        let kind = format!("{:?}", mark.kind).to_lowercase();
        put(text, label, format!("at {} s, {kind}: {}", number(mark.t), mark.text));
    }
}

/// A rate behind a count; empty without one.
fn in_brackets(rate: Option<f64>) -> String {
    rate.map_or(String::new(), |rate| format!(" ({}/s)", number(rate)))
}

/// The audit's word, and its sentences.
fn audit(text: &mut String, run: &Run) {
    text.push('\n');
    put(text, "audit", run.audit.validity().word());
    for check in run.audit.remarks() {
        let label = match check.verdict {
            Verdict::Failed => "INVALID:",
            Verdict::Disturbed => "disturbed:",
            Verdict::Note | Verdict::Passed => "note:",
        };
        put(text, label, &check.says);
    }
}

#[cfg(test)]
mod tests;
