//! The verdict on the figures of a match: a word, and a sentence with its numbers.

use super::snapshot::{EventFigures, MatchFigures};
use super::{Machine, Period};
use crate::lab::{Tone, Verdict};
use crate::runs::words::count;

/// A watcher counts as behind from this time on: under load, many are for a moment.
const BEHIND_MS: u64 = 500;
/// The match counts as stalled from this time on.
const STALLED_MS: u64 = 500;
/// How long the verdict reports that a dispatcher was restarted.
const NEWS_MS: u64 = 5_000;

/// The figures from which the verdict is made.
pub(super) struct Seen<'a> {
    pub(super) at_ms: u64,
    pub(super) game: &'a MatchFigures,
    pub(super) watchers: u64,
    pub(super) event: Option<&'a EventFigures>,
    pub(super) machine: Option<&'a Machine>,
    /// `matches.behind`.
    pub(super) behind: &'a str,
    pub(super) is_by_task: bool,
    /// When the newest life of the dispatcher replaced another one, and its number.
    pub(super) restarted: Option<(u64, u64)>,
}

impl Seen<'_> {
    pub(super) fn verdict(&self) -> Verdict {
        let say = |word: &str, tone, text: String| Verdict { word: word.to_owned(), tone, text };
        match self.game.period {
            Period::NotBegun => {
                let text = "The match has not begun: watchers get its status and are closed. Start a play.";
                return say("NOT BEGUN", Tone::Calm, text.to_owned());
            }
            Period::Over => {
                let [home, away] = self.game.score;
                let text = format!("The match is over, {home} : {away}. A new play begins the next one.");
                return say("OVER", Tone::Calm, text);
            }
            _ => {}
        }
        if let Some((at_ms, life)) = self.restarted
            && self.at_ms < at_ms + NEWS_MS
        {
            let text = format!(
                "The dispatcher is in its life {life}. The watchers of the last one were closed; {} are back.",
                count(self.watchers)
            );
            return say("RESTARTED", Tone::Warn, text);
        }
        if self.watchers == 0 {
            let text = "No watchers yet. Connect some: weir load watch -c 10000";
            return say("IDLE", Tone::Calm, text.to_owned());
        }
        let Some(event) = self.event else {
            let text = format!("{} wait for the next event.", watchers(self.watchers));
            return say("WAITING", Tone::Calm, text);
        };
        if event.stalled_ms >= STALLED_MS {
            let blocked: u64 = event.shards.iter().map(|shard| shard.behind).sum();
            let (who, others) = (watchers(blocked), self.watchers.saturating_sub(blocked));
            let text = format!(
                "{who} read{} nothing, and behind = \"wait\": {} have waited {} for the next event.",
                if blocked == 1 { "s" } else { "" },
                watchers(others),
                seconds(event.stalled_ms)
            );
            return say("STALLED", Tone::Bad, text);
        }
        let listed = event.behind.iter().filter(|row| row.for_ms >= BEHIND_MS).count() as u64;
        // The list is short; the shards know how many there are.
        let all: u64 = event.shards.iter().map(|shard| shard.behind).sum();
        let behind = if listed == event.behind.len() as u64 { all.max(listed) } else { listed };
        if behind > 0 && listed > 0 {
            return self.behind(event, behind);
        }
        let what = noun(&event.kind);
        match event.last_ms {
            Some(last_ms) => {
                let floor = self.machine.map(|machine| machine.send_us * event.sent as f64 / 1e3);
                let times = floor.filter(|floor| *floor > 0.0 && event.sent >= 100).map_or_else(
                    || ".".to_owned(),
                    |floor| format!(", {:.2} × what the machine needs.", last_ms / floor),
                );
                let all = if event.sent == 1 {
                    "The watcher has".to_owned()
                } else {
                    format!("All {} have", watchers(event.sent))
                };
                say("DELIVERED", Tone::Ok, format!("{all} it {last_ms:.1} ms after the {what}{times}"))
            }
            None if event.sent == 0 => {
                let text = format!("{} wait for the next event.", watchers(self.watchers));
                say("WAITING", Tone::Calm, text)
            }
            None => {
                let how = if self.is_by_task { "A task a watcher" } else { "One after the other" };
                let text = format!(
                    "{how}: {} of {} have the {what} after {:.1} ms.",
                    count(event.reached),
                    watchers(event.sent),
                    event.elapsed_ms
                );
                say("GOING OUT", Tone::Ok, text)
            }
        }
    }

    fn behind(&self, event: &EventFigures, behind: u64) -> Verdict {
        let what = noun(&event.kind);
        let fate = match (self.behind, behind == 1) {
            ("drop_oldest", true) => "loses its oldest events",
            ("drop_oldest", false) => "lose their oldest events",
            ("latest", true) => "will skip to the newest event",
            ("latest", false) => "will skip to the newest event",
            ("close", true) => "is closed when it is too far behind",
            ("close", false) => "are closed when they are too far behind",
            (_, true) => "will hold the match up",
            (_, false) => "will hold the match up",
        };
        let others = event
            .last_ms
            .map_or_else(String::new, |last_ms| format!(" The others have the {what} in {last_ms:.1} ms."));
        let longest = event.behind.iter().map(|row| row.for_ms).max().unwrap_or(0);
        let (word, who) = match event.behind.first() {
            Some(row) if behind == 1 => (
                "ONE IS BEHIND".to_owned(),
                format!("Watcher {} has read nothing for {} and", row.user, seconds(longest)),
            ),
            _ => (
                format!("{} ARE BEHIND", count(behind)),
                format!("{} read too slowly, one for {}, and", watchers(behind), seconds(longest)),
            ),
        };
        let tone = if self.behind == "wait" { Tone::Bad } else { Tone::Warn };
        Verdict { word, tone, text: format!("{who} {fate}.{others}") }
    }
}

/// A kind of event as a noun.
fn noun(kind: &str) -> &str {
    match kind {
        "begin" => "kick-off",
        "end" => "whistle",
        "stop" => "end of the match",
        other => other,
    }
}

fn watchers(number: u64) -> String {
    format!("{} watcher{}", count(number), if number == 1 { "" } else { "s" })
}

fn seconds(ms: u64) -> String {
    if ms < 10_000 { format!("{:.1} s", ms as f64 / 1e3) } else { format!("{} s", ms / 1_000) }
}
