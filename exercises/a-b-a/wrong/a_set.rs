// Wrong: a set has an order of its own.

use std::collections::BTreeSet;

use weir_parts::rooms::Room;

/// The players of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lobby {
    players: BTreeSet<String>,
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
        let is_new = !self.players.contains(name);
        Ok(if is_new { vec![Joined(name.clone())] } else { Vec::new() })
    }

    fn apply(&mut self, Joined(name): &Joined) {
        self.players.insert(name.clone());
    }

    fn status(&self) -> Vec<String> {
        self.players.iter().cloned().collect()
    }
}
