//! The thread of a room's updates: the last ones, and which processes have each.

use serde::Serialize;
use weir_parts::rooms::{Kill, Past, Position, Room, RoomFigures};

/// The most updates of the thread.
const LONGEST: usize = 16;

/// An update, and the processes that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ThreadUpdate {
    /// The life in which it was made.
    pub life: u64,
    /// Its number.
    pub n: u64,
    /// Whether its move was acknowledged.
    pub ack: bool,
    /// Whether it is in the room's state.
    pub room: bool,
    /// Whether it is in the backup's copy.
    pub backup: bool,
    /// Whether the history has it.
    pub history: bool,
}

/// Returns whether an update was acknowledged and is lost.
pub(super) fn is_lost(kills: &[Kill], at: Position) -> bool {
    let lost =
        |kill: &Kill| kill.acknowledged.life == at.life && kill.lost.is_some_and(|lost| within(lost, at.n));
    kills.iter().any(lost)
}

fn within((from, to): (u64, u64), n: u64) -> bool {
    (from..=to).contains(&n)
}

/// Returns the last updates of a room, oldest first. The history knows those of earlier lives; the
/// counters of the room know the newest, which the history may not have yet.
pub(super) fn thread<R: Room>(history: &[Past<R>], figures: &RoomFigures) -> Vec<ThreadUpdate> {
    let (room, acknowledged) = (figures.room, figures.acknowledged);
    // An idle room has no backup, and loses nothing.
    let backed = figures.backup.map_or(0, |backup| backup.n);
    let bead = |at: Position, history: bool| {
        let is_lost = is_lost(&figures.kills, at);
        let is_old = at.life < room.life;
        ThreadUpdate {
            life: at.life,
            n: at.n,
            ack: is_lost || is_old || at.n <= acknowledged.n,
            room: !is_lost,
            backup: !is_lost && figures.backup.is_some() && (is_old || at.n <= backed),
            history,
        }
    };
    let mut beads: Vec<ThreadUpdate> = Vec::new();
    for past in history.iter().rev() {
        match past {
            Past::Update { at, .. } => beads.push(bead(*at, true)),
            Past::Gap { life, from, to } => {
                let newest = (*from..=*to).rev().take(LONGEST);
                beads.extend(newest.map(|n| bead(Position { life: *life, n }, false)));
            }
            Past::Resumed { .. } => {}
        }
        if beads.len() >= LONGEST {
            break;
        }
    }
    beads.truncate(LONGEST);
    beads.reverse();
    let recorded = figures.history.filter(|at| at.life == room.life).map_or(0, |at| at.n);
    let first = recorded.max(room.n.saturating_sub(LONGEST as u64)) + 1;
    beads.extend((first..=room.n).map(|n| bead(Position { n, ..room }, false)));
    beads.split_off(beads.len().saturating_sub(LONGEST))
}
