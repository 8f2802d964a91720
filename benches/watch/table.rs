//! The rows, with their ratios to the floor, and what theory says of them.

use weir::config::{Behind, Encode, SnapshotFrom, Writer};
use weir::http::text_frame;
use weir::theory::watch::{Broadcast, Machine, predict};

use crate::servers::next_event;
use crate::{RATE, Round};

pub(crate) struct Table {
    names: Vec<&'static str>,
    rounds: Vec<Vec<Round>>,
    watchers: usize,
    burst: u32,
    loads: Vec<f64>,
}

impl Table {
    pub(crate) fn new(names: impl IntoIterator<Item = &'static str>, watchers: usize, burst: u32) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let rounds = vec![Vec::new(); names.len()];
        Self { names, rounds, watchers, burst, loads: Vec::new() }
    }

    pub(crate) fn add(&mut self, server: usize, round: Round) {
        self.rounds[server].push(round);
        self.loads.push(load_average());
    }

    /// Notes on standard error how far it is.
    pub(crate) fn progress(&self, round: usize) {
        let best = |of: fn(&Round) -> f64| {
            let cell = |rounds: &Vec<Round>| rounds.last().map_or("-".to_owned(), |round| short(of(round)));
            self.rounds.iter().map(cell).collect::<Vec<_>>().join(" ")
        };
        eprintln!(
            "round {}: one event {} ms; burst {} ms; load average {:.1}",
            round + 1,
            best(|round| round.one_ms),
            best(|round| round.burst_ms),
            load_average()
        );
    }

    pub(crate) fn print(&self) {
        let (least, most) = self
            .loads
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(least, most), load| (least.min(*load), most.max(*load)));
        println!("load average {least:.1} to {most:.1}\n");
        println!(
            "{:<14} {:>16} {:>7} {:>14} {:>7} {:>8} {:>8} {:>7} {:>8}",
            "server",
            "one event (best)",
            "÷ bare",
            "burst, k/s",
            "÷ joined",
            "bytes",
            "joins/s",
            "÷ bare",
            "starved"
        );
        for (at, name) in self.names.iter().enumerate().filter(|(at, _)| !self.rounds[*at].is_empty()) {
            let of = |figure: fn(&Round) -> f64| median(self.rounds[at].iter().map(figure));
            let best = self.rounds[at].iter().map(|round| round.one_ms).fold(f64::INFINITY, f64::min);
            let deliveries = self.watchers as f64 * f64::from(self.burst);
            println!(
                "{name:<14} {:>16} {:>7} {:>14} {:>7} {:>8.0} {:>8.0} {:>7} {:>7.0}%",
                format!("{} ({})", short(of(|round| round.one_ms)), short(best)),
                self.ratio(at, "bare", |round| round.one_ms),
                format!("{:.0}", deliveries / of(|round| round.burst_ms)),
                self.ratio(at, "joined", |round| 1.0 / round.burst_ms),
                of(|round| round.bytes),
                of(|round| round.joins_s),
                self.ratio(at, "bare", |round| round.joins_s),
                100.0 * of(|round| round.starved),
            );
        }
        println!("\nsteady, 20 events/s: published (due), last one late ms, p50 and p99 ms, not delivered");
        for (name, rounds) in self.names.iter().zip(&self.rounds) {
            let Some(steady) = rounds.last().and_then(|round| round.steady) else { continue };
            println!(
                "{name:<14} {:>4} ({}) {:>8} {:>8} {:>8} {:>10}",
                steady.published,
                steady.due,
                short(steady.late_ms),
                short(steady.p50_ms),
                short(steady.p99_ms),
                steady.missed
            );
        }
    }

    /// Predicts Weir's figures from the two floors of the same run, and prints measured ÷
    /// predicted. On a quiet machine, 0.7 to 1.5 is what the model claims.
    pub(crate) fn print_theory(&self) {
        let of = |name: &str, figure: fn(&Round) -> f64| {
            let at = self.names.iter().position(|found| *found == name)?;
            let rounds = &self.rounds[at];
            (!rounds.is_empty()).then(|| median(rounds.iter().map(figure)))
        };
        let one = |name| of(name, |round| round.one_ms);
        let burst = |name| of(name, |round| round.burst_ms);
        let Some((bare, joined)) = one("bare").zip(burst("joined")) else { return };
        let (watchers, frame) = (self.watchers as f64, text_frame(&next_event()).len());
        let further = f64::from(self.burst - 1) * frame as f64;
        let send = bare / 1e3 / watchers;
        let byte = ((joined - bare) / 1e3 / watchers / further).max(0.0);
        let broadcast = Broadcast {
            machine: Machine {
                send,
                byte,
                connect: 20e-6,
                art: 0.3e-3,
                wake: 3e-6,
                encode: 5e-6,
                snapshot: 30e-6,
            },
            watchers: self.watchers as u32,
            threads: 1,
            burst: self.burst,
            rate: RATE,
            joins: 0.0,
            frame: frame as u32,
            snapshot_frame: 3_000,
            writer: Writer::Shards,
            encode: Encode::Once,
            snapshot: SnapshotFrom::Shared,
            behind: Behind::DropOldest,
            behind_limit: 64,
            send_buffer: super::servers::SEND_BUFFER as u64,
            receive_buffer: 128 * 1024,
        };
        let figures = match predict(&broadcast) {
            Ok(figures) => figures,
            Err(error) => return println!("\ntheory: {error}"),
        };
        println!(
            "\ntheory from a send of {:.2} µs and {:.2} ns a byte; measured ÷ predicted, claimed 0.7 to 1.5",
            send * 1e6,
            byte * 1e9
        );
        let steady = |name: &str| {
            let at = self.names.iter().position(|found| *found == name)?;
            self.rounds[at].last()?.steady
        };
        for name in ["weir-ws", "weir-sse"] {
            let row = |what: &str, measured: Option<f64>, predicted: f64| {
                if let Some(measured) = measured {
                    println!("{name:<14} {what:<16} {:.2}  ({})", measured / predicted, short(predicted));
                }
            };
            row("one event ms", one(name), figures.one.last_ms);
            row("burst ms", burst(name), figures.burst.map_or(f64::NAN, |burst| burst.last_ms));
            row(
                "20/s, p50 ms",
                steady(name).map(|at| at.p50_ms),
                figures.steady.map_or(f64::NAN, |at| at.p50_ms),
            );
            row(
                "20/s, p99 ms",
                steady(name).map(|at| at.p99_ms),
                figures.steady.map_or(f64::NAN, |at| at.p99_ms),
            );
            row("bytes", of(name, |round| round.bytes), figures.memory.shards_each as f64);
        }
    }

    /// The median over the rounds of a figure's ratio to that of a floor.
    fn ratio(&self, at: usize, floor: &str, figure: fn(&Round) -> f64) -> String {
        let under = self.names.iter().position(|name| *name == floor).map(|floor| &self.rounds[floor]);
        match under.filter(|under| !under.is_empty()) {
            Some(under) => {
                let pairs = self.rounds[at].iter().zip(under);
                format!("{:.2}", median(pairs.map(|(over, under)| figure(over) / figure(under))))
            }
            None => "-".to_owned(),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn short(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").expect("Linux");
    text.split(' ').next().and_then(|load| load.parse().ok()).expect("a number")
}
