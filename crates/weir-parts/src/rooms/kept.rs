//! The state that a room and its backup each have a copy of: the room itself, its position, and
//! the last move of each client.

use std::collections::HashMap;
use std::sync::Arc;

use super::{MoveId, Position, Room};

/// The most clients whose last move is remembered.
const MOST_CLIENTS: usize = 10_000;

/// What the state knows of a client's moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientMoves {
    /// The number of its moves in the state.
    pub moves: u64,
    /// Its own number of the last one.
    pub last: u64,
    /// The position of that one.
    pub at: Position,
}

/// The updates of one move.
pub(super) struct Update<R: Room> {
    /// The position of the last of them.
    pub(super) at: Position,
    pub(super) events: Vec<Arc<R::Event>>,
    pub(super) id: Option<MoveId>,
}

impl<R: Room> Clone for Update<R> {
    fn clone(&self) -> Self {
        Self { at: self.at, events: self.events.clone(), id: self.id }
    }
}

impl<R: Room> Update<R> {
    /// Returns each event with its position.
    pub(super) fn each(&self) -> impl Iterator<Item = (Position, &Arc<R::Event>)> {
        let first = self.at.n + 1 - self.events.len() as u64;
        (first..).map(|n| Position { n, ..self.at }).zip(&self.events)
    }
}

/// A copy of the state.
#[derive(Clone)]
pub(super) struct Kept<R> {
    pub(super) room: R,
    pub(super) at: Position,
    clients: HashMap<u64, ClientMoves>,
}

impl<R: Room> Kept<R> {
    pub(super) fn new(room: R, at: Position) -> Self {
        Self { room, at, clients: HashMap::new() }
    }

    /// Returns the position of a move that is in the state already. Clients count their moves up,
    /// so a number below the last one is one of them.
    pub(super) fn repeated(&self, id: MoveId) -> Option<Position> {
        let client = self.clients.get(&id.client)?;
        (id.number <= client.last).then_some(client.at)
    }

    /// Makes an update of the events of a move, and applies it.
    pub(super) fn advance(&mut self, events: Vec<R::Event>, id: Option<MoveId>) -> Update<R> {
        let at = Position { n: self.at.n + events.len() as u64, ..self.at };
        let update = Update { at, events: events.into_iter().map(Arc::new).collect(), id };
        self.apply(&update);
        update
    }

    /// Applies an update that another copy has made.
    pub(super) fn apply(&mut self, update: &Update<R>) {
        for event in &update.events {
            self.room.apply(event);
        }
        self.at = update.at;
        if let Some(id) = update.id.filter(|_| !update.events.is_empty()) {
            if self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(&id.client) {
                self.forget_oldest();
            }
            let client = self.clients.entry(id.client);
            let client = client.or_insert(ClientMoves { moves: 0, last: 0, at: self.at });
            *client = ClientMoves { moves: client.moves + 1, last: id.number, at: self.at };
        }
    }

    /// Forgets the half of the clients that have moved least recently. Both copies forget the same.
    fn forget_oldest(&mut self) {
        let mut ends: Vec<Position> = self.clients.values().map(|client| client.at).collect();
        ends.sort_unstable();
        let middle = ends[ends.len() / 2];
        self.clients.retain(|_, client| client.at > middle);
    }

    /// Returns what is known of each client, sorted by its number.
    pub(super) fn clients(&self) -> Vec<(u64, ClientMoves)> {
        let mut clients: Vec<_> = self.clients.iter().map(|(id, moves)| (*id, *moves)).collect();
        clients.sort_unstable_by_key(|(id, _)| *id);
        clients
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Add, Counter};
    use super::*;

    fn id(client: u64, number: u64) -> MoveId {
        MoveId { client, number }
    }

    #[test]
    fn a_copy_that_applies_the_same_updates_is_equal() {
        let mut room = Kept::new(Counter::default(), Position::START);
        let mut backup = room.clone();
        for number in 1..=3 {
            let update = room.advance(vec![Add(number), Add(1)], Some(id(7, number)));
            let positions: Vec<u64> = update.each().map(|(at, _)| at.n).collect();
            assert_eq!(positions, [2 * number - 1, 2 * number]);
            backup.apply(&update);
        }
        assert_eq!((backup.room.clone(), backup.at), (Counter { total: 9 }, Position { life: 1, n: 6 }));
        assert_eq!(backup.clients(), room.clients());
        assert_eq!(backup.clients()[0].1, ClientMoves { moves: 3, last: 3, at: backup.at });
    }

    #[test]
    fn the_same_number_is_the_same_move() {
        let mut room = Kept::new(Counter::default(), Position::START);
        room.advance(vec![Add(1)], Some(id(7, 5)));
        assert_eq!(room.repeated(id(7, 5)), Some(Position { life: 1, n: 1 }));
        assert_eq!(room.repeated(id(7, 4)), Some(Position { life: 1, n: 1 }));
        assert_eq!((room.repeated(id(7, 6)), room.repeated(id(8, 5))), (None, None));
    }

    #[test]
    fn the_table_of_clients_is_bounded_and_forgets_the_oldest() {
        let mut room = Kept::new(Counter::default(), Position::START);
        for client in 0..=MOST_CLIENTS as u64 {
            room.advance(vec![Add(1)], Some(id(client, 1)));
        }
        assert!(room.clients.len() <= MOST_CLIENTS);
        assert_eq!(room.repeated(id(0, 1)), None);
        assert!(room.repeated(id(MOST_CLIENTS as u64, 1)).is_some());
    }
}
