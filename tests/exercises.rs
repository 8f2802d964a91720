//! The workshop over HTTP, without a socket of its own: a tiny set in a folder that
//! is deleted again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir::exercise::Progress;
use weir::{exercise, http};

use crate::support::bench;

const SET: &str = r#"
title = "A small set"
parts = ["one", "two"]
exercises = ["small", "told"]
"#;

/// What explains the first exercise, and the command that shows its figures.
const EXPLAINED: &str = "Because there are five.\n\n\
    Every figure here comes from these, with `config.toml` as it came:\n\n\
    ```sh\nweir simulate pipelined -n 5 -c 1 --set resource.latency.mean=5ms\n\
    weir simulate pipelined -n 6 -c 1 --set resource.latency.mean=5ms\n```\n";

const SMALL: &str = r#"
title = "Five events"
part = 1
minutes = 5
config = ["resource.latency.mean=5ms"]
hints = ["first", "second", "third"]
explanation = "Because there are five."

[[load]]
name = "five"
run = "pipelined -n 5 -c 1"

[[load]]
name = "told"
run = "pipelined -n 6 -c 1"
only_simulated = true

[[question]]
name = "done"
ask = "How many requests are answered?"
unit = "requests"
measure = "five.client.ok"
answer = 5
look = "the ledger"
[[question.wrong]]
is = 1
reveals = "One is a client, not a request."

[[question]]
name = "who"
ask = "Who holds the events?"
choices = ["the queue", "the client"]
measure = "answer"
answer = "the queue"
look = "the flow"
"#;

const TOLD: &str = r#"
title = "Told"
part = 2
minutes = 5
hard = true
hints = []
explanation = "Told."
"#;

/// A server with a set and a file of progress of its own.
pub(crate) struct Workshop {
    pub(crate) folder: PathBuf,
    router: Router,
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Workshop {
    pub(crate) fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("weir-exercises-{}-{name}", std::process::id()));
        let set = folder.join("set");
        for (id, text) in [("small", SMALL), ("told", TOLD)] {
            fs::create_dir_all(set.join(id)).unwrap();
            fs::write(set.join(id).join("exercise.toml"), text).unwrap();
            fs::write(set.join(id).join("README.md"), "# Five events\n\nRead `this`.\n").unwrap();
        }
        fs::write(set.join("set.toml"), SET).unwrap();
        let router = router_with(&folder, &set);
        Self { folder, router }
    }

    /// This participant in front of another set.
    pub(crate) fn with(&self, set: &Path) -> Self {
        let folder = self.folder.join("other");
        Self { router: router_with(&folder, set), folder }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn call(&self, method: Method, path: &str) -> (StatusCode, String) {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, text) = self.call(Method::GET, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn post(&self, path: &str) -> (StatusCode, String) {
        self.call(Method::POST, path).await
    }

    /// Waits for the end of the check.
    pub(crate) async fn checked(&self, id: &str) -> Value {
        let path = format!("/api/exercises/{id}/check");
        for _ in 0..3000 {
            let state = self.get(&path).await;
            if state["running"] == false {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the check does not end");
    }
}

fn router_with(folder: &Path, set: &Path) -> Router {
    let data = format!("data.directory={}", folder.join("data").display());
    let bench = bench(&[&data]);
    let access = Arc::default();
    http::router_for(&bench, &access).merge(exercise::routes(&bench, set, &access))
}

#[tokio::test]
async fn the_list_has_every_exercise_with_what_was_done_of_it() {
    let workshop = Workshop::open("list");
    let list = workshop.get("/api/exercises").await;
    assert_eq!((&list["title"], &list["parts"]), (&json!("A small set"), &json!(["one", "two"])));
    let small = json!({ "id": "small", "title": "Five events", "part": 1, "minutes": 5, "hard": false,
        "code": false, "questions": 2, "predicted": 0, "checks": 0, "finished": null, "needs": null });
    assert_eq!(list["exercises"][0], small);
    assert_eq!(list["exercises"][1]["hard"], true);
    // The command line has finished one, meanwhile.
    let mut progress = Progress::read(&workshop.folder.join("data/progress.json")).unwrap();
    progress.change("told", |state| state.finish()).unwrap();
    let list = workshop.get("/api/exercises").await;
    assert!(list["exercises"][1]["finished"].is_string(), "{list}");
}

#[tokio::test]
async fn an_exercise_that_needs_what_is_not_there_is_shown_and_not_checked() {
    let workshop = Workshop::open("needs");
    let needs = format!("{SMALL}\n[needs]\nwhat = \"a moon\"\nsentence = \"It needs a moon.\"\n");
    fs::write(workshop.folder.join("set/small/exercise.toml"), needs).unwrap();
    let shown = workshop.get("/api/exercises/small").await;
    let sentence = shown["needs"]["sentence"].as_str().unwrap();
    assert_eq!(sentence, "It needs a moon.");
    let (status, text) = workshop.post("/api/exercises/small/check").await;
    assert_eq!((status, text.trim_end()), (StatusCode::CONFLICT, sentence));
    // A build without a client of NATS needs one, whatever else the machine has.
    let set = workshop.with(&Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises"));
    let needs = &set.get("/api/exercises/two-owners").await["needs"];
    let build = "a build of Weir with a client of NATS (`cargo build --release --features nats`)";
    let is_missing = needs["missing"].as_array().is_some_and(|missing| missing.contains(&build.into()));
    assert_eq!(is_missing, cfg!(not(feature = "nats")), "{needs}");
}

#[tokio::test]
async fn an_exercise_is_shown_without_its_answers() {
    let workshop = Workshop::open("show");
    let shown = workshop.get("/api/exercises/small").await;
    let question = json!({ "name": "done", "ask": "How many requests are answered?",
        "unit": "requests", "choices": [],
        "html": { "ask": "How many requests are answered?", "choices": [] } });
    assert_eq!(shown["questions"][0], question);
    let loads = shown["loads"].as_array().unwrap();
    assert_eq!(
        (loads.len(), &loads[0]["run"]),
        (1, &json!("pipelined -n 5 -c 1")),
        "only those of a check"
    );
    assert_eq!(shown["next"], json!({ "id": "told", "title": "Told" }));
    assert_eq!((&shown["hints"], &shown["explanation"]), (&json!([]), &Value::Null));
    let text = shown.to_string();
    assert_eq!(shown["html"]["text"], "<p>Read <code>this</code>.</p>", "the title is the page's");
    for secret in ["Because", "reveals", "not a request", "\"answer\"", "first"] {
        assert!(!text.contains(secret), "the answer contains {secret}");
    }
}

#[tokio::test]
async fn an_invalid_answer_is_refused_in_words_and_changes_nothing() {
    let workshop = Workshop::open("predict");
    let predict = |query: &str| format!("/api/exercises/small/predict?{query}");
    for (query, says) in [
        ("done=many", "done = \"many\": expected a number such as 1500 or 0.5, in requests\n"),
        ("done=5&who=3", "who = \"3\": expected one of the choices, or its number from 1 to 2\n"),
        ("what=5", "\"what\" is not a question: expected one of done, who\n"),
    ] {
        let (status, text) = workshop.post(&predict(query)).await;
        assert_eq!((status, text.as_str()), (StatusCode::BAD_REQUEST, says));
    }
    assert_eq!(workshop.get("/api/exercises/small").await["state"]["predictions"], json!({}));
    let (status, text) = workshop.post(&predict("done=4&who=1")).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let state = |shown: Value| shown["state"]["predictions"].clone();
    let shown = workshop.get("/api/exercises/small").await;
    assert_eq!(state(shown), json!({ "done": 4.0, "who": "the queue" }));
    // What is left empty is taken back.
    workshop.post(&predict("done=")).await;
    assert_eq!(state(workshop.get("/api/exercises/small").await), json!({ "who": "the queue" }));
    workshop.post("/api/exercises/small/reset").await;
    assert_eq!(state(workshop.get("/api/exercises/small").await), json!({}));
}

#[tokio::test]
async fn hints_come_one_at_a_time_and_the_solution_when_it_is_asked_for() {
    let workshop = Workshop::open("hint");
    for given in [&["first"][..], &["first", "second"], &["first", "second", "third"]] {
        let (_, text) = workshop.post("/api/exercises/small/hint").await;
        let hints: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({ "hints": given, "hints_in_all": 3, "html": { "hints": given } });
        assert_eq!(hints, expected);
    }
    let (_, text) = workshop.post("/api/exercises/small/hint").await;
    assert_eq!(text.matches("third").count(), 2, "once as it is written and once as HTML");
    assert_eq!(workshop.get("/api/exercises/small").await["hints"].as_array().unwrap().len(), 3);
    let (_, text) = workshop.post("/api/exercises/small/solution").await;
    let solution: Value = serde_json::from_str(&text).unwrap();
    let ask = "How many requests are answered?";
    let answer = json!({ "name": "done", "ask": ask, "unit": "requests", "answer": 5.0,
        "html": { "ask": ask, "answer": null } });
    assert_eq!(solution["answers"][0], answer);
    assert_eq!((&solution["explanation"], &solution["code"]), (&json!(EXPLAINED), &Value::Null));
}

#[tokio::test]
async fn a_check_measures_beside_the_bench_and_says_what_a_wrong_answer_reveals() {
    let workshop = Workshop::open("check");
    workshop.post("/api/exercises/small/predict?done=1&who=1").await;
    let (status, text) = workshop.post("/api/exercises/small/check").await;
    assert_eq!((status, text.as_str()), (StatusCode::ACCEPTED, "OK"));
    let (status, text) = workshop.post("/api/exercises/told/check").await;
    assert_eq!(status, StatusCode::CONFLICT, "{text}");
    assert_eq!(text, "a check of small is running; there is one at a time\n");
    assert_eq!(workshop.get("/api/exercises/told/check").await["other"], "small");
    assert_eq!(workshop.post("/api/exercises/small/reset").await.0, StatusCode::CONFLICT);

    let checked = workshop.checked("small").await;
    assert_eq!(checked["error"], Value::Null);
    let result = &checked["result"];
    assert_eq!(result["passed"], false);
    let verdicts: Vec<_> = (0..2).map(|n| &result["questions"][n]["verdict"]).collect();
    assert_eq!(verdicts, [&json!({ "wrong": "One is a client, not a request." }), &json!("right")]);
    assert_eq!(result["questions"][0]["measured"], 5.0);
    // Everything was answered: it is explained, right or wrong.
    let shown = workshop.get("/api/exercises/small").await;
    assert_eq!(shown["explanation"], json!(EXPLAINED));
    assert_eq!(shown["state"]["finished"], Value::Null);
    assert_eq!((&shown["state"]["score"]["right"], &shown["state"]["score"]["of"]), (&json!(1), &json!(2)));
    assert_eq!(result["measured_before"], Value::Null);

    workshop.post("/api/exercises/small/predict?done=5").await;
    workshop.post("/api/exercises/small/check").await;
    let checked = workshop.checked("small").await;
    assert_eq!(checked["result"]["passed"], true);
    assert!(checked["result"]["measured_before"].is_string(), "{checked}");
    assert_eq!(checked["result"]["first"]["right"], 1, "the first score stays");
    let shown = workshop.get("/api/exercises/small").await;
    assert_eq!((&shown["state"]["checks"], &shown["explanation"]), (&json!(2), &json!(EXPLAINED)));
    workshop.post("/api/exercises/small/check?again=true").await;
    assert_eq!(workshop.checked("small").await["result"]["measured_before"], Value::Null);
    // All of it was on a bench of its own.
    assert_eq!(workshop.get("/api/snapshot").await["modes"]["pipelined"]["requests"], 0);
}

#[tokio::test]
async fn measurements_stay_hidden_until_they_are_predicted() {
    let workshop = Workshop::open("secret");
    workshop.post("/api/exercises/small/check").await;
    workshop.checked("small").await;
    let shown = workshop.get("/api/exercises/small").await;
    let state = json!({ "predictions": {}, "hints": 0, "checks": 1, "finished": null, "score": null,
        "measured": true });
    assert_eq!((&shown["state"], &shown["explanation"]), (&state, &Value::Null));
}

#[tokio::test]
async fn markup_in_the_texts_of_strangers_reaches_the_page_as_text() {
    let workshop = Workshop::open("markup");
    let hostile = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) <script>alert(1)</script>";
    let toml = SMALL
        .replace("How many requests are answered?", hostile)
        .replace("One is a client, not a request.", hostile)
        .replace("the queue", hostile)
        .replace("the ledger", hostile)
        .replace("\"first\"", &format!("{hostile:?}"))
        .replace("Because there are five.", hostile);
    fs::write(workshop.folder.join("set/small/exercise.toml"), toml).unwrap();
    fs::write(workshop.folder.join("set/small/README.md"), format!("# T\n\n{hostile}\n\n{hostile}\n"))
        .unwrap();
    workshop.post("/api/exercises/small/predict?done=1&who=1").await;
    workshop.post("/api/exercises/small/hint").await;
    workshop.post("/api/exercises/small/check").await;
    let checked = workshop.checked("small").await;
    let (_, solution) = workshop.post("/api/exercises/small/solution").await;
    let solution: Value = serde_json::from_str(&solution).unwrap();
    let shown = workshop.get("/api/exercises/small").await;
    let mut html = Vec::new();
    for answer in [&shown, &checked, &solution] {
        all_html(answer, false, &mut html);
    }
    assert!(html.len() > 12, "{html:#?}");
    for text in html {
        assert!(!text.contains("<img") && !text.contains("<script") && !text.contains("href"), "{text}");
        assert!(text.contains("&lt;img src=x") || !text.contains("alert"), "{text}");
    }
}

/// Every text below a key `html`.
fn all_html(json: &Value, is_html: bool, found: &mut Vec<String>) {
    match json {
        Value::String(text) if is_html => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| all_html(item, is_html, found)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| all_html(value, is_html || name == "html", found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn only_pages_of_our_own_change_anything() {
    let workshop = Workshop::open("origin");
    for what in ["predict?done=5", "check", "check/stop", "hint", "solution", "reset"] {
        let request = Request::post(format!("/api/exercises/small/{what}"))
            .header("host", "localhost")
            .header("origin", "http://evil.example");
        let (status, _) = workshop.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
    }
    assert!(!workshop.folder.join("data").exists());
}

#[tokio::test]
async fn a_missing_part_is_named_in_words() {
    let workshop = Workshop::open("missing");
    let (status, text) = workshop.call(Method::GET, "/api/exercises/none").await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::NOT_FOUND, "no exercise \"none\": expected one of small, told\n")
    );
    let nowhere = Workshop {
        router: router_with(&workshop.folder, &workshop.folder.join("nowhere")),
        folder: workshop.folder.clone(),
    };
    let (status, text) = nowhere.call(Method::GET, "/api/exercises").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.starts_with("there is no folder nowhere in "), "{text}");
    fs::write(workshop.folder.join("set/set.toml"), "title = 1").unwrap();
    let (status, text) = workshop.call(Method::GET, "/api/exercises").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("set.toml"), "{text}");
}

#[tokio::test]
async fn the_page_is_served_with_the_policy_of_the_other() {
    let workshop = Workshop::open("page");
    let request = Request::get("/exercises").body(Body::empty()).unwrap();
    let response = workshop.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for file in ["exercises.css", "exercises.js", "exercise.js", "predict.js", "verdict.js", "prose.js"] {
        assert_eq!(workshop.call(Method::GET, &format!("/page/{file}")).await.0, StatusCode::OK, "{file}");
    }
}
