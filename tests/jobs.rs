//! The jobs lab over HTTP, called without a socket.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt;
use weir::config::Sources;
use weir::http::{Access, router_with_jobs};
use weir::lab::Lab;
use weir::lab::jobs::JobsLab;
use weir::workbench::Workbench;

struct Bench {
    workbench: Arc<Workbench>,
    jobs: Arc<JobsLab>,
}

impl Bench {
    fn start(flags: &[&str]) -> Self {
        let code = concat!("jobs.code=", env!("CARGO_MANIFEST_DIR"), "/jobs/sum.wat");
        let flags = std::iter::once(&code).chain(flags).map(|&flag| flag.to_owned()).collect();
        let sources = Sources { file: None, flags };
        let workbench = Workbench::start(sources.load().unwrap(), &sources);
        let jobs = JobsLab::start(&workbench.settings(), workbench.registry()).unwrap();
        workbench.host(vec![Arc::clone(&jobs) as Arc<dyn Lab>]);
        Self { workbench, jobs }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let access = Arc::new(Access { listen: None, token: Some("secret".parse().unwrap()) });
        let router = router_with_jobs(&self.workbench, &access, &self.jobs);
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn call(&self, method: Method, path: &str) -> (StatusCode, String) {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        self.call(Method::GET, path).await
    }

    async fn post(&self, path: &str) -> (StatusCode, String) {
        self.call(Method::POST, path).await
    }

    async fn json(&self, method: Method, path: &str) -> Value {
        let (status, body) = self.call(method, path).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }
}

#[tokio::test]
async fn a_job_is_submitted_listed_inspected_and_killed() {
    let bench = Bench::start(&[]);
    let answer = bench.json(Method::POST, "/api/jobs/submit?n=100000&wait=true").await;
    assert_eq!((&answer["state"], &answer["result"]), (&"done".into(), &"5000050000".into()));
    let (status, body) = bench.post("/api/jobs/submit?n=-1").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_u64().unwrap();
    let shown = bench.json(Method::GET, "/api/jobs").await;
    let row = &shown["top"][0];
    assert_eq!((&row["id"], &row["input"], &row["by"]), (&id.into(), &"-1".into(), &"you".into()));
    assert_eq!(row["kill"], Value::Null);
    let ledger = |name: &str| shown["ledger"][name].as_u64().unwrap();
    assert_eq!(
        ledger("accepted"),
        ledger("done") + ledger("failed") + ledger("killed") + ledger("running")
    );

    let seen = bench.json(Method::GET, &format!("/api/jobs/{id}?calls=3&for_ms=900")).await;
    assert_eq!(seen["stack"].as_array().unwrap().last().unwrap(), "sum");
    assert_eq!(seen["trace"]["calls"].as_array().unwrap().len(), 3);
    assert_eq!(seen["trace"]["ended"], "calls");
    let without = bench.json(Method::GET, &format!("/api/jobs/{id}?calls=0")).await;
    assert_eq!(without["trace"], Value::Null);

    let killed = bench.json(Method::POST, &format!("/api/jobs/{id}/kill")).await;
    assert!(killed["ended"].as_str().unwrap().starts_with("killed in "), "{killed}");
    assert!(killed["told_ms"].as_f64().unwrap() >= 0.0);
    let gone = format!("/api/jobs/{id}");
    assert_eq!(bench.get(&gone).await, (StatusCode::GONE, format!("job {id} has ended\n")));
    assert_eq!(bench.post(&format!("{gone}/kill")).await.0, StatusCode::GONE);
}

#[tokio::test]
async fn broken_requests_get_a_status_and_one_line_and_start_no_job() {
    let bench = Bench::start(&[]);
    for (method, path, status, part) in [
        (Method::POST, "/api/jobs/submit?n=", 400, "invalid input: expected a whole number"),
        (Method::POST, "/api/jobs/submit?n=12abc", 400, "invalid input: \"12abc\" is not a whole number"),
        (Method::POST, "/api/jobs/submit?n=1.5", 400, "invalid input: \"1.5\" is not a whole number"),
        (
            Method::POST,
            "/api/jobs/submit?n=1000000000000000000000000000000",
            400,
            "is not between -9223372036854775808",
        ),
        (Method::POST, "/api/jobs/submit", 400, "n"),
        (Method::GET, "/api/jobs/99", 404, "there is no job 99"),
        (Method::GET, "/api/jobs/sum", 404, "an id is a whole number"),
        (Method::GET, "/api/jobs/99999999999999999999999", 404, "an id is a whole number"),
        (Method::POST, "/api/jobs/99/kill", 404, "there is no job 99"),
        (Method::POST, "/api/jobs/-1/kill", 404, "an id is a whole number"),
        (Method::POST, "/api/jobs/load", 400, "expected workers, rate or fail_share"),
        (Method::POST, "/api/jobs/load?workers=100001", 400, "a whole number from 0 to 100000"),
        (Method::POST, "/api/jobs/load?workers=1%0Aqueue.capacity=1", 400, "a whole number"),
        (Method::POST, "/api/jobs/load?rate=0", 400, "a number from 0.001 to 1000"),
        (Method::POST, "/api/jobs/load?fail_share=nan", 400, "a number from 0 to 1"),
        (Method::POST, "/api/jobs/rehearse?file=/etc/hostname", 400, "is not in the folder of jobs.code"),
        (Method::POST, "/api/jobs/rehearse?file=jobs/none.wat", 400, "there is no file"),
        (Method::POST, "/api/jobs/swap", 409, "rehearse first"),
        (Method::POST, "/api/jobs/swap?unrehearsed=true&file=/etc/passwd", 400, "is not in the folder"),
        (Method::POST, "/api/jobs/back", 409, "there is no version of the code before"),
    ] {
        let (found, body) = bench.call(method.clone(), path).await;
        assert_eq!(found.as_u16(), status, "{method} {path}: {body}");
        assert!(body.contains(part) && body.trim_end().lines().count() == 1, "{method} {path}: {body:?}");
    }
    let ledger = &bench.json(Method::GET, "/api/jobs").await["ledger"];
    assert_eq!((&ledger["accepted"], &ledger["refused"]), (&0.into(), &4.into()));
}

#[tokio::test]
async fn a_trace_beyond_the_limits_is_refused_in_one_line() {
    let bench = Bench::start(&[]);
    let id = bench.json(Method::POST, "/api/jobs/submit?n=-1").await["id"].as_u64().unwrap();
    for (query, part) in [
        ("calls=51", "1 to 50 are allowed"),
        ("for_ms=1001", "at most 1000 are allowed"),
        ("calls=many", "expected a whole number"),
        ("for_ms=-5", "expected a whole number"),
    ] {
        let (status, body) = bench.get(&format!("/api/jobs/{id}?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {body}");
        assert!(body.contains(part) && body.trim_end().lines().count() == 1, "{query}: {body:?}");
    }
    bench.json(Method::POST, &format!("/api/jobs/{id}/kill")).await;
}

#[tokio::test]
async fn a_change_of_the_load_takes_effect_and_a_reset_ends_the_load() {
    let bench = Bench::start(&[]);
    assert_eq!(
        bench.post("/api/jobs/load?workers=30&rate=2.5&fail_share=0.1").await,
        (StatusCode::OK, "OK".into())
    );
    let load = &bench.json(Method::GET, "/api/jobs").await["load"];
    assert_eq!(*load, serde_json::json!({"workers": 30, "rate": 2.5, "target": 75.0, "fail_share": 0.1}));
    assert_eq!(bench.workbench.settings().jobs.load.workers, 30, "as `weir set` would change it");
    assert_eq!(bench.post("/api/jobs/reset").await, (StatusCode::OK, "OK".into()));
    let shown = bench.json(Method::GET, "/api/jobs").await;
    assert_eq!((&shown["load"]["workers"], &shown["marks"]), (&0.into(), &serde_json::json!([])));
}

#[tokio::test]
async fn pages_need_the_token_for_changes_and_a_read_only_server_refuses_them() {
    let orders = ["submit?n=1", "1/kill", "load?workers=1", "rehearse", "swap", "back", "reset"];
    let bench = Bench::start(&[]);
    for order in orders {
        let path = format!("/api/jobs/{order}");
        let page = Request::post(&path).header("Host", "localhost").header("Origin", "http://localhost");
        let (status, body) = bench.send(page.body(Body::empty()).unwrap()).await;
        assert_eq!((status, body.contains("token")), (StatusCode::FORBIDDEN, true), "{path}: {body}");
        let other =
            Request::post(&path).header("Host", "localhost").header("Origin", "http://elsewhere.example");
        assert_eq!(bench.send(other.body(Body::empty()).unwrap()).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let bench = Bench::start(&["server.read_only=true"]);
    for order in orders {
        let (status, body) = bench.post(&format!("/api/jobs/{order}")).await;
        assert_eq!((status, body.contains("read-only")), (StatusCode::FORBIDDEN, true), "{order}: {body}");
    }
    assert_eq!(bench.json(Method::GET, "/api/jobs").await["read_only"], true);
    assert_eq!(bench.jobs.ledger().accepted, 0);
}

#[tokio::test]
async fn a_job_that_cannot_be_interrupted_is_a_conflict() {
    let bench = Bench::start(&["jobs.isolation=thread", "jobs.max_reductions=200000000"]);
    let id = bench.json(Method::POST, "/api/jobs/submit?n=-1").await["id"].as_u64().unwrap();
    for (method, path) in
        [(Method::GET, format!("/api/jobs/{id}")), (Method::POST, format!("/api/jobs/{id}/kill"))]
    {
        let (status, body) = bench.call(method, &path).await;
        assert_eq!(status, StatusCode::CONFLICT, "{body}");
        assert!(body.contains("isolation `thread`, which cannot be interrupted"), "{body}");
    }
    let shown = bench.json(Method::GET, "/api/jobs").await;
    assert_eq!(
        (&shown["top"][0]["kill"], &shown["top"][0]["reductions_s"]),
        (&"no_effect".into(), &Value::Null)
    );
}

#[tokio::test]
async fn code_and_versions_are_shown() {
    let bench = Bench::start(&[]);
    let code = bench.json(Method::GET, "/api/jobs/code").await;
    assert_eq!((&code["version"], &code["text"]), (&1.into(), &code["file_text"]));
    assert_eq!(code["text"], include_str!("../jobs/sum.wat"));
    let versions = bench.json(Method::GET, "/api/jobs/history").await;
    assert_eq!((&versions[0]["version"], &versions[0]["current"]), (&1.into(), &true.into()));
    bench.json(Method::POST, "/api/jobs/submit?n=13&wait=true").await;
    let report = bench.json(Method::POST, "/api/jobs/rehearse").await;
    assert_eq!(
        (&report["inputs"], &report["same"], &report["refused"]),
        (&1.into(), &1.into(), &Value::Null)
    );
    assert_eq!(bench.json(Method::POST, "/api/jobs/swap").await["version"], 2);
    assert_eq!(bench.json(Method::POST, "/api/jobs/back").await["version"], 1);
}

#[tokio::test]
async fn the_metrics_have_the_figures_of_the_lab() {
    let bench = Bench::start(&[]);
    bench.json(Method::POST, "/api/jobs/submit?n=10&wait=true").await;
    bench.json(Method::POST, "/api/jobs/submit?n=13&wait=true").await;
    bench.post("/api/jobs/submit?n=x").await;
    let (_, text) = bench.get("/metrics").await;
    for line in [
        "weir_jobs_total{ending=\"done\"} 1",
        "weir_jobs_total{ending=\"failed\"} 1",
        "weir_jobs_total{ending=\"killed\"} 0",
        "weir_jobs_refused_total 1",
        "weir_jobs_running 0",
        "weir_jobs_code_version 1",
        "weir_jobs_workers 0",
        "weir_jobs_restarts_total 0",
        "# TYPE weir_jobs_lateness_seconds histogram",
        "# TYPE weir_jobs_reductions_total counter",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_reset_of_the_bench_zeroes_the_lab_and_a_drain_ends_and_names_its_jobs() {
    let bench = Bench::start(&[]);
    bench.json(Method::POST, "/api/jobs/submit?n=10&wait=true").await;
    bench.post("/api/reset").await;
    assert_eq!(bench.jobs.ledger().accepted, 0);
    let id = bench.json(Method::POST, "/api/jobs/submit?n=-1").await["id"].as_u64().unwrap();
    let report = bench.workbench.drain(Duration::from_millis(300)).await.to_string();
    let line = format!("jobs: 1 job was still running and was ended: #{id}");
    assert!(report.lines().any(|found| found.trim() == line), "{report}");
    let (status, body) = bench.post("/api/jobs/submit?n=1").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "refused: the server is shutting down\n")
    );
}

#[tokio::test]
async fn the_tree_of_components_shows_the_threads_of_the_lab_and_its_workers() {
    let flags = ["workers=2", "load.workers=150", "load.rate=10", "load.fail_share=0.5"];
    let bench = Bench::start(&flags.map(|flag| format!("jobs.{flag}")).each_ref().map(String::as_str));
    let mut ticks = bench.jobs.ticks();
    let restarted = async {
        while bench.jobs.snapshot_since(u64::MAX).now.restarts == 0 {
            ticks.changed().await.unwrap();
        }
    };
    timeout(Duration::from_secs(30), restarted).await.expect("a worker is restarted");
    let labs = bench.json(Method::GET, "/api/components").await["labs"].clone();
    assert_eq!((&labs[0]["name"], labs.as_array().unwrap().len()), (&"jobs".into(), 1));
    let parts = labs[0]["parts"].as_array().unwrap();
    let shown: Vec<_> = parts.iter().map(|part| [&part["name"], &part["state"]]).collect();
    assert_eq!(shown, [["weir-jobs-0", "running"], ["weir-jobs-1", "running"], ["workers", "running"]]);
    let says = |at: usize| parts[at]["says"].as_str().unwrap();
    for (at, end) in
        [(0, " % of a core, 100 workers, 0 submitted jobs"), (1, ", 50 workers, 0 submitted jobs")]
    {
        assert!(says(at).ends_with(end), "{parts:?}");
    }
    let (workers, restarts) = says(2).split_once(" under 2 supervisors, ").unwrap();
    assert_eq!(workers, "150 workers");
    assert!(restarts.contains(" restart") && !restarts.starts_with("0 "), "{restarts}");
    let (status, _) = bench.post("/api/components/jobs/kill").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "orders to a lab have their own routes");
}
