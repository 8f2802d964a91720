//! Rooms: state that survives the process that holds it.

mod room;

pub use room::{MoveId, NotAPosition, Position, Room};
