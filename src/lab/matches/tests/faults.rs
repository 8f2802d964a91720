//! What goes wrong: readers that panic, shards that crash, watchers that do not read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socket2::SockRef;
use tokio::time::{sleep, timeout};

use super::super::*;
use super::support::{Client, balanced, begin, lab, shot, until};

/// Makes a client that takes almost nothing before its server notices.
async fn narrow(live: &Arc<LiveMatch>, user: &str) -> Client {
    let (client, arrival) = Client::arrive(user, 0, None).await;
    SockRef::from(&client.stream).set_recv_buffer_size(4 << 10).unwrap();
    live.watch(arrival).await.unwrap();
    client
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_panics_costs_its_own_watcher_only() {
    let lab = lab(&[]);
    let live = lab.default_match();
    begin(&live).await;
    let (mut bad, mut good) = (Client::watch(&live, "bad").await, Client::watch(&live, "good").await);
    bad.expect("snapshot").await;
    good.expect("snapshot").await;
    bad.say("panic").await;
    until("it has left", || live.watchers() == 1).await;
    assert!(bad.rest().await.is_empty());
    good.say("ask").await;
    good.expect("answer").await;
    shot(&live, 2).await;
    good.expect("event").await;
    until("a mark", || lab.snapshot_since(live.id(), 0).unwrap().marks.len() == 1).await;
    let marks = lab.snapshot_since(live.id(), 0).unwrap().marks;
    assert_eq!((marks[0].kind, marks[0].word.as_str()), (MarkKind::Fault, "a watcher's reader panicked"));
    assert_eq!(live.users.count(), 1);
    balanced(&live);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_crashes_keeps_its_watchers_and_the_ledger_stays_exact() {
    let lab = lab(&["shards=1"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut client = Client::watch(&live, "ada").await;
    client.expect("snapshot").await;
    let mut next = 1;
    for round in 0..20 {
        shot(&live, 2 + round).await;
        if round % 4 == 1 {
            live.crash("shard-0").unwrap();
        }
        if round % 8 == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        balanced(&live);
    }
    while next < 21 {
        let line = client.line().await.unwrap();
        match line.kind.as_str() {
            "event" => assert_eq!(line.seq, Some(next)),
            "gap" => assert_eq!(line.json["gap"]["from"], json!(next)),
            other => panic!("{other}"),
        }
        next = line.seq.unwrap() + 1;
    }
    let ledger = balanced(&live);
    assert_eq!((ledger.sent, ledger.closed, ledger.behind), (20, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn crashes_of_the_dispatcher_under_load_leave_the_ledger_exact() {
    let lab = lab(&["behind_limit=8"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut clients = Vec::new();
    for life in 1..=5 {
        for number in 0..10 {
            clients.push(Client::watch(&live, &format!("u{number}")).await);
        }
        for minute in 0..20 {
            shot(&live, 20 * life as u16 + minute).await;
            balanced(&live);
        }
        live.crash("dispatcher").unwrap();
        until("the next life", || live.life().is_some_and(|now| now.number == life + 1)).await;
        balanced(&live);
    }
    until("all have left", || live.users.count() == 0 && balanced(&live).behind == 0).await;
    let ledger = balanced(&live);
    assert!(ledger.delivered > 0, "{ledger:?}");
    assert_eq!(live.history().len(), 101, "no event of the match is lost");
}

/// In real time, because the kernel's timers open the window of a client that reads again.
#[tokio::test]
async fn a_watcher_that_reads_nothing_loses_the_oldest_events_and_is_listed() {
    let lab = lab(&["behind_limit=4", "send_buffer=1KiB"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut good = Client::watch(&live, "good").await;
    let mut slow = narrow(&live, "slow").await;
    good.expect("snapshot").await;
    let mut sent = 0;
    let word = || lab.snapshot_since(live.id(), 0).unwrap().verdict.word;
    // The kernel takes what fits into both buffers, and acknowledges it late.
    while balanced(&live).dropped == 0 || word() != "ONE IS BEHIND" {
        shot(&live, 2).await;
        good.expect("event").await;
        sent += 1;
        assert!(sent < 20_000, "the kernel takes everything");
        if balanced(&live).dropped > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    shot(&live, 2).await;
    sent += 1;
    until("the others have it", || live.sampled_last_ms().is_some()).await;
    let snapshot = lab.snapshot_since(live.id(), 0).unwrap();
    let event = snapshot.event.unwrap();
    assert_eq!((snapshot.verdict.word.as_str(), event.behind.len()), ("ONE IS BEHIND", 1));
    assert_eq!(event.behind[0].user, "slow");
    assert!(event.behind[0].dropped > 0 && event.behind[0].gap.is_some() && event.last_ms.is_some());
    // When it reads again, it reads the gap, and misses nothing else.
    let mut next = slow.expect("snapshot").await.seq.unwrap() + 1;
    let mut gaps = 0;
    while next <= sent {
        let line = slow.line().await.unwrap();
        let from = if line.kind == "gap" { line.json["gap"]["from"].as_u64() } else { line.seq };
        assert_eq!(from, Some(next), "{line:?}");
        gaps += u64::from(line.kind == "gap");
        next = line.seq.unwrap() + 1;
    }
    assert!(gaps > 0);
    assert_eq!(balanced(&live).behind, 0);
}

#[tokio::test(start_paused = true)]
async fn with_wait_one_watcher_stalls_the_match_until_its_silence_is_over() {
    let lab = lab(&["behind=wait", "behind_limit=2", "send_buffer=1KiB", "silence=20s"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut good = Client::join(&live, "good", 1, None).await;
    let slow = narrow(&live, "slow").await;
    good.expect("snapshot").await;
    let publisher = {
        let live = Arc::clone(&live);
        tokio::spawn(async move {
            for _ in 0..1_000 {
                shot(&live, 2).await;
            }
        })
    };
    // While the kernel still takes bytes, a busy machine stalls for a moment and goes on.
    loop {
        until("a stall", || lab.snapshot_since(live.id(), 0).unwrap().verdict.word == "STALLED").await;
        let stalled = live.now().1;
        sleep(Duration::from_secs(5)).await;
        assert!(!publisher.is_finished(), "the publisher waits");
        if live.now().1 < stalled + 150 {
            break;
        }
    }
    assert!(lab.snapshot_since(live.id(), 0).unwrap().event.unwrap().stalled_ms >= 5_000);
    let mut drained = 0;
    let reading = async {
        while drained < 1_000 {
            drained += u64::from(good.line().await.unwrap().kind == "event");
        }
    };
    timeout(Duration::from_secs(60), reading).await.expect("the silent watcher is closed");
    publisher.await.unwrap();
    until("one watcher", || live.watchers() == 1).await;
    drop(slow);
    assert_eq!((balanced(&live).dropped, balanced(&live).behind), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_status_request_waits_behind_the_events_in_the_mailbox() {
    let lab = lab(&["snapshot=match"]);
    let live = lab.default_match();
    begin(&live).await;
    for burst in 0..20 {
        let minute = 2 + burst;
        let (mut client, arrival) = Client::arrive("ada", 0, None).await;
        // The events are in the mailbox before the newcomer asks.
        let events: Vec<_> = (0..50)
            .map(|_| {
                tokio::spawn({
                    let live = Arc::clone(&live);
                    async move { shot(&live, minute).await }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let asked_after = live.now().1;
        live.watch(arrival).await.unwrap();
        for event in events {
            event.await.unwrap();
        }
        let next = client.expect("snapshot").await.json["snapshot"]["next"].as_u64().unwrap();
        assert!(next >= asked_after, "{next} after {asked_after}");
        let last = 1 + (u64::from(burst) + 1) * 50;
        for seq in next..last {
            assert_eq!(client.expect("event").await.seq, Some(seq));
        }
    }
}
