//! Events that the server delivers as new although it has delivered them before, and copies.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout};
use weir_nats::{JetStreamQueue, StreamOptions};
use weir_parts::engine::{Engine, EventId, Leased, Refused, Settle};

use crate::queue::{all, ids, open, options};
use crate::servers::Servers;

/// Leaves a pull at the server that waits and is over: its client does not listen for the answer any
/// more.
async fn leave_a_dead_pull(servers: &Servers) {
    let client = async_nats::connect(servers.url()).await.unwrap();
    let mut inbox = client.subscribe("dead").await.unwrap();
    let pull = r#"{"batch":1,"expires":5000000000}"#;
    client.publish_with_reply("$JS.API.CONSUMER.MSG.NEXT.weir.workers", "dead", pull.into()).await.unwrap();
    client.flush().await.unwrap();
    // The server has it.
    let jetstream = async_nats::jetstream::new(client.clone());
    let stream = jetstream.get_stream("weir").await.unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while stream.consumer_info("workers").await.unwrap().num_waiting == 0 {
        assert!(Instant::now() < until, "the pull waits");
        sleep(Duration::from_millis(5)).await;
    }
    inbox.unsubscribe().await.unwrap();
    client.flush().await.unwrap();
    assert!(inbox.next().await.is_none());
}

async fn asked(queue: &JetStreamQueue) -> Vec<Leased> {
    timeout(Duration::from_secs(15), queue.ask(1)).await.expect("an event comes").unwrap()
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_event_that_a_node_holds_is_not_handed_out_although_the_server_takes_it_for_new() {
    let servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    for _ in 0..2 {
        a.push(Vec::new()).await.unwrap();
    }
    let held = a.ask(2).await.unwrap();
    assert_eq!((ids(&held), held[1].recovered), (vec![1, 2], false));
    // For this pull version 2.9 delivers the second event again, as new, when the first comes back.
    leave_a_dead_pull(&servers).await;
    a.settle(all(&held[..1], &Settle::Back)).await.unwrap();
    // The first one is ready again, at the latest after its lease.
    let first = asked(&b).await;
    assert_eq!((ids(&first), first[0].recovered), (vec![1], true));
    assert!(timeout(Duration::from_secs(4), b.ask(1)).await.is_err(), "the second one is held");
    a.settle(all(&held[1..], &Settle::Done)).await.unwrap();
    b.settle(all(&first, &Settle::Done)).await.unwrap();
    let counts = a.read_counts().await.unwrap();
    assert_eq!((counts.held, a.book().done, b.book().done), (0, 1, 1));
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_event_of_a_lost_node_is_marked_although_the_server_takes_it_for_new() {
    let servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    // What b knows of the numbers is right.
    b.push(Vec::new()).await.unwrap();
    b.settle(all(&asked(&b).await, &Settle::Done)).await.unwrap();
    for _ in 0..2 {
        a.push(Vec::new()).await.unwrap();
    }
    let held = a.ask(2).await.unwrap();
    a.begin(&[EventId(3)]);
    crate::poison::noted(&servers, &["3 1"]).await;
    leave_a_dead_pull(&servers).await;
    a.settle(all(&held[..1], &Settle::Back)).await.unwrap();
    drop(a);
    let until = Instant::now() + Duration::from_secs(15);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        assert!(Instant::now() < until, "{seen:?}");
        let events = asked(&b).await;
        assert!(events.iter().all(|event| event.recovered), "{events:?}");
        seen.extend(events.iter().map(|event| (event.id.0, event.tries)));
        b.settle(all(&events, &Settle::Done)).await.unwrap();
    }
    seen.sort();
    assert_eq!(seen, [(2, 0), (3, 1)], "the begun one has lost an attempt");
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_copy_of_an_event_that_was_worked_on_is_not_handed_out() {
    let mut servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    a.push(b"once".to_vec()).await.unwrap();
    let jetstream = async_nats::jetstream::new(async_nats::connect(servers.url()).await.unwrap());
    let message = jetstream.get_stream("weir").await.unwrap().get_raw_message(1).await.unwrap();
    b.settle(all(&asked(&b).await, &Settle::Done)).await.unwrap();
    // A server that was started again knows only the ids of messages that are still there.
    servers.kill(0);
    servers.start_again(0).await;
    let until = Instant::now() + Duration::from_secs(15);
    while a.read_counts().await.is_err() {
        assert!(Instant::now() < until, "the server is there again");
        sleep(Duration::from_millis(50)).await;
    }
    let jetstream = async_nats::jetstream::new(async_nats::connect(servers.url()).await.unwrap());
    let mut headers = message.headers;
    headers.insert("Weir-Sent-Before", "1");
    let sent = jetstream.publish_with_headers("weir.events", headers, message.payload).await.unwrap();
    assert_eq!(sent.await.unwrap().sequence, 2, "it is stored a second time");
    assert!(timeout(Duration::from_secs(8), a.ask(1)).await.is_err(), "b has finished it");
    let counts = a.read_counts().await.unwrap();
    assert_eq!((counts.held, a.book().done, b.book().done), (0, 0, 1), "the copy is gone");
    // Another one is new.
    a.push(b"another".to_vec()).await.unwrap();
    assert_eq!(ids(&asked(&a).await), [3]);
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_refused_push_that_is_worked_on_counts_as_accepted() {
    let mut servers = Servers::start(1).await;
    let brief = StreamOptions { wait: Duration::from_secs(1), ..options("weir") };
    let a = open(&servers.connect("a").await, brief).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    a.push(b"first".to_vec()).await.unwrap();
    b.settle(all(&asked(&b).await, &Settle::Done)).await.unwrap();
    // Sent, and not answered in time.
    servers.pause(0);
    let refused = a.push(b"late".to_vec()).await;
    assert!(matches!(refused, Err(Refused::Away { .. })), "{refused:?}");
    servers.resume(0);
    b.settle(all(&asked(&b).await, &Settle::Done)).await.unwrap();
    // The server forgets the id of what was worked on.
    servers.kill(0);
    servers.start_again(0).await;
    let until = Instant::now() + Duration::from_secs(30);
    while a.book().accepted < 2 {
        assert!(Instant::now() < until, "{}", a.book());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((a.book().accepted, b.book().done), (2, 2));
}
