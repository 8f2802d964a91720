//! What the benches share: tables of rows, each measured against its peer in turns,
//! and the plainest stages and channels to measure.
//!
//! A round of ours is followed by a round of the peer, so that a change in the
//! machine's speed meets both; what counts is the median of the ratios, with its
//! quartiles beside it to show the noise. Arguments choose rows: those whose table
//! and name contain them all, as in `cargo bench --bench stages -- "1 thread" 1000`.
//! `rounds=31` makes it 31 rounds.

#![allow(dead_code, reason = "no bench needs all of it")]

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;
use weir::stage::{Consumer, Producer};

const ROUNDS: usize = 9;

/// Rows that are measured on one runtime.
pub(crate) struct Table {
    title: String,
    runtime: Runtime,
    begun: bool,
}

/// One line: what is measured, against what, and how far GenStage gets.
pub(crate) struct Row {
    name: String,
    /// How many a round.
    events: u64,
    /// GenStage's million events a second, if known: 1.3.2 on Elixir 1.14 and OTP
    /// 25, no-op work on integers, on two shared cores like ours, but neither here
    /// nor now. Only its order of magnitude counts.
    genstage: Option<f64>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, events: u64, genstage: impl Into<Option<f64>>) -> Self {
        Self { name: name.into(), events, genstage: genstage.into() }
    }
}

impl Table {
    /// Two tables, for one thread and for two. Two workers are often slower than one on
    /// channel work, so both are of interest.
    pub(crate) fn pair(topic: &str) -> [Self; 2] {
        [(1, "1 thread"), (2, "2 threads")].map(|(n, threads)| Self {
            title: format!("{topic}, {threads}"),
            runtime: runtime(n),
            begun: false,
        })
    }

    /// True if this row should be measured. The first such row prints the title.
    pub(crate) fn wants(&mut self, row: &str) -> bool {
        let name = format!("{}: {row}", self.title);
        let wanted = filters().all(|filter| name.contains(&filter));
        if wanted && !std::mem::replace(&mut self.begun, true) {
            println!("{}", self.title);
        }
        wanted
    }

    /// Does the work on a worker of the runtime.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.block_on(self.runtime.spawn(work)).expect("no panic")
    }

    /// Measures a row and prints million events a second. The two are given the
    /// number of events, and answer with the time they took.
    pub(crate) fn row<A, B>(&mut self, row: &Row, ours: impl Fn(u64) -> A, theirs: impl Fn(u64) -> B)
    where
        A: Future<Output = Duration> + Send + 'static,
        B: Future<Output = Duration> + Send + 'static,
    {
        let &Row { ref name, events, genstage } = row;
        if !self.wants(name) {
            return;
        }
        let rate = |took: Duration| events as f64 / took.as_secs_f64() / 1e6;
        let (mut mine, mut peers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds() {
            mine.push(rate(self.run(ours(events))));
            peers.push(rate(self.run(theirs(events))));
            ratios.push(mine[mine.len() - 1] / peers[peers.len() - 1]);
        }
        let ours = median(&mut mine);
        let beside =
            genstage.map_or(String::new(), |rate| format!("   GenStage {rate:>5} (x{:.1})", ours / rate));
        println!(
            "  {name:<34} {ours:>8.2} of {:>8.2} M/s   ratio {:.2} ({:.2}-{:.2}){beside}",
            median(&mut peers),
            median(&mut ratios),
            quantile(&mut ratios, 0.25),
            quantile(&mut ratios, 0.75),
        );
    }
}

pub(crate) fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(threads).enable_time().build().expect("a runtime")
}

/// The arguments that choose rows. Cargo adds `--bench`.
pub(crate) fn filters() -> impl Iterator<Item = String> {
    std::env::args().skip(1).filter(|arg| !arg.starts_with("--") && !arg.contains('='))
}

pub(crate) fn rounds() -> usize {
    let given = std::env::args().find_map(|arg| arg.strip_prefix("rounds=").map(str::to_owned));
    given.map_or(ROUNDS, |n| n.parse().expect("rounds= and a number"))
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

/// The time that some work takes.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work.await);
    start.elapsed()
}

/// Produces as many numbers as are wanted, up to an end.
pub(crate) struct Count {
    next: u64,
    end: u64,
}

impl Count {
    pub(crate) fn below(end: u64) -> Self {
        Self { next: 0, end }
    }

    pub(crate) fn next(&mut self, n: usize) -> Option<Vec<u64>> {
        let first = self.next;
        self.next = self.end.min(first + n as u64);
        (first < self.next).then(|| (first..self.next).collect())
    }
}

impl Producer for Count {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        self.next(demand)
    }
}

/// Touches each batch once.
#[derive(Default)]
pub(crate) struct Touch(u64);

impl Touch {
    pub(crate) fn touch(&mut self, events: &[u64]) {
        self.0 = self.0.wrapping_add(events[events.len() - 1]);
    }

    pub(crate) fn sum(self) -> u64 {
        self.0
    }
}

impl Consumer for Touch {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        self.touch(&events);
    }
}

/// Touches all that comes through a channel of batches.
pub(crate) async fn touch_batches(mut receiver: mpsc::Receiver<Vec<u64>>) -> u64 {
    let mut touch = Touch::default();
    while let Some(batch) = receiver.recv().await {
        touch.touch(&batch);
    }
    touch.0
}

/// Touches all that comes through a channel one by one.
pub(crate) async fn touch_singles(mut receiver: mpsc::Receiver<u64>) -> u64 {
    let mut touched = 0u64;
    while let Some(event) = receiver.recv().await {
        touched = touched.wrapping_add(event);
    }
    touched
}
