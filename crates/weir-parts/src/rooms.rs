//! Rooms: state that survives the process that holds it.
//!
//! ```text
//!                    keeper: restarts, counts lives
//!                   ┌───────┴────────┐
//!   move ─▶ mailbox ─▶ room ──────────▶ backup ─┬─▶ watchers, by a hub
//!                      decide, apply   second   └─▶ history
//!                      number          copy
//! ```
//!
//! A [`Room`] is pure: it *decides* which events a command causes, and *applies* them. Its process
//! numbers the updates, and the *backup*, a second process, has a copy. Watchers, the history and
//! reads are behind the backup, so they never show an update that can be lost. When the room dies,
//! its *keeper* starts it again with the backup's state.
//!
//! [`Backup`] says when a move is *acknowledged*, and so what a kill may lose:
//!
//! | | acknowledged by | a kill of the room loses |
//! |---|---|---|
//! | [`Backup::Before`] | the backup, when it has the move | nothing that was acknowledged |
//! | [`Backup::After`] | the room | what the backup has not taken yet |
//! | [`Backup::None`] | the room; there is no backup | everything |
//!
//! A kill of both processes at once loses everything. Whatever is lost is counted
//! ([`MoveLedger`]) and told to the watchers.
//!
//! # Positions
//! An update is identified by its [`Position`]: the life of the room, and its number. A life that
//! has lost updates gives their numbers again.
//!
//! # Moves that are made once
//! A client that numbers its moves ([`MoveId`]) can send one again when it does not know the
//! outcome. The table of the clients' last moves is part of the state.
//!
//! # Idle rooms
//! A new room has no processes. They start with its first move or watcher, and go again after
//! [`RoomSettings::idle_stop`]; the state and the history stay.
//!
//! # Example
//!
//! ```
//! use weir_parts::hub::{Encode, MemorySink};
//! use weir_parts::rooms::{Part, Room, RoomSettings, Rooms, Told};
//!
//! #[derive(Clone, Default)]
//! struct Counter(u64);
//!
//! impl Room for Counter {
//!     type Command = u64;
//!     type Event = u64;
//!     type Refusal = &'static str;
//!     type Status = u64;
//!     fn decide(&self, add: &u64) -> Result<Vec<u64>, &'static str> {
//!         if *add == 0 { Err("nothing to add") } else { Ok(vec![*add]) }
//!     }
//!     fn apply(&mut self, added: &u64) {
//!         self.0 += added;
//!     }
//!     fn status(&self) -> u64 {
//!         self.0
//!     }
//! }
//!
//! struct Lines;
//! impl Encode<Told<Counter>> for Lines {
//!     fn event(&self, told: &Told<Counter>, _: u64, out: &mut Vec<u8>) {
//!         out.extend_from_slice(format!("{told:?}, total {}\n", told.status()).as_bytes());
//!     }
//!     fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
//!         out.extend_from_slice(format!("too slow for {} messages\n", to - from).as_bytes());
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let rooms: Rooms<Counter, MemorySink> =
//!     Rooms::start(RoomSettings::default(), |_| Counter::default(), Lines);
//! let moon = rooms.create("moon").await.expect("the name is free");
//! moon.act(2, None).await.expect("the rules allow it");
//! moon.kill(Part::Room).await.expect("the room exists");
//! let next = moon.act(3, None).await.expect("the rules allow it");
//! assert_eq!((next.at.life, next.at.n), (2, 2));
//! assert_eq!(moon.read(|counter, _| counter.0).await, Ok(5), "nothing is lost");
//! rooms.stop().await;
//! # }
//! ```

mod audience;
mod backup;
mod carrier;
mod cell;
mod common;
mod counts;
mod handle;
mod history;
mod house;
mod keeper;
mod kept;
mod messages;
mod orders;
mod process;
mod report;
mod room;
mod settings;
mod terms;
#[cfg(test)]
mod tests;
mod told;

pub use handle::{RoomRef, Watching};
pub use house::Rooms;
pub use kept::ClientMoves;
pub use report::{
    Acknowledged, ActError, CreateError, DeadLetter, Kill, MoveLedger, Part, RoomFigures, RoomGone,
    RoomState,
};
pub use room::{MoveId, NotAPosition, Position, Room};
pub use settings::{Backup, RoomSettings};
pub use told::{Past, Told};
