//! The messages to the watchers of a room, as server-sent events.
//!
//! ```text
//! id: 2-409
//! event: update
//! data: {"life":2,"n":409,"text":"ada joined","status":{…}}
//! ```

use serde::Serialize;
use weir_parts::hub::Encode;
use weir_parts::rooms::{Position, Told};

use crate::lab::rooms::{Status, Village};

/// Sent before the first message: when a browser is to try again after a cut.
pub(super) const RETRY: &[u8] = b"retry: 1000\n\n";

/// Sent to a watcher that has heard nothing for a while.
pub(super) const PING: &[u8] = b": ping\n\n";

/// Encodes the messages to the watchers of a room.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoomFrames;

/// The data of a message.
#[derive(Serialize)]
struct Data<'a> {
    life: u64,
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The life, the first and the last update of a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    status: &'a Status,
}

impl Encode<Told<Village>> for RoomFrames {
    fn event(&self, told: &Told<Village>, _: u64, out: &mut Vec<u8>) {
        let (at, status) = (told.at(), &**told.status());
        let plain = Data { life: at.life, n: at.n, text: None, of: None, from: None, to: None, status };
        let (kind, data) = match told {
            Told::Update { event, .. } => ("update", Data { text: Some(Village::text(event)), ..plain }),
            Told::Resumed { .. } => ("resumed", plain),
            Told::Gap { life, from, to, .. } => {
                ("gap", Data { of: Some(*life), from: Some(*from), to: Some(*to), ..plain })
            }
            Told::Status { .. } => ("status", plain),
        };
        frame(at, kind, &data, out);
    }

    fn snapshot(&self, last: Option<&Told<Village>>, _: u64, out: &mut Vec<u8>) {
        let Some(last) = last else { return };
        let (at, status) = (last.at(), &**last.status());
        let data = Data { life: at.life, n: at.n, text: None, of: None, from: None, to: None, status };
        frame(at, "status", &data, out);
    }

    /// A watcher that reads too slowly misses messages. The next one has the whole status.
    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        let missed = to.saturating_sub(from);
        out.extend_from_slice(format!("event: slow\ndata: {{\"missed\":{missed}}}\n\n").as_bytes());
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: end\ndata: {\"why\":\"the room has ended\"}\n\n");
    }
}

fn frame(at: Position, kind: &str, data: &Data<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {at}\nevent: {kind}\ndata: ").as_bytes());
    // Numbers and strings, which JSON can always represent, without a line feed.
    let _ = serde_json::to_writer(&mut *out, data);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_parts::rooms::Room;

    use super::*;

    #[test]
    fn a_message_has_its_position_as_id_and_the_status_in_its_data() {
        let (at, status) = (Position { life: 2, n: 409 }, Arc::new(Village::default().status()));
        let mut out = Vec::new();
        let told = Told::Gap { life: 1, from: 409, to: 412, at, status: Arc::clone(&status) };
        RoomFrames.event(&told, 7, &mut out);
        let text = String::from_utf8(out).unwrap();
        let data = text.strip_prefix("id: 2-409\nevent: gap\ndata: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
        assert_eq!((&data["of"], &data["from"], &data["to"]), (&1.into(), &409.into(), &412.into()));
        assert_eq!(data["status"]["phase"], "lobby");
        let mut out = Vec::new();
        RoomFrames.snapshot(Some(&told), 8, &mut out);
        assert!(out.starts_with(b"id: 2-409\nevent: status\ndata: {\"life\":2,\"n\":409,\"status\":{"));
    }
}
