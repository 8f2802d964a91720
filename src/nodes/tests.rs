use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::*;
use crate::config::Settings;

fn about(pid: u32, done: u64) -> About {
    let ledger =
        NodeLedger { accepted: 10, recovered: 2, done, failed: 1, dropped: 0, held: 11 - done, shared: 0 };
    let url = format!("http://127.0.0.1:{pid}");
    About { url, version: "1".to_owned(), since_s: 1.5, pid, ledger }
}

#[tokio::test(start_paused = true)]
async fn each_node_lists_all_of_them_and_the_sum_of_their_ledgers() {
    let board = MemoryBoard::default();
    let node = |name: &str| Nodes::new(name.to_owned(), Arc::new(board.clone()));
    let (left, right) = (node("left"), node("right"));
    right.put(&about(2, 4)).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    // The node that answers is in its own list before it said anything.
    let report = left.report(about(1, 7));
    let rows: Vec<_> = report.nodes.iter().map(|row| (row.name.as_str(), row.me, row.seen_ms)).collect();
    assert_eq!(rows, [("left", true, 0), ("right", false, 3000)]);
    let sum = report.sum;
    assert_eq!((sum.accepted, sum.recovered, sum.done, sum.failed, sum.held), (20, 4, 11, 2, 11));
    assert_eq!(sum.accepted + sum.recovered, sum.done + sum.failed + sum.dropped + sum.held);
    right.leave().await;
    assert_eq!(left.report(about(1, 7)).nodes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_says_once_a_second_who_it_is() {
    let board = MemoryBoard::default();
    let left = Nodes::new("left".to_owned(), Arc::new(board.clone()));
    let said = std::sync::atomic::AtomicU64::new(0);
    let say = left.say(|| about(1, said.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
    assert!(tokio::time::timeout(Duration::from_millis(4500), say).await.is_err());
    assert_eq!(said.into_inner(), 5);
    let heard: About = serde_json::from_slice(&board.list()[0].about).unwrap();
    assert_eq!(heard.ledger.done, 4);
}

#[tokio::test]
async fn two_nodes_with_one_name_are_reported() {
    let board = MemoryBoard::default();
    let node = || Nodes::new("left".to_owned(), Arc::new(board.clone()));
    node().put(&about(1, 0)).await;
    let trouble = node().report(about(2, 0)).trouble.unwrap();
    assert!(trouble.contains("two nodes are called left") && trouble.contains("server.node"), "{trouble}");
}

#[tokio::test]
async fn a_node_that_is_cut_off_hears_and_says_nothing() {
    let left = MemoryBus::default();
    let right = left.node();
    let mut heard = right.subscribe().await.unwrap();
    left.publish(b"one".to_vec()).await.unwrap();
    assert_eq!(heard.next().await.unwrap(), "one");
    right.cut(true);
    assert!(right.away().is_some() && right.publish(b"two".to_vec()).await.is_err());
    left.publish(b"three".to_vec()).await.unwrap();
    assert!(futures::poll!(heard.next()).is_pending());
    right.cut(false);
    left.publish(b"four".to_vec()).await.unwrap();
    assert_eq!(heard.next().await.unwrap(), "four");
}

#[test]
fn the_default_name_is_the_address_and_on_a_shared_port_the_process_too() {
    let mut server = Settings::default().server;
    let address = SocketAddr::from(([127, 0, 0, 1], 4000));
    assert_eq!(name(&server, address), "127.0.0.1:4000");
    server.reuse_port = true;
    assert_eq!(name(&server, address), format!("127.0.0.1:4000/{}", std::process::id()));
    server.node = "left".to_owned();
    assert_eq!(name(&server, address), "left");
}

#[cfg(not(feature = "nats"))]
#[tokio::test]
async fn a_build_without_nats_says_which_flag_is_missing() {
    let refused = connect(&Settings::default(), "left", "matches.nodes = \"nats\"").await;
    let says = refused.unwrap_err().to_string();
    assert!(says.contains("matches.nodes = \"nats\"") && says.contains("--features nats"), "{says}");
}
