use weir::record::{Origin, Run};
use weir::runs::{Store, from_json, to_json};
use weir::workbench::KeepingState;

use super::{Recorded, counts};
use crate::server::PATIENCE;
use crate::support::Logs;

#[tokio::test(start_paused = true)]
async fn a_run_is_read_back_as_it_was_written() {
    let recorded = Recorded::start("written").await;
    let claim = recorded.bench.begin_run();
    recorded.enqueue(7);
    recorded.pass(1000).await;
    let taken = recorded.bench.take_run(claim).unwrap();
    let mut run = Run::new(Origin::Load, "pipelined", weir::record::now());
    run.id = "a".to_owned();
    (run.config, run.bench) = (Some(taken.config), Some(taken.bench));
    let run = run.audited();
    recorded.store.save(&run).unwrap();
    assert_eq!(recorded.store.load("a").unwrap(), run);
    let text = std::fs::read(recorded.store.path("a").unwrap()).unwrap();
    assert_eq!(to_json(&from_json(&text).unwrap()).unwrap().into_bytes(), text);
    assert_eq!(recorded.only().await, run);
    // The end of the bench is the end of the run.
    recorded.enqueue(4);
    recorded.pass(250).await;
    recorded.bench.end_run();
    let cut = recorded.only().await;
    assert_eq!(counts(&cut.bench.as_ref().unwrap().ledger), [4, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_written_waits_and_is_kept_once_it_can_be() {
    let mut recorded = Recorded::start("unwritable").await;
    let good = recorded.store.clone();
    let file = recorded.folder.0.join("a-file");
    std::fs::write(&file, "no folder").unwrap();
    recorded.store = Store::new(file.join("runs"));
    let logs = Logs::capture();
    recorded.enqueue(3);
    recorded.pass(3000).await;
    for _ in 0..5 {
        recorded.bench.keep_finished(Some(&recorded.store)).await;
        recorded.pass(3000).await;
    }
    let said = logs.take();
    assert!(said.len() == 1 && said[0].starts_with("ERROR: runs cannot be kept, and wait"), "{said:?}");
    let keeping = recorded.bench.keeping();
    assert_eq!((keeping.waiting, keeping.lost), (1, 0));
    assert!(keeping.error.unwrap().contains("cannot create the folder"));
    assert_eq!(counts(&recorded.bench.snapshot().ledger), [3, 3, 0, 0]);
    recorded.store = good;
    recorded.pass(30_000).await;
    assert_eq!(counts(&recorded.only().await.bench.unwrap().ledger), [3, 3, 0, 0]);
    assert_eq!((recorded.bench.keeping(), logs.take()), (KeepingState::default(), Vec::<String>::new()));
}

#[tokio::test(start_paused = true)]
async fn the_end_says_which_runs_could_not_be_kept() {
    let recorded = Recorded::start("unwritable-end").await;
    let file = recorded.folder.0.join("a-file");
    std::fs::write(&file, "no folder").unwrap();
    recorded.enqueue(3);
    recorded.pass(1000).await;
    let unkept = recorded.bench.keep_last(&Store::new(file.join("runs")), PATIENCE);
    let unkept = unkept.unwrap();
    assert!(unkept.starts_with("1 run could not be kept: cannot create the folder"), "{unkept}");
    // What is still there is kept when that is possible.
    assert_eq!(recorded.bench.keep_last(&recorded.store, PATIENCE), None);
    assert_eq!(recorded.store.list().unwrap().runs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_in_progress_is_listed_until_it_is_kept() {
    let recorded = Recorded::start("in-progress").await;
    let (bench, store) = (&recorded.bench, &recorded.store);
    bench.keep_finished(Some(store)).await;
    assert_eq!(store.list().unwrap().in_progress, None, "nothing has happened yet");
    recorded.enqueue(40);
    recorded.pass(1050).await;
    bench.keep_finished(Some(store)).await;
    let run = store.list().unwrap().in_progress.expect("a run is in progress");
    assert_eq!(
        (run.requests.into_iter().collect::<Vec<_>>(), run.held),
        (vec![("pipelined".to_owned(), 40)], 30)
    );
    recorded.pass(6000).await;
    bench.keep_finished(Some(store)).await;
    let listing = store.list().unwrap();
    assert_eq!((listing.runs.len(), listing.in_progress), (1, None));
}

#[tokio::test(start_paused = true)]
async fn begun_runs_in_which_nothing_happens_leave_nothing_and_others_are_bounded() {
    let recorded = Recorded::start("begun").await;
    let (bench, store) = (&recorded.bench, &recorded.store);
    for _ in 0..300 {
        bench.begin_run();
    }
    bench.end_run();
    bench.keep_finished(Some(store)).await;
    assert_eq!(store.list().unwrap().runs.len(), 0);
    let logs = Logs::capture();
    for _ in 0..103 {
        bench.begin_run();
        recorded.enqueue(1);
    }
    bench.end_run();
    bench.keep_finished(Some(store)).await;
    assert_eq!(store.list().unwrap().runs.len(), 100);
    let said = logs.take();
    assert!(said.len() == 1 && said[0].starts_with("WARN: 3 runs are not kept"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_keeps_a_bounded_number_of_marks_and_says_how_many_it_left_out() {
    let recorded = Recorded::start("marks").await;
    let claim = recorded.bench.begin_run();
    for _ in 0..600 {
        recorded.bench.reset();
    }
    let marks = recorded.bench.take_run(claim).unwrap().bench.marks;
    assert_eq!(marks.len(), 500);
    assert_eq!(marks[499].text, "101 more marks are left out from here on");
    assert_ne!(marks[498].text, marks[499].text);
}
