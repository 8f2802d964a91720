//! Labs on one bus: one event at one of them, watchers at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::*;
use super::support::{Client, balanced, begin, lab, shot, until};
use crate::nodes::{Bus, MemoryBus};

/// A node with its end of the bus.
struct Node {
    lab: Arc<MatchesLab>,
    bus: Arc<MemoryBus>,
}

impl Node {
    async fn start(name: &str, bus: MemoryBus) -> Self {
        let (lab, bus) = (lab(&["shards=1"]), Arc::new(bus));
        lab.share(name.to_owned(), Arc::clone(&bus) as Arc<dyn Bus>).await.unwrap();
        Self { lab, bus }
    }

    fn live(&self) -> Arc<LiveMatch> {
        self.lab.default_match()
    }

    fn next(&self) -> u64 {
        self.live().now().1
    }

    fn shown(&self) -> MatchSnapshot {
        self.lab.snapshot_since(self.live().id(), 0).unwrap()
    }

    fn nodes(&self) -> MatchNodes {
        self.shown().nodes.unwrap()
    }

    fn has_mark(&self, word: &str) -> bool {
        self.shown().marks.iter().any(|mark| mark.word.contains(word))
    }
}

async fn two() -> (Node, Node) {
    let bus = MemoryBus::default();
    let right = bus.node();
    (Node::start("left", bus).await, Node::start("right", right).await)
}

/// Reads the numbers of the next `n` events.
async fn numbers(client: &mut Client, n: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    for _ in 0..n {
        numbers.push(client.expect("event").await.seq.unwrap());
    }
    numbers
}

#[tokio::test(start_paused = true)]
async fn an_event_at_one_node_reaches_the_watchers_of_all_once_and_in_order() {
    let (left, right) = two().await;
    begin(&left.live()).await;
    until("a dispatcher at the other node", || right.live().life().is_some()).await;
    let mut here = Client::watch(&left.live(), "ada").await;
    let mut there = Client::watch(&right.live(), "bob").await;
    let status = (here.expect("snapshot").await, there.expect("snapshot").await);
    assert_eq!(status.0, status.1);
    // Orders at both nodes: those at the right are carried out at the left, its home.
    for round in 0..10 {
        let at = if round % 2 == 0 { &left } else { &right };
        assert_eq!(shot(&at.live(), 2 + round).await, 1 + u64::from(round));
    }
    assert_eq!(numbers(&mut here, 10).await, (1..=10).collect::<Vec<u64>>());
    assert_eq!(numbers(&mut there, 10).await, (1..=10).collect::<Vec<u64>>());
    for node in [&left, &right] {
        let MatchNodes { home, epoch, late, away, .. } = node.nodes();
        assert_eq!((home.as_deref(), epoch, late, away), (Some("left"), 1, 0, None));
        until("everything delivered", || balanced(&node.live()).delivered == 10).await;
    }
    // A refusal by the rules comes from the home.
    let begin = Event { minute: 13, action: Action::Begin { half: Half::First } };
    let refused = right.live().apply(begin).await.unwrap_err();
    assert!(refused.to_string().starts_with("the match is played at the node left: "), "{refused}");
    // The end ends it everywhere.
    right.live().stop().await.unwrap();
    for client in [&mut here, &mut there] {
        client.expect("event").await;
        client.expect("end").await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_an_outage_come_late_once_and_in_order_and_the_snapshot_says_so() {
    let (left, right) = two().await;
    begin(&left.live()).await;
    until("a dispatcher at the other node", || right.live().life().is_some()).await;
    let mut there = Client::watch(&right.live(), "bob").await;
    there.expect("snapshot").await;
    right.bus.cut(true);
    for round in 0..5 {
        shot(&left.live(), 2 + round).await;
    }
    until("the outage is seen", || right.has_mark("NATS is away")).await;
    assert_eq!(right.shown().verdict.word, "AWAY");
    assert!(right.shown().verdict.text.contains("of the home node left"), "{}", right.shown().verdict.text);
    assert_eq!(right.next(), 1);
    let refused = right.live().apply(Event { minute: 9, action: Action::Stop }).await.unwrap_err();
    assert!(matches!(refused, OrderError::Away { .. }), "{refused}");
    right.bus.cut(false);
    assert_eq!(numbers(&mut there, 5).await, [1, 2, 3, 4, 5]);
    shot(&left.live(), 10).await;
    assert_eq!(numbers(&mut there, 1).await, [6]);
    until("the news", || right.has_mark("NATS is back")).await;
    assert_eq!(right.nodes().late, 5);
    assert!(right.has_mark("events 1 to 5 of weir-sluice came late from left"));
    assert_ne!(right.shown().verdict.word, "AWAY");
}

#[tokio::test(start_paused = true)]
async fn the_next_order_gives_a_match_a_new_home_after_the_loss_of_the_old_one() {
    let (left, right) = two().await;
    begin(&left.live()).await;
    until("the first event", || right.next() == 1).await;
    drop(left);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(shot(&right.live(), 2).await, 1);
    assert_eq!((right.nodes().home.as_deref(), right.nodes().epoch), (Some("right"), 2));
    // A node that comes later has the whole history.
    let late = Node::start("late", right.bus.node()).await;
    until("the history", || late.next() == 2).await;
    assert_eq!(late.live().history(), right.live().history());
    assert_eq!((late.nodes().home.as_deref(), late.nodes().late), (Some("right"), 0));
}

#[tokio::test(start_paused = true)]
async fn of_two_homes_the_newer_one_stays_and_the_watchers_of_the_other_come_back() {
    let (left, right) = two().await;
    begin(&left.live()).await;
    until("the first event", || right.next() == 1).await;
    let mut here = Client::watch(&left.live(), "ada").await;
    here.expect("snapshot").await;
    left.bus.cut(true);
    // The left goes on without the others, and the right makes itself the home.
    shot(&left.live(), 2).await;
    shot(&left.live(), 3).await;
    sleep(Duration::from_secs(4)).await;
    right
        .live()
        .apply(Event { minute: 7, action: Action::Shot { side: Side::Away, player: 9 } })
        .await
        .unwrap();
    left.bus.cut(false);
    until("one history", || left.live().history() == right.live().history()).await;
    assert_eq!((left.nodes().home.as_deref(), left.nodes().epoch), (Some("right"), 2));
    assert!(left.has_mark("has another home: right") && left.has_mark("was replaced"));
    // The watcher had two events that are not in the match any more. It is closed.
    let rest = here.rest().await;
    let kinds: Vec<&str> = rest.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["event", "event", "last"]);
    until("a dispatcher", || left.live().life().is_some()).await;
    let mut back = Client::watch(&left.live(), "ada").await;
    assert_eq!(back.expect("snapshot").await.json["snapshot"]["next"], 2);
    shot(&left.live(), 8).await;
    assert_eq!(back.expect("event").await.seq, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_new_match_and_an_added_one_are_those_of_all_nodes() {
    let (left, right) = two().await;
    left.live().play(PlayPlan { rate: 1000.0, seed: 3, events: 60 }).await.unwrap();
    until("the end", || right.live().state().is_over()).await;
    assert_eq!(left.live().history(), right.live().history());
    // From the other node: the home begins anew.
    right.live().again().await.unwrap();
    until("a new match", || right.next() == 0 && left.next() == 0).await;
    begin(&right.live()).await;
    until("its first event", || right.next() == 1 && left.next() == 1).await;
    let added = left.lab.add().unwrap();
    begin(&added).await;
    until("the added match", || right.lab.find(added.id()).is_some_and(|found| found.now().1 == 1)).await;
    assert_eq!((left.nodes().late, right.nodes().late), (0, 0));
}
