use weir::runs::{Origin, Run, Store, from_json, to_json};

use super::{Recorded, counts};
use crate::support::Logs;

#[tokio::test(start_paused = true)]
async fn a_run_is_read_back_as_it_was_written() {
    let recorded = Recorded::start("written").await;
    let claim = recorded.bench.begin_run();
    recorded.enqueue(7);
    recorded.pass(1000).await;
    let taken = recorded.bench.take_run(claim).unwrap();
    let mut run = Run::new(Origin::Load, "pipelined", weir::runs::now());
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
async fn a_store_that_cannot_be_written_is_logged_and_costs_nothing_else() {
    let mut recorded = Recorded::start("unwritable").await;
    let good = recorded.store.clone();
    let file = recorded.folder.0.join("a-file");
    std::fs::write(&file, "no folder").unwrap();
    recorded.store = Store::new(file.join("runs"));
    let logs = Logs::capture();
    recorded.enqueue(3);
    recorded.pass(3000).await;
    recorded.bench.keep_finished(Some(&recorded.store)).await;
    let said = logs.take();
    assert!(said.len() == 1 && said[0].starts_with("ERROR: a run is lost: "), "{said:?}");
    assert_eq!(counts(&recorded.bench.snapshot().ledger), [3, 3, 0, 0]);
    // The next one is another matter.
    recorded.store = good;
    recorded.enqueue(2);
    recorded.pass(3000).await;
    assert_eq!(counts(&recorded.only().await.bench.unwrap().ledger), [2, 2, 0, 0]);
    assert_eq!(
        (counts(&recorded.bench.snapshot().ledger), logs.take()),
        ([5, 5, 0, 0], Vec::<String>::new())
    );
}
