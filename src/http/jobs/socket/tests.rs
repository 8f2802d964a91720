//! Sockets of the lab over real connections. Real time passes, so waits are bounded generously.

mod client;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use self::client::Server;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_first_record_has_the_whole_history_and_later_ones_only_its_latest_points() {
    let server = Server::start(&[]);
    let mut first = server.program().await;
    let begun = first.next("jobs").await;
    let (mut last, mut points) = (begun["at_ms"].as_u64().unwrap(), 0);
    for _ in 0..25 {
        let record = first.next("jobs").await;
        let history = &record["history"];
        points = history["rate"].as_array().unwrap().len();
        let from = history["from_ms"].as_u64().unwrap();
        assert!(from <= last.max(100), "no point is missing: from {from} ms, before {last} ms");
        last = record["at_ms"].as_u64().unwrap();
    }
    assert!((5..20).contains(&points), "{points} points, and not the whole history");
    let whole = server.program().await.next("jobs").await;
    assert_eq!(whole["history"]["from_ms"], begun["history"]["from_ms"]);
    assert!(whole["history"]["rate"].as_array().unwrap().len() > 20);
}

#[tokio::test]
async fn records_are_encoded_once_for_all_sockets_and_never_without_one() {
    let server = Server::start(&[]);
    let feed = Feed::new(Arc::clone(&server.jobs));
    let mut readers: Vec<_> = (0..50).map(|_| feed.subscribe()).collect();
    for _ in 0..3 {
        let mut buffers = Vec::new();
        for reader in &mut readers {
            buffers.push(timeout(PATIENCE, reader.next()).await.unwrap().unwrap().as_ptr());
        }
        buffers.dedup();
        assert_eq!(buffers.len(), 1);
    }
    drop(readers);
    let ended = async {
        // The task holds the feed while it runs.
        while Arc::strong_count(&feed) > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, ended).await.expect("the task ends");
}

#[tokio::test]
async fn a_submission_is_answered_when_it_is_accepted_and_when_it_has_ended() {
    let server = Server::start(&[]);
    let mut client = server.program().await;
    client.submit("999", 4).await;
    let accepted = client.next("answer").await;
    assert_eq!((&accepted["ref"], &accepted["state"]), (&json!(4), &json!("running")));
    assert_eq!((&accepted["input"], &accepted["result"]), (&json!("999"), &Value::Null));
    let done = client.next("answer").await;
    assert_eq!((&done["ref"], &done["id"], &done["state"]), (&json!(4), &accepted["id"], &json!("done")));
    assert_eq!((&done["result"], &done["why"]), (&json!("499500"), &Value::Null));
    assert!(done["took_ms"].as_f64().unwrap() > 0.0);

    client.submit("13", 5).await;
    assert_eq!(client.next("answer").await["state"], "running");
    let failed = client.next("answer").await;
    assert_eq!(
        (&failed["ref"], &failed["state"], &failed["result"]),
        (&json!(5), &json!("failed"), &Value::Null)
    );
    assert_eq!(failed["stack"], json!(["fail_on_13", "sum"]), "{failed}");
}

#[tokio::test]
async fn an_input_that_is_not_a_whole_number_starts_no_job() {
    let server = Server::start(&[]);
    let mut client = server.program().await;
    for input in ["", "12abc", "1.5", "1000000000000000000000000000000"] {
        client.submit(input, 1).await;
        let answer = client.next("answer").await;
        assert_eq!(
            (&answer["state"], &answer["id"], &answer["input"]),
            (&json!("invalid"), &Value::Null, &json!(input))
        );
        assert!(!answer["why"].as_str().unwrap().is_empty());
    }
    assert_eq!(server.counts(), (0, 4));
}

#[tokio::test]
async fn a_message_that_is_not_understood_is_answered_and_the_socket_stays_open() {
    let server = Server::start(&[]);
    let mut client = server.program().await;
    for message in ["", "{", "[]", "{}", r#"{"submit": 13}"#, r#"{"submit": "1", "ref": "x"}"#] {
        client.send(message).await;
        let error = client.next("error").await;
        assert!(error.as_str().unwrap().ends_with(r#"expected {"submit": "13", "ref": 1}"#), "{error}");
    }
    client.submit("1", 1).await;
    assert_eq!(client.next("answer").await["state"], "running");
}

#[tokio::test]
async fn a_page_needs_the_token_and_a_program_on_this_machine_does_not() {
    let server = Server::start(&[]);
    let mut page = server.page().await;
    for (token, state) in [(None, "refused"), (Some("wrong"), "refused"), (Some(&*server.token), "running")]
    {
        page.send(&json!({ "submit": "1", "ref": 1, "token": token }).to_string()).await;
        let answer = page.next("answer").await;
        assert_eq!(answer["state"], state, "{answer}");
        assert_eq!(
            state == "refused",
            answer["why"].as_str().is_some_and(|why| why.contains("a page needs"))
        );
    }
    assert_eq!(server.counts(), (1, 2));
    let mut program = server.program().await;
    program.submit("1", 1).await;
    assert_eq!(program.next("answer").await["state"], "running");
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_socket() {
    let server = Server::start(&[]);
    for headers in ["Origin: http://evil.example\r\n", "Host: evil.example\r\n"] {
        let client = server.handshake(headers).await;
        assert!(client.head.starts_with("HTTP/1.1 4"), "{}", client.head);
    }
    assert!(server.page().await.head.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn a_read_only_server_shows_figures_and_takes_no_job() {
    let server = Server::start(&["server.read_only=true"]);
    let mut client = server.program().await;
    assert_eq!(client.next("jobs").await["read_only"], true);
    client.submit("1", 1).await;
    let answer = client.next("answer").await;
    assert!(
        answer["state"] == "refused" && answer["why"].as_str().unwrap().contains("read-only"),
        "{answer}"
    );
    assert_eq!(server.counts(), (0, 1));
}

#[tokio::test]
async fn the_submitter_of_a_killed_job_is_answered_and_its_socket_stays_open() {
    let server = Server::start(&[]);
    let mut client = server.program().await;
    client.submit("-1", 1).await;
    let id = client.next("answer").await["id"].as_u64().unwrap();
    timeout(PATIENCE, server.jobs.kill(id)).await.unwrap().unwrap();
    let told = client.next("answer").await;
    assert_eq!((&told["state"], &told["id"]), (&json!("killed"), &json!(id)));
    assert!(told["told_ms"].is_number(), "{told}");
    client.submit("1", 2).await;
    assert_eq!(client.next("answer").await["state"], "running");
}

#[tokio::test]
async fn a_socket_with_a_thousand_jobs_is_refused_another() {
    let server = Server::start(&[]);
    let shared = Shared {
        workbench: Arc::clone(&server.workbench),
        access: Arc::default(),
        jobs: Arc::clone(&server.jobs),
        feed: Feed::new(Arc::clone(&server.jobs)),
    };
    let mut running = Running::new();
    for _ in 0..999 {
        running.push(Box::pin(std::future::pending()));
    }
    let caller = shared.access.caller(&HeaderMap::new());
    for state in ["running", "refused"] {
        let message = Message::Text(r#"{"submit": "1", "ref": 1}"#.to_owned());
        let answer = shared.answer(caller, &message, &mut running);
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains(&format!(r#""state":"{state}""#)), "{text}");
    }
    assert_eq!((running.len(), server.counts()), (1000, (1, 1)));
}

#[tokio::test]
async fn a_server_that_stops_closes_its_sockets_with_1001() {
    let server = Server::start(&[]);
    let mut client = server.program().await;
    client.next("jobs").await;
    let workbench = Arc::clone(&server.workbench);
    tokio::spawn(async move { workbench.drain(PATIENCE).await });
    loop {
        let (opcode, payload) = client.frame().await;
        if opcode == 8 {
            assert_eq!(payload, 1001_u16.to_be_bytes());
            return;
        }
    }
}
