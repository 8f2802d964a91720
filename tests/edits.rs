//! Changes of the configuration by hand: over HTTP, and back into the file.

use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::Value;
use weir::config::Sources;
use weir::workbench::Workbench;

use crate::binary::Folder;
use crate::http::{Answer, call, get};
use crate::support::bench;

/// A bench whose file is watched.
struct Watched {
    folder: Folder,
    bench: Arc<Workbench>,
}

impl Watched {
    fn start(name: &str, text: Option<&str>, flags: &[&str]) -> Self {
        let folder = Folder::new(name);
        let path = folder.0.join("config.toml");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let flags = flags.iter().map(ToString::to_string).collect();
        let sources = Sources { file: Some(path), flags };
        let bench = Workbench::start(sources.parse(text.unwrap_or_default()).unwrap(), &sources);
        tokio::spawn(Arc::clone(&bench).follow(sources, text.map(str::to_owned)));
        Self { folder, bench }
    }

    fn path(&self) -> PathBuf {
        self.folder.0.join("config.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    async fn post(&self, toml: &str, write: bool) -> Answer {
        let write = if write { "&write=true" } else { "" };
        call(&self.bench, Method::POST, &format!("/api/config?toml={}{write}", encoded(toml))).await
    }

    /// Lets the watcher read the file, with time to spare.
    async fn looked(&self) {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }

    fn concurrency(&self) -> u64 {
        self.bench.settings().consumers.concurrency
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

const TEXT: &str = "# mine\n[consumers]\nconcurrency = 1   # edit me\n";

#[tokio::test(start_paused = true)]
async fn a_change_is_in_force_at_once_and_not_in_the_file_until_it_is_written() {
    let watched = Watched::start("applied", Some(TEXT), &[]);
    let answer = watched.post("consumers.concurrency = 3", false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let made = answer.json();
    assert_eq!(
        made["changes"][0],
        serde_json::json!({ "key": "consumers.concurrency", "from": "1", "to": "3" })
    );
    assert_eq!(
        (&made["written"], &made["not_in_file"][0]),
        (&Value::Null, &"consumers.concurrency".into())
    );
    watched.looked().await;
    assert_eq!((watched.concurrency(), watched.text()), (3, TEXT.to_owned()));
    assert_eq!(watched.bench.snapshot().config.not_in_file, ["consumers.concurrency"]);

    let made = watched.post("consumers.concurrency = 3\nqueue.capacity = 5", true).await.json();
    assert!(made["written"].as_str().unwrap().ends_with("config.toml"), "{made}");
    let written = "# mine\n[consumers]\nconcurrency = 3   # edit me\n\n[queue]\ncapacity = 5\n";
    assert_eq!(watched.text(), written);
    assert!(watched.bench.snapshot().config.not_in_file.is_empty());
    // The watcher knows what was written: an edit counts once.
    assert_eq!(watched.bench.snapshot().config.generation, 3);
    watched.looked().await;
    let config = watched.bench.snapshot().config;
    assert_eq!((config.generation, config.error), (3, None));

    // An edit by hand is still found, and takes back what the file does not have.
    watched.post("queue.capacity = 9", false).await;
    std::fs::write(watched.path(), written.replace("= 3", "= 4")).unwrap();
    watched.looked().await;
    assert_eq!((watched.concurrency(), watched.bench.settings().queue.capacity), (4, 5));
    assert!(watched.bench.snapshot().config.not_in_file.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_leaves_configuration_and_file_as_they_were() {
    let watched = Watched::start("refused", Some(TEXT), &["queue.capacity=7"]);
    let before = watched.bench.settings();
    for (toml, write, status, part) in [
        ("consumers.concurrency = 3\nconsumers.mode = 4", true, 400, "consumers.mode = 4, expected one of"),
        ("consumers.concurency = 3", true, 400, "did you mean consumers.concurrency?"),
        ("consumers.concurrency = 99999", false, 400, "from 0 to 10000"),
        ("consumers.concurrency =", false, 400, "a line is: key = value"),
        ("queue.capacity = 8", true, 400, "queue.capacity is set by a flag"),
        ("server.listen = \"127.0.0.1:1\"", false, 400, "cannot change while the server runs"),
        ("consumers.max_demand = 0", true, 400, "from 1 to 1000000"),
        ("consumers.min_demand = 1", true, 400, "must be below consumers.max_demand = 1"),
    ] {
        let answer = watched.post(toml, write).await;
        assert_eq!(answer.status.as_u16(), status, "{toml}");
        assert!(answer.text().contains(part) && answer.text().ends_with('\n'), "{toml}: {}", answer.text());
        assert_eq!((watched.bench.settings(), watched.text()), (before.clone(), TEXT.to_owned()), "{toml}");
    }
    assert_eq!(watched.bench.snapshot().config.generation, 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changed_meanwhile_or_is_invalid_is_not_written() {
    let watched = Watched::start("meanwhile", Some(TEXT), &[]);
    let edited = TEXT.replace("= 1", "= 2");
    std::fs::write(watched.path(), &edited).unwrap();
    let answer = watched.post("consumers.concurrency = 3", true).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("has changed on the disk"), "{}", answer.text());
    assert_eq!((watched.concurrency(), watched.text()), (1, edited));
    watched.looked().await;
    assert_eq!(watched.concurrency(), 2);
    assert_eq!(watched.post("consumers.concurrency = 3", true).await.status, StatusCode::OK);

    let broken = "[consumers]\nconcurrency = many\n";
    std::fs::write(watched.path(), broken).unwrap();
    watched.looked().await;
    let answer = watched.post("consumers.concurrency = 4", true).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("has to be corrected first"), "{}", answer.text());
    assert_eq!((watched.concurrency(), watched.text().as_str()), (3, broken));
    // It can still be applied, and the error of the file stays on display.
    assert_eq!(watched.post("consumers.concurrency = 4", false).await.status, StatusCode::OK);
    assert!(watched.concurrency() == 4 && watched.bench.snapshot().config.error.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_is_created_and_then_watched() {
    let watched = Watched::start("missing", None, &[]);
    let shown = get(&watched.bench, "/api/config").await.json();
    assert_eq!((&shown["exists"], &shown["error"]), (&false.into(), &Value::Null));
    let answer = watched.post("queue.when_full = \"wait\"", true).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(watched.text().ends_with("[queue]\nwhen_full = \"wait\"\n"), "{}", watched.text());
    assert!(watched.bench.snapshot().config.source.unwrap().ends_with("config.toml"));
    std::fs::write(watched.path(), "[consumers]\nconcurrency = 6\n").unwrap();
    watched.looked().await;
    assert_eq!(
        (watched.concurrency(), watched.bench.settings().queue.when_full.to_string()),
        (6, "reject".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_key_is_written_and_said_to_wait_for_the_restart() {
    let watched = Watched::start("restart", Some("[data]\nkeep = 3\n"), &[]);
    let made = watched.post("data.directory = \"elsewhere\"", true).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    assert_eq!(watched.text(), "[data]\nkeep = 3\ndirectory = \"elsewhere\"\n");
    let config = watched.bench.snapshot().config;
    assert!(config.notes[0].contains("restart to use \"elsewhere\""), "{:?}", config.notes);
    assert!(config.not_in_file.is_empty() && watched.bench.settings().data.directory == "data");
    // Another change does not make the note disappear.
    watched.post("consumers.concurrency = 2", false).await;
    assert_eq!(watched.bench.snapshot().config.notes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_answers_differences_or_problems_with_their_lines_and_changes_nothing() {
    let bench = bench(&["consumers.concurrency=2"]);
    let check =
        async |toml: &str| get(&bench, &format!("/api/config/check?toml={}", encoded(toml))).await.json();
    let checked = check("queue.capacity = 5\nserver.listen = \"127.0.0.1:1\"").await;
    assert_eq!(checked["problems"], serde_json::json!([]));
    assert_eq!(
        checked["changes"],
        serde_json::json!([
            { "key": "queue.capacity", "from": "10000", "to": "5", "restart": false },
            { "key": "server.listen", "from": "\"127.0.0.1:4000\"", "to": "\"127.0.0.1:1\"", "restart": true },
        ])
    );
    let checked = check("queue.capacity = 5\nconsumers.concurrency = 3\nqueue.when_full = \"panic\"").await;
    let lines: Vec<_> = checked["problems"].as_array().unwrap().iter().map(|one| &one["line"]).collect();
    assert_eq!(lines, [2, 3]);
    assert_eq!(checked["problems"][1]["column"], 19);
    assert_eq!(bench.settings().queue.capacity, 10_000);
    let shown = get(&bench, "/api/config").await.json();
    let keys = shown["keys"].as_array().unwrap();
    let concurrency = keys.iter().find(|key| key["name"] == "consumers.concurrency").unwrap();
    assert_eq!(
        (&concurrency["value"], &concurrency["flag"], &concurrency["kind"]),
        (&"2".into(), &true.into(), &"integer".into())
    );
    assert_eq!(concurrency["max"], 10_000);
}

#[tokio::test(start_paused = true)]
async fn the_stepper_of_the_concurrency_is_not_in_the_file_either_and_can_be_written() {
    let watched = Watched::start("stepper", Some(TEXT), &[]);
    call(&watched.bench, Method::POST, "/api/concurrency?value=5").await;
    assert_eq!(watched.bench.snapshot().config.not_in_file, ["consumers.concurrency"]);
    // Writing another key does not take it back.
    assert_eq!(watched.post("queue.capacity = 9", true).await.status, StatusCode::OK);
    watched.looked().await;
    assert_eq!((watched.concurrency(), watched.bench.snapshot().config.not_in_file.len()), (5, 1));
    watched.post("consumers.concurrency = 5", true).await;
    assert!(
        watched.bench.snapshot().config.not_in_file.is_empty()
            && watched.text().contains("concurrency = 5   # edit me")
    );
    assert_eq!(watched.bench.snapshot().config.generation, 3);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_checks_changes_and_makes_none() {
    let watched = Watched::start("read-only", Some(TEXT), &["server.read_only=true"]);
    for write in [false, true] {
        let answer = watched.post("consumers.concurrency = 3", write).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("read-only"), "{}", answer.text());
    }
    assert_eq!((watched.concurrency(), watched.text()), (1, TEXT.to_owned()));
    let path = format!("/api/config/check?toml={}", encoded("consumers.concurrency = 3"));
    assert_eq!(get(&watched.bench, &path).await.json()["changes"][0]["to"], "3");
}

#[tokio::test(start_paused = true)]
async fn hostile_texts_are_refused_in_words() {
    let watched = Watched::start("hostile", Some(TEXT), &[]);
    let nested = format!("consumers = {}1{}", "[".repeat(500), "]".repeat(500));
    let many = "x = 1\n".repeat(3000);
    for toml in [
        "\0",
        "\u{1b}[31m = 1",
        "a.b.c.d = 1",
        "[consumers",
        nested.as_str(),
        many.as_str(),
        "\u{feff}\u{feff}",
        "consumers = 3",
        "[[consumers]]",
        "consumers.concurrency = 3\nconsumers.concurrency = 4",
    ] {
        let answer = watched.post(toml, true).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:.60}: {}", toml, answer.text());
        assert!(
            !answer.text().trim().is_empty() && !answer.text().contains('\u{1b}'),
            "{:?}",
            answer.text()
        );
    }
    for query in ["", "?toml", "?write=true", "?toml=a=1&write=maybe", "?toml=%ff"] {
        let answer = call(&watched.bench, Method::POST, &format!("/api/config{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let answer = watched.post("data.directory = \"a\\u0007\\\" # x\"", true).await;
    assert!(
        answer.status == StatusCode::OK && watched.text().contains("\"a\\u0007\\\" # x\""),
        "{}",
        watched.text()
    );
    assert!(watched.text().starts_with(TEXT));
}
