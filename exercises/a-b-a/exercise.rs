// The lobby of a room: players join, and joining again changes nothing.
//
// Three bodies are `todo!()`. `weir exercise watch a-b-a` checks your code every time you save.

use weir_parts::rooms::Room;

/// The players of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lobby {
    players: Vec<String>,
}

/// A command: the player of this name joins.
#[derive(Debug, Clone)]
pub struct Join(pub String);

/// An event: the player of this name has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined(pub String);

impl Room for Lobby {
    type Command = Join;
    type Event = Joined;
    type Refusal = ();
    type Status = Vec<String>;

    /// Returns the events that a join causes now; none if it changes nothing.
    fn decide(&self, Join(name): &Join) -> Result<Vec<Joined>, ()> {
        todo!("one event for a new player, none for a player that is in the lobby")
    }

    /// Puts an event into the state.
    fn apply(&mut self, Joined(name): &Joined) {
        todo!("add the player")
    }

    /// Returns the players, in the order of their first join.
    fn status(&self) -> Vec<String> {
        todo!("the names")
    }
}
