//! A run as tables, for spreadsheets and plotting tools.
//!
//! CSV as in RFC 4180, except that lines end with a single line feed, which every reader
//! accepts and `cut` and `awk` need. A cell is empty where nothing was measured. The names of
//! columns come from the file of the run, and none of them becomes a formula.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::record::{Run, Series, Timing};

/// The percentages of a percentile table.
const PERCENTS: [f64; 15] =
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0];

/// The tables of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The figures over time: `t` in seconds, and every column of the series of client
    /// and bench.
    Series,
    /// The percentiles: a row for each percentage, and a column in milliseconds for each
    /// kind of time.
    Percentiles,
    /// The histograms: a row for each bucket, with the kind of time, its upper end in
    /// milliseconds, its count, and the cumulated percentage.
    Histogram,
}

/// Why a table cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExportError {
    /// The run has no values for it.
    #[error("the run has no {}", what.contents())]
    Empty {
        /// The table.
        what: Table,
    },
}

impl Table {
    fn contents(self) -> &'static str {
        match self {
            Self::Series => "series over time",
            Self::Percentiles => "percentiles",
            Self::Histogram => "histograms: other tools report only percentiles",
        }
    }
}

/// Returns a table of a run, as CSV with a header.
///
/// # Errors
/// [`ExportError::Empty`] if it would have no rows.
pub fn csv(run: &Run, what: Table) -> Result<String, ExportError> {
    let rows = match what {
        Table::Series => series(run),
        Table::Percentiles => percentiles(run),
        Table::Histogram => histograms(run),
    };
    if rows.len() < 2 {
        return Err(ExportError::Empty { what });
    }
    let line = |row: &Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    Ok(rows.iter().map(|row| line(row) + "\n").collect())
}

/// A text that a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        return quoted(&format!("'{cell}"));
    }
    match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// Returns every kind of time with values, with the name of its column.
pub(super) fn timings(run: &Run) -> Vec<(String, &Timing)> {
    let mut all = Vec::new();
    if let Some(client) = &run.client {
        let clocks = [("service", Some(&client.service)), ("response", client.response.as_ref())];
        for (clock, times) in clocks {
            let Some(times) = times else { continue };
            for (answer, timing) in
                [("ok", &times.ok), ("refused", &times.refused), ("failed", &times.failed)]
            {
                all.push((format!("client_{clock}_{answer}"), timing));
            }
        }
        all.extend(client.lag.as_ref().map(|lag| ("client_lag".to_owned(), lag)));
    }
    for (mode, side) in run.bench.iter().flat_map(|bench| &bench.modes) {
        for (kind, timing) in [
            ("http", &side.http),
            ("http_errors", &side.http_errors),
            ("wait", &side.wait),
            ("service", &side.service),
            ("response", &side.response),
            ("response_failed", &side.response_failed),
        ] {
            all.push((format!("{mode}_{kind}"), timing));
        }
    }
    if let Some(jobs) = &run.jobs {
        all.push(("jobs_lateness".to_owned(), &jobs.lateness));
        all.push(("jobs_yours".to_owned(), &jobs.yours));
    }
    if let Some(watch) = &run.watch {
        for (name, timing) in [
            ("art", &watch.art),
            ("first", &watch.first),
            ("median", &watch.median),
            ("last", &watch.last),
            ("latency", &watch.latency),
        ] {
            all.push((format!("watch_{name}"), timing));
        }
    }
    if let Some(rooms) = &run.rooms {
        for (name, timing) in [
            ("ack", &rooms.ack),
            ("ack_others", &rooms.ack_others),
            ("ack_killed", &rooms.ack_killed),
            ("lag", &rooms.lag),
            ("down", &rooms.down),
        ] {
            all.push((format!("rooms_{name}"), timing));
        }
    }
    all.retain(|(_, timing)| !timing.is_empty());
    all
}

fn series(run: &Run) -> Vec<Vec<String>> {
    let sides = [
        ("client", run.client.as_ref().map(|client| &client.series)),
        ("bench", run.bench.as_ref().map(|bench| &bench.series)),
        ("window", run.window.as_ref().map(|window| &window.series)),
        ("jobs", run.jobs.as_ref().map(|jobs| &jobs.series)),
        ("watch", run.watch.as_ref().map(|watch| &watch.series)),
        ("rooms", run.rooms.as_ref().map(|rooms| &rooms.series)),
    ];
    let sides: Vec<(&str, &Series)> =
        sides.into_iter().filter_map(|(name, series)| Some((name, series?))).collect();
    let mut header = vec!["t".to_owned()];
    for (side, series) in &sides {
        header.extend(series.columns.keys().map(|column| format!("{side}_{column}")));
    }
    // A row for each moment, to the millisecond, with the values of both sides.
    let mut moments: BTreeMap<i64, Vec<Option<usize>>> = BTreeMap::new();
    for (n, (_, series)) in sides.iter().enumerate() {
        for (at, t) in series.t.iter().enumerate() {
            let row = moments.entry((t * 1e3).round() as i64).or_insert_with(|| vec![None; sides.len()]);
            row[n] = Some(at);
        }
    }
    let rows = moments.into_iter().map(|(millis, at)| {
        let mut row = vec![(millis as f64 / 1e3).to_string()];
        for ((_, series), at) in sides.iter().zip(at) {
            let value = |column: &Vec<Option<f64>>| column.get(at?).copied().flatten();
            row.extend(series.columns.values().map(|column| cell(value(column))));
        }
        row
    });
    std::iter::once(header).chain(rows).collect()
}

fn percentiles(run: &Run) -> Vec<Vec<String>> {
    let timings = timings(run);
    if timings.is_empty() {
        return Vec::new();
    }
    // The points that other tools reported, at their percentages.
    let told = |percent: &f64| {
        let known = |timing: &Timing| timing.quantile_ms(percent / 100.0).is_some();
        timings.iter().any(|(_, timing)| timing.histogram().is_none() && known(timing))
    };
    let told = (1..100).map(f64::from).filter(told);
    let mut percents: Vec<f64> = PERCENTS.into_iter().chain(told).collect();
    percents.sort_by(f64::total_cmp);
    percents.dedup();
    let mut rows = vec![vec!["percent".to_owned()]];
    rows[0].extend(timings.iter().map(|(name, _)| format!("{name}_ms")));
    for percent in percents {
        let mut row = vec![percent.to_string()];
        row.extend(timings.iter().map(|(_, timing)| cell(timing.quantile_ms(percent / 100.0))));
        rows.push(row);
    }
    rows
}

fn histograms(run: &Run) -> Vec<Vec<String>> {
    let mut rows = vec![["times", "up_to_ms", "count", "percent"].map(str::to_owned).to_vec()];
    for (name, timing) in timings(run) {
        let Some(histogram) = timing.histogram() else { continue };
        let mut so_far = 0_u64;
        for bucket in histogram.iter_recorded() {
            so_far = so_far.saturating_add(bucket.count_at_value());
            let up_to = bucket.value_iterated_to().min(histogram.max()) as f64 / 1e3;
            let percent = 100.0 * so_far as f64 / histogram.len() as f64;
            let count = bucket.count_at_value().to_string();
            rows.push(vec![name.clone(), up_to.to_string(), count, percent.to_string()]);
        }
    }
    rows
}

fn cell(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ClientSide, Points};
    use crate::runs::sample;

    #[test]
    fn both_sides_share_the_rows_of_a_series() {
        let mut run = sample();
        let bench = run.bench.as_mut().unwrap();
        bench.series.t = vec![2.0004, 3.5];
        bench.series.columns.insert("a \"b\", c".to_owned(), vec![Some(0.5)]);
        let expected = "t,client_rate,\"bench_a \"\"b\"\", c\",bench_serial.rate\n\
                        1,4,,\n2,,0.5,4\n3.5,,,\n";
        assert_eq!(csv(&run, Table::Series).unwrap(), expected);
    }

    #[test]
    fn no_column_of_a_foreign_run_is_a_formula_in_a_spreadsheet() {
        for (hostile, cell) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3\n", "\"'-2+3\n\""), ("\tx", "'\tx")]
        {
            assert_eq!(quoted(hostile), cell);
        }
        assert_eq!((quoted("-1.5"), quoted("+2e3")), ("-1.5".to_owned(), "+2e3".to_owned()));
    }

    #[test]
    fn every_known_time_has_a_column_of_percentiles() {
        let text = csv(&sample(), Table::Percentiles).unwrap();
        let header = "percent,client_service_ok_ms,client_service_refused_ms,serial_http_ms,\
                      serial_service_ms,serial_response_ms";
        assert_eq!(text.lines().next(), Some(header));
        assert_eq!(text.lines().last(), Some("100,620.031,0.9,620.031,620.031,620.031"));
        assert!(text.lines().all(|line| line.split(',').count() == 6));
        assert_eq!(text.lines().count(), 16);
    }

    #[test]
    fn points_that_were_told_are_rows_of_their_own() {
        let points = Points { count: None, mean_ms: None, points: vec![[66.0, 2.0], [99.0, 3.0]] };
        let mut client = ClientSide::default();
        client.service.ok = Timing::points(points);
        let run = Run { client: Some(client), bench: None, ..sample() };
        let text = csv(&run, Table::Percentiles).unwrap();
        assert!(text.contains("\n60,\n66,2\n70,\n"), "{text}");
        let error = csv(&run, Table::Histogram).unwrap_err().to_string();
        assert_eq!(error, "the run has no histograms: other tools report only percentiles");
        assert_eq!(csv(&run, Table::Series).unwrap_err().to_string(), "the run has no series over time");
    }

    #[test]
    fn a_histogram_is_told_bucket_by_bucket() {
        let text = csv(&sample(), Table::Histogram).unwrap();
        let refused: Vec<&str> = text.lines().filter(|line| line.contains("refused")).collect();
        assert_eq!(refused, ["client_service_refused,0.9,1,100"]);
        assert_eq!(text.lines().filter(|line| line.starts_with("client_service_ok,")).count(), 3);
    }
}
