//! The bench on an engine that outlives it: what is promised, over several lives.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use weir::config::Sources;
use weir::pipeline::Stamp;
use weir::queue::PushError;
use weir::record::Mode;
use weir::workbench::{Order, Refusal, Workbench};

fn arrived(bench: &Workbench) -> Stamp {
    bench.request(Mode::Pipelined).arrived()
}

/// Opens a bench whose queue is in a file of the folder.
async fn open(folder: &TempDir, flags: &[&str]) -> Arc<Workbench> {
    let directory = format!("data.directory={}", folder.path().display());
    let fixed = [directory.as_str(), "queue.engine=disk", "resource.latency.mean=1ms"];
    let flags = fixed.iter().chain(flags).map(ToString::to_string).collect();
    let sources = Sources { file: None, flags };
    Workbench::open(sources.load().unwrap(), &sources).await.unwrap()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} has not happened within 10 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_wait_outlive_the_bench_and_the_ledger_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let bench = open(&folder, &["consumers.concurrency=0"]).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(bench.enqueue_with(arrived(&bench), b"an order".to_vec()).await.unwrap().id);
    }
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.engine.as_str(), snapshot.queue.safety.as_str()), ("disk", "power_loss"));
    assert_eq!((snapshot.queue.depth, snapshot.queue.payload_bytes), (20, 160));
    assert_eq!((snapshot.ledger.held, snapshot.ledger.unaccounted), (20, 0));
    let report = bench.drain(Duration::from_millis(200)).await;
    assert_eq!((report.lost(), report.kept), (0, Some(20)), "{report}");
    assert!(report.to_string().contains("20 accepted events are kept for the next start"), "{report}");
    drop(bench);

    let bench = open(&folder, &["consumers.concurrency=4"]).await;
    until("the end of the recovered events", || bench.ledger().done == 20).await;
    let id = bench.enqueue(arrived(&bench)).await.unwrap().id;
    assert_eq!(id, 21, "ids go on");
    until("the end of the new event", || bench.ledger().done == 21).await;
    let ledger = bench.ledger();
    assert_eq!((ledger.accepted, ledger.recovered, ledger.held, ledger.unaccounted), (1, 20, 0, 0));
    let report = bench.queue_report();
    let book = report.book.unwrap();
    assert_eq!((book.accepted, book.done, book.failed, book.dropped, book.held), (21, 21, 0, 0, 0));
    assert_eq!(report.recovered, 20);
    let report = bench.drain(Duration::from_secs(5)).await;
    assert_eq!((report.lost(), report.kept), (0, None), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_attempt_is_tried_again_and_the_last_one_makes_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["resource.failure_rate=1", "queue.attempts=3", "queue.retry_delay=10ms"];
    let bench = open(&folder, &flags).await;
    let id = bench.enqueue_with(arrived(&bench), b"poison".to_vec()).await.unwrap().id;
    until("the dead letter", || bench.ledger().failed == 1).await;
    let letters = bench.dead_letters(None, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].id.0, letters[0].tries), (1, id, 3));
    assert_eq!(letters[0].payload, b"poison");
    assert!(letters[0].why.contains("fail"), "{}", letters[0].why);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.dead, snapshot.queue.payload_bytes), (1, 0));
    assert_eq!((snapshot.ledger.accepted, snapshot.ledger.held, snapshot.ledger.unaccounted), (1, 0, 0));

    bench.set("resource.failure_rate", "0").await.unwrap();
    assert_eq!(bench.retry_dead(Some(999)).await.unwrap(), 0);
    assert_eq!(bench.retry_dead(Some(id)).await.unwrap(), 1);
    until("the end of the retried event", || bench.ledger().done == 1).await;
    let ledger = bench.ledger();
    assert_eq!((ledger.accepted, ledger.failed, ledger.unaccounted), (2, 1, 0));
    assert!(bench.dead_letters(None, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_pool_gives_its_events_back_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["consumers.concurrency=4", "consumers.max_demand=3", "queue.attempts=50"];
    let bench =
        open(&folder, &[&flags[..], &["queue.retry_delay=1ms", "resource.latency.mean=1min"]].concat())
            .await;
    for _ in 0..60 {
        bench.enqueue(arrived(&bench)).await.unwrap();
    }
    for kill in 1..=5 {
        // Work that takes a minute is in hand until it is killed.
        until("work in hand", || bench.snapshot().consumers.busy == 4).await;
        if kill == 5 {
            bench.set("resource.latency.mean", "1ms").await.unwrap();
        }
        let report = bench.order("consumers", Order::Kill).await.unwrap();
        assert!(report.failed == 0 && report.requeued >= 4, "{report:?}");
    }
    until("the end of all events", || bench.ledger().done == 60).await;
    let ledger = bench.ledger();
    assert_eq!((ledger.failed, ledger.held, ledger.unaccounted), (0, 0, 0), "{ledger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_drops_what_waits_and_the_book_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bench = open(&folder, &["consumers.concurrency=0", "queue.capacity=5"]).await;
    for _ in 0..5 {
        bench.enqueue_with(arrived(&bench), vec![7; 10]).await.unwrap();
    }
    let full = bench.enqueue(arrived(&bench)).await.unwrap_err();
    assert!(matches!(full, Refusal::Queue(PushError::Full { capacity: 5 })), "{full}");
    assert_eq!(bench.purge().await.unwrap().dropped, 5);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.depth, snapshot.queue.payload_bytes, snapshot.queue.peak_depth), (0, 0, 5));
    assert_eq!((snapshot.ledger.dropped, snapshot.ledger.held, snapshot.ledger.unaccounted), (5, 0, 0));
    assert_eq!(snapshot.queue.book.unwrap().dropped, 5);
    bench.enqueue(arrived(&bench)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_bench_on_the_same_file_is_refused_by_the_process_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder, &[]).await;
    let directory = format!("data.directory={}", folder.path().display());
    let sources = Sources { file: None, flags: vec![directory, "queue.engine=disk".to_owned()] };
    let error = Workbench::open(sources.load().unwrap(), &sources).await.unwrap_err().to_string();
    assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
    drop(first);
}
