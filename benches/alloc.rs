//! What a shared buffer allocates: nothing an event. A producer makes one `Vec` a
//! batch, and that allocation travels through the dispatcher and both mailboxes
//! into the handler.
//!
//! Counted is what the thread of a current_thread runtime allocates, both stages
//! and their mailboxes included: from the difference of a long run and a short
//! one, so that spawning the stages is not in it. The peer is an `mpsc` that moves
//! `Vec`s of the same size, and allocates just these: 1 a batch. The target is
//! the same within a hundredth. (When two asks meet, their events come as one `Vec`,
//! and what is divided off it for the handler is an allocation: again 1 a batch.)
//! What an event itself owns, such as a `String`, is the author's.

mod support;

use allocation_counter::{AllocationInfo, measure};
use tokio::sync::mpsc;
use weir::demand::Limits;
use weir::stage;

use self::support::{Count, Touch, runtime, touch_batches};

fn main() {
    println!("allocations, producer to consumer, 1 thread");
    for max in [1000, 100, 10, 1] {
        let limits = Limits::with_max(max).expect("at least 1");
        let batch = limits.batch() as u64;
        let ours = each(batch, |n| stages(n, limits));
        let peer = each(batch, |n| batches(n, limits.batch()));
        println!(
            "  max_demand {max:<5} {:>9.0} a million events, {:.3} a batch of {batch}   mpsc of Vecs {:>9.0}, {:.3}",
            ours * 1e6 / batch as f64,
            ours,
            peer * 1e6 / batch as f64,
            peer,
        );
    }
}

/// Allocations a batch.
fn each<F: Future>(batch: u64, work: impl Fn(u64) -> F) -> f64 {
    const BATCHES: u64 = 20_000;
    let one_thread = runtime(1);
    let allocated = |batches: u64| {
        let AllocationInfo { count_total, .. } =
            measure(|| drop(one_thread.block_on(work(batches * batch))));
        count_total
    };
    // Once before, for what is allocated once.
    allocated(BATCHES);
    (allocated(2 * BATCHES) - allocated(BATCHES)) as f64 / BATCHES as f64
}

async fn stages(events: u64, limits: Limits) {
    let producer = stage::producer(Count::below(events)).spawn();
    stage::consumer(Touch::default()).subscribe_to(&producer.producer(), limits).spawn().join().await;
}

async fn batches(events: u64, size: usize) {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let mut count = Count::below(events);
        while let Some(batch) = count.next(size) {
            sender.send(batch).await.expect("the receiver lives");
        }
    });
    std::hint::black_box(touch_batches(receiver).await);
}
