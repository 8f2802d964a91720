//! A recorder for the `metrics` facade, with its counters, gauges and histograms.
//!
//! The workbench publishes its counters and gauges when metrics are requested, and
//! records times into histograms as they happen. The binary installs the recorder for the
//! whole process, so `/metrics` also shows what a handler counts with
//! `metrics::counter!`. Histograms are HdrHistograms with a part for each thread.

mod histogram;
mod prometheus;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

pub use histogram::{PerThreadHistogram, Summary, empty_histogram};

/// The fewest events of a rate.
const FEWEST: u64 = 10;
/// The shortest time of a rate.
const SHORTEST_S: f64 = 1.0;

/// Returns `count` per second, if that is reliable: `None` below 10 events or one second,
/// where chance and the ends of the interval decide. One request answered in 2 µs does
/// not make 500,000/s.
pub fn rate(count: u64, seconds: f64) -> Option<f64> {
    (count >= FEWEST && seconds >= SHORTEST_S).then(|| count as f64 / seconds)
}

/// All metrics, by name and labels. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<Mutex<BTreeMap<String, Family>>>);

/// All series of one name.
#[derive(Debug, Default)]
struct Family {
    help: String,
    series: BTreeMap<Vec<(String, String)>, Series>,
}

#[derive(Debug, Clone)]
enum Series {
    Counter(Arc<Count>),
    Gauge(Arc<Level>),
    Histogram(Arc<PerThreadHistogram>),
}

/// A counter. Unlike the facade's own atomic, `absolute` can also lower it. To
/// Prometheus, a reset of the bench then looks like a restart, which it can handle.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// A gauge: the bits of an `f64`.
#[derive(Debug, Default)]
struct Level(AtomicU64);

impl Level {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn change(&self, by: f64) {
        let add = |bits| Some((f64::from_bits(bits) + by).to_bits());
        // The closure never declines, so this cannot fail.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.change(value);
    }

    fn decrement(&self, value: f64) {
        self.change(-value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl Registry {
    /// Returns a registry without metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the histogram of this name and labels, to record into and to read.
    pub fn histogram(&self, key: &Key) -> Arc<PerThreadHistogram> {
        match self.series(key, || Series::Histogram(Arc::default())) {
            Series::Histogram(histogram) => histogram,
            // The name belongs to a metric of another kind: recorded, but not exported.
            _ => Arc::default(),
        }
    }

    /// Returns all metrics in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        prometheus::render(&self.lock())
    }

    fn series(&self, key: &Key, new: impl FnOnce() -> Series) -> Series {
        let labels = key.labels().map(|l| (l.key().to_owned(), l.value().to_owned())).collect();
        let mut families = self.lock();
        let family = families.entry(key.name().to_owned()).or_default();
        family.series.entry(labels).or_insert_with(new).clone()
    }

    fn describe(&self, name: &KeyName, help: &str) {
        self.lock().entry(name.as_str().to_owned()).or_default().help = help.to_owned();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Family>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Registry {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&key, &help);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&key, &help);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&key, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.series(key, || Series::Counter(Arc::default())) {
            Series::Counter(counter) => Counter::from_arc(counter),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.series(key, || Series::Gauge(Arc::default())) {
            Series::Gauge(gauge) => Gauge::from_arc(gauge),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.histogram(key))
    }
}
