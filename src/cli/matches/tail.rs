//! `weir match watch`: one watcher in the terminal, over server-sent events.
//!
//! After a cut it resumes where it was: the id of the last message goes with the next
//! request, as a browser's `EventSource` does it.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::sse::{Reader, SentEvent};
use crate::cli::Exit;
use crate::cli::ask::{Ask, Said};
use crate::cli::output::{complain, say};
use crate::cli::set::encoded;
use crate::cli::text::{fit, hang, pad};
use crate::measure::RequestError;

/// The time between a cut and the next attempt.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a server may be away before the watcher gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest body of a refusal, in bytes.
const LARGEST: usize = 1 << 16;

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

/// How a connection ended.
enum Ended {
    /// The server said that there is nothing more, and why.
    Over,
    /// It broke off.
    Cut(String),
}

/// Watches until the match is over, or Ctrl-C.
pub(super) fn run(ask: &Ask<'_>, args: &Args, id: &str) -> Result<Exit, Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Said::Nothing(error.into()))?;
    let since = args.since.map_or(String::new(), |since| format!("&since={since}"));
    let path = format!("{}/watch?match={}&user={}{since}", ask.lab, encoded(id), encoded(&args.user));
    runtime.block_on(watch(ask, &path))
}

async fn watch(ask: &Ask<'_>, path: &str) -> Result<Exit, Said> {
    let mut tail = Tail { as_json: ask.as_json, last: None, next: None };
    let mut away_since: Option<Instant> = None;
    loop {
        let why = match ask.peer.open(path, tail.last.as_deref()).await {
            Ok(response) => {
                away_since = None;
                match tail.follow(response).await? {
                    Ended::Over => return Ok(Exit::Success),
                    Ended::Cut(why) => why,
                }
            }
            // The first request shows whether there is a server at all.
            Err(error) if tail.last.is_none() => return Err(Said::Nothing(error.into())),
            Err(RequestError::NoServer { error, .. }) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let since = *away_since.get_or_insert_with(Instant::now);
        if since.elapsed() > PATIENCE {
            return Err(Said::No {
                exit: Exit::Failure,
                words: format!("no server for {} s: {why}", PATIENCE.as_secs()),
            });
        }
        complain(format_args!("the connection ended ({why}); trying again"));
        sleep(AGAIN).await;
    }
}

/// The watcher: what it has, and how it prints.
struct Tail {
    as_json: bool,
    /// The id of the last message.
    last: Option<String>,
    /// The number of the next event, once known.
    next: Option<u64>,
}

impl Tail {
    /// Prints the messages of a connection until it ends.
    async fn follow(&mut self, response: Response<Incoming>) -> Result<Ended, Said> {
        let status = response.status();
        let mut body = response.into_body();
        if status == StatusCode::NO_CONTENT {
            complain("the match is over, and this watcher has all of its events");
            return Ok(Ended::Over);
        }
        if !status.is_success() {
            let body = http_body_util::Limited::new(body, LARGEST).collect().await;
            let said = body.map(|body| body.to_bytes()).unwrap_or_default();
            let words = String::from_utf8_lossy(&said).trim().to_owned();
            let exit = if status == StatusCode::BAD_REQUEST { Exit::Usage } else { Exit::Failure };
            let words = if words.is_empty() { format!("the server answered {status}") } else { words };
            return Err(Said::No { exit, words });
        }
        let mut reader = Reader::default();
        while let Some(frame) = body.frame().await {
            let data = match frame.map(|frame| frame.into_data()) {
                Ok(Ok(data)) => data,
                Ok(Err(_)) => continue,
                Err(error) => return Ok(Ended::Cut(error.to_string())),
            };
            let Ok(events) = reader.feed(&data) else {
                return Ok(Ended::Cut("a message is too long".to_owned()));
            };
            for event in events {
                if self.take(&event) {
                    return Ok(Ended::Over);
                }
            }
        }
        Ok(Ended::Cut("the server closed it".to_owned()))
    }

    /// Prints a message. Returns whether it is the last one.
    fn take(&mut self, event: &SentEvent) -> bool {
        if let Some(id) = &event.id {
            self.last = Some(id.clone());
        }
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        if self.as_json {
            say(&event.data);
        } else {
            let text = self.in_words(&event.kind, data.get(&event.kind).unwrap_or(&data));
            say(text.trim_end());
        }
        event.kind == "end"
    }

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
        let mut tail = Tail { as_json: false, last: None, next: None };
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
