//! Football matches: the rules, a seeded play, and the history. Pure: no runtime, no clock and
//! no I/O. A [hub](crate::hub) serves the watchers of a match.
//!
//! ```
//! use weir::lab::matches::{Match, Play};
//!
//! let mut game = Match::sample(1);
//! let mut play = Play::new(1, 300);
//! while let Some(event) = play.next(game.state()) {
//!     game.apply(event).expect("the play keeps the rules");
//! }
//! assert!(game.state().is_over());
//! assert_eq!(&game.replay(), game.state().as_ref());
//! ```

mod event;
mod game;
mod play;
mod rules;
mod sheet;
mod state;
#[cfg(test)]
mod tests;

pub use event::{Action, Card, Event, Half, Side};
pub use game::{Match, Past, Recorded};
pub use play::Play;
pub use rules::{LEAST_PLAYERS, MOST_SUBSTITUTIONS, Refused, Whereabouts};
pub use sheet::{Player, Sheet, Team};
pub use state::{MatchState, Period, PlayerState};
