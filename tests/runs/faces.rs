//! What the faces do with stored runs: the routes below `/api/runs`, and `weir runs`.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;
use weir::record::{Arrivals, Mode, Run};
use weir::runs::{Document, Store, Table};
use weir::workbench::Workbench;

use crate::binary::Folder;
use crate::http::get;
use crate::simulate::{open, run};
use crate::support::bench;

/// A bench whose folder has the runs `a`, `b` and `c`: ten seconds each, of 40, 60 and 80
/// requests a second.
pub(crate) struct Kept {
    pub(crate) bench: Arc<Workbench>,
    pub(crate) store: Store,
    pub(crate) folder: Folder,
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
        Self { bench: bench(&[&directory]), store, folder }
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

#[tokio::test]
async fn the_server_and_the_command_line_export_the_same_bytes() {
    let kept = Kept::start("export");
    let run = |id: &str| kept.store.load(id).unwrap();
    let of_three = [run("a"), run("b"), run("c")];
    for (kind, media, written) in [
        ("html", "text/html; charset=utf-8", Document::Html.write(&of_three)),
        ("svg", "image/svg+xml", Document::Svg.write(&of_three)),
        ("csv", "text/csv; charset=utf-8", Document::Csv(Table::Series).write(&of_three[..1])),
        ("json", "application/json", Document::Json.write(&of_three[..1])),
    ] {
        let written = written.unwrap();
        let several = matches!(kind, "html" | "svg");
        let with = if several { "&with=b&with=c" } else { "" };
        let answer = get(&kept.bench, &format!("/api/runs/a/export?as={kind}{with}")).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, written.as_str()));
        assert_eq!(answer.headers["content-type"], media);
        let saved = format!("attachment; filename=\"weir-a.{kind}\"");
        assert_eq!(answer.headers["content-disposition"], saved.as_str());
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        let file = kept.folder.0.join(format!("out.{kind}"));
        let data = format!("data.directory={}", kept.folder.0.join("data").display());
        let (kind, file) = (format!("--{kind}"), file.display().to_string());
        let runs: &[&str] = if several { &["a", "b", "c"] } else { &["a"] };
        let line = ["runs", "export", &kind, "-o", &file, "--set", &data];
        let output = kept.folder.run(&[&line, runs].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    }
}

#[tokio::test]
async fn an_export_that_cannot_be_is_refused_in_words() {
    let kept = Kept::start("export-refused");
    for (path, status, said) in [
        ("a/export", StatusCode::BAD_REQUEST, "html, svg, csv or json"),
        ("a/export?as=exe", StatusCode::BAD_REQUEST, "html, svg, csv or json"),
        ("a/export?as=csv&what=x", StatusCode::BAD_REQUEST, "series, percentiles or histogram"),
        ("a/export?as=csv&with=b", StatusCode::UNPROCESSABLE_ENTITY, "a CSV file holds one"),
        ("a/export?as=html&skip=x", StatusCode::BAD_REQUEST, "not a duration"),
        ("a/export?as=html&with=b&with=c&with=a", StatusCode::UNPROCESSABLE_ENTITY, "4 runs"),
        ("a/export?as=html&with=nothing", StatusCode::NOT_FOUND, "nothing"),
        ("..%2f..%2fx/export?as=html", StatusCode::BAD_REQUEST, "run"),
    ] {
        let answer = get(&kept.bench, &format!("/api/runs/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.text().contains(said) && answer.text().ends_with('\n'), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_report_without_the_warm_up_says_so() {
    let kept = Kept::start("export-skip");
    let report = get(&kept.bench, "/api/runs/a/export?as=html&with=b&skip=3s").await;
    assert!(report.text().contains("the first 3 s are left out"), "{}", report.text());
    let picture = get(&kept.bench, "/api/runs/a/export?as=svg&skip=3s").await;
    assert!(picture.text().contains("without the first 3 s"), "{}", picture.text());
}

#[tokio::test]
async fn the_command_line_leaves_out_a_warm_up_and_says_what_stays_whole() {
    let kept = Kept::start("skip-commands");
    let data = format!("data.directory={}", kept.folder.0.join("data").display());
    let run = |line: &[&str]| kept.folder.run(&[line, &["--set", &data]].concat());
    let said = |line: &[&str]| {
        let output = run(line);
        assert!(output.status.success(), "{output:?}");
        // One space between words: the terminal's lines are folded.
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let shown = said(&["runs", "show", "a", "--skip", "3.2s"]);
    assert!(shown.contains("warm-up the first 4 s are left out. Of the whole run: statuses"), "{shown}");
    let compared = said(&["compare", "a", "b", "--skip", "3"]);
    assert!(
        compared.contains("A: the first 3 s are left out") && compared.contains("B: the first"),
        "{compared}"
    );
    let long = said(&["runs", "show", "a", "--skip", "1min"]);
    assert!(long.contains("the first 60 s are included: the load lasted only"), "{long}");
    let refused = run(&["runs", "show", "a", "--skip", "soon"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not a duration, such as 5s"));
}
