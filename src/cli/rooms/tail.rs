//! `weir room status --follow`: a watcher of a room in the terminal, over server-sent events.

use serde_json::Value;

use super::path;
use super::show::{game, position};
use crate::cli::Exit;
use crate::cli::ask::{Ask, Said};
use crate::cli::follow::{Listener, follow};
use crate::cli::output::say;
use crate::cli::sse::SentEvent;
use crate::cli::text::{fit, hang, pad};

/// Watches until the room ends, or Ctrl-C.
pub(super) fn run(ask: &Ask<'_>, name: &str) -> Result<Exit, Said> {
    let mut tail = Tail { as_json: ask.as_json, name: name.to_owned() };
    follow(ask, &path(name, "/watch?who=terminal"), &mut tail)
}

/// How the watcher prints.
struct Tail {
    as_json: bool,
    name: String,
}

impl Listener for Tail {
    fn take(&mut self, event: &SentEvent) -> bool {
        if self.as_json {
            say(&event.data);
        } else {
            let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
            say(self.in_words(&event.kind, &data).trim_end());
        }
        event.kind == "end"
    }

    fn nothing_more(&self) -> &'static str {
        "the room has ended"
    }
}

impl Tail {
    fn in_words(&self, kind: &str, data: &Value) -> String {
        let number = |key: &str| data[key].as_u64().unwrap_or_default();
        let at = position(number("life"), number("n"));
        match kind {
            "status" => match serde_json::from_value(data["status"].clone()) {
                Ok(status) => game(&self.name, &at, &status),
                Err(_) => fit(&format!("{} at {at}", self.name)),
            },
            "update" => hang(&pad(&at, 10), data["text"].as_str().unwrap_or_default()),
            "resumed" => hang(&pad(&at, 10), "the room restarted, and nothing is lost"),
            "gap" => {
                let (from, to) = (number("from"), number("to"));
                let which = if from == to {
                    format!("update {from} is")
                } else {
                    format!("updates {from} to {to} are")
                };
                hang(&pad(&at, 10), &format!("gap: {which} lost"))
            }
            "slow" => format!("caution: this watcher was too slow for {} messages", number("missed")),
            "end" => fit(&format!("end: {}", data["why"].as_str().unwrap_or_default())),
            _ => fit(&format!("{kind}: {data}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;

    #[test]
    fn updates_new_lives_and_gaps_have_their_positions() {
        let tail = Tail { as_json: false, name: "moon".to_owned() };
        let said = |kind: &str, json: &str| {
            let text = tail.in_words(kind, &serde_json::from_str(json).unwrap());
            assert_fits(&text);
            text.trim_end().to_owned()
        };
        assert_eq!(said("update", r#"{"life":1,"n":2,"text":"ada joined"}"#), "#2        ada joined");
        assert_eq!(
            said("gap", r#"{"life":2,"n":0,"from":1,"to":3}"#),
            "2·0       gap: updates 1 to 3 are lost"
        );
        let status = r#"{"life":2,"n":3,"status":{"phase":"lobby","day":0,"players":[{"name":"ada","alive":true}]}}"#;
        assert_eq!(said("status", status), "moon at 2·3: lobby\nplayer      ada");
    }
}
