//! The ladder: settings that were found one after the other to matter, and what each changed
//! when it was measured here.

use serde::Serialize;

use super::NoRung;
use crate::config::{Encode, MatchLog, Matches, SnapshotFrom, Writer};

/// A difference below this share counts as noise.
pub const NOISE: f64 = 0.10;

/// A rung: settings that are turned on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// Its number.
    pub rung: u64,
    /// Its name, in a few words.
    pub name: &'static str,
    /// The key that it sets, as written in the file, or words in place of it.
    pub key: &'static str,
    /// The effect that the original's authors measured.
    pub original: &'static str,
    /// The keys of `[matches]` that it sets, with their values. Without any, the rung cannot be
    /// climbed here.
    pub settings: &'static [(&'static str, &'static str)],
}

/// All rungs, the lowest first. Each keeps the settings of those below it.
pub const RUNGS: [Rung; 9] = [
    Rung {
        rung: 0,
        name: "as it comes",
        key: "library defaults",
        original: "ART 26 s",
        settings: &[
            ("backlog", "128"),
            ("acceptors", "1"),
            ("writer", "task"),
            ("encode", "each"),
            ("snapshot", "match"),
            ("supervisors", "1"),
            ("log", "every"),
        ],
    },
    Rung {
        rung: 1,
        name: "a longer backlog",
        key: "backlog = 4096",
        original: "N × 4, ART worse",
        settings: &[("backlog", "4096")],
    },
    Rung {
        rung: 2,
        name: "more acceptors",
        key: "acceptors = 4",
        original: "N × 2, C × 20, ART ÷ 2",
        settings: &[("acceptors", "4")],
    },
    Rung {
        rung: 3,
        name: "encode once",
        key: "encode = \"once\"",
        original: "not measured",
        settings: &[("encode", "once")],
    },
    Rung {
        rung: 4,
        name: "shards write",
        key: "writer = \"shards\"",
        original: "C × 2, ART ÷ 8",
        settings: &[("writer", "shards")],
    },
    Rung {
        rung: 5,
        name: "a shared snapshot",
        key: "snapshot = \"shared\"",
        original: "N × 5, C × 5, ART ÷ 100",
        settings: &[("snapshot", "shared")],
    },
    Rung {
        rung: 6,
        name: "more supervisors",
        key: "supervisors = 8",
        original: "N > 10,000, C > 3,000/s",
        settings: &[("supervisors", "8")],
    },
    Rung {
        rung: 7,
        name: "less logging",
        key: "log = \"sampled\"",
        original: "ART ÷ 2",
        settings: &[("log", "sampled")],
    },
    Rung {
        rung: 8,
        name: "four processes",
        key: "reuse_port = true, nodes = \"nats\"",
        original: "100,000 watchers",
        settings: &[],
    },
];

/// The figures that were measured on one rung. Those that are `None` were not measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RungResult {
    /// The rung.
    pub rung: u64,
    /// Watchers.
    pub n: Option<f64>,
    /// Connects per second.
    pub c: Option<f64>,
    /// The median time until a newcomer has the snapshot, in milliseconds.
    pub art_ms: Option<f64>,
    /// The median time until the last watcher has an event, in milliseconds.
    pub last_ms: Option<f64>,
    /// Memory of the server per watcher, in kB.
    pub kb: Option<f64>,
    /// The id of the run.
    pub run: Option<String>,
}

/// The effect of a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// All figures changed by less than the noise.
    None,
    /// A figure improved, by more than any other got worse.
    Better,
    /// A figure got worse, by more than any other improved.
    Worse,
    /// The rung, or the one before it, was not measured.
    Unmeasured,
}

/// Says what changed from one result to the next: the effect, and its words, such as
/// `C × 2.1, ART ÷ 8` or `no effect: C + 2 %`.
pub fn effect(before: Option<&RungResult>, after: Option<&RungResult>) -> (Effect, String) {
    let (Some(before), Some(after)) = (before, after) else {
        return (Effect::Unmeasured, String::new());
    };
    // Each figure with true if more is better.
    let figures = [
        ("C", before.c, after.c, true),
        ("ART", before.art_ms, after.art_ms, false),
        ("N", before.n, after.n, true),
        ("last", before.last_ms, after.last_ms, false),
        ("memory", before.kb, after.kb, false),
    ];
    let changes: Vec<(&str, f64, bool)> = figures
        .into_iter()
        .filter_map(|(name, before, after, more_is_better)| {
            let (before, after) = (before.filter(|b| *b > 0.0)?, after.filter(|a| *a > 0.0)?);
            Some((name, after / before, more_is_better))
        })
        .collect();
    let size = |factor: f64| factor.ln().abs();
    let Some(largest) = changes.iter().max_by(|a, b| size(a.1).total_cmp(&size(b.1))).copied() else {
        return (Effect::Unmeasured, String::new());
    };
    let is_change = |factor: f64| !((1.0 - NOISE)..=(1.0 + NOISE)).contains(&factor);
    if !is_change(largest.1) {
        return (Effect::None, format!("no effect: {}", words(largest.0, largest.1)));
    }
    let told = changes.iter().filter(|(_, factor, _)| is_change(*factor));
    let told: Vec<String> = told.map(|(name, factor, _)| words(name, *factor)).collect();
    let is_better = (largest.1 > 1.0) == largest.2;
    (if is_better { Effect::Better } else { Effect::Worse }, told.join(", "))
}

/// A change in words: by factors from 2 on, and by percent below.
fn words(name: &str, factor: f64) -> String {
    let times = |factor: f64| {
        if factor < 9.95 { format!("{factor:.1}") } else { format!("{factor:.0}") }
    };
    match factor {
        f if f >= 2.0 => format!("{name} × {}", times(f)),
        f if f <= 0.5 => format!("{name} ÷ {}", times(1.0 / f)),
        f if f < 1.0 => format!("{name} − {:.0} %", (1.0 - f) * 100.0),
        f => format!("{name} + {:.0} %", (f - 1.0) * 100.0),
    }
}

/// The ladder with its results, as a page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ladder {
    /// The highest rung up to which all are on.
    pub at: u64,
    /// The rungs, the lowest first.
    pub rungs: Vec<RungState>,
}

/// A rung with its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RungState {
    /// Its number.
    pub rung: u64,
    /// Its name.
    pub name: &'static str,
    /// The key that it sets.
    pub key: &'static str,
    /// The keys of `[matches]` that it sets.
    pub settings: serde_json::Value,
    /// Whether its own settings are on.
    pub on: bool,
    /// The effect that the original's authors measured.
    pub original: &'static str,
    /// Watchers.
    pub n: Option<f64>,
    /// Connects per second.
    pub c: Option<f64>,
    /// The time until a newcomer has the snapshot, in milliseconds.
    pub art_ms: Option<f64>,
    /// The time until the last watcher has an event, in milliseconds.
    pub last_ms: Option<f64>,
    /// Memory per watcher, in kB.
    pub kb: Option<f64>,
    /// The id of the run.
    pub run: Option<String>,
    /// Its effect against the measured rung before it.
    pub effect: Effect,
    /// The effect in words.
    pub words: String,
}

/// The results that were noted.
#[derive(Debug, Default)]
pub(super) struct Results([Option<RungResult>; RUNGS.len()]);

impl Results {
    pub(super) fn note(&mut self, result: RungResult) -> Result<(), NoRung> {
        let most = RUNGS.len() as u64 - 1;
        let (rung, place) = (result.rung, self.0.get_mut(result.rung as usize));
        *place.ok_or(NoRung { found: rung, most })? = Some(result);
        Ok(())
    }

    pub(super) fn ladder(&self, config: &Matches) -> Ladder {
        let is_on = |rung: u64| is_on(rung, config);
        let at = RUNGS.iter().take_while(|rung| is_on(rung.rung)).map(|rung| rung.rung).max().unwrap_or(0);
        let mut before: Option<&RungResult> = None;
        let rungs = RUNGS.iter().zip(&self.0).map(|(rung, result)| {
            let (effect, words) = effect(before, result.as_ref());
            before = result.as_ref().or(before);
            let found = result.clone().unwrap_or_default();
            RungState {
                rung: rung.rung,
                name: rung.name,
                key: rung.key,
                settings: rung
                    .settings
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), typed(value)))
                    .collect(),
                on: is_on(rung.rung),
                original: rung.original,
                n: found.n,
                c: found.c,
                art_ms: found.art_ms,
                last_ms: found.last_ms,
                kb: found.kb,
                run: found.run,
                effect,
                words,
            }
        });
        Ladder { at, rungs: rungs.collect() }
    }
}

/// A value as JSON: a number if it is one.
fn typed(value: &str) -> serde_json::Value {
    value.parse::<u64>().map_or_else(|_| value.into(), Into::into)
}

/// Returns true if the rung's own settings are on. The lowest one has nothing to turn on.
fn is_on(rung: u64, config: &Matches) -> bool {
    match rung {
        0 => true,
        1 => config.backlog >= 4096,
        2 => config.acceptors >= 4,
        3 => config.encode == Encode::Once,
        4 => config.writer == Writer::Shards,
        5 => config.snapshot == SnapshotFrom::Shared,
        6 => config.supervisors >= 8,
        7 => config.log == MatchLog::Sampled,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_rung_is_compared_with_the_measured_one_before_it() {
        let result = |rung, c, art_ms| RungResult {
            rung,
            c: Some(c),
            art_ms: Some(art_ms),
            ..RungResult::default()
        };
        let mut results = Results::default();
        results.note(result(0, 1_000.0, 80.0)).unwrap();
        results.note(result(2, 2_100.0, 10.0)).unwrap();
        results.note(result(3, 2_142.0, 10.1)).unwrap();
        results.note(result(4, 2_142.0, 20.2)).unwrap();
        assert_eq!(
            results.note(result(9, 1.0, 1.0)).unwrap_err().to_string(),
            "found rung 9; allowed: 0 to 8"
        );
        let rungs = results.ladder(&Settings::default().matches).rungs;
        let said: Vec<_> = rungs.iter().map(|rung| (rung.effect, rung.words.as_str())).take(5).collect();
        let expected = [
            (Effect::Unmeasured, ""),
            (Effect::Unmeasured, ""),
            (Effect::Better, "C × 2.1, ART ÷ 8.0"),
            (Effect::None, "no effect: C + 2 %"),
            (Effect::Worse, "ART × 2.0"),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_ladder_is_climbed_up_to_the_first_rung_that_is_off() {
        let mut config = Settings::default().matches;
        let at = |config: &Matches| Results::default().ladder(config).at;
        assert_eq!(at(&config), 1, "one acceptor by default");
        (config.acceptors, config.supervisors) = (4, 8);
        assert_eq!(at(&config), 7);
        config.snapshot = SnapshotFrom::Match;
        assert_eq!(at(&config), 4);
        let lowest = &Results::default().ladder(&config).rungs[0];
        assert_eq!(lowest.settings["backlog"], 128);
        assert_eq!(lowest.settings["writer"], "task");
    }
}
