//! Runs of an exercise in the matches lab, as `[[watch]]` describes them.

use serde::{Deserialize, Serialize, Serializer};

use crate::load::watch::WatchTransport;

/// The most watchers of a run: the check shares the machine with the participant's own work.
const MOST_WATCHERS: usize = 1_000;
/// The highest rate of events, per second, and the most of one burst.
const HIGHEST_RATE: f64 = 10_000.0;
const MOST_OF_A_BURST: u32 = 1_000;
/// The longest run with events, in seconds.
const LONGEST_S: f64 = 10.0;

/// A run in a matches lab of its own: watchers connect to a match, and then events go out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRun {
    /// The name, by which questions and facts refer to it.
    pub name: String,
    /// Keys that differ from the exercise's configuration, such as `matches.writer=task`.
    #[serde(default)]
    pub config: Vec<String>,
    /// The number of watchers.
    pub watchers: usize,
    /// The first of the watchers, which read nothing after the snapshot.
    #[serde(default)]
    pub slow: usize,
    /// `ws` or `sse`.
    #[serde(default, deserialize_with = "transport", serialize_with = "by_name")]
    pub transport: WatchTransport,
    /// Events per second, once all watchers are connected.
    #[serde(default = "ten")]
    pub rate: f64,
    /// The number of events that are published at once.
    #[serde(default = "one")]
    pub burst: u32,
    /// Whether events go out from the start, while the watchers connect.
    #[serde(default)]
    pub storm: bool,
    /// The time with events after the watchers are connected, in seconds.
    #[serde(default = "two")]
    pub seconds: f64,
}

fn ten() -> f64 {
    10.0
}

fn one() -> u32 {
    1
}

fn two() -> f64 {
    2.0
}

fn transport<'de, D: serde::Deserializer<'de>>(from: D) -> Result<WatchTransport, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn by_name<S: Serializer>(transport: &WatchTransport, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(transport)
}

impl WatchRun {
    /// The run in a line.
    pub fn in_words(&self) -> String {
        let Self { watchers, slow, transport, rate, burst, storm, .. } = self;
        let slow = match slow {
            0 => String::new(),
            slow => format!(", {slow} of which read nothing"),
        };
        let events = match burst {
            1 => format!("{rate} events/s"),
            burst => format!("{rate} events/s in bursts of {burst}"),
        };
        let storm = if *storm { " while they connect" } else { "" };
        format!("{watchers} watchers over {transport}{slow}, {events}{storm}")
    }

    /// What exceeds the bounds of an exercise, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let Self { name, watchers, slow, rate, burst, seconds, .. } = self;
        let wrong = |says: String| Some(format!("run {name:?}: {says}"));
        match () {
            () if !(1..=MOST_WATCHERS).contains(watchers) => {
                wrong(format!("{watchers} watchers, expected 1 to {MOST_WATCHERS}"))
            }
            () if slow >= watchers => {
                wrong(format!("{slow} slow watchers, expected fewer than {watchers}"))
            }
            // Also refuses a rate or a length that is not a number.
            () if !(0.1..=HIGHEST_RATE).contains(rate) => {
                wrong(format!("{rate} events/s, expected 0.1 to {HIGHEST_RATE}"))
            }
            () if !(1..=MOST_OF_A_BURST).contains(burst) => {
                wrong(format!("bursts of {burst}, expected 1 to {MOST_OF_A_BURST}"))
            }
            () if !(0.1..=LONGEST_S).contains(seconds) => {
                wrong(format!("{seconds} s, expected 0.1 to {LONGEST_S}"))
            }
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> WatchRun {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_run_is_described_in_words_and_refused_beyond_its_bounds() {
        let run = read("name = \"a\"\nwatchers = 200\nslow = 1\nrate = 100\nburst = 10");
        assert_eq!(
            run.in_words(),
            "200 watchers over ws, 1 of which read nothing, 100 events/s in bursts of 10"
        );
        assert_eq!(run.problem(), None);
        let storm = read("name = \"a\"\nwatchers = 2\ntransport = \"sse\"\nstorm = true");
        assert_eq!(storm.in_words(), "2 watchers over sse, 10 events/s while they connect");
        for (wrong, says) in [
            ("watchers = 1001", "1001 watchers, expected 1 to 1000"),
            ("watchers = 2\nslow = 2", "2 slow watchers, expected fewer than 2"),
            ("watchers = 2\nrate = nan", "NaN events/s"),
            ("watchers = 2\nburst = 0", "bursts of 0"),
            ("watchers = 2\nseconds = 11", "11 s, expected 0.1 to 10"),
        ] {
            let problem = read(&format!("name = \"a\"\n{wrong}")).problem().unwrap();
            assert!(problem.contains(says), "{problem}");
        }
        assert!(toml::from_str::<WatchRun>("name = \"a\"\nwatchers = 2\ntransport = \"tcp\"").is_err());
    }
}
