//! Fan-out between nodes, and the list of nodes.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep};
use weir_nats::{Beats, FanOut};

use crate::servers::Servers;

#[tokio::test]
#[ignore = "needs nats-server"]
async fn each_subscriber_gets_each_message_in_order() {
    let servers = Servers::start(1).await;
    let (a, b) = (servers.connect("a").await, servers.connect("b").await);
    let out = FanOut::open(&a, "rooms.blue");
    let mut here = out.subscribe().await.unwrap();
    let mut there = FanOut::open(&b, "rooms.blue").subscribe().await.unwrap();
    for number in 0..100_u8 {
        out.publish(vec![number]).await.unwrap();
    }
    for number in 0..100_u8 {
        assert_eq!(here.next().await.unwrap(), vec![number]);
        assert_eq!(there.next().await.unwrap(), vec![number]);
    }
}

/// Waits until the list is as expected.
async fn list(beats: &Beats, expected: &[(&str, &str)]) {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let list = beats.list();
        let found: Vec<_> =
            list.iter().map(|beat| (&*beat.node, std::str::from_utf8(&beat.about).unwrap())).collect();
        if found == expected {
            assert!(list.iter().all(|beat| beat.age < Duration::from_secs(5)));
            return;
        }
        assert!(Instant::now() < until, "{found:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn every_node_lists_all_nodes_until_they_say_that_they_are_gone() {
    let servers = Servers::start(1).await;
    let a = Beats::open(&servers.connect("a").await, "nodes").await.unwrap();
    let b = Beats::open(&servers.connect("b").await, "nodes").await.unwrap();
    // A beat that goes out before the other node listens is lost, as any message is; the next is not.
    let until = Instant::now() + Duration::from_secs(5);
    while a.list().len() < 2 || b.list().len() < 2 {
        assert!(Instant::now() < until, "each node hears both");
        a.put("a.example:4000", "{\"done\":1}").await.unwrap();
        b.put("b", "{}").await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    for beats in [&a, &b] {
        list(beats, &[("a.example:4000", "{\"done\":1}"), ("b", "{}")]).await;
    }
    a.put("a.example:4000", "").await.unwrap();
    for beats in [&a, &b] {
        list(beats, &[("b", "{}")]).await;
    }
}
