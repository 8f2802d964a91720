//! A supervised feed: it fails and is restarted, and no other stage has to be.
//!
//! ```text
//!   supervisor ─┬─ feed           produces under the name "feed"
//!               └─ downstream ─┬─ parse   from there, under the name "parse"
//!                              └─ work    from there: a pool of 4
//! ```
//!
//! ```sh
//! cargo run --example supervised
//! ```
//!
//! It takes 3 seconds.
//!
//! Compare the tables: the feed is down for half a second and comes back with counters of
//! its own, while `parse` and `work` keep theirs and are never restarted. They are
//! subscribed to a *reserved* name, and are connected to the next stage that registers
//! under it. The last line shows the result: as many events are done as were produced.

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::sleep;
use weir_stage::backoff::Backoff;
use weir_stage::demand::Limits;
use weir_stage::pool::{self, PoolSettings, Spread};
use weir_stage::stage::{self, CancelMode, Producer, ProducerRef, SubscribeOptions};
use weir_stage::supervise::{ChildSpec, ChildState, Restart, Strategy, Supervisor, SupervisorHandle};

const MS: Duration = Duration::from_millis(1);

/// What outlives each of the feeds: the next one goes on where the last one was.
static PRODUCED: AtomicU64 = AtomicU64::new(0);
static CUT: AtomicBool = AtomicBool::new(false);
static DONE: AtomicU64 = AtomicU64::new(0);

/// Up to ten events in 5 ms, over a line that can be cut.
struct Feed;

impl Producer for Feed {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        sleep(5 * MS).await;
        assert!(!CUT.swap(false, Relaxed), "connection reset by peer");
        let first = PRODUCED.load(Relaxed);
        let next = first + demand.min(10) as u64;
        PRODUCED.store(next, Relaxed);
        Some((first..next).collect())
    }
}

async fn to_text(events: Vec<u64>) -> Vec<String> {
    events.iter().map(u64::to_string).collect()
}

async fn work(_text: String) {
    sleep(MS).await;
    DONE.fetch_add(1, Relaxed);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    std::panic::set_hook(Box::new(|panic| {
        println!("\n!! {}", panic.payload().downcast_ref::<&str>().unwrap_or(&"panic"));
    }));
    let limits = Limits::new(100, 50)?;
    let settings = PoolSettings { concurrency: 4, spread: Spread::PerEvent, limits, requeue: true };
    let (feeds, parses) = (ProducerRef::reserve("feed"), ProducerRef::reserve("parse"));

    let reserved = feeds.clone();
    let feed = ChildSpec::new("feed", move || stage::producer(Feed).register(&reserved).spawn());
    let downstream = ChildSpec::supervisor("downstream", move || {
        let (from, reserved) = (feeds.clone(), parses.clone());
        let parse = ChildSpec::new("parse", move || {
            let options = SubscribeOptions::from(limits).cancel(CancelMode::Resubscribe);
            stage::producer_consumer_fn(to_text).subscribe_to(&from, options).register(&reserved).spawn()
        });
        let from = parses.clone();
        let pool = ChildSpec::new("work", move || pool::builder(work, settings).spawn(&from));
        // Transient: who ends in good order is not to be started again.
        Supervisor::new(Strategy::OneForOne)
            .child(parse.restart(Restart::Transient))
            .child(pool.restart(Restart::Transient))
            .ends_with_last_child()
    });

    let tree = Supervisor::new(Strategy::OneForOne)
        .backoff(Backoff::constant(500 * MS))
        .child(feed.restart(Restart::Transient))
        .child(downstream.restart(Restart::Transient))
        .ends_with_last_child()
        .spawn()?;

    for (after, title) in [(800, "before"), (200, "the feed is down"), (1700, "and back")] {
        sleep(after * MS).await;
        println!("\n{title}");
        show(&tree);
        CUT.store(title == "before", Relaxed);
    }
    // From the top: what the feed has produced is finished by those after it.
    tree.terminate("feed").await?;
    println!("\nended: {}", tree.join().await);
    println!("{} produced, {} done", PRODUCED.load(Relaxed), DONE.load(Relaxed));
    Ok(())
}

/// The tree, a line a child.
fn show(tree: &SupervisorHandle) {
    println!("child         kind               state     restarts    in   out   held   busy ms");
    for child in tree.list() {
        let name = format!("{:1$}{2}", "", 2 * child.depth(), child.name());
        let (kind, numbers) = match &child.status {
            Some(now) => {
                let busy = now.busy.as_millis();
                let (come, gone, held) = (now.events_in, now.events_out, now.held);
                (now.kind.to_string(), format!("{come:>6}{gone:>6}{held:>7}{busy:>10}"))
            }
            None => ("-".to_owned(), String::new()),
        };
        let state = match child.state {
            ChildState::Running => "running",
            ChildState::Stopping => "stopping",
            ChildState::Restarting => "waits",
            _ => "ended",
        };
        println!("{name:<14}{kind:<19}{state:<10}{:>8}{numbers}", child.restarts);
    }
}
