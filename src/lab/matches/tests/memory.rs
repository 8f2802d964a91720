//! The memory of a watcher, with everything that the lab keeps for it. In a process of its own:
//! `cargo test -p weir --lib -- --ignored lab::matches::tests::memory`.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::super::memory::Memory;
use super::super::*;
use super::support::{begin, lab, until};

/// Connects this number of clients, each with its own user, and returns the bytes per watcher.
async fn per_watcher(settings: &[&str], number: usize) -> u64 {
    let lab = lab(settings);
    let live = lab.default_match();
    begin(&live).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Made before the first reading: a client is a descriptor and no memory.
    let mut clients = Vec::with_capacity(number);
    let mut memory = Memory::default();
    let writer = live.core.config().writer;
    memory.sample(0, writer);
    for user in 0..number {
        clients.push(TcpStream::connect(address).unwrap());
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let arrival = Arrival {
            stream: tokio::net::TcpStream::from_std(stream).unwrap(),
            early: Bytes::new(),
            transport: user % 2,
            user: format!("w{user}"),
            since: None,
            accepted: Instant::now(),
            place: Box::new(()),
        };
        live.watch(arrival).await.unwrap();
    }
    until("all watch", || live.watchers() == number as u64).await;
    let event = Event { minute: 2, action: Action::Shot { side: Side::Home, player: 9 } };
    live.apply(event).await.unwrap();
    until("all have it", || live.ledger().delivered == number as u64).await;
    memory.sample(number as u64, writer);
    assert_eq!(Arc::strong_count(&lab), 1);
    memory.per_watcher().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 20,000 descriptors and a process of its own"]
async fn a_watcher_takes_at_most_1600_bytes() {
    let bytes = per_watcher(&[], 9_600).await;
    assert!(bytes <= 1_600, "{bytes} B a watcher");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 2,000 descriptors and a process of its own"]
async fn a_task_a_watcher_takes_128_kib_more() {
    let bytes = per_watcher(&["writer=task"], 1_000).await;
    assert!((131_072..150_000).contains(&bytes), "{bytes} B a watcher");
}
