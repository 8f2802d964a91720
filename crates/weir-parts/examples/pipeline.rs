//! A pipeline that is resized while it runs: where its bottleneck is, and where it
//! goes when more is done at a time.
//!
//! ```text
//!   numbers ─▶ digest ─▶ work
//!   endless    5 events  10 ms an event,
//!              in 4 ms   1, 4, 16 and 2 at a time
//! ```
//!
//! ```sh
//! cargo run --example pipeline
//! ```
//!
//! It takes 3 seconds.
//!
//! Look at what `work` takes in a second: 80 to 100 for each that it may do at a
//! time, until `digest` cannot keep up. Then look at which stage waits. A slow
//! `work` leaves `digest` idle, with a batch or two beyond the demand. A fast `work` keeps
//! `digest` busy, and asks for more than there is. Events pile up nowhere, because the
//! endless source produces only what is asked for.

use std::error::Error;
use std::time::Duration;

use futures::stream;
use tokio::time::{Instant, sleep};
use weir_parts::pipeline::Pipeline;
use weir_stage::demand::Limits;
use weir_stage::pool::{self, PoolSettings, Spread};
use weir_stage::stage::{self, Status};

const MS: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let digest = |numbers: Vec<u64>| async move {
        sleep(4 * MS).await;
        numbers.into_iter().map(u64::count_ones).collect::<Vec<_>>()
    };
    let work = |_digest: u32| sleep(10 * MS);
    let limits = Limits::new(1, 0)?;
    let settings = PoolSettings { concurrency: 1, spread: Spread::Workers, limits, requeue: true };

    let pipeline = Pipeline::from(stage::from_stream(stream::iter(0..)).named("numbers"))
        .through(stage::producer_consumer_fn(digest).named("digest"), Limits::new(10, 5)?)
        .into(pool::builder(work, settings).named("work"));

    for concurrency in [1, 4, 16, 2] {
        pipeline.resize(PoolSettings { concurrency, ..settings }).await;
        let (start, before) = (Instant::now(), pipeline.inspect());
        sleep(650 * MS).await;
        println!("\n{concurrency} at a time");
        show(start.elapsed(), &before, &pipeline.inspect());
    }

    println!("\n{} events are left; draining", pipeline.left());
    let start = Instant::now();
    let drained = pipeline.drain(Duration::from_secs(1)).await;
    println!("{drained:?}, in {} ms; {} are left", start.elapsed().as_millis(), pipeline.left());
    Ok(())
}

/// The stages, and what they did in the last `time`. Busy is how many of the
/// author's calls ran at a time, on average.
fn show(time: Duration, before: &[Status], now: &[Status]) {
    println!("stage    kind                 in/s  out/s    asked  demand  buffered  held  busy");
    for (before, now) in before.iter().zip(now) {
        let rate = |count: fn(&Status) -> u64| {
            ((count(now) - count(before)) as f64 / time.as_secs_f64()).round() as u64
        };
        let busy = (now.busy - before.busy).as_secs_f64() / time.as_secs_f64();
        println!(
            "{:<9}{:<17}{:>8}{:>7}{:>9}{:>8}{:>10}{:>6}{busy:>6.1}",
            &*now.name,
            now.kind.to_string(),
            rate(|stage| stage.events_in),
            rate(|stage| stage.events_out),
            now.asked,
            now.demand,
            now.buffered,
            now.held,
        );
    }
}
