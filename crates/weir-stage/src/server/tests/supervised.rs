//! Servers under a supervisor, found by name across their restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::support::{Add, All, Fail, Log, Numbers};
use crate::server::{CallError, Handle, ServerName, spawn};
use crate::stage::Reason;
use crate::supervise::{ChildSpec, Strategy, Supervisor, SupervisorHandle};

fn supervised(name: &ServerName<Numbers>, log: &Log) -> SupervisorHandle {
    let (name, log) = (name.clone(), log.clone());
    let child = ChildSpec::new("numbers", move || {
        let running = spawn(100, Numbers::new(&log));
        name.register(running.server());
        running
    });
    Supervisor::new(Strategy::OneForOne).child(child).spawn().unwrap()
}

#[tokio::test]
async fn a_name_finds_the_next_life_and_the_state_of_the_last_one_is_gone() {
    let (name, log) = (ServerName::reserve("numbers"), Log::default());
    let tree = supervised(&name, &log);
    assert_eq!(name.call(Add(1)).await, Ok(1));
    let first = name.server().unwrap();
    let reason = Reason::Panicked("a fault".to_owned());
    assert_eq!(name.call(Fail).await, Err(CallError::Down { reason, begun: true }));
    assert_eq!(name.call(All).await, Ok(vec![]));
    assert!(first.is_down() && !name.server().unwrap().is_same(&first));
    tree.stop();
    tree.join().await;
    assert!(name.server().is_none());
    name.release(Reason::Stopped);
    assert_eq!(name.call(All).await, Err(CallError::Down { reason: Reason::Stopped, begun: false }));
}

#[tokio::test]
async fn calls_by_name_that_were_not_begun_are_repeated_on_the_next_life() {
    let (name, log) = (ServerName::reserve("numbers"), Log::default());
    let tree = supervised(&name, &log);
    let calls = (1..=20).map(|number| name.call(Add(number)));
    let fails = async {
        let killed = name.call(Fail).await;
        assert!(killed.unwrap_err().has_begun());
    };
    // The mailbox has some of the calls when the server dies.
    let (_, replies) = tokio::join!(fails, futures::future::join_all(calls));
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    let handled = log.entries().iter().filter(|entry| entry.parse::<u32>().is_ok()).count();
    assert_eq!(handled, 20, "each exactly once");
    tree.stop();
    tree.join().await;
}

/// Counts the messages that were dropped.
struct Counted(Arc<AtomicU32>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
impl Handle<Counted> for Numbers {
    type Reply = ();
    fn handle(&mut self, _: Counted, _: &mut crate::server::Context<'_, Self>) {}
}

#[tokio::test]
async fn messages_in_the_mailbox_of_a_stopped_server_are_dropped_once() {
    let dropped = Arc::new(AtomicU32::new(0));
    let (numbers, _gate) = Numbers::gated(&Log::default());
    let running = spawn(10, numbers);
    let server = running.server();
    for _ in 0..5 {
        server.cast(Counted(Arc::clone(&dropped))).unwrap();
    }
    let called = server.call(Counted(Arc::clone(&dropped)));
    running.stop();
    assert!(called.await.is_err());
    running.join().await;
    assert_eq!(dropped.load(Ordering::Relaxed), 6);
}
