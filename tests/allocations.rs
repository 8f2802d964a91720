//! What moving events allocates.

use allocation_counter::measure;
use weir::demand::Limits;
use weir::stage;

/// Counts what this thread allocates while `batches` batches of 500 events pass between two
/// stages that run on it. Other tests run on other threads.
fn allocated_by(batches: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let work = async move {
        let (mut next, end) = (0, batches * 500);
        let count = move |demand: usize| {
            let first = next;
            next = end.min(first + demand as u64);
            std::future::ready((first < next).then(|| (first..next).collect()))
        };
        let numbers = stage::producer_fn(count).spawn();
        let ignore = |_: Vec<u64>| std::future::ready(());
        let consumer =
            stage::consumer_fn(ignore).subscribe_to(&numbers.producer(), Limits::default()).spawn();
        consumer.join().await;
    };
    measure(|| runtime.block_on(work)).count_total
}

#[test]
fn a_batch_is_allocated_once_and_an_event_never() {
    // The difference of two runs, as both spawn the stages.
    let (few, many) = (allocated_by(1_000), allocated_by(3_000));
    let a_batch = (many - few) as f64 / 2_000.0;
    assert!(a_batch < 1.05, "{a_batch} allocations a batch");
}
