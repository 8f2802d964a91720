//! The charts of up to three runs as SVG: percentile curves, rates, depth and use over time.
//!
//! A chart names classes instead of colours, so that a report can show it light or dark. The
//! picture of [`svg`] is self-contained: it has colours of its own on a light background. Runs
//! differ in colour and in the dashes of their lines, so a monochrome print stays readable.

mod scales;

use std::fmt::Write;

use super::drawing::{Drawing, Points};
use super::markup::escape;
use crate::record::{Mark, Measured, Run};
use scales::{Foot, Scale, Unit};

/// The letters of the runs in a report or a picture.
pub(super) const LETTERS: [&str; 3] = ["A", "B", "C"];

/// The size of a chart.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 260.0;
/// The place of its plot: left, right, top and bottom.
const PLOT: [f64; 4] = [62.0, 574.0, 34.0, 236.0];
/// The most marks of a run in a chart.
const MARKS: usize = 100;

/// The look of a standalone picture: the light colours of the page.
const LOOK: &str = "\
    text{font:11px Inter,system-ui,sans-serif;fill:#51646f}\
    .head{font-size:13px;font-weight:600;fill:#0e212c}\
    .grid{stroke:#dbe4e9}.mark{stroke:#6d4bc0;stroke-dasharray:2 3}\
    .line{fill:none;stroke-width:2;stroke-linejoin:round}\
    .A{stroke:#0e212c}.B{stroke:#b01e8c;stroke-dasharray:7 3}.C{stroke:#8a6100;stroke-dasharray:2 3}";

/// Titles of the charts that all kinds of runs have: answers, responses, done, depth.
const OF_REQUESTS: [&str; 4] = [
    "Answer times, by percentile",
    "Response times of events, by percentile",
    "Events done a second",
    "Events waiting in the queue",
];
/// The titles for runs of watchers.
const OF_WATCHERS: [&str; 4] =
    ["ART, by percentile", "Time to the last watcher, by percentile", "Deliveries a second", "Watchers"];

/// The titles for runs of rooms.
const OF_ROOMS: [&str; 4] = [
    "Acknowledgement of a move, by percentile",
    "Acknowledgement after a kill, by percentile",
    "Moves acknowledged a second",
    "Moves waiting",
];

/// A chart with one line per run.
#[derive(Debug)]
pub(super) struct Chart {
    title: &'static str,
    foot: Foot,
    scale: Scale,
    /// The index of the letter, and the points.
    lines: Vec<(usize, Points)>,
    marks: Vec<(usize, Mark)>,
}

/// Returns the charts of these runs, without those that would be empty.
pub(super) fn charts(runs: &[Run]) -> Vec<Chart> {
    let drawings: Vec<Drawing> = runs.iter().map(Drawing::of).collect();
    let lines = |points: fn(&Drawing) -> &Points| -> Vec<(usize, Points)> {
        let all = drawings.iter().map(points).enumerate();
        let known = |(t, value): &(f64, Option<f64>)| t.is_finite() && value.is_none_or(f64::is_finite);
        all.map(|(n, points)| (n, points.iter().copied().filter(known).collect())).collect()
    };
    let percentiles = |title, points| {
        let lines = lines(points);
        Chart {
            title,
            foot: Foot::nines(&lines),
            scale: Scale::logarithmic(&lines),
            lines,
            marks: Vec::new(),
        }
    };
    let over_time = |title, unit, points| {
        let lines = lines(points);
        let marks = drawings.iter().enumerate();
        let marks =
            marks.flat_map(|(n, drawing)| drawing.marks.iter().take(MARKS).map(move |mark| (n, mark)));
        let marks = marks.map(|(n, mark)| (n, mark.clone())).collect();
        Chart { title, foot: Foot::time(&lines), scale: Scale::linear(&lines, unit), lines, marks }
    };
    let all_are = |kind| !runs.is_empty() && runs.iter().all(|run| run.measured() == kind);
    let [answer, response, done, depth] = match () {
        () if all_are(Measured::Watchers) => OF_WATCHERS,
        () if all_are(Measured::Rooms) => OF_ROOMS,
        () => OF_REQUESTS,
    };
    let mut all = vec![
        percentiles(answer, |drawing| &drawing.answer),
        percentiles(response, |drawing| &drawing.response),
        over_time("Answers a second", Unit::Rate, |drawing| &drawing.answers),
        over_time(done, Unit::Rate, |drawing| &drawing.done),
        over_time(depth, Unit::Count, |drawing| &drawing.depth),
        over_time("Events in the resource", Unit::Count, |drawing| &drawing.in_use),
    ];
    all.retain(|chart| chart.lines.iter().any(|(_, points)| !points.is_empty()));
    all
}

/// Returns the charts of up to three runs as one self-contained picture. Further runs are
/// left out.
pub(super) fn svg(runs: &[Run]) -> String {
    let runs = &runs[..runs.len().min(LETTERS.len())];
    let charts = charts(runs);
    let columns = charts.len().clamp(1, 2);
    let head = 24.0 + 18.0 * runs.len() as f64;
    let (width, height) = (WIDTH * columns as f64, head + HEIGHT * charts.len().div_ceil(columns) as f64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\"><style>{LOOK}</style><rect width=\"100%\" height=\"100%\" fill=\"#f7fafb\"/>\n"
    );
    for (n, run) in runs.iter().enumerate() {
        let (y, letter) = (24.0 + 18.0 * n as f64, LETTERS[n]);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "<path class=\"line {letter}\" d=\"M16 {}h24\"/><text class=\"head\" x=\"48\" y=\"{y}\">{letter} {}</text>",
            y - 4.0,
            escape(&about(run))
        );
    }
    for (n, chart) in charts.iter().enumerate() {
        let (x, y) = (WIDTH * (n % columns) as f64, head + HEIGHT * (n / columns) as f64);
        let _ = writeln!(
            text,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\">\n{}</svg>",
            chart.content()
        );
    }
    text + "</svg>\n"
}

/// A run in one line: its name, its target and its load.
fn about(run: &Run) -> String {
    let load = run.load.as_ref().map(|load| format!(", {load}")).unwrap_or_default();
    let skipped = run.skipped.as_ref().filter(|skipped| skipped.seconds > 0.0);
    let skipped = skipped.map(|skipped| format!(", without the first {} s", skipped.seconds));
    format!("{}: {}{load}{}", run.title(), run.target, skipped.unwrap_or_default())
}

impl Chart {
    /// Returns an `svg` element for a page that has the classes' colours.
    pub(super) fn element(&self) -> String {
        let title = self.title;
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n{}</svg>\n",
            self.content()
        )
    }

    fn content(&self) -> String {
        let [left, right, top, bottom] = PLOT;
        let x = |place: f64| left + (right - left) * place.clamp(0.0, 1.0);
        let y = |value: f64| bottom - (bottom - top) * self.scale.place(value).clamp(0.0, 1.0);
        let mut text = format!("<text class=\"head\" x=\"8\" y=\"18\">{}</text>\n", self.title);
        for (value, words) in self.scale.ticks() {
            let y = y(value);
            let _ = writeln!(
                text,
                "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>",
                left - 6.0,
                y + 4.0
            );
        }
        for (place, words) in self.foot.ticks() {
            let x = x(place);
            let _ = writeln!(
                text,
                "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{words}</text>",
                bottom + 16.0
            );
        }
        for (n, mark) in &self.marks {
            let place = self.foot.place(mark.t);
            if (0.0..=1.0).contains(&place) {
                let (x, said) = (x(place), escape(&mark.text));
                let letter = LETTERS[*n];
                let _ = writeln!(
                    text,
                    "<path class=\"mark\" d=\"M{x:.1} {top}V{bottom}\"><title>{letter}: {said}</title></path>"
                );
            }
        }
        for (n, points) in &self.lines {
            let mut path = String::new();
            let mut is_down = false;
            for (at, value) in points {
                let Some(value) = value else {
                    is_down = false;
                    continue;
                };
                let pen = if is_down { 'L' } else { 'M' };
                let _ = write!(path, "{pen}{:.1} {:.1}", x(self.foot.place(*at)), y(*value));
                is_down = true;
            }
            if !path.is_empty() {
                // A line of no length, so that a lone point shows.
                let _ = writeln!(text, "<path class=\"line {}\" d=\"{path}h0.1\"/>", LETTERS[*n]);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;
