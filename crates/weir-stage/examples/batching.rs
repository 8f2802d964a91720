//! Batches by size and by time: a batch is done when it is full, or when its
//! first event has waited long enough.
//!
//! ```sh
//! cargo run --example batching
//! ```
//!
//! Weir has no stage for this, because three parts make one: a subscription is a stream,
//! tokio-stream's `chunks_timeout` collects, and the stream of batches is a producer again.
//! Demand passes through all three. Look at the reasons: in the rush each batch is full at
//! once, later a batch goes out after 100 ms, and the last batch holds the rest.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::stage;

const SIZE: usize = 5;
const PATIENCE: Duration = Duration::from_millis(100);

/// How long after the one before it, in ms, each event comes.
const GAPS: [u64; 30] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // a rush
    5, 5, 5, 5, 5, 15, 15, 15, 15, 15, // busy
    40, 40, 40, 40, 40, // less so
    130, 130, 130, 30, 30, // hardly anything
];

#[derive(Clone, Copy)]
struct Event {
    n: usize,
    made: Instant,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    let start = Instant::now();
    let arrivals = stream::iter((1..).zip(GAPS)).then(|(n, gap)| async move {
        if gap > 0 {
            sleep(Duration::from_millis(gap)).await;
        }
        Event { n, made: Instant::now() }
    });
    let events = stage::from_stream(arrivals).spawn();

    // Out of the stages, through the combinator, and back in. By its full name,
    // as futures and tokio-stream both have a trait called `StreamExt`.
    let subscription = events.producer().subscribe(Limits::with_max(20)?);
    let batches = tokio_stream::StreamExt::chunks_timeout(subscription, SIZE, PATIENCE);
    let batches = stage::from_stream(batches).spawn();

    println!("at most {SIZE} events or {} ms\n", PATIENCE.as_millis());
    println!("     at   size   events     first waited   done because");
    let writer = stage::consumer_fn(move |batches: Vec<Vec<Event>>| async move {
        for batch in batches {
            print(&batch, start);
        }
    });
    // One batch at a time: demand here is in batches.
    writer.subscribe_to(&batches.producer(), Limits::new(1, 0)?).spawn().join().await;
    Ok(())
}

fn print(batch: &[Event], start: Instant) {
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return };
    let waited = first.made.elapsed();
    let reason = match batch.len() {
        SIZE => "full",
        _ if waited >= PATIENCE => "time",
        _ => "the end",
    };
    println!(
        "{:.2} s   {:>4}   {:>2} to {:>2}   {:>9} ms   {reason}",
        start.elapsed().as_secs_f64(),
        batch.len(),
        first.n,
        last.n,
        waited.as_millis(),
    );
}
