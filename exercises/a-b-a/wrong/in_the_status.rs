// Wrong: every join is an event, and only the status hides repetitions.

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

    fn decide(&self, Join(name): &Join) -> Result<Vec<Joined>, ()> {
        Ok(vec![Joined(name.clone())])
    }

    fn apply(&mut self, Joined(name): &Joined) {
        self.players.push(name.clone());
    }

    fn status(&self) -> Vec<String> {
        let mut once: Vec<String> = Vec::new();
        for name in &self.players {
            if !once.contains(name) {
                once.push(name.clone());
            }
        }
        once
    }
}
