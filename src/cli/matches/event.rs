//! `weir match event`: an event that a person adds to a match.

use clap::ValueEnum;
use serde_json::Value;

use crate::cli::text::fit;

/// An event.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What happens
    kind: Kind,
    /// Team of the player
    #[arg(long, required_if_eq_any = [("kind", "goal"), ("kind", "shot"), ("kind", "card"), ("kind", "substitution")])]
    side: Option<Side>,
    /// Shirt number of the player who scores, misses or is shown a card
    #[arg(long, value_name = "N", required_if_eq_any = [("kind", "goal"), ("kind", "shot"), ("kind", "card")])]
    player: Option<u8>,
    /// Colour of the card
    #[arg(long, required_if_eq("kind", "card"))]
    card: Option<Card>,
    /// Shirt number of the player who leaves the pitch
    #[arg(long, value_name = "N", required_if_eq("kind", "substitution"))]
    off: Option<u8>,
    /// Shirt number of the player who enters the pitch
    #[arg(long, value_name = "N", required_if_eq("kind", "substitution"))]
    on: Option<u8>,
    /// The half that begins or ends
    #[arg(long, required_if_eq_any = [("kind", "begin"), ("kind", "end")])]
    half: Option<Half>,
    /// Minute of the match [default: the minute of the last event]
    #[arg(long, value_name = "N")]
    minute: Option<u16>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Goal,
    Shot,
    Card,
    Substitution,
    Begin,
    End,
    Stop,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Side {
    Home,
    Away,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Card {
    Yellow,
    Red,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Half {
    First,
    Second,
}

/// The name of a value, as the command line and the server write it.
fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Args {
    /// The event as the query of a request.
    pub(super) fn query(&self) -> String {
        let parts = [
            Some(("kind", name(self.kind))),
            self.side.map(|side| ("side", name(side))),
            self.player.map(|player| ("player", player.to_string())),
            self.card.map(|card| ("card", name(card))),
            self.off.map(|off| ("off", off.to_string())),
            self.on.map(|on| ("on", on.to_string())),
            self.half.map(|half| ("half", name(half))),
            self.minute.map(|minute| ("minute", minute.to_string())),
        ];
        let parts: Vec<String> =
            parts.into_iter().flatten().map(|(key, of)| format!("{key}={of}")).collect();
        parts.join("&")
    }
}

/// Says what happened, from the answer of the server.
pub(super) fn happened(answer: &Value) -> String {
    let event = answer.get("event").unwrap_or(answer);
    let number = |key: &str| event[key].as_u64().map_or_else(String::new, |number| number.to_string());
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    fit(&format!(
        "event {}, minute {}: {}: {}",
        number("seq"),
        number("minute"),
        text("kind"),
        text("text")
    ))
}
