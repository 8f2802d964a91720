//! Two servers with one registry in memory: what one of them is asked, the other one answers.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::*;
use crate::config::Settings;
use crate::metrics::Registry;
use crate::nodes::{Common, MemoryBus, MemoryNames};

const LIMIT: Duration = Duration::from_secs(30);

struct Node {
    jobs: Jobs,
    names: MemoryNames,
    router: Router,
}

impl Node {
    async fn start(node: &str, names: MemoryNames, bus: MemoryBus) -> Self {
        let mut settings = Settings::default();
        settings.jobs.code = concat!(env!("CARGO_MANIFEST_DIR"), "/jobs/sum.wat").to_owned();
        let jobs = JobsLab::start(&settings, &Registry::new()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let common = Common { names: Arc::new(names.clone()), bus: Arc::new(bus) };
        jobs.share(node.to_owned(), url, common).await.unwrap();
        let router = routes(&jobs);
        let served = router.clone();
        tokio::spawn(async move { axum::serve(listener, served).await });
        Self { jobs, names, router }
    }

    async fn two() -> (Self, Self) {
        let (names, bus) = (MemoryNames::new("left"), MemoryBus::default());
        let right = (names.node("right"), bus.node());
        (Self::start("left", names, bus).await, Self::start("right", right.0, right.1).await)
    }

    async fn ask(&self, method: Method, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = timeout(LIMIT, self.router.clone().oneshot(request)).await.unwrap().unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str) -> (StatusCode, String) {
        self.ask(Method::POST, path).await
    }

    async fn until(&self, what: &str, holds: impl Fn(&JobsLab) -> bool) {
        let held = async {
            while !holds(&self.jobs) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(timeout(LIMIT, held).await.is_ok(), "never: {what}");
    }
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[tokio::test]
async fn a_name_is_called_and_removed_through_either_node() {
    let (left, right) = Node::two().await;
    let (status, body) = left.post("/api/jobs/names/sum").await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(json(&body), json!({ "name": "sum", "node": "left", "generation": 1 }));
    let (status, body) = right.post("/api/jobs/names/sum").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body, "sum is registered already: the node left owns it, in generation 1\n");

    right.until("the right knows", |jobs| jobs.place("sum").is_some()).await;
    for (call, node) in [(1, &right), (2, &left)] {
        let (status, body) = node.post("/api/jobs/names/sum/call?n=100").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let called = json(&body);
        assert_eq!((&called["node"], &called["calls"]), (&json!("left"), &json!(call)));
        assert_eq!((&called["job"]["state"], &called["job"]["result"]), (&json!("done"), &json!("5050")));
    }
    let (status, body) = right.post("/api/jobs/names/sum/call?n=1.5").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::BAD_REQUEST, "invalid input: \"1.5\" is not a whole number\n")
    );
    let (_, body) = right.ask(Method::GET, "/api/jobs/names").await;
    let names = json(&body);
    assert_eq!((&names["names"][0]["node"], &names["names"][0]["here"]), (&json!("left"), &json!(false)));

    let (status, body) = right.ask(Method::DELETE, "/api/jobs/names/sum").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "OK"));
    right.until("it is gone", |jobs| jobs.place("sum").is_none()).await;
    let (status, body) = right.post("/api/jobs/names/sum/call?n=1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, "no job is registered under the name \"sum\"; register it first\n");
    assert_eq!(left.post("/api/jobs/names/Sum").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_call_waits_no_longer_than_its_node_owns_the_name() {
    let (left, right) = Node::two().await;
    assert_eq!(left.post("/api/jobs/names/sum").await.0, StatusCode::CREATED);
    right.until("the right knows", |jobs| jobs.place("sum").is_some()).await;
    // A job that never ends, at an owner that is lost meanwhile.
    let lost = async {
        left.until("the job runs", |jobs| jobs.ledger().running == 1).await;
        left.names.pause(true);
    };
    let ((status, body), ()) = tokio::join!(right.post("/api/jobs/names/sum/call?n=-1"), lost);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let says = "the node left owns sum and does not answer; another node takes it over soon: try again\n";
    assert_eq!(body, says);
    let (status, body) = right.post("/api/jobs/names/sum/call?n=3").await;
    assert_eq!((status, &json(&body)["generation"]), (StatusCode::OK, &json!(2)));

    // A request that was passed on is not passed on again.
    left.until("the left knows", |jobs| jobs.place("sum").is_some()).await;
    let request = Request::post("/api/jobs/names/sum/call?n=3").header("weir-forwarded", "1");
    let answer = left.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
