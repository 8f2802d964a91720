//! Checks a lobby: by its rules alone, and as a room that is killed.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a check, not an interface")]

#[cfg(not(feature = "solutions"))]
#[path = "exercise.rs"]
#[allow(clippy::todo, unused, reason = "until it is written")]
mod answer;
#[cfg(feature = "solutions")]
mod answer {
    include!(env!("WEIR_ANSWER"));
}

use answer::{Join, Joined, Lobby};
use weir_parts::hub::{Encode, MemorySink};
use weir_parts::rooms::{Part, Room, RoomSettings, Rooms, Told};

/// Lets a player join, and returns the number of events that this caused.
fn join(lobby: &mut Lobby, name: &str) -> usize {
    let events = lobby.decide(&Join(name.to_owned())).unwrap();
    for event in &events {
        assert_eq!(*event, Joined(name.to_owned()), "the event of a join names its player");
        lobby.apply(event);
    }
    events.len()
}

#[test]
fn a_new_player_joins_with_one_event() {
    let mut lobby = Lobby::default();
    assert_eq!(lobby.status(), Vec::<String>::new(), "the players of a new lobby");
    assert_eq!(join(&mut lobby, "ada"), 1, "events of the first join");
    assert_eq!(lobby.status(), ["ada"], "the players after the first join");
}

#[test]
fn a_player_that_joins_twice_in_a_row_causes_no_event() {
    let mut lobby = Lobby::default();
    join(&mut lobby, "ada");
    assert_eq!(join(&mut lobby, "ada"), 0, "events, when ada joins twice in a row");
}

#[test]
fn a_player_that_joins_again_later_causes_no_event() {
    let mut lobby = Lobby::default();
    join(&mut lobby, "ada");
    join(&mut lobby, "ben");
    assert_eq!(join(&mut lobby, "ada"), 0, "events, when ada joins again behind another player");
    assert_eq!(lobby.status(), ["ada", "ben"], "the players after ada, ben, ada");
}

#[test]
fn the_players_stand_in_the_order_of_their_first_join() {
    let mut lobby = Lobby::default();
    for name in ["fay", "ada", "cy", "fay", "ben", "ada", "fay", "ben"] {
        join(&mut lobby, name);
    }
    let expected = ["fay", "ada", "cy", "ben"];
    assert_eq!(lobby.status(), expected, "the players, in the order of their first join");
}

/// Writes nothing: the room has no watchers.
struct Silent;

impl Encode<Told<Lobby>> for Silent {
    fn event(&self, _: &Told<Lobby>, _: u64, _: &mut Vec<u8>) {}

    fn gap(&self, _: u64, _: u64, _: &mut Vec<u8>) {}
}

#[tokio::test]
async fn a_room_that_is_killed_has_the_same_players_in_the_same_order() {
    let rooms: Rooms<Lobby, MemorySink> =
        Rooms::start(RoomSettings::default(), |_| Lobby::default(), Silent);
    let moon = rooms.create("moon").await.unwrap();
    let mut last = 0;
    for name in ["fay", "ada", "fay"] {
        last = moon.act(Join(name.to_owned()), None).await.unwrap().at.n;
    }
    assert_eq!(last, 2, "the number of the last update: fay, ada, fay are two updates");
    moon.kill(Part::Room).await.unwrap();
    let players = moon.read(|lobby, _| lobby.status()).await.unwrap();
    assert_eq!(players, ["fay", "ada"], "the players of the next life");
    rooms.stop().await;
}
