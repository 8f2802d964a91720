//! Events of one key stay in order, while keys are worked on side by side: the
//! partition dispatcher.
//!
//! ```sh
//! cargo run --example per_key_order
//! ```
//!
//! Six accounts, six transfers each, three partitions, each with a consumer of
//! its own. A key belongs to its partition by its hash, so each account stays
//! with one consumer and its transfers in order; which accounts share a partition
//! is chance. Partition 0 is slow, 60 ms for a transfer where the others need 20.
//! Look at two things: at first the others do not wait for it, and at 0.17 s
//! have finished eight transfers each, where it has two. From then on they do
//! wait. What is there for partition 0 counts against the demand of all, or it
//! would pile up without a bound.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream;
use tokio::time::{Instant, sleep};
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::dispatch::PartitionDispatcher;
use weir_stage::stage::{self, ProducerRef, RunningConsumer, SubscribeOptions};

const ACCOUNTS: [&str; 6] = ["ada", "ann", "bob", "carl", "cleo", "eve"];

/// The `n`th transfer of an account.
#[derive(Clone, Copy)]
struct Transfer {
    account: &'static str,
    n: u32,
}

/// Finished events by account, each account with its partition.
type Finished = Arc<Mutex<BTreeMap<&'static str, (usize, Vec<u32>)>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    let start = Instant::now();
    let finished = Finished::default();
    let transfers = (1..=6).flat_map(|n| ACCOUNTS.map(|account| Transfer { account, n }));
    let bank = stage::from_stream(stream::iter(transfers))
        .dispatcher(PartitionDispatcher::by_key(3, |transfer: &Transfer| transfer.account))
        .spawn();

    println!("finished   partition 0, slow   partition 1   partition 2");
    let mut clerks = Vec::new();
    for (partition, millis) in [60, 20, 20].into_iter().enumerate() {
        let each = Duration::from_millis(millis);
        clerks.push(clerk(&bank.producer(), partition, each, start, &finished)?);
    }
    for clerk in clerks {
        clerk.join().await;
    }

    println!("\naccount   partition   transfers in the order they were finished");
    for (account, (partition, order)) in finished.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("{account:<7}   {partition:>9}   {order:?}");
    }
    Ok(())
}

/// Works for one partition, one transfer after the other, with two on its desk.
fn clerk(
    bank: &ProducerRef<Transfer>,
    partition: usize,
    each: Duration,
    start: Instant,
    finished: &Finished,
) -> Result<RunningConsumer<Transfer>, LimitsError> {
    let finished = Arc::clone(finished);
    let column = [2, 22, 36][partition];
    let work = move |transfers: Vec<Transfer>| {
        let finished = Arc::clone(&finished);
        async move {
            for Transfer { account, n } in transfers {
                sleep(each).await;
                println!("{:.2} s   {:column$}{account} {n}", start.elapsed().as_secs_f64(), "");
                let mut finished = finished.lock().unwrap_or_else(PoisonError::into_inner);
                finished.entry(account).or_insert((partition, Vec::new())).1.push(n);
            }
        }
    };
    let options = SubscribeOptions::from(Limits::new(2, 1)?).partition(partition);
    Ok(stage::consumer_fn(work).subscribe_to(bank, options).spawn())
}
