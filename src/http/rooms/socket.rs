//! The figures over a WebSocket for the page: `{"rooms": …}` four times a second, with the room
//! and the seat of its address.
//!
//! The first record has the whole history, later ones its latest points. The socket takes no
//! orders and ignores what a client sends. A client that reads slowly misses records.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::Rooms;
use crate::http::feed::REPEATED_MS;
use crate::http::{Handshake, MessageLimits, Step, WebSocket, text_frame};
use crate::lab::rooms::RoomsSnapshot;

/// What a client sends is ignored.
const MESSAGES: MessageLimits = MessageLimits { size: 4 * 1024, frames: 64 };

/// The room and the player that the page shows.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    room: Option<String>,
    seat: Option<String>,
}

#[derive(Serialize)]
struct Envelope {
    rooms: RoomsSnapshot,
}

pub(super) async fn connect(
    State(rooms): State<Rooms>,
    Query(shown): Query<Shown>,
    handshake: Handshake,
) -> Response {
    handshake.upgrade(MESSAGES, move |socket| serve(rooms, shown, socket))
}

async fn serve(rooms: Rooms, shown: Shown, mut socket: WebSocket) {
    let mut ticks = rooms.ticks();
    ticks.mark_changed();
    let mut last_ms: Option<u64> = None;
    loop {
        let is_sent = socket.is_sent();
        let is_due = tokio::select! {
            step = socket.step() => match step {
                Step::Message(_) | Step::Sent => false,
                Step::Closed => return,
            },
            changed = ticks.changed(), if is_sent => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
        };
        if !is_due {
            continue;
        }
        // Each socket has a room and a seat of its own, so no two records are alike.
        let from_ms = last_ms.map_or(0, |last| last.saturating_sub(REPEATED_MS));
        let figures = rooms.snapshot_of(shown.room.as_deref(), shown.seat.as_deref(), from_ms).await;
        last_ms = Some(figures.at_ms);
        // Numbers and strings, which JSON can always represent.
        let record = serde_json::to_string(&Envelope { rooms: figures }).unwrap_or_default();
        socket.send(text_frame(&record));
    }
}
