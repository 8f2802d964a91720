//! What jobs cost, and what rogues do to others.
//!
//! 1. The cost of rewriting: the same module plain and instrumented, in one run.
//! 2. The memory of a worker that sleeps until its next job.
//! 3. 10,000 workers with a job a second each on one worker thread, beside 0, 1, 10 and 100
//!    endless jobs, and beside a native loop instead. The table shows the rate, how late the
//!    jobs end after they were due, a user's job from submission to answer, the time from a
//!    kill to the submitter's answer, and from asking for a stack to getting it.
//!
//! Arguments: `seconds=3` for each row of 3, and words that choose parts: `price`,
//! `memory`, `rogues`, `native`.

mod price;
mod support;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hdrhistogram::Histogram;
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, sleep, sleep_until};
use weir_job_wasm::{Code, Ending, Jobs, Settings};

use self::support::{chosen, histogram, micros, number, quantiles, resident};

const SUM: &str = include_str!("../../examples/sum.wat");
const WORKERS: u64 = 10_000;

/// The workers' jobs since the last measurement.
struct Record {
    done: AtomicU64,
    late: Mutex<Histogram<u64>>,
}

fn main() {
    if chosen("price") {
        price::rows();
    }
    if !["memory", "rogues", "native"].into_iter().any(chosen) {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime");
    let code = Code::new(SUM.as_bytes()).expect("the sum is valid");
    let jobs = Jobs::new(code, Settings::default()).expect("the settings are valid");
    // On the worker thread, so that the user shares it with all others.
    let rows = runtime.spawn(rows(jobs));
    runtime.block_on(rows).expect("no panic");
}

async fn rows(jobs: Jobs) {
    let record = Arc::new(Record { done: AtomicU64::new(0), late: Mutex::new(histogram()) });
    let before = resident();
    let begin = Instant::now() + Duration::from_millis(500);
    for worker in 0..WORKERS {
        tokio::spawn(work(jobs.clone(), Arc::clone(&record), begin + Duration::from_micros(worker * 100)));
    }
    yield_now().await;
    println!("a sleeping worker: {} B", (resident() - before) / WORKERS);
    sleep_until(begin + Duration::from_millis(1_500)).await;
    println!("its memory once all have worked: {} B", (resident() - before) / WORKERS);
    if chosen("rogues") {
        println!(
            "\nbeside  jobs/s (100 ms samples)     lateness p50/p99 ms  user p50/p99 ms  kill → told ms  ask → stack ms"
        );
        for rogues in [0, 1, 10, 100] {
            beside(&jobs, &record, rogues).await;
        }
    }
    if chosen("native") {
        native(&jobs, &record).await;
    }
}

/// A worker: a job a second.
async fn work(jobs: Jobs, record: Arc<Record>, mut due: Instant) {
    loop {
        sleep_until(due).await;
        if matches!(jobs.run(100).await.ending(), Ending::Value(5050)) {
            record.done.fetch_add(1, Ordering::Relaxed);
        }
        let late = micros(Instant::now() - due);
        record.late.lock().expect("no panic").saturating_record(late);
        due += Duration::from_secs(1);
    }
}

async fn beside(jobs: &Jobs, record: &Record, rogues: usize) {
    let rogues: Vec<_> = (0..rogues)
        .map(|_| {
            let job = jobs.submit(-1);
            (job.id(), tokio::spawn(job))
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    let row = measure(jobs, record).await;
    let mut asked = histogram();
    for (id, _) in rogues.iter().cycle().take(if rogues.is_empty() { 0 } else { 100 }) {
        let begin = Instant::now();
        jobs.stack(*id).await.expect("it runs");
        asked.saturating_record(micros(begin.elapsed()));
    }
    let number = rogues.len();
    let mut killed = histogram();
    for (id, running) in rogues {
        let begin = Instant::now();
        jobs.kill(id).await.expect("it runs");
        let told = running.await.expect("no panic");
        assert_eq!(told.outcome.ending(), Ending::Killed);
        killed.saturating_record(micros(begin.elapsed()));
    }
    // The first kill has all rogues beside it: the longest.
    let shown = |h: &Histogram<u64>| {
        if h.is_empty() { "–".into() } else { format!("{:.2}", h.max() as f64 / 1e3) }
    };
    println!("{number:>6}  {row}  {:>14}  {:>14}", shown(&killed), shown(&asked));
}

async fn native(jobs: &Jobs, record: &Arc<Record>) {
    let stop = Arc::new(AtomicBool::new(false));
    let ending = Arc::clone(&stop);
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async { sleep(Duration::from_millis(1_500)).await });
        ending.store(true, Ordering::Relaxed);
    });
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    let row = measure(jobs, record).await;
    println!("native  {row}  (a loop of 1.5 s in a task; no kill, no stack)");
}

/// Measures for some seconds: rate, lateness, and a user's own jobs.
async fn measure(jobs: &Jobs, record: &Record) -> String {
    record.late.lock().expect("no panic").reset();
    let mut user = histogram();
    let mut rates = Vec::new();
    let begin = Instant::now();
    let (mut sample, mut done) = (begin, record.done.load(Ordering::Relaxed));
    let first = done;
    while begin.elapsed() < Duration::from_secs(number("seconds", 3)) {
        sleep(Duration::from_millis(3)).await;
        let submitted = Instant::now();
        let jobs = jobs.clone();
        let answer = tokio::spawn(async move {
            // A task that a task has just spawned overtakes all others: let it queue.
            yield_now().await;
            jobs.run(1_000).await
        });
        answer.await.expect("no panic");
        user.saturating_record(micros(submitted.elapsed()));
        if sample.elapsed() >= Duration::from_millis(100) {
            let now = record.done.load(Ordering::Relaxed);
            rates.push((now - done) as f64 / sample.elapsed().as_secs_f64());
            (sample, done) = (Instant::now(), now);
        }
    }
    let rate = (record.done.load(Ordering::Relaxed) - first) as f64 / begin.elapsed().as_secs_f64();
    let (low, high) = rates.iter().fold((f64::MAX, 0.0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
    let late = quantiles(&record.late.lock().expect("no panic"));
    format!("{:>7.0} ({low:>6.0} to {high:>6.0})   {late:>19}  {:>15}", rate, quantiles(&user))
}
