//! What the server says of its rooms: the requests beside moves and kills, and their answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::RoomsError;
use super::account::Listed;
use crate::load::http::Talk;

/// The part of `GET /api/rooms` that is used.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    pub(super) backup: String,
    pub(super) backup_every_ms: f64,
    pub(super) idle_stop_s: f64,
    pub(super) snapshot_every: u64,
    pub(super) registry: String,
    pub(super) ledger: ServerLedger,
}

/// The server's own account of moves, since its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerLedger {
    pub(super) acknowledged: u64,
    pub(super) unanswered: u64,
    pub(super) in_state: u64,
    pub(super) lost: u64,
    pub(super) unaccounted: i64,
}

/// The answer to `POST /api/rooms/many`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Created {
    pub(super) created: u64,
    pub(super) existed: u64,
}

/// The answer to a kill.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Killed {
    pub(super) lost: u64,
    pub(super) down_ms: f64,
}

/// The clients of a room.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Clients {
    n: u64,
    clients: BTreeMap<String, Listed>,
}

/// The answer to `GET /api/rooms/clients`.
#[derive(Debug, Default, Deserialize)]
struct ManyClients {
    rooms: BTreeMap<String, Clients>,
}

/// The moves of all clients, by room and client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct States {
    rooms: BTreeMap<String, Listing>,
}

/// The moves of a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Listing {
    /// The number of updates.
    n: u64,
    clients: BTreeMap<u64, Listed>,
}

impl States {
    /// Returns the number of updates in a room.
    pub(super) fn updates(&self, room: &str) -> u64 {
        self.rooms.get(room).map_or(0, |listing| listing.n)
    }

    /// Returns what a room lists of a client.
    pub(super) fn of(&self, room: &str, client: u64) -> Option<Listed> {
        self.rooms.get(room)?.clients.get(&client).copied()
    }

    /// True if the answer has the room.
    pub(super) fn has(&self, room: &str) -> bool {
        self.rooms.contains_key(room)
    }
}

impl Report {
    /// The settings of the lab, as a run keeps them.
    pub(super) fn settings(&self) -> Value {
        let Self { backup, backup_every_ms, idle_stop_s, snapshot_every, registry, .. } = self;
        json!({
            "backup": backup,
            "backup_every_ms": backup_every_ms,
            "idle_stop_s": idle_stop_s,
            "snapshot_every": snapshot_every,
            "registry": registry,
        })
    }
}

/// Asks for the settings and the ledger.
///
/// # Errors
/// [`RoomsError::Unanswered`] or [`RoomsError::Refused`].
pub(super) async fn report(talk: &mut Talk) -> Result<Report, RoomsError> {
    asked(talk, "GET", "/api/rooms".to_owned(), None).await
}

/// Creates the rooms that are missing.
///
/// # Errors
/// As for [`report`].
pub(super) async fn create(talk: &mut Talk, prefix: &str, count: usize) -> Result<Created, RoomsError> {
    let body = json!({ "prefix": prefix, "count": count }).to_string();
    asked(talk, "POST", "/api/rooms/many".to_owned(), Some(&body)).await
}

/// Asks for the moves of all clients in rooms with this prefix.
///
/// # Errors
/// As for [`report`].
pub(super) async fn states(talk: &mut Talk, prefix: &str) -> Result<States, RoomsError> {
    let path = format!("/api/rooms/clients?prefix={prefix}-");
    let many: ManyClients = asked(talk, "GET", path, None).await?;
    let number = |id: &String| u64::from_str_radix(id, 16).ok();
    let listing = |Clients { n, clients }| {
        let clients = clients.into_iter().filter_map(|(id, listed)| Some((number(&id)?, listed)));
        Listing { n, clients: clients.collect() }
    };
    let rooms = many.rooms.into_iter().map(|(name, room)| (name, listing(room)));
    Ok(States { rooms: rooms.collect() })
}

async fn asked<T: DeserializeOwned>(
    talk: &mut Talk,
    method: &'static str,
    path: String,
    body: Option<&str>,
) -> Result<T, RoomsError> {
    let reply = match talk.ask(method, &path, body).await {
        Ok(reply) => reply,
        Err(error) => return Err(RoomsError::Unanswered { method, path, error }),
    };
    let refused = |said| RoomsError::Refused { method, path, status: reply.status, said };
    if !(200..300).contains(&reply.status) {
        return Err(refused(message(reply.body)));
    }
    serde_json::from_slice(reply.body).map_err(|error| refused(format!("not the API of rooms: {error}")))
}

/// The path of a move.
pub(super) fn move_path(room: &str) -> String {
    format!("/api/rooms/{room}/move")
}

/// An error of the API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure {
    error: String,
    message: String,
}

/// Returns the code of an error.
pub(super) fn code(body: &[u8]) -> String {
    serde_json::from_slice::<Failure>(body).unwrap_or_default().error
}

/// Returns the message of an error, or the beginning of the body if it has none.
pub(super) fn message(body: &[u8]) -> String {
    let failure = serde_json::from_slice::<Failure>(body).unwrap_or_default();
    let text = if failure.message.is_empty() {
        String::from_utf8_lossy(body).into_owned()
    } else {
        failure.message
    };
    let line: String = text.chars().take(200).collect();
    crate::clean::line(&line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_the_contract_are_read() {
        let text = r#"{"backup":"after","backup_every_ms":10,"registry":"local","now":{"rooms":1},
            "ledger":{"acknowledged":3204,"unanswered":1,"in_state":3200,"lost":4,"unaccounted":0},"x":[]}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.backup.as_str(), report.backup_every_ms), ("after", 10.0));
        let ledger = report.ledger;
        assert_eq!((ledger.acknowledged, ledger.unanswered, ledger.lost), (3204, 1, 4));
        let text = r#"{"life":2,"n":408,"lost":4,"from":409,"to":412,"down_ms":0.8}"#;
        let killed: Killed = serde_json::from_str(text).unwrap();
        assert_eq!((killed.lost, killed.down_ms), (4, 0.8));
        let text = r#"{"rooms":{"load-0":{"life":1,"n":412,"clients":{"9f3a":
            {"moves":130,"last":131,"life":1,"n":411}}},"load-1":{"life":1,"n":0,"clients":{}}}}"#;
        let many: ManyClients = serde_json::from_str(text).unwrap();
        assert_eq!(many.rooms["load-0"].clients["9f3a"], Listed { moves: 130, last: 131 });
    }

    #[test]
    fn an_error_of_the_api_has_a_code_and_a_message() {
        let body = br#"{"error":"unknown","message":"The room ended before it answered"}"#;
        assert_eq!(
            (code(body), message(body)),
            ("unknown".into(), "The room ended before it answered".into())
        );
        assert_eq!(
            (code(b"<html>"), message(b"<html>\x1b[2J")),
            (String::new(), r"<html>\u001b[2J".into())
        );
    }
}
