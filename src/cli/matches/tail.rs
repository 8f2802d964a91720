//! `weir match watch`: one watcher in the terminal, over server-sent events.

use serde_json::Value;

use crate::cli::Exit;
use crate::cli::ask::{Ask, Said};
use crate::cli::follow::{Listener, follow};
use crate::cli::output::say;
use crate::cli::set::encoded;
use crate::cli::sse::SentEvent;
use crate::cli::text::{fit, hang, pad};

/// The options of `weir match watch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the watcher
    #[arg(long, default_value = "terminal")]
    user: String,
    /// First event wanted [default: the next one, after the state of the match]
    #[arg(long, value_name = "N")]
    since: Option<u64>,
}

/// Watches until the match is over, or Ctrl-C.
pub(super) fn run(ask: &Ask<'_>, args: &Args, id: &str) -> Result<Exit, Said> {
    let since = args.since.map_or(String::new(), |since| format!("&since={since}"));
    let path = format!("/watch?match={}&user={}{since}", encoded(id), encoded(&args.user));
    follow(ask, &path, &mut Tail { as_json: ask.as_json, next: None })
}

/// How the watcher prints.
struct Tail {
    as_json: bool,
    /// The number of the next event, once known.
    next: Option<u64>,
}

impl Listener for Tail {
    fn take(&mut self, event: &SentEvent) -> bool {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        if self.as_json {
            say(&event.data);
        } else {
            let text = self.in_words(&event.kind, data.get(&event.kind).unwrap_or(&data));
            say(text.trim_end());
        }
        event.kind == "end"
    }

    fn nothing_more(&self) -> &'static str {
        "the match is over, and this watcher has all of its events"
    }
}

impl Tail {
    fn in_words(&mut self, kind: &str, of: &Value) -> String {
        let text = |key: &str| of[key].as_str().unwrap_or_default();
        let number = |key: &str| of[key].as_u64().unwrap_or_default();
        match kind {
            "snapshot" => {
                self.next = of["next"].as_u64();
                let team = |side: &str| of[side]["name"].as_str().unwrap_or_default();
                let goals = |side: usize| of["score"][side].as_u64().unwrap_or_default();
                fit(&format!(
                    "{} {} : {} {}, {}, minute {}, {}; the next event is {}",
                    team("home"),
                    goals(0),
                    goals(1),
                    team("away"),
                    text("stadium"),
                    number("minute"),
                    text("period"),
                    number("next")
                ))
            }
            "event" => {
                let seq = number("seq");
                let missing = self.next.filter(|next| *next < seq);
                let missing = missing.map_or(String::new(), |next| {
                    format!("caution: events {next} to {} are missing, without a gap\n", seq - 1)
                });
                self.next = Some(seq + 1);
                let lead = format!("{seq:>6}  {:>3}'  {}", number("minute"), pad(text("kind"), 14));
                missing + &hang(&lead, text("text"))
            }
            "gap" => {
                let (from, to) = (number("from"), number("to"));
                self.next = Some(to + 1);
                let lost = (to + 1).saturating_sub(from);
                format!("caution: events {from} to {to} are lost ({lost}): this watcher was behind")
            }
            "end" => fit(&format!("end: {}", text("why"))),
            _ => fit(&format!("{kind}: {of}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;

    fn said(tail: &mut Tail, kind: &str, json: &str) -> String {
        let text = tail.in_words(kind, &serde_json::from_str(json).unwrap());
        assert_fits(&text);
        text.trim_end().to_owned()
    }

    #[test]
    fn gaps_are_printed_and_events_that_are_missing_without_one_too() {
        let mut tail = Tail { as_json: false, next: None };
        let snapshot = r#"{"match":"weir-sluice","stadium":"Lock Road","home":{"name":"Weir"},
            "away":{"name":"Sluice"},"score":[1,0],"minute":12,"period":"first half","next":17}"#;
        assert_eq!(
            said(&mut tail, "snapshot", snapshot),
            "Weir 1 : 0 Sluice, Lock Road, minute 12, first half; the next event is 17"
        );
        let goal = |seq: u64| {
            format!(r#"{{"seq":{seq},"minute":23,"kind":"goal","text":"Marques, 2 : 0","score":[2,0]}}"#)
        };
        assert_eq!(said(&mut tail, "event", &goal(17)), "    17   23'  goal          Marques, 2 : 0");
        assert_eq!(
            said(&mut tail, "gap", r#"{"from":18,"to":20}"#),
            "caution: events 18 to 20 are lost (3): this watcher was behind"
        );
        assert!(!said(&mut tail, "event", &goal(21)).contains("missing"));
        assert!(
            said(&mut tail, "event", &goal(24))
                .starts_with("caution: events 22 to 23 are missing, without a gap\n    24")
        );
        assert_eq!(said(&mut tail, "end", r#"{"why":"the match is over"}"#), "end: the match is over");
    }
}
