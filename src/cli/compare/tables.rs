//! Two runs figure by figure, or up to four in columns.

use std::fmt::Write;

use crate::cli::text::{NONE, Table, WIDTH, cut, fold, hang, left, number, right, time, wrap};
use crate::record::{Origin, Run};
use crate::runs::{ComparedFigure, Comparison, Difference, FigureRow, Values, figure_rows};

/// The width of the names of the rows.
const LABEL: usize = 20;

/// Two runs: a row a figure, then the words, the notes and the method.
pub(super) fn pair(comparison: &Comparison) -> String {
    let Comparison { a, b, figures, words, notes, method, .. } = comparison;
    let mut text = String::new();
    for (letter, side) in [("A", a), ("B", b)] {
        let origin = origin(side.origin);
        let title = cut(&side.title, WIDTH - 5 - origin.chars().count());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{letter}  {title}  {origin}");
    }
    let columns = [left(15), right(7), right(7), right(9), right(19), left(3)];
    let mut table = Table::new(columns).header(["", "A", "B", "B to A", "95 % interval", ""]);
    for figure in figures {
        let (in_a, in_b) = figure.values.pair();
        let (unit, shown) = match figure.values {
            Values::Times { .. } => (" ms", [time(in_a, a.origin), time(in_b, b.origin)]),
            Values::Rates { .. } => ("", [in_a, in_b].map(number)),
            Values::Shares { .. } => (" %", [in_a, in_b].map(|share| number(share * 100.0))),
        };
        let [in_a, in_b] = shown;
        let change = change(figure.values, figure.relative);
        let name = format!("{}{unit}", figure.name);
        table.row([name, in_a, in_b, change, interval(figure), mark(figure.difference).to_owned()]);
    }
    text += &table.section();
    if !figures.is_empty() {
        let _ = writeln!(
            text,
            "\n* more than noise   (*) more than noise by itself   = within noise   ? unknown"
        );
        if figures.iter().any(|figure| matches!(figure.values, Values::Shares { .. })) {
            let _ = writeln!(text, "pt: percentage points");
        }
    }
    let _ = write!(text, "\n{}", wrap(words, 0));
    if !notes.is_empty() {
        text.push('\n');
    }
    text.extend(notes.iter().map(|note| hang("note: ", note)));
    let _ = write!(text, "\n{}", hang("method: ", method));
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

fn interval(figure: &ComparedFigure) -> String {
    match figure.interval {
        None => NONE.to_owned(),
        Some((low, Some(high))) => {
            format!("{} to {}", change(figure.values, low), change(figure.values, high))
        }
        Some((low, None)) => format!("{} or more", signed(low)),
    }
}

/// A difference in percent, or between shares in percentage points.
fn change(values: Values, relative: f64) -> String {
    match values {
        _ if !relative.is_finite() => NONE.to_owned(),
        Values::Shares { .. } => format!("{:+.1} pt", relative * 100.0),
        Values::Times { .. } | Values::Rates { .. } => signed(relative),
    }
}

/// Up to four runs in columns. If the last one is measured, each column before it also
/// has its deviation from the last.
pub(super) fn side_by_side(runs: &[Run]) -> String {
    let reference = runs.split_last().filter(|(last, others)| !others.is_empty() && is_measured(last));
    let column = ((WIDTH - LABEL) / runs.len().max(1)).min(24) - 2;
    let short = |texts: Vec<String>| texts.into_iter().map(|text| cut(&text, column)).collect::<Vec<_>>();
    let mut table = Table::new([left(LABEL)].into_iter().chain(runs.iter().map(|_| right(column))));
    let mut row = |name: &str, cells: Vec<String>| table.row([name.to_owned()].into_iter().chain(cells));
    row("", runs.iter().map(|run| origin(run.origin).to_owned()).collect());
    row("", short(runs.iter().map(|run| run.title().to_owned()).collect()));
    let loads: Vec<String> = runs.iter().map(load).collect();
    let same_load = loads.first().filter(|load| loads.iter().all(|other| other == *load));
    if same_load.is_none() {
        let folded: Vec<Vec<String>> = loads.iter().map(|load| fold(load, column)).collect();
        for line in 0..folded.iter().map(Vec::len).max().unwrap_or(0) {
            let cells = folded.iter().map(|lines| lines.get(line).cloned().unwrap_or_default());
            row(if line == 0 { "load" } else { "" }, cells.collect());
        }
    }
    for FigureRow { name, figure } in &figure_rows() {
        let values: Vec<Option<f64>> = runs.iter().map(figure).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let target = reference.and_then(|(last, _)| figure(last));
        let cells = values.iter().enumerate().map(|(n, value)| {
            let shown = match value {
                Some(value) if name.ends_with(" ms") => time(*value, runs[n].origin),
                _ => value.map_or(NONE.to_owned(), number),
            };
            match (value, target) {
                (Some(value), Some(target)) if n + 1 < runs.len() && target != 0.0 => {
                    format!("{shown}{:>8}", off(value / target - 1.0))
                }
                _ if reference.is_some() && n + 1 < runs.len() => format!("{shown}{:8}", ""),
                _ => shown,
            }
        });
        row(name, short(cells.collect()));
    }
    let mut text = table.to_string();
    if let Some(load) = same_load {
        text = format!("{}\n{text}", hang("load  ", load));
    }
    if let Some((last, _)) = reference {
        let said = format!("Percentages are deviations from the {} run.", origin(last.origin));
        let _ = write!(text, "\n{}", wrap(&said, 0));
    }
    text.trim_end().to_owned()
}

fn load(run: &Run) -> String {
    run.load.as_ref().map_or(NONE.to_owned(), ToString::to_string)
}

fn is_measured(run: &Run) -> bool {
    !matches!(run.origin, Origin::Predicted | Origin::Simulated)
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Recorded | Origin::Load | Origin::Kept => "measured",
        Origin::Simulated => "simulated",
        Origin::Predicted => "predicted",
        Origin::Ab => "from ab",
        Origin::Bombardier => "from bombardier",
        Origin::Hey => "from hey",
        Origin::Oha => "from oha",
        Origin::Wrk => "from wrk",
    }
}

fn signed(fraction: f64) -> String {
    format!("{:+.1} %", fraction * 100.0)
}

/// A deviation in at most seven characters.
fn off(fraction: f64) -> String {
    match fraction * 100.0 {
        percent if percent.abs() < 1000.0 => format!("{percent:+.1}%"),
        percent if percent > 0.0 => format!("x{:.0}", percent / 100.0 + 1.0),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
