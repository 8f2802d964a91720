//! A rate limit by manual demand: at most 5 events an interval, whatever the
//! senders do.
//!
//! ```sh
//! cargo run --example rate_limit
//! ```
//!
//! A manual subscription asks for nothing by itself. Every 200 ms this program
//! asks for it, and only for as many events as have come since the last time: so
//! there are never more than 5 asked for and not there yet, and a quiet time
//! cannot be saved up for a burst. Look at what happens around 1 s. The 5 that
//! are outstanding were asked for long before; of the 12 that come now, 5 arrive,
//! and the rest waits for its interval. What is not asked for waits in the
//! channel, which has room for 50: when it is full, the senders wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until};
use weir_stage::stage::{self, Gone, SubscribeOptions};

const LIMIT: usize = 5;
const INTERVAL: Duration = Duration::from_millis(200);

/// When, in ms, how many events are sent.
const BURSTS: [(u64, u32); 2] = [(0, 17), (1050, 12)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Gone> {
    let start = Instant::now();
    let (sender, receiver) = mpsc::channel(50);

    // The receiving end of a channel is a producer.
    let events = stage::producer(receiver).spawn();

    let arrived = Arc::new(Mutex::new(Vec::new()));
    let inbox = Arc::clone(&arrived);
    let limited = stage::consumer_fn(move |mut events: Vec<u32>| {
        inbox.lock().unwrap_or_else(PoisonError::into_inner).append(&mut events);
        async {}
    })
    .spawn();

    // From a running consumer, since this way we learn the subscription's tag.
    let consumer = limited.consumer();
    let tag = consumer.subscribe(&events.producer(), SubscribeOptions::manual()).await?;

    tokio::spawn(send(sender.clone(), start));

    println!("at most {LIMIT} every {} ms\n", INTERVAL.as_millis());
    println!("interval           asks   still waiting   arrived");
    let mut ticks = interval_at(start + INTERVAL, INTERVAL);
    let mut ask = LIMIT;
    for n in 0..8 {
        consumer.ask(tag, ask).await?;
        ticks.tick().await;
        let got = std::mem::take(&mut *arrived.lock().unwrap_or_else(PoisonError::into_inner));
        let waiting = sender.max_capacity() - sender.capacity();
        println!("{}   {ask:>4}   {waiting:>13}   {}", interval(n), list(&got));
        ask = got.len();
    }

    // The producer ends with the last sender, and the consumer with it; but it
    // ends only when it is asked for more and has none.
    drop(sender);
    consumer.ask(tag, ask).await?;
    println!("\nThe consumer has {}.", limited.join().await);
    Ok(())
}

async fn send(sender: mpsc::Sender<u32>, start: Instant) {
    let mut events = 1..;
    for (millis, count) in BURSTS {
        sleep_until(start + Duration::from_millis(millis)).await;
        for event in events.by_ref().take(count as usize) {
            if sender.send(event).await.is_err() {
                return;
            }
        }
    }
}

fn list(events: &[u32]) -> String {
    let events: Vec<_> = events.iter().map(|event| format!("{event:>2}")).collect();
    if events.is_empty() { " -".to_owned() } else { events.join(" ") }
}

/// "0.20 to 0.40 s".
fn interval(n: u32) -> String {
    let secs = |n: u32| (INTERVAL * n).as_secs_f64();
    format!("{:.2} to {:.2} s", secs(n), secs(n + 1))
}
