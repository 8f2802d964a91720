//! The rungs that a server has, and those that the user chose.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cli::Exit;
use crate::cli::answers::matches::{Machine, Match};
use crate::cli::ask::{Ask, Said};
use crate::cli::set::encoded;

/// The highest number of a rung that is accepted.
const HIGHEST: u64 = 99;

/// The numbers of rungs, such as `0-7` or `0,4,5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::matches) struct Rungs(Vec<u64>);

impl FromStr for Rungs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected rungs such as 0-7 or 0,4,5".to_owned();
        let number =
            |text: &str| text.trim().parse().ok().filter(|rung| *rung <= HIGHEST).ok_or_else(wrong);
        let mut rungs = Vec::new();
        for part in text.split(',') {
            match part.split_once('-') {
                Some((from, to)) => rungs.extend(number(from)?..=number(to)?),
                None => rungs.push(number(part)?),
            }
        }
        rungs.sort_unstable();
        rungs.dedup();
        if rungs.is_empty() { Err(wrong()) } else { Ok(Self(rungs)) }
    }
}

/// What the ladder needs to know of a match before it begins.
#[derive(Debug, Deserialize)]
pub(super) struct Ground {
    #[serde(rename = "match")]
    pub(super) of: Match,
    pub(super) now: Present,
    pub(super) machine: Option<Machine>,
    /// All keys of `[matches]` with their values.
    pub(super) settings: Map<String, Value>,
    ladder: Ladder,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Present {
    pub(super) watchers: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Ladder {
    rungs: Vec<Rung>,
}

/// A rung of the server.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Rung {
    pub(super) rung: u64,
    pub(super) name: String,
    /// The setting in words.
    pub(super) key: String,
    /// What the original's authors measured.
    pub(super) original: String,
    #[serde(default)]
    settings: Map<String, Value>,
}

impl Rung {
    /// Whether it can be climbed with settings alone.
    pub(super) fn has_settings(&self) -> bool {
        !self.settings.is_empty()
    }
}

impl Ground {
    /// The rungs that the user chose.
    pub(super) fn chosen(&self, chosen: &Rungs) -> Result<Vec<Rung>, Said> {
        let find = |number: &u64| self.ladder.rungs.iter().find(|rung| rung.rung == *number).cloned();
        let found: Option<Vec<Rung>> = chosen.0.iter().map(find).collect();
        found.ok_or_else(|| {
            let most = self.ladder.rungs.iter().map(|rung| rung.rung).max().unwrap_or_default();
            let words = format!("--rungs: the server has the rungs 0 to {most}");
            Said::No { exit: Exit::Usage, words }
        })
    }

    /// The settings of a rung: its own, and those of the rungs below it that it keeps.
    pub(super) fn settings_at(&self, rung: u64) -> Map<String, Value> {
        let mut settings = Map::new();
        for below in self.ladder.rungs.iter().filter(|below| below.rung <= rung) {
            settings.extend(below.settings.clone());
        }
        settings
    }

    /// The values of the keys that the ladder changes, as they are now.
    pub(super) fn settings_before(&self) -> Map<String, Value> {
        let changed = self.settings_at(u64::MAX);
        let is_changed = |(key, _): &(&String, &Value)| changed.contains_key(*key);
        self.settings.iter().filter(is_changed).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Sets keys of `[matches]` on the server.
pub(super) fn set(ask: &Ask<'_>, settings: &Map<String, Value>) -> Result<(), Said> {
    let config = Ask { lab: "/api/config", ..*ask };
    config.order(&format!("?toml={}", encoded(&toml(settings)))).map(drop)
}

/// Settings of `[matches]` as lines of TOML.
fn toml(settings: &Map<String, Value>) -> String {
    // A JSON string without exotic escapes is a TOML string, and so are numbers and booleans.
    let lines = settings.iter().map(|(key, value)| format!("matches.{key} = {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rungs(text: &str) -> Result<Vec<u64>, String> {
        text.parse::<Rungs>().map(|rungs| rungs.0)
    }

    #[test]
    fn rungs_are_chosen_by_range_and_by_number_and_climbed_in_order() {
        assert_eq!(rungs("0-7").unwrap(), (0..=7).collect::<Vec<_>>());
        assert_eq!(rungs("5,0-1, 4").unwrap(), [0, 1, 4, 5]);
        for wrong in ["", "x", "1-", "-1", "7-0", "0-1000000000", "0,,1"] {
            assert!(rungs(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_rung_keeps_the_settings_below_it_and_only_changed_keys_are_restored() {
        let rung = |rung: u64, settings: Value| json!({ "rung": rung, "name": "", "key": "", "original": "", "settings": settings });
        let ground: Ground = serde_json::from_value(json!({
            "match": { "id": "m", "home": "", "away": "", "score": [0, 0], "minute": 0, "period": "", "stadium": "",
                "visits": 0, "users": 0, "playing": false, "rate": 2.0, "next": 0 },
            "now": { "watchers": 0 }, "machine": null,
            "settings": { "acceptors": 2, "encode": "once", "silence": "60s", "writer": "shards" },
            "ladder": { "at": 0, "rungs": [
                rung(0, json!({ "acceptors": 1, "encode": "each", "writer": "task" })),
                rung(2, json!({ "acceptors": 4 })),
                rung(3, json!({ "encode": "once" })),
                rung(8, json!({})),
            ] },
        }))
        .unwrap();
        assert_eq!(
            toml(&ground.settings_at(2)),
            "matches.acceptors = 4\nmatches.encode = \"each\"\nmatches.writer = \"task\""
        );
        assert_eq!(
            toml(&ground.settings_before()),
            "matches.acceptors = 2\nmatches.encode = \"once\"\nmatches.writer = \"shards\""
        );
        let numbers = |text: &str| {
            let chosen = ground.chosen(&text.parse().unwrap());
            chosen.map(|rungs| rungs.iter().map(|rung| rung.rung).collect::<Vec<_>>())
        };
        assert_eq!(numbers("0,3").unwrap(), [0, 3]);
        assert!(matches!(numbers("0-3"), Err(Said::No { words, .. }) if words.ends_with("rungs 0 to 8")));
        assert!(!ground.chosen(&"8".parse().unwrap()).unwrap()[0].has_settings());
    }
}
