//! The account of one client: its moves and their answers, against what its room contains.
//!
//! A client has one move under way at a time and repeats it until the outcome is known. At the
//! end at most its last move is therefore unknown, and the arithmetic is exact:
//!
//! ```text
//!   in the state      = moves that the room lists for this client − its unknown move, if there
//!   acknowledged      = in the state + lost
//! ```
//!
//! The room lists the number of the client's moves and the highest of their numbers. If that is
//! the number of the unknown move, the room has made it without an answer.

use serde::Deserialize;

use crate::record::MovesLedger;

/// The moves of a client and their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Account {
    /// Different moves, which is also the highest number.
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    /// Of `acknowledged`, those whose answer said that an earlier attempt had made the move.
    pub(super) repeated: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    /// True if the outcome of the last move is unknown.
    pub(super) unknown: bool,
}

/// What a room lists of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Listed {
    /// Moves of the client in the state.
    pub(super) moves: u64,
    /// The highest number of these moves.
    pub(super) last: u64,
}

impl Account {
    /// Compares the account with what the room lists; `None` if it does not know the client.
    pub(super) fn settle(&self, listed: Option<Listed>) -> MovesLedger {
        let Self { sent, acknowledged, repeated, refused, failed, unknown } = *self;
        let listed = listed.unwrap_or_default();
        // The client has numbered its moves from 1, and the unknown one is the last.
        let unanswered = u64::from(unknown && listed.moves > 0 && listed.last == sent);
        let made = listed.moves - unanswered;
        let beyond = u64::from(listed.last > sent);
        let in_state = made.min(acknowledged);
        MovesLedger {
            sent,
            acknowledged,
            repeated,
            refused,
            failed,
            unknown: u64::from(unknown),
            in_state,
            lost: acknowledged - in_state,
            unanswered,
            invented: (made - in_state).max(beyond),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(sent: u64, acknowledged: u64, unknown: bool) -> Account {
        let refused = sent - acknowledged - u64::from(unknown);
        Account { sent, acknowledged, refused, unknown, ..Account::default() }
    }

    /// `[in_state, lost, unanswered, invented]`
    fn settled(account: Account, moves: u64, last: u64) -> [u64; 4] {
        let ledger = account.settle(Some(Listed { moves, last }));
        assert!(ledger.balances(), "{ledger:?}");
        [ledger.in_state, ledger.lost, ledger.unanswered, ledger.invented]
    }

    #[test]
    fn acknowledged_moves_are_in_the_state_or_lost() {
        assert_eq!(settled(account(10, 10, false), 10, 10), [10, 0, 0, 0]);
        // Numbers 6 to 9 are lost, and 10 came after the kill.
        assert_eq!(settled(account(10, 10, false), 6, 10), [6, 4, 0, 0]);
        // Move 10 was refused.
        assert_eq!(settled(account(10, 9, false), 9, 9), [9, 0, 0, 0]);
        let fresh = account(10, 9, false).settle(None);
        assert_eq!((fresh.in_state, fresh.lost), (0, 9));
    }

    #[test]
    fn the_unknown_move_is_in_the_state_if_its_number_is_the_last() {
        assert_eq!(settled(account(10, 9, true), 10, 10), [9, 0, 1, 0]);
        assert_eq!(settled(account(10, 9, true), 9, 9), [9, 0, 0, 0]);
        // The room has lost two acknowledged moves and made the unknown one.
        assert_eq!(settled(account(10, 9, true), 8, 10), [7, 2, 1, 0]);
        assert_eq!(settled(account(1, 0, true), 0, 0), [0, 0, 0, 0]);
    }

    #[test]
    fn moves_that_no_client_has_sent_are_invented() {
        assert_eq!(settled(account(10, 10, false), 12, 12), [10, 0, 0, 2]);
        assert_eq!(settled(account(10, 9, false), 10, 10), [9, 0, 0, 1]);
        // As many as there are, but one of them is none of the client's.
        assert_eq!(settled(account(10, 10, false), 10, 11), [10, 0, 0, 1]);
    }
}
