//! A stretch of the history, kept as a run.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::time::sleep;
use weir::record::{Origin, Run, Validity};
use weir::runs::{Document, Store};

use crate::binary::Folder;
use crate::http::{call, get};
use crate::support::bench;

/// Ten seconds of two serial requests a second, sampled every quarter; then five idle ones.
async fn worked(name: &str) -> (std::sync::Arc<weir::workbench::Workbench>, Store, Folder) {
    let folder = Folder::new(name);
    let directory = format!("data.directory={}", folder.0.display());
    let bench = bench(&[&directory, "resource.latency.mean=100ms"]);
    bench.sample();
    for quarter in 0..60 {
        if quarter < 40 && quarter % 2 == 0 {
            get(&bench, "/serial").await;
            sleep(Duration::from_millis(150)).await;
        } else {
            sleep(Duration::from_millis(250)).await;
        }
        bench.sample();
    }
    let store = Store::new(folder.0.join("runs"));
    (bench, store, folder)
}

#[tokio::test(start_paused = true)]
async fn a_kept_window_has_what_the_samples_know_and_says_what_they_do_not() {
    let (bench, store, _folder) = worked("window").await;
    let kept = call(&bench, Method::POST, "/api/runs/keep?from_s=2&to_s=7&name=middle").await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let run = store.load("middle").unwrap();
    assert_eq!(kept.json()["id"], run.id.as_str());
    assert_eq!((run.origin, run.target.as_str()), (Origin::Kept, "serial"));
    assert_eq!(
        (run.audit.validity(), run.client.is_none(), run.bench.is_none()),
        (Validity::Valid, true, true)
    );
    let window = run.window.as_ref().unwrap();
    assert_eq!(window.seconds, 5.0);
    let serial = window.modes["serial"];
    assert_eq!((serial.arrived, serial.answered, serial.finished), (10, 10, 10));
    assert_eq!((run.rate(), run.done_rate()), (Some(2.0), None));
    assert_eq!(window.series.t.len(), 20);
    let p50 = window.series.columns["serial.response_p50_ms"].iter().flatten().copied();
    assert!(
        p50.clone().count() == 10 && p50.clone().all(|ms| (ms - 100.0).abs() < 0.1),
        "{:?}",
        p50.collect::<Vec<_>>()
    );
    let said: Vec<&str> = run.audit.remarks().map(|check| check.says.as_str()).collect();
    assert!(
        said.iter().any(|said| said.contains("the ledger, refusals, failures") && said.contains("unknown")),
        "{said:?}"
    );
    let report = Document::Html.write(std::slice::from_ref(&run)).unwrap();
    assert!(!report.contains("<h2>Ledger") && report.contains("Answers a second"), "{report}");
    // Its file is read back as it was written.
    store.save(&run).unwrap();
    assert_eq!(store.load(&run.id).unwrap(), run);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_cannot_be_kept_is_refused_in_words_and_leaves_nothing() {
    let (bench, store, _folder) = worked("window-refused").await;
    for (query, status, said) in [
        ("from_s=7&to_s=2", StatusCode::CONFLICT, "are no window"),
        ("from_s=NaN&to_s=2", StatusCode::CONFLICT, "are no window"),
        ("from_s=2&to_s=2.5", StatusCode::CONFLICT, "too short for a run: at least 1 s"),
        ("from_s=2&to_s=700", StatusCode::CONFLICT, "are not in the history, which reaches from"),
        ("from_s=-50&to_s=5", StatusCode::CONFLICT, "are not in the history"),
        ("from_s=11.5&to_s=14", StatusCode::CONFLICT, "nothing arrived, waited or finished"),
        ("from_s=2&to_s=7&name=last", StatusCode::BAD_REQUEST, "cannot be the name of a run"),
        ("from_s=2", StatusCode::BAD_REQUEST, "missing field `to_s`"),
    ] {
        let answer = call(&bench, Method::POST, &format!("/api/runs/keep?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert!(answer.text().contains(said), "{query}: {}", answer.text());
    }
    assert_eq!(store.list().unwrap().runs.len(), 0);
    let first = call(&bench, Method::POST, "/api/runs/keep?from_s=2&to_s=7&name=one").await;
    assert_eq!(first.status, StatusCode::OK);
    let taken = call(&bench, Method::POST, "/api/runs/keep?from_s=3&to_s=8&name=one").await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.text().contains("is taken by the run"), "{}", taken.text());
    bench.set("server.read_only", "true").await.unwrap();
    let refused = call(&bench, Method::POST, "/api/runs/keep?from_s=2&to_s=7").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(store.list().unwrap().runs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_configuration_of_a_kept_window_says_if_it_changed_meanwhile() {
    let (bench, store, _folder) = worked("window-changed").await;
    bench.set("consumers.concurrency", "3").await.unwrap();
    for _ in 0..8 {
        sleep(Duration::from_millis(250)).await;
        bench.sample();
    }
    let kept = call(&bench, Method::POST, "/api/runs/keep?from_s=8&to_s=17").await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let run: Run = store.load("last").unwrap();
    let said: Vec<&str> = run.audit.remarks().map(|check| check.says.as_str()).collect();
    assert!(said.iter().any(|said| said.contains("the configuration changed once")), "{said:?}");
    assert!(run.window.unwrap().marks.iter().any(|mark| mark.text.contains("concurrency")));
}
