//! What the page's scripts take for granted: the declared types against the server's
//! answers, both ways. A field that the server sends and the page does not declare fails,
//! and so does one that is declared and that the server does not send.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use weir::config::Sources;
use weir::exercise::Progress;
use weir::lab::jobs::JobsLab;
use weir::record::{Arrivals, Check, Mode, Origin, Run, Verdict, WindowSide};
use weir::runs::{Store, ToolOutput, compare, import, to_json, without_first};
use weir::theory::predict;
use weir::workbench::{BookState, Order, Part};

use crate::binary::{Folder, Server};
use crate::exercises::Workshop;
use crate::http::{call, get};
use crate::simulate::{closed, config, open, run};
use crate::support::bench;

use declared::{Declared, Extra};

/// The declarations, read and held against JSON values.
mod declared;
/// The jobs lab.
mod jobs;
/// The matches lab.
mod matches;
/// The dead letters of the queue.
mod queue;
/// The rooms lab.
mod rooms;

fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_page_declares_the_snapshot_the_history_and_the_curves_as_the_server_sends_them() {
    let bench = bench(&["resource.latency.mean=300ms", "resource.max_concurrent=2"]);
    let mut declared = Declared::read("snapshot", &[]);
    declared.check("Snapshot", &json(bench.snapshot()), Extra::Refused);
    for _ in 0..4 {
        get(&bench, "/serial").await;
        for _ in 0..3 {
            get(&bench, "/pipelined").await;
        }
        sleep(Duration::from_millis(250)).await;
        bench.sample();
    }
    bench.pause().await;
    bench.reset();
    let mut snapshot = bench.snapshot();
    declared.check("Snapshot", &json(&snapshot), Extra::Refused);
    // The verdict of a bench that has waited long enough, and of one with many consumers.
    snapshot.verdict.blame = Some(Part::Gate);
    snapshot.verdict.remedy = Some("Resume the pipeline.".to_owned());
    snapshot.consumers.ages = Some([1; 8]);
    // What takes a broken file, a full disk or a frozen resource.
    snapshot.config.error = Some("no".to_owned());
    snapshot.config.source = Some("config.toml".to_owned());
    snapshot.keeping.error = Some("full".to_owned());
    snapshot.resource.frozen_ms = Some(1.5);
    snapshot.modes.serial.rate = Some(10.0);
    // An engine that outlives the process.
    snapshot.queue.file = Some("data/queue.redb".to_owned());
    snapshot.queue.book = Some(BookState { accepted: 4, done: 1, failed: 1, dropped: 1, held: 1 });
    snapshot.queue.trouble = Some("the disk is nearly full".to_owned());
    let text = json(&snapshot);
    declared.check("Snapshot", &text, Extra::Refused);
    let history = json(bench.recent_history());
    declared.check("History", &history, Extra::Refused);
    declared.check("Curves", &json(bench.curves()), Extra::Refused);
    declared.check("Initial", &json!({ "snapshot": text, "history": history }), Extra::Refused);
    declared.end(&[]);
}

#[tokio::test(start_paused = true)]
async fn the_page_declares_the_configuration_and_its_changes_as_the_server_sends_them() {
    let bench = bench(&["queue.capacity=5"]);
    let mut declared = Declared::read("config", &[]);
    let folder = Folder::new("page-config");
    let path = folder.0.join("config.toml");
    let sources = Sources { file: Some(path), flags: Vec::new() };
    declared.check("Editable", &get(&bench, "/api/config").await.json(), Extra::Refused);
    tokio::spawn(Arc::clone(&bench).follow(sources, None));
    let mut shown = get(&bench, "/api/config").await.json();
    declared.check("Editable", &shown, Extra::Refused);
    shown["error"] = "config.toml:1:1: no".into();
    declared.check("Editable", &shown, Extra::Refused);
    for toml in
        ["queue.when_full=%22wait%22", "queue.when_full=1", "=", "resource.latency.distribution=%22x%22"]
    {
        let checked = get(&bench, &format!("/api/config/check?toml={toml}")).await;
        declared.check("Checked", &checked.json(), Extra::Refused);
    }
    for write in ["", "&write=true"] {
        let path = format!("/api/config?toml=consumers.concurrency=3{write}");
        declared.check("Made", &call(&bench, Method::POST, &path).await.json(), Extra::Refused);
    }
    declared.end(&[]);
}

#[tokio::test(start_paused = true)]
async fn the_page_declares_the_tree_of_components_as_the_server_sends_it() {
    let bench = bench(&["consumers.concurrency=70", "consumers.max_demand=3"]);
    bench.host(vec![JobsLab::start(&bench.settings(), bench.registry()).unwrap()]);
    let mut declared = Declared::read("tree", &["snapshot"]);
    for _ in 0..300 {
        get(&bench, "/pipelined").await;
    }
    sleep(Duration::from_millis(100)).await;
    let report = bench.order("queue", Order::Kill).await.unwrap();
    declared.check("OrderReport", &json(report), Extra::Refused);
    let tree = bench.component_tree().await;
    let worker = tree.supervisor.stages[1].workers[0].id.to_string();
    declared.check("ComponentTree", &json(tree), Extra::Refused);
    let report = bench.kill_worker("consumers", &worker).await.unwrap();
    declared.check("OrderReport", &json(report), Extra::Refused);
    for _ in 0..6 {
        bench.sample();
        sleep(Duration::from_millis(300)).await;
    }
    declared.check("ComponentTree", &json(bench.component_tree().await), Extra::Refused);
    declared.end(&[]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a process takes real time")]
fn the_page_declares_fields_of_runs_and_of_a_load_that_the_server_sends() {
    let folder = Folder::new("page-runs");
    let mut declared = Declared::read("run", &["snapshot"]);
    let plan = closed(5.0, 100);
    let flags = ["resource.latency.mean=20ms", "resource.failure_rate=0.3"];
    let mut simulated = run(&flags, Mode::Pipelined, &plan);
    let check = Check { name: "cores".to_owned(), verdict: Verdict::Disturbed, says: "shared".to_owned() };
    simulated.audit.checks.push(check);
    let open = run(&flags, Mode::Serial, &open(100.0, 2.0, Arrivals::Poisson, 1));
    let prediction = predict(&config(&[]).settings, Mode::Serial, &plan).unwrap();
    let mut predicted = simulated.clone();
    (predicted.origin, predicted.client, predicted.bench) = (Origin::Predicted, None, None);
    predicted.prediction = Some(prediction);
    let ab = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/import/ab.txt")).unwrap();
    let output = ToolOutput { name: "ab.txt".to_owned(), text: ab };
    let imported = import(&[output], None, SystemTime::UNIX_EPOCH).unwrap();
    let rest = without_first(&simulated, Duration::from_secs(1));
    let kept = Run { window: Some(WindowSide::default()), ..open.clone() };
    for run in [&simulated, &rest, &kept, &open, &predicted, &imported] {
        let text = to_json(run).unwrap();
        declared.check("Run", &serde_json::from_str(&text).unwrap(), Extra::Allowed);
    }
    let other = run(&["resource.latency.mean=40ms"], Mode::Pipelined, &closed(8.0, 90));
    declared.check("Compared", &json(compare(&simulated, &other)), Extra::Allowed);

    let store = Store::new(folder.0.join("weir-data/runs"));
    simulated.name = Some("mine".to_owned());
    for mut run in [simulated, open] {
        store.give_id(&mut run);
        store.save(&run).unwrap();
    }
    std::fs::write(store.directory().join("broken.json"), "{").unwrap();
    let server = Server::start(
        &folder,
        &["--set", "data.directory=weir-data", "--set", "resource.latency.mean=6ms"],
    );
    let ask = |path: &str| -> Value {
        let answer = server.request(&format!("GET {path}"));
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    declared.check("Listing", &ask("/api/runs"), Extra::Allowed);
    for command in ["predict", "simulate"] {
        let expected = ask(&format!("/api/load/{command}?mode=pipelined&clients=5&requests=20"));
        declared.check("Expectation", &expected, Extra::Allowed);
    }
    let started =
        server.request("POST /api/load/start?mode=pipelined&rate=200&arrivals=constant&duration=1500ms");
    assert!(started.contains(" 202 "), "{started}");
    loop {
        let state = ask("/api/load");
        declared.check("LoadState", &state, Extra::Allowed);
        if state["running"] == false {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    declared.end(&["LastLoad.error"]);
}

#[tokio::test]
async fn the_page_declares_fields_of_the_workshop_that_the_server_sends() {
    let mut declared = Declared::read("workshop", &["snapshot", "run"]);
    let workshop = Workshop::open("types");
    workshop.post("/api/exercises/small/predict?done=1&who=1").await;
    workshop.post("/api/exercises/small/check").await;
    declared.check("CheckState", &workshop.get("/api/exercises/small/check").await, Extra::Allowed);
    declared.check("CheckState", &workshop.checked("small").await, Extra::Allowed);
    for path in ["hint", "solution"] {
        let (_, text) = workshop.post(&format!("/api/exercises/small/{path}")).await;
        let name = if path == "hint" { "Hints" } else { "Solution" };
        declared.check(name, &serde_json::from_str(&text).unwrap(), Extra::Allowed);
    }
    declared.check("Exercise", &workshop.get("/api/exercises/small").await, Extra::Allowed);
    let mut progress = Progress::read(&workshop.folder.join("data/progress.json")).unwrap();
    progress.change("small", |state| state.finish()).unwrap();
    declared.check("Exercise", &workshop.get("/api/exercises/small").await, Extra::Allowed);
    declared.check("ExerciseSet", &workshop.get("/api/exercises").await, Extra::Allowed);
    // The set of this repository has what the small one lacks.
    let set = workshop.with(&Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises"));
    let list = set.get("/api/exercises").await;
    declared.check("ExerciseSet", &list, Extra::Allowed);
    for exercise in list["exercises"].as_array().unwrap() {
        let path = format!("/api/exercises/{}", exercise["id"].as_str().unwrap());
        declared.check("Exercise", &set.get(&path).await, Extra::Allowed);
        let (_, text) = set.post(&format!("{path}/solution")).await;
        declared.check("Solution", &serde_json::from_str(&text).unwrap(), Extra::Allowed);
    }
    // A check that goes wrong, a longer one, and one of code, which takes minutes.
    let rare = ["error", "other", "load", "held", "progress"].map(|field| format!("CheckState.{field}"));
    let of_code = [
        "Result.code",
        "CodeResult",
        "CodeResultHtml",
        "UnknownVerdict",
        "Judgement.theory",
        "JudgementHtml.simulated",
    ];
    declared.end(&[rare.each_ref().map(String::as_str).as_slice(), &of_code].concat());
}
