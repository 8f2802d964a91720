//! Up to three runs as one self-contained HTML file: the figures, the charts, both
//! clocks, what differs, the ledgers, the audits and the configurations.
//!
//! The file has no script and requests nothing. It follows the reader's light or dark
//! setting, and is light in print. All text from a run is escaped where it enters. The page
//! and the command line write the same bytes for the same runs.

mod sections;
mod tables;

use super::markup::escape;
use super::svg::{LETTERS, charts};
use crate::record::Run;

/// The most runs of a report, and of a picture.
pub(super) const MAX_RUNS: usize = LETTERS.len();

/// The page's colours and type.
const LOOK: &str = include_str!("html/report.css");

/// Returns the report of these runs. Runs beyond [`MAX_RUNS`] are left out.
pub(super) fn html(runs: &[Run]) -> String {
    let runs = &runs[..runs.len().min(MAX_RUNS)];
    let titles: Vec<String> = runs.iter().map(|run| escape(run.title())).collect();
    let title = titles.join(", ");
    let version = escape(env!("CARGO_PKG_VERSION"));
    let cards: String = runs.iter().enumerate().map(|(n, run)| sections::card(n, run)).collect();
    let drawn: String =
        charts(runs).iter().map(|chart| format!("<figure>{}</figure>\n", chart.element())).collect();
    let mut body = format!("<div class=\"cards\">\n{cards}</div>\n");
    body += &section("Figures", &tables::figures(runs));
    body += &section(
        "Charts",
        &if drawn.is_empty() { drawn } else { format!("<div class=\"charts\">\n{drawn}</div>\n") },
    );
    body += &section("Both clocks", &tables::clocks(runs));
    body += &section("What differs", &sections::differences(runs));
    body += &section("Ledger", &sections::ledgers(runs));
    body += &section("All times", &tables::times(runs));
    body += &section("Audit", &sections::audits(runs));
    body += &section("Marks", &sections::marks(runs));
    body += &section("Configuration", &sections::configurations(runs));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title} · Weir</title>\n<style>\n{LOOK}</style>\n</head>\n<body>\n\
         <header><h1>Weir <small>{title}</small></h1></header>\n<main>\n{body}</main>\n\
         <footer>Report of Weir {version}. Times are those of successes unless named otherwise.</footer>\n\
         </body>\n</html>\n"
    )
}

/// A section with its heading; nothing if it would be empty.
fn section(heading: &str, content: &str) -> String {
    match content {
        "" => String::new(),
        _ => format!("<section>\n<h2>{heading}</h2>\n{content}</section>\n"),
    }
}

#[cfg(test)]
mod tests;
