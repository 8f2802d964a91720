//! Labs on one registry in memory.

use std::sync::Arc;

use tokio::time::{Duration, sleep};
use weir_parts::rooms::{Acknowledged, MoveId, Room as _, Told};

use super::super::*;
use super::{NotCreated, NotMoved};
use crate::hub::Encode;
use crate::metrics::Registry;
use crate::nodes::{Common, MemoryBus, MemoryNames};

/// Writes nothing: these tests have no watchers.
struct Silent;

impl Encode<Told<Village>> for Silent {
    fn event(&self, _: &Told<Village>, _: u64, _: &mut Vec<u8>) {}
    fn snapshot(&self, _: Option<&Told<Village>>, _: u64, _: &mut Vec<u8>) {}
    fn gap(&self, _: u64, _: u64, _: &mut Vec<u8>) {}
}

struct Node {
    lab: Arc<RoomsLab>,
    names: MemoryNames,
}

impl Node {
    async fn start(names: MemoryNames, name: &str, bus: MemoryBus) -> Self {
        let lab = RoomsLab::start(&Settings::default(), &Registry::default(), Silent);
        let common = Common { names: Arc::new(names.clone()), bus: Arc::new(bus) };
        lab.share(name.to_owned(), format!("http://{name}"), common).await.unwrap();
        Self { lab, names }
    }

    async fn two() -> (Self, Self) {
        let (names, bus) = (MemoryNames::new("left"), MemoryBus::default());
        let right = (names.node("right"), bus.node());
        (Self::start(names, "left", bus).await, Self::start(right.0, "right", right.1).await)
    }

    async fn join(&self, room: &Room, player: &str) -> Result<Acknowledged, NotMoved> {
        self.lab.act(room, Command::Join { player: player.to_owned() }, None).await
    }

    async fn players(&self, name: &str) -> serde_json::Value {
        let room = self.lab.find(name).unwrap();
        let status = room.read(|village, _| village.status()).await.unwrap();
        serde_json::json!(status)
    }

    fn has_mark(&self, word: &str) -> bool {
        lock(&self.lab.core.sampled).marks.since(0).iter().any(|mark| mark.says.contains(word))
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(start_paused = true)]
async fn a_name_has_one_room_over_all_nodes_and_each_knows_where() {
    let (left, right) = Node::two().await;
    left.lab.create("moon").await.unwrap();
    match right.lab.create("moon").await {
        Err(NotCreated::Taken(place)) => assert_eq!((place.node.as_str(), place.generation), ("left", 1)),
        other => panic!("{other:?}"),
    }
    until("the right knows", || right.lab.place("moon").is_some()).await;
    let place = right.lab.place("moon").unwrap();
    assert_eq!((place.url.as_str(), place.generation, place.is_here), ("http://left", 1, false));
    assert!(right.lab.find("moon").is_none() && left.lab.place("moon").unwrap().is_here);
    let elsewhere = right.lab.snapshot_of(None, None, 0).await.elsewhere;
    let far = &elsewhere.first[0];
    assert_eq!(
        (elsewhere.count, far.name.as_str(), far.node.as_str(), far.generation),
        (1, "moon", "left", 1)
    );
    assert_eq!(left.lab.snapshot_of(None, None, 0).await.elsewhere.count, 0, "its own are in the list");
    // A removed room frees its name for all, without its state.
    let moon = left.lab.find("moon").unwrap();
    left.join(&moon, "ada").await.unwrap();
    assert!(left.lab.remove("moon").await);
    until("the name is free", || right.lab.house().whereis("moon").is_none()).await;
    sleep(Duration::from_secs(3)).await;
    right.lab.create("moon").await.unwrap();
    assert!(!right.players("moon").await.to_string().contains("ada"));
}

#[tokio::test(start_paused = true)]
async fn a_room_is_rebuilt_from_its_log_and_a_stale_owner_is_refused() {
    let (left, right) = Node::two().await;
    let moon = left.lab.create("moon").await.unwrap();
    for player in ["ada", "ben", "eve"] {
        left.join(&moon, player).await.unwrap();
    }
    let id = MoveId { client: 7, number: 1 };
    let say = Command::Say { player: "ada".to_owned(), text: "hello".to_owned() };
    left.lab.act(&moon, say.clone(), Some(id)).await.unwrap();
    let before = left.players("moon").await;
    until("the right waits", || right.lab.place("moon").is_some()).await;

    // The left is paused past its lease.
    left.names.pause(true);
    until("the room at the right", || right.lab.find("moon").is_some()).await;
    assert!(left.lab.find("moon").is_none(), "a node whose lease is over answers for no room");
    assert_eq!(right.players("moon").await, before);
    assert!(right.has_mark("moon is here in generation 2, with 4 moves of its log"));
    let place = right.lab.place("moon").unwrap();
    assert_eq!((place.node.as_str(), place.generation), ("right", 2));
    let open = right.lab.snapshot_of(Some("moon"), None, 0).await.open.unwrap();
    assert_eq!(open.generation, 2, "the view counts the claims of all nodes");

    // Its next write, with a handle from before the pause, is refused by the log.
    assert_eq!(left.join(&moon, "late").await, Err(NotMoved::Fenced { by: 2 }));
    assert!(left.has_mark("moon was given up: generation 2 is at another node"));
    let theirs = right.lab.find("moon").unwrap();
    right.join(&theirs, "dan").await.unwrap();
    let after = right.players("moon").await.to_string();
    assert!(after.contains("dan") && !after.contains("late"), "{after}");
    // A client sends its unanswered move again: the new owner knows it.
    assert!(right.lab.act(&theirs, say, Some(id)).await.unwrap().repeated);

    // And back: the left waits for the name again, like every other node.
    left.names.pause(false);
    drop(theirs);
    right.names.pause(true);
    until("the room at the left", || left.lab.find("moon").is_some()).await;
    assert!(left.players("moon").await.to_string().contains("dan"));
    assert_eq!(left.lab.place("moon").unwrap().generation, 3);
}
