//! Events that fail are tried again, later and later; those that fail for good
//! come out as a producer of dead letters.
//!
//! ```sh
//! cargo run --example retry
//! ```
//!
//! A pool of three delivers parcels. Each is tried up to three times, with 100
//! and then 200 ms in between, and an attempt may take 150 ms. Look at the times:
//! at most three parcels are under way, and one that waits for its next attempt
//! counts, so parcel 5 begins only when 2 has been delivered. The waits have no
//! jitter here, so that they can be read. Leave it on in earnest, or all that
//! failed together try again together.

use std::collections::HashSet;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use weir_stage::backoff::Backoff;
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::pool::{self, DeadLetter, Pool, PoolSettings, RetryCounts, Spread, TryHandler};
use weir_stage::stage;

const MS: Duration = Duration::from_millis(1);

/// The address of a parcel. The driver finds out at the door whether it is right.
#[derive(Clone, Copy)]
enum Address {
    Right,
    /// The door opens at the second ring.
    SecondRing,
    Wrong,
    /// The driver waits in traffic for ever.
    FarAway,
}

#[derive(Clone, Copy)]
struct Parcel {
    n: u32,
    to: Address,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    use Address::{FarAway, Right, SecondRing, Wrong};
    let start = Instant::now();
    let addresses = [Right, SecondRing, Wrong, FarAway, Right, Right, SecondRing, Right];
    let parcels = (1..).zip(addresses).map(|(n, to)| Parcel { n, to });
    let depot = stage::from_stream(stream::iter(parcels)).spawn();

    // The letters' way back into the stages: a channel, whose receiver is a
    // producer. Without a bound, as a handler should not wait here; there is at
    // most one letter a parcel.
    let (letters, undelivered) = mpsc::unbounded_channel();
    let delivery = pool::retry(Driver { start, rung: Mutex::default() })
        .attempts(3)
        .backoff(Backoff::exponential(100 * MS, 1000 * MS).without_jitter())
        .timeout(150 * MS)
        .dead_letter(move |letter| {
            // It fails when the receiver of the letters is gone.
            drop(letters.send(letter));
        });
    let account = delivery.account();

    let office = stage::producer(undelivered).spawn();
    let clerk = stage::consumer_fn(|letters: Vec<DeadLetter<Parcel>>| async move {
        for DeadLetter { event, attempts, last_error } in letters {
            println!("{:14}   parcel {}   goes back after {attempts} attempts: {last_error}", "", event.n);
        }
    });
    let clerk = clerk.subscribe_to(&office.producer(), Limits::new(10, 5)?).spawn();

    let limits = Limits::new(1, 0)?;
    let settings = PoolSettings { concurrency: 3, spread: Spread::Workers, limits, requeue: true };
    let pool = Pool::spawn(depot.producer(), delivery, settings);

    // The pool ends with its producer, and lets go of the sender; so the office
    // ends, and the clerk.
    pool.ended().await;
    clerk.join().await;

    let RetryCounts { attempts, retries, errors, timeouts, dead_letters, .. } = account.counts();
    let parcels = attempts - retries;
    println!("\n{parcels} parcels: {} delivered, {dead_letters} returned", parcels - dead_letters);
    println!("{attempts} attempts: {errors} errors, {timeouts} stopped at the deadline");
    Ok(())
}

/// Delivers parcels, each in 50 ms.
struct Driver {
    start: Instant,
    /// Where the bell has been rung before.
    rung: Mutex<HashSet<u32>>,
}

impl TryHandler<Parcel> for Driver {
    type Error = &'static str;

    async fn try_handle(&self, Parcel { n, to }: Parcel) -> Result<(), &'static str> {
        let mut attempt = Attempt { n, start: self.start, began: since(self.start), outcome: "dropped" };
        sleep(50 * MS).await;
        let first = self.rung.lock().unwrap_or_else(PoisonError::into_inner).insert(n);
        let result = match to {
            Address::SecondRing if first => Err("no answer"),
            Address::Right | Address::SecondRing => Ok(()),
            Address::Wrong => Err("no such address"),
            Address::FarAway => pending().await,
        };
        attempt.outcome = result.err().unwrap_or("delivered");
        result
    }
}

/// Prints the outcome of an attempt, even if it was dropped at its deadline.
struct Attempt {
    n: u32,
    start: Instant,
    began: String,
    outcome: &'static str,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        println!("{} to {} s   parcel {}   {}", self.began, since(self.start), self.n, self.outcome);
    }
}

fn since(start: Instant) -> String {
    format!("{:.2}", start.elapsed().as_secs_f64())
}
