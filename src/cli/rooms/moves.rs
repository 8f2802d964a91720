//! Moves of a player in a room.

use serde_json::{Value, json};

use super::{path, show};
use crate::cli::answers::rooms::Moved;
use crate::cli::ask::{Answer, Ask, Said};

/// How often a move is sent whose outcome is unknown.
const ATTEMPTS: u32 = 3;

/// A player of a room.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// Room
    pub(super) name: String,
    /// Player: 1 to 20 letters, digits, '-' or '_'
    pub(super) player: String,
}

/// A player of a room, and another one.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    #[command(flatten)]
    pub(super) who: Who,
    /// Other player
    pub(super) target: String,
}

/// The options of `weir room play`.
#[derive(Debug, clap::Args)]
pub(super) struct Play {
    /// Room
    pub(super) name: String,
    /// Moves per second
    #[arg(long, value_name = "R", default_value_t = 1.0)]
    pub(super) rate: f64,
}

/// Makes a move, and prints its position.
pub(super) fn make(ask: &Ask<'_>, Who { name, player }: &Who, mut command: Value) -> Result<(), Said> {
    command["player"] = json!(player);
    // The same number is the same move, so it can be sent again.
    command["client"] = json!(format!("{:x}", fastrand::u64(..)));
    command["number"] = json!(1);
    send(ask, name, &command)?.print(ask, show::moved);
    Ok(())
}

/// Sends a move, and again while its outcome is unknown.
pub(super) fn send(ask: &Ask<'_>, name: &str, command: &Value) -> Result<Answer<Moved>, Said> {
    let mut attempts = 1;
    loop {
        match ask.tell::<Moved>(&path(name, "/move"), command.to_string()) {
            Err(Said::No { words, .. }) if attempts < ATTEMPTS && is_unknown(&words) => attempts += 1,
            answer => return answer,
        }
    }
}

fn is_unknown(words: &str) -> bool {
    serde_json::from_str::<Value>(words).is_ok_and(|said| said["error"] == "unknown")
}
