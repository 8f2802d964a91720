//! The acceptance of the lab, M1 to M6, with clients on loopback sockets.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use super::super::*;
use super::support::{Client, balanced, begin, configured, lab, shot, until};

#[tokio::test(start_paused = true)]
async fn a_watcher_gets_the_status_first_and_then_each_event_once_in_order() {
    for settings in
        [vec![], vec!["snapshot=match", "writer=task", "encode=each", "supervisors=3", "log=every"]]
    {
        let lab = lab(&settings);
        let live = lab.default_match();
        begin(&live).await;
        shot(&live, 2).await;
        let mut clients = Vec::new();
        for transport in 0..2 {
            clients.push(Client::join(&live, &format!("u{transport}"), transport, None).await);
        }
        for minute in 3..40 {
            shot(&live, minute).await;
        }
        for client in &mut clients {
            let status = client.expect("snapshot").await;
            assert_eq!(
                (status.seq, &status.json["snapshot"]["next"]),
                (Some(1), &json!(2)),
                "{settings:?}"
            );
            assert_eq!(status.json["snapshot"]["stadium"], "Lock Road");
            for seq in 2..39 {
                let event = client.expect("event").await;
                assert_eq!((event.seq, &event.json["event"]["seq"]), (Some(seq), &json!(seq)));
                assert_eq!(event.json["event"]["text"], "Marques misses");
            }
        }
        let ledger = balanced(&live);
        assert_eq!((ledger.sent, ledger.delivered), (74, 74), "{settings:?}");
        let snapshot = lab.snapshot_since("weir-sluice", 0).unwrap();
        assert_eq!((snapshot.now.watchers, snapshot.now.ws, snapshot.now.sse), (2, 1, 1));
        assert_eq!((snapshot.game.visits, snapshot.game.users), (2, 2));
        assert!(snapshot.now.art_ms.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_has_not_begun_or_is_over_sends_its_status_and_the_end() {
    let lab = lab(&[]);
    let live = lab.default_match();
    let mut early = Client::watch(&live, "ada").await;
    let lines = early.rest().await;
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["snapshot", "end", "last"]);
    assert_eq!(lines[0].json["snapshot"]["period"], "not begun");
    assert_eq!(
        (&lines[1].json["end"]["why"], &lines[2].json),
        (&json!("the match has not begun"), &json!(1000))
    );

    begin(&live).await;
    let mut watcher = Client::watch(&live, "ada").await;
    live.stop().await.unwrap();
    let kinds: Vec<_> = watcher.rest().await.into_iter().map(|line| line.kind).collect();
    assert_eq!(kinds, ["snapshot", "event", "end", "last"], "the stop event ends the stream");
    let mut late = Client::watch(&live, "ada").await;
    let lines = late.rest().await;
    assert_eq!((lines.len(), &lines[0].json["snapshot"]["period"]), (3, &json!("over")));
    assert_eq!(lab.snapshot_since(live.id(), 0).unwrap().verdict.word, "OVER");

    // A new match under the same id begins with event 0, and has a dispatcher of its own.
    assert_eq!(live.stop().await.unwrap_err().to_string(), "stop refused: the match is over");
    live.again().await.unwrap();
    begin(&live).await;
    assert_eq!(live.again().await, Err(OrderError::InPlay));
    let mut watcher = Client::join(&live, "ada", 0, Some(77)).await;
    assert_eq!(watcher.expect("snapshot").await.seq, Some(0), "event 77 was one of the last match");
    shot(&live, 2).await;
    assert_eq!(watcher.expect("event").await.seq, Some(1));
    assert_eq!((live.history().len(), balanced(&live).sent), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_gets_what_it_has_missed_or_the_gap() {
    let lab = lab(&["behind_limit=4"]);
    let live = lab.default_match();
    begin(&live).await;
    for minute in 2..6 {
        shot(&live, minute).await;
    }
    let mut client = Client::join(&live, "ada", 1, Some(3)).await;
    assert_eq!([client.expect("event").await.seq, client.expect("event").await.seq], [Some(3), Some(4)]);
    for minute in 6..30 {
        shot(&live, minute).await;
    }
    let mut client = Client::join(&live, "ada", 1, Some(2)).await;
    let gap = client.expect("gap").await;
    let to = gap.json["gap"]["to"].as_u64().unwrap();
    assert_eq!((&gap.json["gap"]["from"], gap.seq), (&json!(2), Some(to)));
    assert_eq!(client.expect("event").await.seq, Some(to + 1));
    balanced(&live);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_pinged_and_closed_and_the_last_watcher_ends_its_user() {
    let lab = lab(&["silence=4s"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut silent = Client::watch(&live, "ada").await;
    let mut answers = Client::watch(&live, "ada").await;
    let mut stream = Client::join(&live, "ben", 1, None).await;
    for client in [&mut silent, &mut answers, &mut stream] {
        client.expect("snapshot").await;
    }
    silent.expect("ping").await;
    answers.expect("ping").await;
    answers.say("pong").await;
    let lines = silent.rest().await;
    assert_eq!((lines.len(), &lines[0].json), (1, &json!(1008)), "{lines:?}");
    until("one has gone", || live.watchers() == 2).await;
    assert_eq!(live.users.count(), 2, "ada has another watcher");
    answers.say("bye").await;
    until("ada has gone", || live.users.count() == 1).await;
    for _ in 0..3 {
        stream.expect("ping").await;
    }
    assert_eq!(live.watchers(), 1, "a stream of events is not heard, and not closed");
    drop(stream);
    until("ben has gone", || live.users.count() == 0 && live.watchers() == 0).await;
    assert_eq!(lab.snapshot_since(live.id(), 0).unwrap().game.visits, 3);
    balanced(&live);
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_crashes_closes_its_watchers_and_no_others() {
    let lab = lab(&[]);
    let (live, other) = (lab.default_match(), lab.add().unwrap());
    assert_eq!(other.id(), "weir-lockgate");
    for live in [&live, &other] {
        begin(live).await;
    }
    let (mut mine, mut theirs) = (Client::watch(&live, "ada").await, Client::watch(&other, "ben").await);
    shot(&live, 2).await;
    shot(&other, 2).await;
    let refused = live.crash("the cellar").unwrap_err().to_string();
    assert!(
        refused.starts_with("there is no part \"the cellar\"; parts: dispatcher, shard-0"),
        "{refused}"
    );
    live.crash("dispatcher").unwrap();
    let lines = mine.rest().await;
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!((kinds, &lines[2].json), (vec!["snapshot", "event", "last"], &json!(1012)));
    until("the next life", || live.life().is_some_and(|life| life.number == 2)).await;
    assert_eq!(lab.snapshot_since(live.id(), 0).unwrap().verdict.word, "RESTARTED");

    // State, history and numbers go on.
    let mut again = Client::join(&live, "ada", 0, Some(2)).await;
    assert_eq!(shot(&live, 3).await, 2);
    assert_eq!(again.expect("event").await.seq, Some(2));
    assert_eq!((live.history().len(), shot(&other, 3).await), (3, 2));
    theirs.expect("snapshot").await;
    assert_eq!([theirs.expect("event").await.seq, theirs.expect("event").await.seq], [Some(1), Some(2)]);
    until("one watcher", || live.watchers() == 1).await;
    assert_eq!((balanced(&live).delivered, balanced(&other).delivered), (2, 2));
    let marks = lab.snapshot_since(live.id(), 0).unwrap().marks;
    assert!(
        marks.iter().any(|mark| mark.word == "dispatcher of weir-sluice was made to crash"),
        "{marks:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_play_runs_at_its_rate_and_begins_a_new_match_when_it_is_over() {
    let lab = lab(&[]);
    let live = lab.default_match();
    let plan = PlayPlan { rate: 10.0, seed: 3, events: 60 };
    assert_eq!(live.play(PlayPlan { rate: 0.0, ..plan }).await, Err(OrderError::Rate(0.0)));
    live.play(plan).await.unwrap();
    sleep(Duration::from_millis(2_050)).await;
    let next = live.now().1;
    assert!((19..=22).contains(&next), "{next} events in 2 s");
    live.play(PlayPlan { rate: 1.0, ..plan }).await.unwrap();
    sleep(Duration::from_secs(4)).await;
    assert!((3..=5).contains(&(live.now().1 - next)), "at the new rate");
    live.pause().await.unwrap();
    let paused = live.now().1;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(live.now().1, paused);
    live.play(PlayPlan { rate: 100.0, ..plan }).await.unwrap();
    until("the end", || live.state().is_over()).await;
    let first = live.history();
    live.play(PlayPlan { rate: 100.0, ..plan }).await.unwrap();
    until("the second end", || live.state().is_over()).await;
    assert_eq!(first, live.history(), "the same seed gives the same match");
}

#[tokio::test(start_paused = true)]
async fn every_setting_changes_while_watchers_are_connected() {
    let lab = lab(&[]);
    let live = lab.default_match();
    begin(&live).await;
    let mut client = Client::watch(&live, "ada").await;
    client.expect("snapshot").await;
    let changes = [
        "writer=task",
        "encode=each",
        "snapshot=match",
        "behind=latest",
        "behind_limit=3",
        "supervisors=4",
        "log=every",
        "silence=10s",
        "behind=close",
        "behind=wait",
        "send_buffer=64KiB",
        "writer=shards",
    ];
    for (minute, change) in (2..).zip(changes) {
        lab.apply(&configured(&[change]));
        assert_eq!(shot(&live, minute).await, u64::from(minute) - 1, "{change}");
        assert_eq!(client.expect("event").await.seq, Some(u64::from(minute) - 1), "{change}");
    }
    let notes = lab.apply(&configured(&["shards=3"]));
    assert_eq!(notes, ["matches.shards: matches that are being played keep their shards"]);
    let snapshot = lab.snapshot_since(live.id(), 0).unwrap();
    assert_eq!((snapshot.settings.shards, snapshot.now.watchers), (3, 1));
    assert!(snapshot.marks.iter().any(|mark| mark.word == "writer = \"task\""), "{:?}", snapshot.marks);
    lab.reset();
    assert_eq!(live.ledger(), Ledger::default());
}

#[tokio::test(start_paused = true)]
async fn a_drain_sends_every_watcher_the_end_and_refuses_new_ones() {
    let lab = lab(&[]);
    let live = lab.default_match();
    begin(&live).await;
    let mut client = Client::watch(&live, "ada").await;
    shot(&live, 2).await;
    assert_eq!(lab.drain(Duration::from_secs(5)).await, None);
    let lines = client.rest().await;
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!((kinds, &lines[3].json), (vec!["snapshot", "event", "end", "last"], &json!(1001)));
    let (_late, arrival) = Client::arrive("ben", 0, None).await;
    assert_eq!(live.watch(arrival).await, Err(NotWatching::ShuttingDown));
    assert_eq!(live.stop().await, Err(OrderError::ShuttingDown));
    assert_eq!(lab.add().unwrap_err(), AddError::ShuttingDown);
}

#[tokio::test(start_paused = true)]
async fn ticks_come_at_four_hertz_and_when_an_event_is_complete() {
    let lab = lab(&[]);
    let live = lab.default_match();
    begin(&live).await;
    let mut client = Client::watch(&live, "ada").await;
    client.expect("snapshot").await;
    sleep(Duration::from_secs(2)).await;
    let mut ticks = lab.ticks();
    let before = *ticks.borrow_and_update();
    sleep(Duration::from_secs(2)).await;
    let after = *ticks.borrow_and_update();
    assert!((7..=10).contains(&(after - before)), "{} ticks in 2 s", after - before);
    shot(&live, 2).await;
    client.expect("event").await;
    let complete = async {
        while live.sampled_last_ms().is_none() {
            ticks.changed().await.unwrap();
        }
    };
    timeout(Duration::from_secs(1), complete).await.expect("a tick says that it is complete");
    let snapshot = lab.snapshot_since(live.id(), 0).unwrap();
    assert_eq!((snapshot.verdict.word.as_str(), snapshot.event.unwrap().reached), ("DELIVERED", 1));
    assert_eq!(snapshot.feed[0].text, "Marques misses");
    assert!(!snapshot.history.watchers.is_empty() && snapshot.feed[0].last_ms.is_some());
}
