//! What a room is: pure state with rules, and the position of its updates.

use std::fmt;
use std::str::FromStr;

/// The state of a room and its rules. All three functions are pure: they read no clock, draw no
/// lots and touch nothing outside, so that a copy which applies the same events is equal.
pub trait Room: Clone + Send + Sync + 'static {
    /// What a client asks for.
    type Command: Clone + fmt::Debug + Send + Sync + 'static;
    /// What happened.
    type Event: Send + Sync + 'static;
    /// Why a command is not allowed now.
    type Refusal: Send + 'static;
    /// What every watcher may see.
    type Status: Send + Sync + 'static;

    /// Returns the events that a command causes now; none if it changes nothing.
    ///
    /// # Errors
    /// The reason to refuse the command.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Applies an event that [`decide`](Self::decide) returned. Must not fail.
    fn apply(&mut self, event: &Self::Event);

    /// Returns what every watcher may see.
    fn status(&self) -> Self::Status;
}

/// The position of an update: the life of the room, and its number in the state.
///
/// A room that loses updates counts on from an earlier number in its next life. The number alone
/// is therefore given twice, and the position never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The life of the room, from 1.
    pub life: u64,
    /// The number of updates that the state contains.
    pub n: u64,
}

impl Position {
    /// The position of a new room.
    pub const START: Self = Self { life: 1, n: 0 };
}

/// Writes it as it stands in an address: `2-409`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.life, self.n)
    }
}

/// An error: the text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position, expected a life and a number such as 2-409")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (life, n) = text.split_once('-').ok_or(NotAPosition)?;
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { digits.parse().ok() } else { None }
        };
        match (number(life), number(n)) {
            (Some(life), Some(n)) if life > 0 => Ok(Self { life, n }),
            _ => Err(NotAPosition),
        }
    }
}

/// A client's own number of a move. The same number means the same move, so a client that does
/// not know whether its move was made sends it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MoveId {
    /// The client, by a number that it has drawn.
    pub client: u64,
    /// The number of its move, counted up from 1.
    pub number: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_ordered_by_its_life_and_written_in_an_address() {
        let (old, new) = (Position { life: 1, n: 412 }, Position { life: 2, n: 409 });
        assert!(old < new);
        assert_eq!(new.to_string().parse(), Ok(new));
        for text in ["", "2", "2-", "-4", "0-1", "2-+9", "2-4-1", "2-99999999999999999999"] {
            assert_eq!(text.parse::<Position>(), Err(NotAPosition), "{text}");
        }
    }
}
