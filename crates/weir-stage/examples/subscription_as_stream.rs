//! A subscription read as a `Stream`, with the combinators of `futures`.
//!
//! ```sh
//! cargo run --example subscription_as_stream
//! ```
//!
//! The producer counts and prints what it is asked for. The first reader takes
//! five squares and is gone: a subscription that is dropped gives back what it
//! was sent and has not read. The second is slow: look how the asks keep to its
//! pace, 5 whenever it has finished 5. The third begins where the second left
//! off, with what was given back, and no number is lost or comes twice.

use std::time::Duration;

use futures::{StreamExt, future::ready};
use tokio::time::{Instant, interval};
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::stage::{self, RunningProducer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    let start = Instant::now();
    let numbers = counting(start);
    let limits = Limits::new(10, 5)?;

    println!("{}  reads until it has five squares of odd numbers", since(start));
    let squares = numbers.producer().subscribe(limits).filter(|n| ready(n % 2 == 1)).map(|n| n * n).take(5);
    println!("{}  read {:?}", since(start), squares.collect::<Vec<_>>().await);
    given_back(&numbers, start).await;

    println!("{}  reads one in 30 ms", since(start));
    let mut slow = numbers.producer().subscribe(limits);
    let mut ticks = interval(Duration::from_millis(30));
    for _ in 0..18 {
        ticks.tick().await;
        if let Some(n) = slow.next().await {
            println!("{}  read {n}", since(start));
        }
    }
    drop(slow);
    given_back(&numbers, start).await;

    println!("{}  reads the rest of what was sent, and a few more", since(start));
    let rest: Vec<_> = numbers.producer().subscribe(limits).take(8).collect().await;
    println!("{}  read {rest:?}", since(start));
    Ok(())
}

/// Counts from 1 for ever, and prints what it is asked for on the right.
fn counting(start: Instant) -> RunningProducer<u64> {
    let mut next = 1;
    let count = stage::producer_fn(move |demand| {
        let events: Vec<_> = (next..).take(demand).collect();
        next += demand as u64;
        println!("{}  {:40}asked for {demand:>2}: {} to {}", since(start), "", events[0], next - 1);
        async { Some(events) }
    });
    count.spawn()
}

/// What a dropped subscription has given back is buffered by its producer.
async fn given_back(numbers: &RunningProducer<u64>, start: Instant) {
    // The producer hears of it when its task runs.
    tokio::task::yield_now().await;
    println!("{}  drops the subscription: {} given back\n", since(start), numbers.status().buffered);
}

fn since(start: Instant) -> String {
    format!("{:.2} s", start.elapsed().as_secs_f64())
}
