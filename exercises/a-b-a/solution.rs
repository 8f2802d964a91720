// The lobby of a room: players join, and joining again changes nothing.

use weir_parts::rooms::Room;

/// The players of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lobby {
    // A list, because the order is part of the state. It is short, so a search costs nothing.
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

    fn decide(&self, Join(name): &Join) -> Result<Vec<Joined>, ()> {
        // The whole list: between two joins of one player, others may have joined.
        let is_new = !self.players.contains(name);
        // No event at all, so that no watcher hears of a join that changes nothing.
        Ok(if is_new { vec![Joined(name.clone())] } else { Vec::new() })
    }

    fn apply(&mut self, Joined(name): &Joined) {
        // Nothing is decided here: the backup's copy applies the same events.
        self.players.push(name.clone());
    }

    fn status(&self) -> Vec<String> {
        self.players.clone()
    }
}
