//! `weir predict jobs` and `weir simulate jobs`: how late jobs are beside rogues.

use std::time::Duration;

use clap::ValueEnum;
use weir_job_wasm::code::Code;
use weir_job_wasm::settings::Isolation;

use crate::cli::Exit;
use crate::cli::compare;
use crate::cli::output::{complain, say};
use crate::cli::text::{NONE, Table, hang, left, number, percent, right, wrap};
use crate::duration;
use crate::simulate::jobs::{LONGEST, reductions, simulate};
use crate::theory::NoModel;
use crate::theory::jobs::{Bench, Figures, Times, predict};

/// The code that counts the reductions of a user's number.
const SUM: &str = include_str!("../../../jobs/sum.wat");

/// Rogues, load and machine.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct BenchArgs {
    /// Number of endless jobs
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(..=10_000))]
    rogues: u32,
    /// Reductions per slice
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    slice: u64,
    /// Number of workers
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(..=100_000))]
    workers: u32,
    /// Jobs per second of each worker
    #[arg(long, value_name = "R", default_value = "1", value_parser = rate)]
    rate: f64,
    /// Number of threads that run jobs, each with a core of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// How jobs share their thread
    #[arg(long, value_enum, default_value = "fuel")]
    isolation: Way,
    /// Input of the user's job, the sum of 1 to N, whose reductions are counted exactly
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true)]
    input: i64,
    /// Speed of a core in million reductions per second; `weir jobs top` shows yours
    #[arg(long, value_name = "M", default_value = "3300", value_parser = speed)]
    speed: f64,
    /// CPU time of a worker's job, including its timer
    #[arg(long, value_name = "TIME", default_value = "5us", value_parser = cost)]
    cost: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The arguments of `weir simulate jobs`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SimulateArgs {
    #[command(flatten)]
    bench: BenchArgs,
    /// Simulated time, at most 10min
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = compare::skip)]
    duration: Duration,
    /// Seed of the times at which jobs fall due
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// An isolation, as an argument.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    /// In slices of fuel
    Fuel,
    /// In a task that does not yield
    Task,
    /// On a blocking thread
    Thread,
}

fn rate(text: &str) -> Result<f64, String> {
    number_within(text, 0.0, 1e6)
}

fn speed(text: &str) -> Result<f64, String> {
    number_within(text, 1e-3, 1e6)
}

fn number_within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| format!("expected a number from {least} to {most}"))
}

fn cost(text: &str) -> Result<f64, String> {
    let time = duration::parse(text).filter(|time| *time <= Duration::from_secs(1));
    time.map(|time| time.as_secs_f64())
        .ok_or_else(|| "expected a duration up to 1s, such as 5us".to_owned())
}

impl BenchArgs {
    /// The bench. A user's number whose job does not end, or takes long, has no prediction.
    fn bench(&self) -> Result<Bench, NoModel> {
        let none = |why: String| NoModel { why };
        let code = Code::new(SUM.as_bytes()).map_err(|error| none(error.to_string()))?;
        let yours = reductions(code, self.input).map_err(|error| none(error.to_string()))?;
        let Some(yours) = yours else {
            let input = self.input;
            return Err(none(format!(
                "the job of {input} traps, or needs more than 2 billion reductions: choose another --input"
            )));
        };
        let isolation = match self.isolation {
            Way::Fuel => Isolation::Fuel,
            Way::Task => Isolation::Task,
            Way::Thread => Isolation::Thread,
        };
        Ok(Bench {
            isolation,
            rogues: self.rogues,
            slice: self.slice,
            workers: self.workers,
            rate: self.rate,
            threads: self.threads,
            speed: self.speed * 1e6,
            cost: self.cost,
            yours,
        })
    }

    fn title(&self) -> String {
        let Self { rogues, slice, workers, rate, threads, input, .. } = self;
        let rogues =
            if *rogues == 1 { "1 endless job".to_owned() } else { format!("{rogues} endless jobs") };
        let threads = if *threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        format!(
            "{rogues} beside {workers} workers with {rate} jobs/s each, on {threads} in slices of {slice} \
             reductions; a user submits {input}"
        )
    }
}

/// Prints what theory says.
pub(in crate::cli) fn predicted(args: &BenchArgs) -> Exit {
    let figures = args.bench().and_then(|bench| predict(&bench));
    print(args, figures, "theory: rounds of slices, tokio's timer (src/theory/jobs.rs)")
}

/// Prints what a simulation says.
pub(in crate::cli) fn simulated(args: &SimulateArgs) -> Exit {
    let seconds = args.duration.as_secs_f64();
    if !(0.001..=LONGEST).contains(&seconds) {
        complain("--duration: expected a time from 1ms to 10min");
        return Exit::Usage;
    }
    let figures = args.bench.bench().and_then(|bench| simulate(&bench, seconds, args.seed));
    let how = format!("simulation of {seconds} s, seed {}", args.seed);
    print(&args.bench, figures, &how)
}

fn print(args: &BenchArgs, figures: Result<Figures, NoModel>, how: &str) -> Exit {
    match figures {
        Ok(figures) if args.json => {
            say(serde_json::to_string_pretty(&figures).unwrap_or_default());
            Exit::Success
        }
        Ok(figures) => {
            say(table(&figures, &args.title(), how).trim_end());
            Exit::Success
        }
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    }
}

fn table(figures: &Figures, title: &str, how: &str) -> String {
    let Figures { rate, utilisation, busy, slice_ms, round_ms, .. } = figures;
    let mut text = wrap(title, 0);
    text += &hang("  by            ", how);
    text.push('\n');
    let mut table = Table::new([left(14), right(8), left(0)]).indented(2);
    let ms = |ms: &f64| if ms.is_finite() { number(*ms) } else { NONE.to_owned() };
    for (name, value, unit) in [
        ("jobs", number(*rate), "of the workers, per second"),
        ("need", percent(*utilisation), "of the threads, for these jobs"),
        ("busy", percent(*busy), "of the threads, including the endless jobs"),
        ("slice", ms(slice_ms), "ms"),
        ("round", ms(round_ms), "ms, from an endless job's turn to its next"),
    ] {
        table.row([name, &value, unit]);
    }
    text += &table.to_string();
    let mut times = Table::new([left(14), right(8), right(10), right(10)]).indented(2);
    times = times.header(["in ms", "mean", "p50", "p99"]);
    for (name, known) in [("lateness", &figures.lateness), ("user's job", &figures.yours)] {
        match known {
            Some(Times { mean_ms, p50_ms, p99_ms }) => {
                times.row([name, &number(*mean_ms), &number(*p50_ms), &number(*p99_ms)]);
            }
            None => times.row([name, NONE, NONE, NONE]),
        }
    }
    text += &times.section();
    if let Some(caution) = &figures.caution {
        text += &format!("\n{}", hang("  caution       ", caution));
    }
    if !figures.assumptions.is_empty() {
        text += "\nassumes\n";
        text.extend(figures.assumptions.iter().map(|line| hang("  - ", line)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;
    use crate::theory::jobs::MEASURED;

    #[test]
    fn a_prediction_fits_and_says_where_a_wait_has_no_bound() {
        let bench = Bench { rogues: 10, yours: 19_000, ..MEASURED };
        let text = table(&predict(&bench).unwrap(), "ten", "theory");
        for says in ["9.00 %  of the threads", "0.549  ms, from an endless", "lateness", "assumes"] {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
        assert_fits(&text);
        let lost =
            table(&predict(&Bench { isolation: Isolation::Task, ..bench }).unwrap(), "ten", "theory");
        assert!(lost.contains("caution       unbounded: a task that never yields"), "{lost}");
        assert_fits(&lost);
    }
}
