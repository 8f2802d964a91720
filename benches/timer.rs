//! How exactly the mock takes its time in real time, and what its timer costs.
//!
//! A number of tasks use a mock of fixed latency again and again, on two tokio workers;
//! each use is timed as the bench times service. A round of the mock is followed by a
//! round of `tokio::time::sleep`. Shown are medians over the rounds: the mean error of
//! a use, its 99th percentile, and the CPU time of the whole process for each use.
//! Arguments: `rounds=9`, `seconds=1.5`, and words that choose rows, such as "200".

mod support;

use std::fs;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use weir::resource::{Latency, Mock, MockSettings};

use self::support::{filters, median, quantile, rounds};

/// In microseconds.
const LATENCIES: [u64; 6] = [500, 1000, 2000, 5000, 20_000, 50_000];
const SLEEPERS: [usize; 3] = [1, 20, 200];

/// What is measured.
#[derive(Clone, Copy)]
enum What {
    Mock,
    Tokio,
}

/// Of one round, in microseconds.
struct Round {
    mean_error: f64,
    p99_error: f64,
    cpu: f64,
}

fn main() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime");
    println!("µs: mean error, p99 error, CPU time of a use; the mock | tokio::time::sleep");
    for micros in LATENCIES {
        for sleepers in SLEEPERS {
            let name = format!("{} ms, {sleepers} sleepers", micros as f64 / 1e3);
            if !filters().all(|filter| name.contains(&filter)) {
                continue;
            }
            let mut found: [Vec<Round>; 2] = Default::default();
            for _ in 0..rounds() {
                found[0].push(round(&runtime, What::Mock, micros, sleepers));
                found[1].push(round(&runtime, What::Tokio, micros, sleepers));
            }
            let [mock, tokio] = found.map(|rounds| {
                let of =
                    |figure: fn(&Round) -> f64| median(&mut rounds.iter().map(figure).collect::<Vec<_>>());
                let figures =
                    [of(|round| round.mean_error), of(|round| round.p99_error), of(|round| round.cpu)];
                let [mean, p99, cpu] = figures;
                format!("{mean:>8.1} {p99:>8.1} {cpu:>6.1}")
            });
            println!("  {name:<24} {mock} | {tokio}");
        }
    }
}

fn round(runtime: &Runtime, what: What, micros: u64, sleepers: usize) -> Round {
    let latency = Duration::from_micros(micros);
    let mock = Mock::new(MockSettings { latency: Latency::fixed(latency), ..MockSettings::default() });
    let before = cpu_nanos();
    let mut errors = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..sleepers {
            tasks.spawn(uses(what, mock.clone(), latency));
        }
        tasks.join_all().await.concat()
    });
    let cpu = (cpu_nanos() - before) / 1e3 / errors.len() as f64;
    let mean_error = errors.iter().sum::<f64>() / errors.len() as f64;
    Round { mean_error, p99_error: quantile(&mut errors, 0.99), cpu }
}

/// By how much each use took too long, in microseconds.
async fn uses(what: What, mock: Mock, latency: Duration) -> Vec<f64> {
    let mut errors = Vec::new();
    let end = Instant::now() + seconds();
    while Instant::now() < end {
        let began = match what {
            What::Mock => {
                let admission = mock.reserve().expect("no limit").admission().await;
                let began = Instant::now();
                admission.work().await.expect("no failures");
                began
            }
            What::Tokio => {
                let began = Instant::now();
                sleep(latency).await;
                began
            }
        };
        errors.push((began.elapsed().as_secs_f64() - latency.as_secs_f64()) * 1e6);
    }
    errors
}

fn seconds() -> Duration {
    let given = std::env::args().find_map(|arg| arg.strip_prefix("seconds=").map(str::to_owned));
    Duration::from_secs_f64(given.map_or(1.5, |n| n.parse().expect("seconds= and a number")))
}

/// What all threads of the process have used, where the system says it.
fn cpu_nanos() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let used = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    used.sum()
}
