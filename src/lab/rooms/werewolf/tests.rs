//! A game from its lobby to its end, the rules one by one, and random moves.

mod game;
mod random;
mod rules;

use super::*;

/// Six players, in the order in which they join.
const SIX: [&str; 6] = ["ada", "ben", "cy", "dot", "eli", "fay"];

fn join(player: &str) -> Command {
    Command::Join { player: player.into() }
}

fn start(player: &str, seed: u64) -> Command {
    Command::Start { player: player.into(), seed: Some(seed) }
}

fn choose(player: &str, target: &str) -> Command {
    Command::Choose { player: player.into(), target: target.into() }
}

fn vote(player: &str, target: &str) -> Command {
    Command::Vote { player: player.into(), target: target.into() }
}

fn say(player: &str, text: &str) -> Command {
    Command::Say { player: player.into(), text: text.into() }
}

fn end_phase(player: &str) -> Command {
    Command::EndPhase { player: player.into() }
}

impl Village {
    /// Makes a move that the rules allow, and returns the public lines about it.
    fn made(&mut self, command: Command) -> Vec<String> {
        let updates = self.decide(&command).unwrap_or_else(|refused| panic!("{command:?}: {refused}"));
        updates.iter().for_each(|update| self.apply(update));
        updates.iter().map(Self::text).collect()
    }

    /// Returns the sentence with which the rules refuse a move.
    fn refuses(&self, command: Command) -> String {
        match self.decide(&command) {
            Err(refused) => refused.to_string(),
            Ok(updates) => panic!("{command:?} was allowed: {updates:?}"),
        }
    }

    /// The names of the living players with a role.
    fn of_role(&self, role: Role) -> Vec<String> {
        let of_role = self.living().filter(|(_, player)| player.role == role);
        of_role.map(|(_, player)| player.name.to_string()).collect()
    }
}

/// A lobby with these players.
fn lobby(players: &[&str]) -> Village {
    let mut village = Village::default();
    players.iter().for_each(|player| drop(village.made(join(player))));
    village
}

/// The first night of six players, and the name of the werewolf.
fn night() -> (Village, String) {
    let mut village = lobby(&SIX);
    village.made(start("ada", 7));
    let werewolf = village.of_role(Role::Werewolf).remove(0);
    (village, werewolf)
}
