//! How runs look beside each other: two of them figure by figure, or up to four in
//! columns. At most 80 characters wide.

use std::fmt::Write;

use crate::clean;
use crate::cli::report::time;
use crate::record::{Clock, Origin, Run, Times};
use crate::runs::{Comparison, Difference, Figure, Values};

/// How wide a line may be.
const WIDTH: usize = 80;
/// What stands where a run does not know.
const UNKNOWN: &str = "–";

/// Two runs: a row a figure, then the words, the notes and the method.
pub(super) fn pair(comparison: &Comparison) -> String {
    let Comparison { a, b, figures, words, notes, method, .. } = comparison;
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (letter, side) in [("A", a), ("B", b)] {
        let _ = writeln!(text, "{letter}  {}  {}", cut(&side.title, WIDTH - 14), origin(side.origin));
    }
    if !figures.is_empty() {
        let (what, interval) = ("", "95 % interval");
        let _ = writeln!(text, "\n{what:<14}{:>11}{:>11}{:>11}{interval:>24}", "A", "B", "B to A");
    }
    for figure in figures {
        let (in_a, in_b) = figure.values.pair();
        let (unit, shown) = match figure.values {
            Values::Times { .. } => (" ms", [time(in_a, a.origin, number), time(in_b, b.origin, number)]),
            Values::Rates { .. } => ("", [in_a, in_b].map(number)),
            Values::Shares { .. } => (" %", [in_a, in_b].map(|share| number(share * 100.0))),
        };
        let [in_a, in_b] = shown;
        let _ = writeln!(
            text,
            "{:<17}{:>8}{:>11}{:>11}{:>24}  {}",
            format!("{}{unit}", figure.name),
            in_a,
            in_b,
            change(figure.values, figure.relative),
            interval(figure),
            mark(figure.difference),
        );
    }
    if !figures.is_empty() {
        let _ =
            writeln!(text, "\n* more than noise   (*) would be, alone   = within noise   ? cannot be told");
        if figures.iter().any(|figure| matches!(figure.values, Values::Shares { .. })) {
            let _ = writeln!(text, "pt: percentage points");
        }
    }
    let _ = writeln!(text, "\n{}", wrap(words, ""));
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "{}", wrap(&format!("note: {note}"), "      "));
    }
    let _ = write!(text, "\n{}", wrap(&format!("method: {method}"), "        "));
    text
}

fn mark(difference: Difference) -> &'static str {
    match difference {
        Difference::MoreThanNoise => "*",
        Difference::Alone => "(*)",
        Difference::WithinNoise => "=",
        Difference::Unknown => "?",
    }
}

fn interval(figure: &Figure) -> String {
    match figure.interval {
        None => UNKNOWN.to_owned(),
        Some((low, Some(high))) => {
            format!("{} to {}", change(figure.values, low), change(figure.values, high))
        }
        Some((low, None)) => format!("{} or more", percent(low)),
    }
}

/// A difference: in percent, or, of shares, in percentage points.
fn change(values: Values, relative: f64) -> String {
    match values {
        _ if !relative.is_finite() => UNKNOWN.to_owned(),
        Values::Shares { .. } => format!("{:+.1} pt", relative * 100.0),
        Values::Times { .. } | Values::Rates { .. } => percent(relative),
    }
}

/// Two to four runs in columns. If the last is measured, each column before it also
/// has how far it is off.
pub(super) fn side_by_side(runs: &[Run]) -> String {
    let reference = runs.split_last().filter(|(last, others)| !others.is_empty() && is_measured(last));
    let rows = rows();
    let heads = runs.iter().map(|run| origin(run.origin).to_owned());
    let titles = runs.iter().map(|run| run.title().to_owned());
    let loads = runs.iter().map(|run| run.load.as_ref().map_or(UNKNOWN.to_owned(), ToString::to_string));
    let column = ((WIDTH - LABEL) / runs.len().max(1)).min(24);
    let mut text = String::new();
    line(&mut text, "", column, heads);
    line(&mut text, "", column, titles);
    let loads: Vec<String> = loads.collect();
    match loads.first() {
        Some(load) if loads.iter().all(|other| other == load) => {
            let _ = writeln!(text, "{:<LABEL$}{}", "load", cut(load, WIDTH - LABEL));
        }
        _ => folded(&mut text, "load", column, &loads),
    }
    for (name, figure) in &rows {
        let values: Vec<Option<f64>> = runs.iter().map(figure).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let target = reference.and_then(|(last, _)| figure(last));
        let cells = values.iter().enumerate().map(|(n, value)| {
            let shown = match value {
                Some(value) if name.ends_with(" ms") => time(*value, runs[n].origin, number),
                _ => value.map_or(UNKNOWN.to_owned(), number),
            };
            match (value, target) {
                (Some(value), Some(target)) if n + 1 < runs.len() && target != 0.0 => {
                    format!("{shown}{:>8}", off(value / target - 1.0))
                }
                _ if reference.is_some() && n + 1 < runs.len() => format!("{shown}{:8}", ""),
                _ => shown,
            }
        });
        line(&mut text, name, column, cells);
    }
    if let Some((last, _)) = reference {
        let told = format!("in percent: how far each is off from what was {}", origin(last.origin));
        let _ = write!(text, "{}", wrap(&told, ""));
    }
    text.trim_end().to_owned()
}

/// How wide the names of the rows are.
const LABEL: usize = 20;

type Row = (String, Box<dyn Fn(&Run) -> Option<f64>>);

/// What is shown of a run: a name with its unit, and where the figure is.
fn rows() -> Vec<Row> {
    let row = |name: &str, figure: fn(&Run) -> Option<f64>| -> Row { (name.to_owned(), Box::new(figure)) };
    let mut rows = vec![
        row("answers/s", |run| run.rate().or_else(|| run.prediction.as_ref()?.rate)),
        row("refused %", |run| refused(run).map(|share| share * 100.0)),
    ];
    rows.extend(times("answer", Clock::Answer, &[None, Some(0.5), Some(0.9), Some(0.99)]));
    rows.push(row("done/s", |run| match run.prediction.as_ref() {
        Some(prediction) => prediction.done_rate,
        None => run.done_rate(),
    }));
    rows.extend(times("wait", Clock::Wait, &[Some(0.5), Some(0.99)]));
    rows.extend(times("service", Clock::Service, &[Some(0.5)]));
    rows.extend(times("response", Clock::Response, &[None, Some(0.5), Some(0.9), Some(0.99)]));
    rows.push(row("peak in resource", |run| match &run.bench {
        Some(bench) => Some(bench.peak_in_use as f64),
        None => run.prediction.as_ref()?.peak_in_use,
    }));
    rows.push(row("mean in resource", |run| match run.mode_side() {
        // Little's law: so many a second, and so long each.
        Some(side) => Some(side.done_rate * side.service.mean_ms()? / 1e3),
        None => run.prediction.as_ref()?.in_use,
    }));
    rows.push(row("peak depth", |run| match &run.bench {
        Some(bench) => Some(bench.peak_depth as f64),
        None => run.prediction.as_ref()?.peak_depth,
    }));
    rows.push(row("drain s", |run| match &run.bench {
        Some(bench) => Some(bench.drain_s),
        None => run.prediction.as_ref()?.drain_s,
    }));
    rows
}

/// The mean, or a percentile, of the times on a clock.
fn times(word: &'static str, clock: Clock, shares: &'static [Option<f64>]) -> impl Iterator<Item = Row> {
    shares.iter().map(move |share| -> Row {
        let name = share.map_or("mean".to_owned(), |share| format!("p{:.0}", share * 100.0));
        let figure = move |run: &Run| match run.timing(clock) {
            Some(timing) => share
                .map_or_else(|| timing.mean_ms(), |share| timing.quantile_ms(share))
                .filter(|ms| *ms > 0.0 || !leaves_out_answers(run, clock)),
            None => predicted(run, clock, *share),
        };
        (format!("{word} {name} ms"), Box::new(figure))
    })
}

/// A simulation has no wire and no server: an answer that waits for nothing takes no
/// time, and that is not a result.
fn leaves_out_answers(run: &Run, clock: Clock) -> bool {
    run.origin == Origin::Simulated && clock == Clock::Answer
}

fn predicted(run: &Run, clock: Clock, share: Option<f64>) -> Option<f64> {
    let prediction = run.prediction.as_ref()?;
    let times: Times = match clock {
        Clock::Answer => prediction.answer,
        Clock::Wait => prediction.wait,
        Clock::Service => prediction.service,
        Clock::Response => prediction.response,
    }?;
    match share {
        None => times.mean_ms,
        Some(0.5) => times.p50_ms,
        Some(0.9) => times.p90_ms,
        Some(_) => times.p99_ms,
    }
}

/// The share of requests that were turned away.
fn refused(run: &Run) -> Option<f64> {
    if let Some(client) = &run.client {
        return (client.sent > 0).then(|| client.refused as f64 / client.sent as f64);
    }
    match run.mode_side() {
        Some(side) => (side.requests > 0).then(|| side.refused as f64 / side.requests as f64),
        None => run.prediction.as_ref()?.refused_share,
    }
}

fn is_measured(run: &Run) -> bool {
    !matches!(run.origin, Origin::Predicted | Origin::Simulated)
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Recorded | Origin::Load => "measured",
        Origin::Simulated => "simulated",
        Origin::Predicted => "predicted",
        Origin::Ab => "told by ab",
        Origin::Bombardier => "told by bombardier",
        Origin::Hey => "told by hey",
        Origin::Oha => "told by oha",
        Origin::Wrk => "told by wrk",
    }
}

fn line(text: &mut String, name: &str, column: usize, cells: impl Iterator<Item = String>) {
    let _ = write!(text, "{name:<LABEL$}");
    for cell in cells {
        let _ = write!(text, "{:>column$}", cut(&cell, column - 1));
    }
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push('\n');
}

/// A row of cells that may each take several lines.
fn folded(text: &mut String, name: &str, column: usize, cells: &[String]) {
    let cells: Vec<Vec<String>> = cells.iter().map(|cell| fold(cell, column - 1)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..height {
        let name = if row == 0 { name } else { "" };
        line(text, name, column, cells.iter().map(|cell| cell.get(row).cloned().unwrap_or_default()));
    }
}

/// At most so many characters; what is cut off leaves an ellipsis.
fn cut(text: &str, width: usize) -> String {
    let text = clean::line(text);
    if text.chars().count() <= width {
        return text.into_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Broken at spaces; a longer word keeps a line of its own.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in clean::line(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The same for the whole width; every line but the first begins with `indent`.
fn wrap(text: &str, indent: &str) -> String {
    // A percent sign and an amount stay with their number.
    let kept = text.replace(" %", "\u{a0}%").replace(" ms", "\u{a0}ms").replace(" µs", "\u{a0}µs");
    fold(&kept, WIDTH - indent.len()).join(&format!("\n{indent}")).replace('\u{a0}', " ")
}

fn percent(fraction: f64) -> String {
    format!("{:+.1} %", fraction * 100.0)
}

/// How far off, in at most seven characters.
fn off(fraction: f64) -> String {
    match fraction * 100.0 {
        percent if percent.abs() < 1000.0 => format!("{percent:+.1}%"),
        percent if percent > 0.0 => format!("x{:.0}", percent / 100.0 + 1.0),
        _ => String::new(),
    }
}

/// Four significant figures, without an exponent.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1000.0 || v == 0.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        v if v >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests;
