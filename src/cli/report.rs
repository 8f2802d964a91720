//! A run, for people: in at most 80 columns, whatever is in it. It begins with the most
//! important figures and the word that says whether to trust them; then come the
//! distribution, and everything else.
//!
//! Of a prediction only the head is written here.

mod histogram;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::clean;
use crate::record::{BenchSide, ClientSide, Clock, Mode, ModeSide, Origin, Run, Timing, Validity, Verdict};

/// The widest line, in characters.
const WIDTH: usize = 80;
/// Where text begins, behind its label.
const INDENT: usize = 12;

/// What a run was and what came of it.
pub(super) fn report(run: &Run) -> String {
    let mut page = Page::default();
    if run.prediction.is_some() {
        head(&mut page, run);
        return page.text;
    }
    result(&mut page, run);
    distribution(&mut page, run);
    page.line("");
    head(&mut page, run);
    if let Some(client) = &run.client {
        client_side(&mut page, client, run.origin);
    }
    if let Some(bench) = &run.bench {
        bench_side(&mut page, bench);
    }
    audit(&mut page, run);
    page.text
}

/// Three significant digits, down to a thousandth: milliseconds to the
/// microsecond. Also fit for rates and seconds.
pub(super) fn ms(value: f64) -> String {
    match value.abs() {
        v if v >= 1e8 => format!("{value:.1e}"),
        v if v >= 99.95 || v == 0.0 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A time in milliseconds, its digits by `digits`. Weir's histograms tell times apart
/// to a microsecond: a shorter one took some time, and is not 0. Where another tool or
/// a formula says 0, so does this.
pub(super) fn time(value: f64, origin: Origin, digits: fn(f64) -> String) -> String {
    let histogram = matches!(origin, Origin::Recorded | Origin::Load | Origin::Simulated);
    match value.abs() {
        v if v < 0.001 && (histogram || v > 0.0) => "<0.001".to_owned(),
        _ => digits(value),
    }
}

/// Where the figures of a run come from, in words.
pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Recorded => "recorded",
        Origin::Load => "weir load",
        Origin::Simulated => "simulated",
        Origin::Predicted => "predicted",
        Origin::Ab => "ab",
        Origin::Bombardier => "bombardier",
        Origin::Hey => "hey",
        Origin::Oha => "oha",
        Origin::Wrk => "wrk",
    }
}

/// Lines with a label, broken where they become too long.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn put(&mut self, label: &str, text: impl AsRef<str>) {
        let label: String = clean::line(label).chars().take(INDENT - 1).collect();
        let mut line = format!("{label:<INDENT$}");
        let mut width = INDENT;
        let mut begun = false;
        for word in text.as_ref().split_whitespace().flat_map(pieces) {
            let length = word.chars().count();
            if begun && width + 1 + length > WIDTH {
                self.line(&line);
                line = " ".repeat(INDENT);
                width = INDENT;
            } else if begun {
                line.push(' ');
                width += 1;
            }
            line.push_str(&word);
            width += length;
            begun = true;
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A row each kind of time that there was.
    fn times(&mut self, rows: &[(String, Option<&Timing>)], origin: Origin) {
        let rows: Vec<(&str, &Timing)> = rows
            .iter()
            .filter_map(|(name, timing)| Some((name.as_str(), (*timing)?)))
            .filter(|(_, timing)| !timing.is_empty())
            .collect();
        if rows.is_empty() {
            return;
        }
        self.line("");
        self.row("in ms", ["count", "mean", "p50", "p90", "p99", "p99.9", "max"].map(str::to_owned));
        for (name, timing) in rows {
            let known = |value: Option<f64>| value.map_or("-".to_owned(), |value| time(value, origin, ms));
            let at = |share| known(timing.quantile_ms(share));
            let count = match timing.count() {
                Some(count) if count >= 100_000_000 => ms(count as f64),
                Some(count) => count.to_string(),
                None => "-".to_owned(),
            };
            let mean = known(timing.mean_ms());
            self.row(name, [count, mean, at(0.5), at(0.9), at(0.99), at(0.999), at(1.0)]);
        }
    }

    fn row(&mut self, name: &str, cells: [String; 7]) {
        let mut line = format!("{:<20}", clean::line(name).chars().take(19).collect::<String>());
        for (n, cell) in cells.iter().enumerate() {
            let width = if n == 0 { 9 } else { 8 };
            // Writing to a string cannot fail. A space, should a cell be full.
            let _ = write!(line, " {cell:>0$}", width - 1);
        }
        self.line(&line);
    }
}

/// A word, in pieces that fit a line.
fn pieces(word: &str) -> Vec<String> {
    let letters: Vec<char> = clean::line(word).chars().collect();
    letters.chunks(WIDTH - INDENT).map(|piece| piece.iter().collect()).collect()
}

/// What most people want to know, and whether they can trust it.
fn result(page: &mut Page, run: &Run) {
    let mut figures: Vec<String> =
        run.rate().map(|rate| format!("{} answers/s", ms(rate))).into_iter().collect();
    if let Some(times) = run.timing(Clock::Answer) {
        figures.extend(percentiles(times, run.origin));
    }
    page.put(
        "result",
        if figures.is_empty() { "nothing was timed".to_owned() } else { figures.join(", ") },
    );
    // Where an answer is only a receipt, the work comes later.
    let later = |side: &&ModeSide| run.mode() != Some(Mode::Serial) && !side.response.is_empty();
    if let Some(side) = run.mode_side().filter(later) {
        let rate = side.told_done_rate().map(|rate| format!("{} events done/s", ms(rate)));
        let figures: Vec<String> =
            rate.into_iter().chain(percentiles(&side.response, run.origin)).collect();
        page.put("work", figures.join(", "));
    }
    let trust = match run.audit.validity() {
        Validity::Valid => "valid",
        Validity::Disturbed => "disturbed: see the end",
        Validity::Invalid => "INVALID: see the end",
    };
    page.put("audit", trust);
}

/// Half of the times, nearly all, and the longest.
fn percentiles(times: &Timing, origin: Origin) -> Vec<String> {
    [("p50", 0.5), ("p99", 0.99), ("max", 1.0)]
        .into_iter()
        .filter_map(|(name, share)| {
            Some(format!("{name} {} ms", time(times.quantile_ms(share)?, origin, ms)))
        })
        .collect()
}

fn distribution(page: &mut Page, run: &Run) {
    let times = run.timing(Clock::Answer).and_then(Timing::histogram);
    let lines = times.map(histogram::lines).unwrap_or_default();
    if lines.is_empty() {
        return;
    }
    page.line("");
    page.line(&format!("{:<58} {:>9} {:>7}", "answers, ms", "count", "share"));
    lines.iter().for_each(|line| page.line(line));
}

fn head(page: &mut Page, run: &Run) {
    page.put("run", run.title());
    if run.name.is_some() {
        page.put("id", &run.id);
    }
    page.put("from", format!("{}, by weir {}", origin(run.origin), run.weir));
    page.put("target", &run.target);
    page.put("load", run.load.as_ref().map_or("not known".to_owned(), ToString::to_string));
    let counted = run.client.as_ref().is_none_or(ClientSide::is_counted);
    let length = if counted { format!(", for {} s", ms(run.seconds)) } else { String::new() };
    page.put("began", format!("{}{length}", run.began));
}

fn client_side(page: &mut Page, client: &ClientSide, origin: Origin) {
    page.line("");
    if client.is_counted() {
        counts(page, client);
    } else {
        page.put("client", "counts, rate and duration are not known");
    }
    let shares = [("core used", client.cpu), ("of the time without a core", client.starved)];
    let shares =
        shares.into_iter().filter_map(|(what, share)| Some(format!("{} % {what}", ms(share? * 100.0))));
    let shares: Vec<String> = shares.collect();
    if !shares.is_empty() {
        page.put("generator", shares.join(", "));
    }
    for (label, counts) in [("statuses", &client.statuses), ("aborted", &client.errors)] {
        if !counts.is_empty() {
            page.put(label, listed(counts));
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
    page.times(&rows, origin);
}

/// How many requests there were, and how fast.
fn counts(page: &mut Page, client: &ClientSide) {
    let ClientSide { sent, ok, refused, failed, aborted, unsent, .. } = client;
    page.put(
        "client",
        format!("sent {sent} = ok {ok} + refused {refused} + failed {failed} + aborted {aborted}; unsent {unsent}"),
    );
    let mut pace = match client.seconds {
        0.0 => "answered in no time".to_owned(),
        seconds => match client.told_rate() {
            Some(rate) => format!("{} answers/s for {} s", ms(rate), ms(seconds)),
            None => format!("answered within {} s", ms(seconds)),
        },
    };
    if client.in_flight > 0.0 {
        // Writing to a string cannot fail.
        let _ = write!(pace, "; {} under way on average", ms(client.in_flight));
    }
    if let Some(due) = client.in_flight_due {
        let _ = write!(pace, ", {} due or under way", ms(due));
    }
    page.put("", pace);
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(what, count)| format!("{count} \u{d7} {what}")).collect::<Vec<_>>().join(", ")
}

fn bench_side(page: &mut Page, bench: &BenchSide) {
    page.line("");
    let drained = match bench.drained {
        true => format!("drained {} s after the last request", ms(bench.drain_s)),
        false => "not drained at the end".to_owned(),
    };
    page.put("bench", format!("{} s; {drained}", ms(bench.seconds)));
    page.put(
        "",
        format!("at most {} in the resource, {} in the queue", bench.peak_in_use, bench.peak_depth),
    );
    let ledger = &bench.ledger;
    page.put(
        "ledger",
        format!(
            "accepted {} = done {} + failed {} + dropped {} + held {}; rejected {}, unaccounted {}",
            ledger.accepted,
            ledger.done,
            ledger.failed,
            ledger.dropped,
            ledger.held,
            ledger.rejected,
            ledger.unaccounted,
        ),
    );
    let mut rows = Vec::new();
    for (name, mode) in &bench.modes {
        page.put(
            name,
            format!(
                "{} answers, {} of them errors, {} aborted{}",
                mode.requests,
                mode.errors,
                mode.aborted,
                a_second(mode.told_rate())
            ),
        );
        page.put(
            "",
            format!(
                "accepted {}, refused {}; done {}, failed {}, dropped {}{}; at most {} in the resource",
                mode.accepted,
                mode.refused,
                mode.done,
                mode.failed,
                mode.dropped,
                a_second(mode.told_done_rate()).replacen(';', "; done", 1),
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
    page.times(&rows, Origin::Recorded);
    if !bench.marks.is_empty() {
        page.line("");
    }
    for (n, mark) in bench.marks.iter().enumerate() {
        let label = if n == 0 { "marks" } else { "" };
        let kind = format!("{:?}", mark.kind).to_lowercase();
        page.put(label, format!("at {} s, {kind}: {}", ms(mark.t), mark.text));
    }
}

/// A rate behind counts; nothing where there is none.
fn a_second(rate: Option<f64>) -> String {
    rate.map_or(String::new(), |rate| format!("; {}/s", ms(rate)))
}

/// The word, and the sentences behind it.
fn audit(page: &mut Page, run: &Run) {
    page.line("");
    page.put("audit", run.audit.validity().word());
    for check in run.audit.remarks() {
        let label = match check.verdict {
            Verdict::Failed => "INVALID:",
            Verdict::Disturbed => "disturbed:",
            Verdict::Note | Verdict::Passed => "note:",
        };
        page.put(label, &check.says);
    }
}

#[cfg(test)]
mod tests;
