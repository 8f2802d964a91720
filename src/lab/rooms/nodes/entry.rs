//! The entries of a room's log, as JSON.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weir_parts::rooms::MoveId;

use super::super::werewolf::Command;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// The room begins.
    Created,
    /// A move, and the client's number of it.
    Move { command: Command, id: Option<(u64, u64)> },
    /// The room ends.
    Removed,
}

impl Entry {
    pub(super) fn of_move(command: Command, id: Option<MoveId>) -> Self {
        Self::Move { command, id: id.map(|id| (id.client, id.number)) }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain strings and numbers, which JSON can always say.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The moves of a room, each with the client's number of it.
pub(super) type Moves = Vec<(Command, Option<MoveId>)>;

/// Returns the moves since a room was created; `None` if it was removed, or never created.
pub(super) fn moves(log: &[Bytes]) -> Option<Moves> {
    let mut moves = None;
    for bytes in log {
        match serde_json::from_slice(bytes) {
            Ok(Entry::Created) => moves = Some(Vec::new()),
            Ok(Entry::Removed) => moves = None,
            Ok(Entry::Move { command, id }) => {
                let id = id.map(|(client, number)| MoveId { client, number });
                moves.get_or_insert_with(Vec::new).push((command, id));
            }
            Err(error) => log::warn!("rooms: an entry of a log was not read: {error}"),
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gives_the_moves_since_the_room_was_created() {
        let join = |player: &str| Command::Join { player: player.to_owned() };
        let id = MoveId { client: 7, number: 1 };
        let log = |entries: &[Entry]| -> Vec<Bytes> {
            entries.iter().map(|entry| entry.to_bytes().into()).collect()
        };
        let (ada, ben) = (Entry::of_move(join("ada"), None), Entry::of_move(join("ben"), Some(id)));
        assert_eq!(moves(&[]), None);
        let first = [Entry::Created, ada.clone(), ben.clone()];
        assert_eq!(moves(&log(&first)), Some(vec![(join("ada"), None), (join("ben"), Some(id))]));
        assert_eq!(moves(&log(&[Entry::Created, ada.clone(), Entry::Removed])), None);
        let again = [Entry::Created, ada, Entry::Removed, Entry::Created, ben];
        assert_eq!(moves(&log(&again)), Some(vec![(join("ben"), Some(id))]));
    }
}
