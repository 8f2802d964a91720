//! What the faces do with stored runs: the routes below `/api/runs`, and `weir runs`.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;
use weir::record::{Arrivals, Mode, Run};
use weir::runs::Store;
use weir::workbench::Workbench;

use crate::binary::Folder;
use crate::http::get;
use crate::simulate::{open, run};
use crate::support::bench;

/// A bench whose folder has the runs `a`, `b` and `c`: ten seconds each, of 40, 60 and 80
/// requests a second.
pub(crate) struct Kept {
    pub(crate) bench: Arc<Workbench>,
    _folder: Folder,
}

impl Kept {
    pub(crate) fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let store = Store::new(folder.0.join("data/runs"));
        for (id, rate) in [("a", 40.0), ("b", 60.0), ("c", 80.0)] {
            let plan = open(rate, 10.0, Arrivals::Poisson, 1);
            // A simulation has a runtime of its own.
            let made = move || run(&["resource.latency.mean=20ms"], Mode::Pipelined, &plan);
            let made = std::thread::spawn(made).join().unwrap();
            store.save(&Run { id: id.to_owned(), ..made }).unwrap();
        }
        let directory = format!("data.directory={}", folder.0.join("data").display());
        Self { bench: bench(&[&directory]), _folder: folder }
    }
}

#[tokio::test]
async fn the_warm_up_of_a_run_is_left_out_on_request() {
    let kept = Kept::start("skip");
    let rest = get(&kept.bench, "/api/runs/a?skip=4s").await.json();
    assert_eq!(rest["skipped"]["seconds"], 4.0);
    let count = |run: &Value| run["client"]["ok"].as_u64().unwrap();
    let whole = get(&kept.bench, "/api/runs/a").await.json();
    let answered = &whole["client"]["series"]["columns"]["ok"];
    let later: f64 = answered.as_array().unwrap()[4..].iter().filter_map(Value::as_f64).sum();
    assert_eq!((count(&rest), whole.get("skipped")), (later as u64, None));
    let compared = get(&kept.bench, "/api/compare?a=a&b=b&skip=4s").await.json();
    let rate = |run: &Value| count(run) as f64 / run["client"]["seconds"].as_f64().unwrap();
    assert_eq!(compared["figures"][0]["name"], "answers/s");
    let shown = compared["figures"][0]["a_per_s"].as_f64().unwrap();
    assert!((shown - rate(&rest)).abs() < 1e-9, "{shown}, {}", rate(&rest));
    for path in ["/api/runs/a?skip=soon", "/api/compare?a=a&b=b&skip=-1s"] {
        let refused = get(&kept.bench, path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.text().contains("not a duration, such as 5s"), "{}", refused.text());
    }
}
