//! Columns over time: a row a second, and fewer rows in very long runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most rows: an hour of seconds. Beyond that, each two rows are merged.
const MOST: usize = 3600;

/// Columns over time. Each has as many entries as `t`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// The length of an interval: one second, and more in very long runs.
    pub interval_s: f64,
    /// The end of each interval, in seconds since the beginning.
    pub t: Vec<f64>,
    /// The columns by name; `None` where there was nothing to measure.
    pub columns: BTreeMap<String, Vec<Option<f64>>>,
}

/// How two rows are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Adds them: counts within the interval.
    Sum,
    /// Takes the later one: levels at the end of the interval.
    Last,
    /// Takes the higher one: percentiles.
    Highest,
}

/// Builds a [`Series`] row by row.
#[derive(Debug, Clone)]
pub struct SeriesBuilder {
    interval_s: f64,
    names: Vec<(String, Merge)>,
    t: Vec<f64>,
    rows: Vec<Vec<Option<f64>>>,
}

impl SeriesBuilder {
    /// Begins a series of columns with these names, with a row a second.
    pub fn new(names: Vec<(String, Merge)>) -> Self {
        Self { interval_s: 1.0, names, t: Vec::new(), rows: Vec::new() }
    }

    /// When the next row is due, in seconds since the beginning.
    pub fn due(&self) -> f64 {
        self.t.last().map_or(0.0, |t| (t / self.interval_s).floor() * self.interval_s) + self.interval_s
    }

    /// Adds a row for the interval that ended at `t`, in the order of the names.
    ///
    /// # Panics
    /// If the number of values is not that of the columns.
    pub fn push(&mut self, t: f64, row: Vec<Option<f64>>) {
        assert_eq!(row.len(), self.names.len(), "a value for each column");
        self.t.push(t);
        self.rows.push(row);
        if self.t.len() > MOST {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.interval_s *= 2.0;
        let mut merged: Vec<(f64, Vec<Option<f64>>)> = Vec::new();
        for (t, row) in self.t.drain(..).zip(self.rows.drain(..)) {
            // An interval's end still belongs to it.
            let same = |before: &f64| (before / self.interval_s).ceil() == (t / self.interval_s).ceil();
            match merged.last_mut() {
                Some((before, sum)) if same(before) => {
                    *before = t;
                    for ((old, new), (_, how)) in sum.iter_mut().zip(row).zip(&self.names) {
                        *old = merge(*how, *old, new);
                    }
                }
                _ => merged.push((t, row)),
            }
        }
        (self.t, self.rows) = merged.into_iter().unzip();
    }

    /// Returns the columns, without those that were always zero.
    pub fn finish(self) -> Series {
        let mut columns = BTreeMap::new();
        for (n, (name, _)) in self.names.into_iter().enumerate() {
            let column: Vec<Option<f64>> = self.rows.iter().map(|row| row[n]).collect();
            if column.iter().flatten().any(|&value| value != 0.0) {
                columns.insert(name, column);
            }
        }
        Series { interval_s: self.interval_s, t: self.t, columns }
    }
}

fn merge(how: Merge, old: Option<f64>, new: Option<f64>) -> Option<f64> {
    match (old, new) {
        (Some(old), Some(new)) => Some(match how {
            Merge::Sum => old + new,
            Merge::Last => new,
            Merge::Highest => old.max(new),
        }),
        (old, new) => new.or(old),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> SeriesBuilder {
        let names = [("count", Merge::Sum), ("level", Merge::Last), ("p99", Merge::Highest)];
        SeriesBuilder::new(names.map(|(name, merge)| (name.to_owned(), merge)).to_vec())
    }

    #[test]
    fn very_long_runs_have_longer_intervals_and_the_same_sums() {
        let mut builder = builder();
        let mut since = 0.0;
        for n in 1..=10_000 {
            since += 1.0;
            if f64::from(n) >= builder.due() {
                builder.push(f64::from(n), vec![Some(since), Some(f64::from(n)), Some(5.0)]);
                since = 0.0;
            }
        }
        let series = builder.finish();
        assert_eq!(series.interval_s, 4.0);
        assert!(series.t.len() <= MOST && series.t.is_sorted());
        assert_eq!(series.columns["count"].iter().flatten().sum::<f64>(), 10_000.0);
        assert_eq!(series.columns["level"].last().unwrap(), &Some(10_000.0));
    }

    #[test]
    fn a_row_is_due_at_the_next_full_second() {
        let mut builder = builder();
        assert_eq!(builder.due(), 1.0);
        builder.push(1.2, vec![None; 3]);
        assert_eq!(builder.due(), 2.0);
        assert!(builder.finish().columns.is_empty());
    }
}
