//! The smallest thing: a producer that counts, a consumer that takes its time,
//! and between them nothing but demand.
//!
//! ```sh
//! cargo run --example counter
//! ```
//!
//! The consumer has `max_demand` 10 and `min_demand` 5. Look at the asks: 10 at
//! first, then 5 whenever 5 are finished. The producer could count to a million
//! in a moment; it is never more than 10 ahead, because the consumer asks for no
//! more. And the consumer never waits: while it works on 5, the next 5 are there.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::stage::{self, Consumer, Producer};

/// Counts from `next` to `last`.
struct Counter {
    next: u64,
    last: u64,
    start: Instant,
}

impl Producer for Counter {
    type Event = u64;

    /// Returns as many events as are asked for. The stage remembers the demand that is not
    /// served.
    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let first = self.next;
        self.next = first.saturating_add(demand as u64).min(self.last + 1);
        let events: Vec<u64> = (first..self.next).collect();
        println!("{}  asked for {demand:>2}, gives {}", since(self.start), range(&events));
        (!events.is_empty()).then_some(events)
    }
}

/// Needs 40 ms for each event.
struct Worker {
    finished: u64,
    start: Instant,
}

impl Consumer for Worker {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        println!("{}  {:32}works on {}", since(self.start), "", range(&events));
        sleep(Duration::from_millis(40) * events.len() as u32).await;
        self.finished += events.len() as u64;
        println!("{}  {:32}has finished {}", since(self.start), "", self.finished);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    println!("{:8}{:32}consumer, 40 ms an event", "", "producer");
    let start = Instant::now();

    let counter = stage::producer(Counter { next: 1, last: 25, start }).spawn();
    let worker = stage::consumer(Worker { finished: 0, start })
        .subscribe_to(&counter.producer(), Limits::new(10, 5)?)
        .spawn();

    // The producer ends when it has no more, the consumer when its producer does
    // and everything is finished.
    let reason = worker.join().await;
    println!("{}  {:32}ends: {reason}", since(start), "");
    Ok(())
}

/// "11 to 15".
fn range(events: &[u64]) -> String {
    match (events.first(), events.last()) {
        (Some(first), Some(last)) => format!("{first:>2} to {last:>2}"),
        _ => "nothing: that was all".to_owned(),
    }
}

fn since(start: Instant) -> String {
    format!("{:.2} s", start.elapsed().as_secs_f64())
}
