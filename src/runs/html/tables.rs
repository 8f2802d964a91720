//! The tables of a report: the figures side by side, both clocks, and all times.

use super::super::export::timings;
use super::super::markup::{NONE, escape, known, number, time};
use super::super::side_by_side::figure_rows;
use super::super::svg::LETTERS;
use crate::record::{Run, Timing};

/// The heads of columns with sentences.
pub(super) const WORDS: &str = "in words";
pub(super) const FINDING: &str = "finding";

/// A table with these heads. The cells in `rows` are already markup; the first cell of each
/// row is its head.
pub(super) fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = heads
        .iter()
        .map(|head| match head.as_str() {
            WORDS | FINDING => format!("<th scope=\"col\" class=\"text\">{head}</th>"),
            _ => format!("<th scope=\"col\">{head}</th>"),
        })
        .collect();
    let row = |cells: &Vec<String>| {
        let cells = cells.iter().enumerate().map(|(n, cell)| match n {
            0 => format!("<th scope=\"row\">{cell}</th>"),
            _ if cell.starts_with("<td") => cell.clone(),
            _ => format!("<td>{cell}</td>"),
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let long = if rows.len() > 24 { " class=\"long\"" } else { "" };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table{long}><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// The key of a run: its line in the charts, and its letter.
pub(super) fn key(n: usize) -> String {
    let letter = LETTERS[n];
    format!("<span class=\"key {letter}\"></span>{letter}")
}

/// The letter of each run, as the heads of columns.
pub(super) fn letters(first: &str, runs: &[Run]) -> Vec<String> {
    std::iter::once(first.to_owned()).chain((0..runs.len()).map(key)).collect()
}

/// The figures that any of the runs has, side by side.
pub(super) fn figures(runs: &[Run]) -> String {
    let rows = figure_rows().into_iter().filter_map(|row| {
        let values: Vec<Option<f64>> = runs.iter().map(&row.figure).collect();
        values.iter().any(Option::is_some).then(|| {
            let (name, format): (&str, fn(f64) -> String) = match row.name.strip_suffix(" ms") {
                Some(name) => (name, time),
                None => (&row.name, number),
            };
            let cells = values.into_iter().map(|value| known(value, format));
            std::iter::once(name.to_owned()).chain(cells).collect()
        })
    });
    table(&letters("figure", runs), &rows.collect::<Vec<Vec<String>>>())
}

/// The times of successful answers, as the client and as the server saw them.
pub(super) fn clocks(runs: &[Run]) -> String {
    let mut rows = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        let client =
            run.client.as_ref().map(|client| &client.response.as_ref().unwrap_or(&client.service).ok);
        let server = run.mode_side().map(|side| &side.http);
        let [client, server] = [client, server].map(|times| times.filter(|times| !times.is_empty()));
        if client.is_none() && server.is_none() {
            continue;
        }
        let missing = |why: &str| {
            let cell = format!("<td class=\"text quiet\" colspan=\"6\">{why}</td>");
            vec![cell]
        };
        for (side, times, why) in [
            ("client", client, "not known: the load came from elsewhere, and its client has not reported"),
            ("server", server, "not known: the load went elsewhere, or another tool reported it"),
        ] {
            let cells = times.map_or_else(|| missing(why), |times| summary(times, &SHORT));
            rows.push([vec![format!("{} as the {side} saw it", key(n))], cells].concat());
        }
    }
    let heads = ["successful answers", "answers", "mean", "p50", "p90", "p99", "max"].map(str::to_owned);
    table(&heads, &rows)
}

/// Every kind of time that the runs have.
pub(super) fn times(runs: &[Run]) -> String {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .enumerate()
        .flat_map(|(n, run)| {
            timings(run).into_iter().map(move |(name, timing)| {
                let name = format!("{} {}", key(n), escape(&name.replace('_', " ")));
                [vec![name], summary(timing, &LONG)].concat()
            })
        })
        .collect();
    let heads = ["times", "count", "mean", "p50", "p90", "p99", "p99.9", "max"].map(str::to_owned);
    table(&heads, &rows)
}

const SHORT: [f64; 4] = [0.5, 0.9, 0.99, 1.0];
const LONG: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

/// Count, mean and these quantiles.
fn summary(timing: &Timing, shares: &[f64]) -> Vec<String> {
    let count = timing.count().map_or_else(|| NONE.to_owned(), |count| number(count as f64));
    let quantiles = shares.iter().map(|share| known(timing.quantile_ms(*share), time));
    [count, known(timing.mean_ms(), time)].into_iter().chain(quantiles).collect()
}
