//! Runs of an exercise about servers and rooms, as `[[rooms]]` describes them.

use serde::{Deserialize, Serialize};

/// The most casts and buckets of a run, and the longest mailbox.
const MOST: usize = 100_000;
/// The most kills of a run, and the highest rate of moves per second.
const MOST_KILLS: u32 = 100;
const HIGHEST_RATE: f64 = 10_000.0;

/// A run with servers or rooms of its own, in this process. It has exactly one of `casts`,
/// `lookups` and `kills`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomsRun {
    /// The name, by which questions and facts refer to it.
    pub name: String,
    /// Keys that differ from the exercise's configuration, such as `rooms.backup=after`.
    #[serde(default)]
    pub config: Vec<String>,
    /// Casts to a server, and a call behind them.
    pub casts: Option<Casts>,
    /// Lookups in a registry some of whose buckets have ended.
    pub lookups: Option<Lookups>,
    /// Kills of a room that takes moves.
    pub kills: Option<Kills>,
}

/// One sender's casts of 1 to a counter, without a pause, and its call behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Casts {
    /// The number of casts.
    pub n: usize,
    /// Messages that may wait at the server.
    #[serde(default = "ten_thousand")]
    pub mailbox: usize,
    /// The casts of the sender after which another sender calls.
    pub other_after: Option<usize>,
    /// The casts after which the sender casts a message that crashes the server. A supervisor
    /// restarts it.
    pub crash_after: Option<usize>,
}

/// Lookups of all buckets of a registry, after some have ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookups {
    /// The number of buckets.
    pub buckets: usize,
    /// The number of buckets that end.
    pub ended: usize,
    /// How they end.
    pub how: End,
    /// How the registry learns of an end.
    pub learns: Learns,
    /// Whether the lookups are sent at once, before the registry can have learnt of the ends.
    #[serde(default)]
    pub at_once: bool,
}

/// The end of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// In order, with a normal reason.
    Stop,
    /// By a fault.
    Fault,
}

/// How a registry learns of the end of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Learns {
    /// By a link, which passes on faults and no normal end.
    Link,
    /// By a monitor, which fires at every end.
    Monitor,
}

/// Kills of a room that adds up moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kills {
    /// The number of kills, spread evenly over the phases of the backup.
    pub times: u32,
    /// Moves per second.
    pub rate: f64,
}

fn ten_thousand() -> usize {
    10_000
}

impl RoomsRun {
    /// The run in a line.
    pub fn in_words(&self) -> String {
        if let Some(Casts { n, mailbox, other_after, crash_after }) = &self.casts {
            let other = other_after.map(|after| format!(", another sender's call behind {after}"));
            let crash = crash_after.map(|after| format!(", a crash behind {after}"));
            let (other, crash) = (other.unwrap_or_default(), crash.unwrap_or_default());
            return format!("{n} casts and a call, mailbox of {mailbox}{other}{crash}");
        }
        if let Some(Lookups { buckets, ended, how, learns, at_once }) = &self.lookups {
            let how = if *how == End::Stop { "in order" } else { "by a fault" };
            let learns = if *learns == Learns::Link { "linked" } else { "monitored" };
            let when = if *at_once { "at once" } else { "a moment later" };
            return format!("{buckets} {learns} buckets, {ended} of them end {how}, lookups {when}");
        }
        match &self.kills {
            Some(Kills { times, rate }) => format!("{rate} moves/s, {times} kills of the room"),
            None => "nothing".to_owned(),
        }
    }

    /// What exceeds the bounds of an exercise, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let wrong = |says: String| Some(format!("run {:?}: {says}", self.name));
        match (&self.casts, &self.lookups, &self.kills) {
            (Some(casts), None, None) => {
                let sizes = [casts.n, casts.mailbox];
                let largest = sizes.into_iter().find(|size| !(1..=MOST).contains(size));
                largest.and_then(|found| wrong(format!("found {found}, expected 1 to {MOST}")))
            }
            (None, Some(lookups), None) if !(1..=MOST).contains(&lookups.buckets) => {
                wrong(format!("{} buckets, expected 1 to {MOST}", lookups.buckets))
            }
            (None, Some(Lookups { ended, buckets, .. }), None) if ended > buckets => {
                wrong(format!("{ended} buckets end, expected at most {buckets}"))
            }
            (None, Some(_), None) => None,
            (None, None, Some(Kills { times, .. })) if !(1..=MOST_KILLS).contains(times) => {
                wrong(format!("{times} kills, expected 1 to {MOST_KILLS}"))
            }
            // Also refuses a rate that is not a number.
            (None, None, Some(Kills { rate, .. })) if !(1.0..=HIGHEST_RATE).contains(rate) => {
                wrong(format!("{rate} moves/s, expected 1 to {HIGHEST_RATE}"))
            }
            (None, None, Some(_)) => None,
            _ => wrong("expected one of casts, lookups and kills".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RoomsRun {
        toml::from_str(&format!("name = \"a\"\n{text}")).unwrap()
    }

    #[test]
    fn a_run_is_described_in_words_and_refused_beyond_its_bounds() {
        for (text, words) in [
            ("casts = { n = 9, other_after = 4 }", "9 casts and a call, mailbox of 10000, another"),
            ("kills = { times = 2, rate = 1000 }", "1000 moves/s, 2 kills of the room"),
            (
                "lookups = { buckets = 10, ended = 4, how = \"stop\", learns = \"link\" }",
                "10 linked buckets, 4 of them end in order, lookups a moment later",
            ),
        ] {
            let run = read(text);
            assert!(run.in_words().starts_with(words), "{}", run.in_words());
            assert_eq!(run.problem(), None);
        }
        for (text, says) in [
            ("", "expected one of casts, lookups and kills"),
            ("casts = { n = 1 }\nkills = { times = 1, rate = 1 }", "expected one of"),
            ("casts = { n = 100001 }", "found 100001, expected 1 to 100000"),
            ("kills = { times = 101, rate = 1 }", "101 kills"),
            ("kills = { times = 1, rate = nan }", "NaN moves/s"),
            (
                "lookups = { buckets = 1, ended = 2, how = \"fault\", learns = \"monitor\" }",
                "2 buckets end, expected at most 1",
            ),
        ] {
            let problem = read(text).problem().unwrap();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
