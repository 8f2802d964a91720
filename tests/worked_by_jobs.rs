//! `resource.kind = "jobs"`: the endpoints run a job with the number of the request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use futures::future::{BoxFuture, FutureExt};
use tokio::time::sleep;
use weir::resource::{Failed, Work};
use weir::workbench::Workbench;

use crate::http::get;
use crate::support::bench;

/// Work that takes a second, fails for 13, and notes its inputs.
#[derive(Debug, Default)]
struct Noted(Arc<Mutex<Vec<i64>>>);

impl Work for Noted {
    fn work(&self, input: i64) -> BoxFuture<'static, Result<(), Failed>> {
        self.0.lock().unwrap().push(input);
        async move {
            sleep(Duration::from_secs(1)).await;
            if input == 13 { Err(Failed::Work("13 is unlucky".into())) } else { Ok(()) }
        }
        .boxed()
    }
}

fn with_jobs(flags: &[&str]) -> (Arc<Workbench>, Arc<Mutex<Vec<i64>>>) {
    let bench = bench(flags);
    let noted = Noted::default();
    let inputs = Arc::clone(&noted.0);
    bench.work_by(Arc::new(noted));
    (bench, inputs)
}

#[tokio::test(start_paused = true)]
async fn each_mode_works_on_the_number_of_its_request() {
    let (bench, inputs) = with_jobs(&["resource.kind=jobs"]);
    for (path, status) in [
        ("/serial?n=-5", StatusCode::OK),
        ("/async?x=1&n=6", StatusCode::ACCEPTED),
        ("/pipelined?n=7", StatusCode::ACCEPTED),
        ("/part2/genstage", StatusCode::ACCEPTED),
    ] {
        assert_eq!(get(&bench, path).await.status, status, "{path}");
        sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(*inputs.lock().unwrap(), [-5, 6, 7, 100], "100 if the request has no number");
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.ledger.accepted, snapshot.ledger.done, snapshot.resource.calls), (4, 4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_is_a_failed_event_and_its_client_reads_why() {
    let (bench, _) = with_jobs(&["resource.kind=jobs"]);
    let answer = get(&bench, "/serial?n=13").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text(), "the work failed: 13 is unlucky\n");
    get(&bench, "/pipelined?n=13").await;
    sleep(Duration::from_secs(2)).await;
    let ledger = bench.snapshot().ledger;
    assert_eq!((ledger.accepted, ledger.failed, ledger.held, ledger.unaccounted), (2, 2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_number_is_refused_and_starts_no_work() {
    let (bench, inputs) = with_jobs(&["resource.kind=jobs"]);
    for path in ["/serial?n=", "/async?n=12abc", "/pipelined?n=1.5", "/pipelined?n=9223372036854775808"] {
        let answer = get(&bench, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.text().starts_with("invalid input n="), "{path}: {}", answer.text());
    }
    let ledger = bench.snapshot().ledger;
    assert_eq!((ledger.accepted, ledger.rejected, inputs.lock().unwrap().len()), (0, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn the_kind_changes_under_load_and_the_mock_ignores_numbers() {
    let (bench, inputs) = with_jobs(&[]);
    assert_eq!(get(&bench, "/serial?n=12abc").await.status, StatusCode::OK);
    bench.set("resource.kind", "jobs").await.unwrap();
    assert_eq!(get(&bench, "/serial?n=3").await.status, StatusCode::OK);
    bench.set("resource.kind", "mock").await.unwrap();
    assert_eq!(get(&bench, "/serial?n=4").await.status, StatusCode::OK);
    assert_eq!(*inputs.lock().unwrap(), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_bench_without_jobs_fails_the_work_and_says_why() {
    let bench = bench(&["resource.kind=jobs"]);
    let answer = get(&bench, "/serial").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text(), "the work failed: there are no jobs in this bench (resource.kind)\n");
}
