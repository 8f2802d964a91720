//! What the watchers saw together: counts, times in slices, and rows over time.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::WatchProgress;
use super::arrivals::Arriving;
use super::order::{GapSeen, Place};
use crate::metrics::empty_histogram;
use crate::record::{Merge, SeriesBuilder, Slicer, WatchSide, quantile_ms};

/// The length of the first slices, as for other loads; they double as the run grows.
const SLICE: Duration = Duration::from_micros(15_625);

/// Counts and times of all watchers.
#[derive(Debug)]
pub(super) struct Tally {
    /// The counts, in the form in which the run keeps them.
    pub(super) side: WatchSide,
    /// Watchers with a snapshot now, slow ones included.
    pub(super) present: u64,
    /// Watchers that get events now.
    pub(super) reading: u64,
    /// When the last handshake succeeded, in microseconds since the beginning.
    last_handshake: u64,
    art: Slicer,
    first: Slicer,
    median: Slicer,
    last: Slicer,
    latency: Slicer,
    rows: SeriesBuilder,
    row: Row,
    /// The time to the last watcher of the latest event that all have.
    latest_last_ms: Option<f64>,
}

/// What happened since the last row.
#[derive(Debug)]
struct Row {
    deliveries: u64,
    art: Histogram<u64>,
    last_ms: Option<f64>,
}

impl Row {
    fn new() -> Self {
        Self { deliveries: 0, art: empty_histogram(), last_ms: None }
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        let columns = [
            ("watchers", Merge::Last),
            ("deliveries", Merge::Sum),
            ("art_p99_ms", Merge::Highest),
            ("last_ms", Merge::Highest),
        ];
        let slicer = || Slicer::new(SLICE);
        Self {
            side: WatchSide::default(),
            present: 0,
            reading: 0,
            last_handshake: 0,
            art: slicer(),
            first: slicer(),
            median: slicer(),
            last: slicer(),
            latency: slicer(),
            rows: SeriesBuilder::new(columns.map(|(name, merge)| (name.to_owned(), merge)).to_vec()),
            row: Row::new(),
            latest_last_ms: None,
        }
    }

    /// Counts a connect or handshake that failed.
    pub(super) fn refused(&mut self, reason: String) {
        self.side.refused += 1;
        *self.side.refusals.entry(reason).or_default() += 1;
    }

    /// Counts a watcher that lost its connection.
    pub(super) fn lost(&mut self, reason: String) {
        self.side.lost += 1;
        *self.side.losses.entry(reason).or_default() += 1;
    }

    /// Counts a watcher whose match is over.
    pub(super) fn ended(&mut self, reason: String) {
        self.side.ended += 1;
        *self.side.losses.entry(reason).or_default() += 1;
    }

    pub(super) fn handshake(&mut self, now: u64) {
        self.side.connected += 1;
        self.last_handshake = now;
    }

    /// Counts a watcher that has its snapshot, `art` microseconds after its connect.
    pub(super) fn joined(&mut self, now: u64, art: u64) {
        self.present += 1;
        self.side.watchers = self.side.watchers.max(self.present);
        self.art.record(Duration::from_micros(now), art);
        // Cannot fail: the histogram grows on demand.
        let _ = self.row.art.record(art);
    }

    /// Counts an event that arrived at a watcher.
    pub(super) fn event(&mut self, place: Place) {
        self.row.deliveries += 1;
        match place {
            Place::New { missed } => {
                self.side.deliveries += 1;
                self.side.missed += missed;
            }
            Place::Twice => self.side.twice += 1,
            Place::Late => {
                self.side.deliveries += 1;
                self.side.disordered += 1;
                self.side.missed = self.side.missed.saturating_sub(1);
            }
        }
    }

    /// Records the time from publication to a delivery, in microseconds.
    pub(super) fn latency(&mut self, now: u64, micros: u64) {
        self.latency.record(Duration::from_micros(now), micros);
    }

    pub(super) fn gap(&mut self, gap: GapSeen) {
        self.side.gaps += 1;
        self.side.gap_events += gap.events;
        self.side.missed += gap.missed;
        self.side.disordered += u64::from(!gap.fits);
    }

    /// Notes that the last watcher has an event, `last` microseconds after publication.
    pub(super) fn complete(&mut self, last: u64) {
        let last_ms = last as f64 / 1e3;
        self.latest_last_ms = Some(last_ms);
        self.row.last_ms = Some(self.row.last_ms.map_or(last_ms, |before| before.max(last_ms)));
    }

    /// Records the times of an event that reaches no more watchers.
    pub(super) fn leave(&mut self, event: &Arriving) {
        if event.all_connected {
            let at = Duration::from_micros(event.first);
            self.first.record(at, event.since(event.first));
            self.median.record(at, event.median());
            self.last.record(at, event.since(event.last));
        }
    }

    /// Adds the rows that are due at `now`, in microseconds.
    pub(super) fn rows(&mut self, now: u64) {
        while now as f64 / 1e6 >= self.rows.due() {
            self.push_row(self.rows.due());
        }
    }

    fn push_row(&mut self, t: f64) {
        let Row { deliveries, art, last_ms } = std::mem::replace(&mut self.row, Row::new());
        let row =
            vec![Some(self.present as f64), Some(deliveries as f64), quantile_ms(&art, 0.99), last_ms];
        self.rows.push(t, row);
    }

    pub(super) fn progress(&self, now: u64, events: u64) -> WatchProgress {
        let WatchSide { connected, refused, lost, ended, deliveries, .. } = self.side;
        WatchProgress {
            seconds: now as f64 / 1e6,
            watchers: self.present,
            connected,
            refused,
            lost: lost + ended,
            events,
            deliveries,
            art_p99_ms: quantile_ms(self.art.whole(), 0.99),
            last_ms: self.latest_last_ms,
        }
    }

    /// Returns everything, `seconds` after the beginning.
    pub(super) fn finish(mut self, seconds: f64) -> WatchSide {
        if seconds > self.rows.due() - 1.0 {
            self.push_row(seconds);
        }
        let connecting = self.last_handshake as f64 / 1e6;
        WatchSide {
            seconds,
            connects_s: if connecting > 0.0 { self.side.connected as f64 / connecting } else { 0.0 },
            art: self.art.timing(),
            first: self.first.timing(),
            median: self.median.timing(),
            last: self.last.timing(),
            latency: self.latency.timing(),
            series: self.rows.finish(),
            ..self.side
        }
    }
}
