//! The cost of rogues for the other jobs of the jobs lab, with its supervised workers, and the
//! number of jobs that a core does.
//!
//! 1. 10,000 workers with a job a second each on one thread, beside 0, 1, 10 and 100 endless
//!    jobs. The peer is a job of 1.5 s that does not yield (isolation `task`), as a native
//!    loop in a task. Lateness runs from when a worker's job was due until its end; the time
//!    of a user's job, from submission to answer; *kill* until the submitter has the answer;
//!    *stack* until the stack is there.
//! 2. Metered jobs per second of one core, and the peer: tokio tasks that do nothing.
//!
//! `crates/weir-job-wasm` has the cost of rewriting a module (`cargo bench --bench fairness`).
//! Arguments: `seconds=5` for each row of 1, and words that choose parts: `rogues`, `task`,
//! `rate`, `engine`.

use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use weir::config::{Settings, Sources};
use weir::lab::Lab;
use weir::lab::jobs::{By, JobsLab};
use weir::metrics::Registry;
use weir_job_wasm::{Code, Jobs};

/// An empty job.
const NOTHING: &str = r#"(module (func $same (export "run") (param $n i64) (result i64) (local.get $n)))"#;

fn main() {
    // The user's thread: the lab has its own for the jobs.
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    if ["rogues", "task"].into_iter().any(chosen) {
        runtime.block_on(beside());
    }
    if chosen("rate") {
        runtime.block_on(rates());
    }
    if chosen("engine") {
        engine();
    }
}

async fn beside() {
    let lab = lab(&["jobs.load.workers=10000"]);
    sleep(Duration::from_secs(2)).await;
    println!(
        "beside  jobs/s (100 ms samples)     lateness p50/p99 ms  user p50/p99 ms  kill ms  stack ms  core"
    );
    if chosen("rogues") {
        for rogues in [0, 1, 10, 100] {
            beside_rogues(&lab, rogues).await;
        }
    }
    if chosen("task") {
        lab.apply(&settings(&["jobs.load.workers=10000", "jobs.isolation=task"]));
        // About 1.5 s in one go.
        let loop_ = lab.submit(250_000_000, By::Resource).expect("it is accepted");
        println!("{:>6}  {}  impossible impossible", "task", measure(&lab, false).await);
        loop_.await;
    }
}

async fn beside_rogues(lab: &JobsLab, number: usize) {
    let rogues: Vec<_> =
        (0..number).map(|_| lab.submit(-1, By::Resource).expect("it is accepted")).collect();
    sleep(Duration::from_millis(1_500)).await;
    let row = measure(lab, true).await;
    let mut asked = histogram();
    for rogue in rogues.iter().cycle().take(if number == 0 { 0 } else { 50 }) {
        let begin = Instant::now();
        lab.inspect(rogue.id, 0, Duration::ZERO).await.expect("it runs");
        asked.saturating_record(micros(begin));
    }
    let mut told = histogram();
    for rogue in rogues {
        let killed = lab.kill(rogue.id).await.expect("it runs");
        told.saturating_record((killed.told_ms * 1e3) as u64);
        rogue.await;
    }
    let worst = |times: &Histogram<u64>| match times.is_empty() {
        true => "–".to_owned(),
        false => format!("{:.2}", times.max() as f64 / 1e3),
    };
    println!("{number:>6}  {row}  {:>7}  {:>8}", worst(&told), worst(&asked));
}

/// Measures for some seconds: rate, lateness, and a user's own jobs unless they cannot end.
async fn measure(lab: &JobsLab, with_user: bool) -> String {
    let (begin, first) = (Instant::now(), lab.ledger().done);
    let (mut sample, mut done) = (begin, first);
    let (mut rates, mut late50, mut late99, mut cores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut user = histogram();
    let mut users = 0;
    while begin.elapsed() < Duration::from_secs(number("seconds", 5)) {
        sleep(Duration::from_millis(3)).await;
        if with_user {
            let submitted = Instant::now();
            lab.submit(1_000, By::You).expect("it is accepted").await;
            user.saturating_record(micros(submitted));
            users += 1;
        }
        if sample.elapsed() >= Duration::from_millis(100) {
            let now = lab.ledger().done - users;
            rates.push((now - done) as f64 / sample.elapsed().as_secs_f64());
            (sample, done) = (Instant::now(), now);
            let figures = lab.snapshot_since(u64::MAX).now;
            cores.push(figures.cpu);
            if let Some(late) = figures.lateness_ms {
                late50.push(late.p50);
                late99.push(late.p99);
            }
        }
    }
    let done = (lab.ledger().done - users - first) as f64 / begin.elapsed().as_secs_f64();
    let (low, high) = rates.iter().fold((f64::MAX, 0.0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
    let late = match with_user {
        true => format!("{:.2} / {:.2}", median(&mut late50), median(&mut late99)),
        // A stall is in one of the seconds.
        false => format!("{:.2} / {:.2}", most(&late50), most(&late99)),
    };
    let ms = |share| user.value_at_quantile(share) as f64 / 1e3;
    let yours = if with_user { format!("{:.2} / {:.2}", ms(0.5), ms(0.99)) } else { "–".to_owned() };
    format!("{done:>7.0} ({low:>6.0} to {high:>6.0})  {late:>20}  {yours:>15}  {:.2}", median(&mut cores))
}

/// Jobs per second of the lab's workers on one thread, by the load.
async fn rates() {
    println!("\nworkers  target jobs/s   jobs/s  lateness p50/p99 ms  core");
    for (workers, rate) in [(10_000, 1), (100_000, 1), (20_000, 10), (40_000, 10)] {
        let lab = lab(&[&format!("jobs.load.workers={workers}"), &format!("jobs.load.rate={rate}")]);
        sleep(Duration::from_secs(3)).await;
        let (begin, first) = (Instant::now(), lab.ledger().done);
        sleep(Duration::from_secs(number("seconds", 5))).await;
        let done = (lab.ledger().done - first) as f64 / begin.elapsed().as_secs_f64();
        let figures = lab.snapshot_since(u64::MAX).now;
        let late = figures
            .lateness_ms
            .map_or("–".to_owned(), |late| format!("{:.2} / {:.2}", late.p50, late.p99));
        println!("{workers:>7}  {:>13}  {done:>7.0}  {late:>19}  {:.2}", workers * rate, figures.cpu);
    }
}

/// Jobs of the engine in a row, and tasks of tokio that do nothing, in turns.
fn engine() {
    println!("\non one thread, one after the other     per second");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let metered = |text: &str, input: i64| {
        let code = Code::new(text.as_bytes()).expect("valid code");
        let jobs = Jobs::new(code, weir_job_wasm::Settings::default()).expect("valid settings");
        per_second(&runtime, 200_000, async move || {
            jobs.run(input).await;
        })
    };
    let sum = include_str!("../jobs/sum.wat");
    let (mut nothing, mut hundred, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        nothing.push(metered(NOTHING, 1));
        hundred.push(metered(sum, 100));
        tasks.push(per_second(&runtime, 1_000_000, async || {
            let _ = tokio::spawn(async { yield_now().await }).await;
        }));
    }
    for (what, rates) in [
        ("metered jobs that do nothing", &mut nothing),
        ("metered jobs, sum(100)", &mut hundred),
        ("peer: tokio tasks that yield once", &mut tasks),
    ] {
        println!("{what:<38} {:>11.0}", median(rates));
    }
}

fn per_second(runtime: &tokio::runtime::Runtime, times: u32, mut job: impl AsyncFnMut()) -> f64 {
    let begin = Instant::now();
    runtime.block_on(async {
        for _ in 0..times {
            job().await;
        }
    });
    f64::from(times) / begin.elapsed().as_secs_f64()
}

fn lab(flags: &[&str]) -> std::sync::Arc<JobsLab> {
    JobsLab::start(&settings(flags), &Registry::new()).expect("the lab starts")
}

fn settings(flags: &[&str]) -> Settings {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    Sources { file: None, flags }.load().expect("valid settings").settings
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("valid bounds")
}

fn micros(since: Instant) -> u64 {
    since.elapsed().as_micros() as u64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

/// True if a part was named, or none was.
fn chosen(part: &str) -> bool {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-') && !word.contains('=')).collect();
    words.is_empty() || words.iter().any(|word| word == part)
}

/// A number from the arguments, as in `seconds=3`.
fn number(name: &str, default: u64) -> u64 {
    let named = |word: String| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
    std::env::args().find_map(named).unwrap_or(default)
}
