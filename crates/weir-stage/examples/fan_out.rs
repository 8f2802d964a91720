//! One producer and three consumers: first each consumer gets every event, then
//! each gets a share.
//!
//! ```sh
//! cargo run --example fan_out
//! ```
//!
//! **Broadcast.** Temperatures go to an auditor, to an alarm that selects those
//! above 90, and to an archive that needs 50 ms for each. No consumer
//! gets ahead of the slowest: the auditor gets two events whenever the archive has
//! finished two. At 0.45 s the archive leaves, and the others get the rest at once.
//!
//! **Shares.** Twelve events arrive every 20 ms, and three consumers would take
//! more than that. The demand dispatcher gives all of them to the consumer with the
//! largest demand; the fair dispatcher deals them out by weight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::stream;
use tokio::time::{Instant, sleep};
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::dispatch::{BroadcastDispatcher, DemandDispatcher, Dispatcher, FairDispatcher};
use weir_stage::stage::{self, ProducerRef, RunningConsumer, SubscribeOptions};

const MS: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    broadcast().await?;
    shares().await
}

async fn broadcast() -> Result<(), LimitsError> {
    println!("broadcast{:5}auditor        alarm, from 90   archive, 50 ms each", "");
    let start = Instant::now();
    let temperatures = [61, 64, 93, 88, 72, 70, 91, 95, 66, 67, 71, 68, 69, 90, 92, 65, 63, 62, 60, 94];

    // Paused, so that nothing is sent before all have subscribed.
    let sensor = stage::from_stream(stream::iter(temperatures))
        .dispatcher(BroadcastDispatcher::new())
        .paused()
        .spawn();
    let producer = sensor.producer();

    let limits = Limits::new(4, 2)?;
    let hot = SubscribeOptions::from(limits).selector(|&t: &u32| t >= 90);
    let auditor = listener(&producer, limits.into(), 0, Duration::ZERO, start);
    let alarm = listener(&producer, hot, 15, Duration::ZERO, start);
    let archive = listener(&producer, limits.into(), 32, 50 * MS, start);

    // It fails only if the stage is gone, and `sensor` still refers to it.
    producer.resume().expect("the sensor runs");
    sleep(450 * MS).await;
    println!("{:.2} s{:40}leaves", start.elapsed().as_secs_f64(), "");
    archive.stop();

    auditor.join().await;
    alarm.join().await;
    println!();
    Ok(())
}

/// A consumer that prints what it gets in a column of its own.
fn listener(
    producer: &ProducerRef<u32>,
    options: SubscribeOptions<u32>,
    column: usize,
    each: Duration,
    start: Instant,
) -> RunningConsumer<u32> {
    let consumer = stage::consumer_fn(move |events: Vec<u32>| async move {
        println!("{:.2} s{:8}{:column$}{events:?}", start.elapsed().as_secs_f64(), "", "");
        sleep(each * events.len() as u32).await;
    });
    consumer.subscribe_to(producer, options).spawn()
}

async fn shares() -> Result<(), LimitsError> {
    let demand = shares_with(DemandDispatcher::new()).await?;
    let fair = shares_with(FairDispatcher::new()).await?;
    println!("shares of 240   max_demand   weight   demand dispatcher   fair dispatcher");
    for (at, (name, max_demand, weight)) in CONSUMERS.into_iter().enumerate() {
        println!("{name:<13}   {max_demand:>10}   {weight:>6}   {:>17}   {:>15}", demand[at], fair[at]);
    }
    Ok(())
}

const CONSUMERS: [(&str, usize, usize); 3] =
    [("greedy", 100, 1), ("modest", 10, 1), ("modest, twice", 10, 2)];

/// How many of 240 events each consumer got.
async fn shares_with(dispatcher: impl Dispatcher<u32>) -> Result<[usize; 3], LimitsError> {
    let mut twelves = (0..20).map(|n| (12 * n..12 * (n + 1)).collect());
    let source = stage::producer_fn(move |_demand| {
        let twelve = twelves.next();
        async {
            sleep(20 * MS).await;
            twelve
        }
    });
    let source = source.dispatcher(dispatcher).spawn();
    let got = Arc::new(CONSUMERS.map(|_| AtomicUsize::new(0)));
    let mut consumers = Vec::new();
    for (at, (_, max_demand, weight)) in CONSUMERS.into_iter().enumerate() {
        let got = Arc::clone(&got);
        let count = stage::consumer_fn(move |events: Vec<u32>| {
            got[at].fetch_add(events.len(), Ordering::Relaxed);
            async {}
        });
        // Asking again after each event keeps the demand what it is.
        let options = SubscribeOptions::from(Limits::new(max_demand, max_demand - 1)?).weight(weight);
        consumers.push(count.subscribe_to(&source.producer(), options).spawn());
    }
    for consumer in consumers {
        consumer.join().await;
    }
    Ok([0, 1, 2].map(|at| got[at].load(Ordering::Relaxed)))
}
