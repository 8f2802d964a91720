//! Runs of an exercise with an engine of the queue, as `[[engine]]` describes them.

use serde::{Deserialize, Serialize};

use super::Owners;

/// The most events of a run.
const MOST_EVENTS: u64 = 100_000;
/// The most clients or workers of a run.
const MOST_AT_ONCE: u32 = 1_000;
/// The longest time that a run may set, in milliseconds.
const LONGEST_MS: f64 = 10_000.0;

/// A run with an engine or a log of its own. It has exactly one of `kill`, `pushes`, `hands`, `poison`
/// and `owners`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineRun {
    /// The name, by which questions and facts refer to it.
    pub name: String,
    /// Keys that differ from the exercise's configuration, such as `queue.engine=disk`.
    #[serde(default)]
    pub config: Vec<String>,
    /// A bench that is killed with events in it, and started again.
    pub kill: Option<Kill>,
    /// Clients that push to an engine on a disk whose syncs take a known time.
    pub pushes: Option<Pushes>,
    /// Workers that are killed at a point of their work, and started again.
    pub hands: Option<Hands>,
    /// An event whose work always fails, in front of events whose work succeeds.
    pub poison: Option<Poison>,
    /// Two owners of one name, of which the first is paused past its lease.
    pub owners: Option<Owners>,
}

/// A load on a bench in a process of its own, which is killed with SIGKILL once every request of
/// the load is answered, and is started again with the same files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The arguments of `weir load`.
    pub run: String,
    /// Keys that differ in the second life.
    #[serde(default)]
    pub again: Vec<String>,
}

/// Clients that push events as fast as they are answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushes {
    /// The number of events.
    pub n: u64,
    /// The number of clients.
    pub clients: u32,
    /// The most events of one transaction.
    pub group: u32,
    /// The time that a sync takes at least, in milliseconds.
    pub sync_ms: f64,
}

/// Workers that lease one event at a time. Each finishes `rounds` events, stops at a point of the
/// next one, and is killed there together with its process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hands {
    /// The number of events.
    pub n: u64,
    /// The number of workers.
    pub workers: u32,
    /// The events that each worker finishes before the kill.
    pub rounds: u32,
    /// What a worker does first with an event.
    #[serde(default)]
    pub first: First,
    /// Where the kill finds each worker.
    pub killed: KillPoint,
}

/// What a worker does first with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// It works, and settles the event afterwards, as the bench does.
    #[default]
    Work,
    /// It settles the event, and works afterwards.
    Settle,
}

/// A point in the handling of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KillPoint {
    /// The event is leased, and nothing is done.
    Before,
    /// Between the work and the settling.
    Between,
    /// Both are done, and the next event is not leased yet.
    After,
}

/// A poison event, and events behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// The events behind the poison event.
    pub behind: u64,
    /// The number of workers.
    pub workers: u32,
    /// The time of each attempt, in milliseconds.
    pub work_ms: f64,
    /// The attempts before an event is a dead letter.
    pub attempts: u32,
    /// The delay before the second attempt, in milliseconds. It doubles with each further one.
    pub retry_ms: f64,
}

impl EngineRun {
    /// The run in a line.
    pub fn in_words(&self) -> String {
        if let Some(Kill { run, again }) = &self.kill {
            let again: String = again.iter().map(|key| format!(", then {key}")).collect();
            return format!("{run}, a kill, and a restart{again}");
        }
        if let Some(Pushes { n, clients, group, sync_ms }) = &self.pushes {
            let word = if *clients == 1 { "client" } else { "clients" };
            return format!(
                "{n} events from {clients} {word}, group of {group}, a sync takes {sync_ms} ms"
            );
        }
        if let Some(Hands { n, workers, rounds, first, killed }) = &self.hands {
            let (one, two) = match first {
                First::Work => ("work", "settle"),
                First::Settle => ("settle", "work"),
            };
            let at = match killed {
                KillPoint::Before => format!("before they {one}"),
                KillPoint::Between => format!("before they {two}"),
                KillPoint::After => "after both".to_owned(),
            };
            return format!(
                "{n} events, {workers} workers that {one} and then {two}, a kill behind {rounds} events \
                 each, {at}"
            );
        }
        if let Some(Poison { behind, workers, work_ms, attempts, retry_ms }) = &self.poison {
            return format!(
                "a poison event and {behind} others, {workers} at once, {work_ms} ms each, {attempts} \
                 attempts, the first delay {retry_ms} ms"
            );
        }
        self.owners.as_ref().map_or_else(|| "nothing".to_owned(), Owners::in_words)
    }

    /// What exceeds the bounds of an exercise, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let (mut events, mut at_once, mut times) = (Vec::new(), Vec::new(), Vec::new());
        match (&self.kill, &self.pushes, &self.hands, &self.poison, &self.owners) {
            (Some(_), None, None, None, None) => {}
            (None, Some(run), None, None, None) => {
                events.push(run.n);
                at_once.extend([run.clients, run.group]);
                times.push(run.sync_ms);
            }
            (None, None, Some(run), None, None) => {
                events.push(run.n);
                at_once.push(run.workers);
                let needed = u64::from(run.rounds.saturating_add(1)) * u64::from(run.workers);
                if needed > run.n {
                    return Some(format!(
                        "run {:?}: {} events, expected at least {needed}",
                        self.name, run.n
                    ));
                }
            }
            (None, None, None, Some(run), None) => {
                events.push(run.behind);
                at_once.extend([run.workers, run.attempts]);
                times.extend([run.work_ms, run.retry_ms]);
            }
            (None, None, None, None, Some(run)) => {
                return run.problem().map(|says| format!("run {:?}: {says}", self.name));
            }
            _ => {
                return Some(format!(
                    "run {:?}: expected one of kill, pushes, hands, poison and owners",
                    self.name
                ));
            }
        }
        let events = events.into_iter().find(|events| !(1..=MOST_EVENTS).contains(events));
        let at_once = at_once.into_iter().find(|at_once| !(1..=MOST_AT_ONCE).contains(at_once));
        // Also refuses a time that is not a number.
        let time = times.into_iter().find(|time| !(1.0..=LONGEST_MS).contains(time));
        let says = match (events, at_once, time) {
            (Some(found), ..) => format!("{found} events, expected 1 to {MOST_EVENTS}"),
            (_, Some(found), _) => format!("found {found}, expected 1 to {MOST_AT_ONCE}"),
            (.., Some(found)) => format!("{found} ms, expected 1 to {LONGEST_MS}"),
            (None, None, None) => return None,
        };
        Some(format!("run {:?}: {says}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> EngineRun {
        toml::from_str(&format!("name = \"a\"\n{text}")).unwrap()
    }

    #[test]
    fn a_run_is_described_in_words_and_refused_beyond_its_bounds() {
        for (text, words) in [
            (
                "kill = { run = \"pipelined -n 9\", again = [\"a=1\"] }",
                "pipelined -n 9, a kill, and a restart, then a=1",
            ),
            (
                "pushes = { n = 9, clients = 1, group = 4, sync_ms = 20 }",
                "9 events from 1 client, group of 4, a sync takes 20 ms",
            ),
            (
                "hands = { n = 9, workers = 3, rounds = 2, killed = \"between\" }",
                "9 events, 3 workers that work and then settle, a kill behind 2 events each, before they \
                 settle",
            ),
            (
                "poison = { behind = 9, workers = 1, work_ms = 5, attempts = 3, retry_ms = 10 }",
                "a poison event and 9 others, 1 at once, 5 ms each, 3 attempts, the first delay 10 ms",
            ),
            (
                "owners = { entries = 40, lease_ms = 1000 }",
                "two owners of a log, lease 1000 ms, the first is paused after entry 40",
            ),
        ] {
            let run = read(text);
            assert_eq!(run.in_words(), words);
            assert_eq!(run.problem(), None);
        }
        for (text, says) in [
            ("", "expected one of kill, pushes, hands, poison and owners"),
            ("pushes = { n = 0, clients = 1, group = 4, sync_ms = 20 }", "0 events, expected 1 to"),
            (
                "pushes = { n = 1, clients = 1001, group = 4, sync_ms = 20 }",
                "found 1001, expected 1 to 1000",
            ),
            ("pushes = { n = 1, clients = 1, group = 4, sync_ms = nan }", "NaN ms"),
            (
                "hands = { n = 8, workers = 3, rounds = 2, killed = \"after\" }",
                "8 events, expected at least 9",
            ),
            ("owners = { entries = 1, lease_ms = 1000 }", "1 entries, expected 2 to 10000"),
            ("owners = { entries = 40, lease_ms = 999 }", "a lease of 999 ms, expected 1000 to 10000"),
        ] {
            let problem = read(text).problem().unwrap();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
