//! Runs of an exercise with an engine of the queue: by theory, in a simulation where it has a
//! meaning, and with a queue on the disk or a log of NATS.
//!
//! A run that kills needs a process to kill, so it takes place in another one (see [`life`]). What
//! counts is kept outside of that process: answers that clients have, and work that was done.

mod hands;
mod kill;
mod life;
// Without the feature, the run is read and described, and not measured.
#[cfg_attr(not(feature = "nats"), path = "engine/without_nats.rs")]
mod owners;
mod poison;
mod pushes;

use std::thread;

use super::TrialError;
use super::lab::{Found, LabFound};
use crate::exercise::Value;
use crate::exercise::format::EngineRun;
use crate::shutdown::StopToken;
use life::Life;

/// The figures of a run with an engine.
pub(super) const NAMES: [&str; 21] = [
    // Requests whose answer was a 202, events that the second life holds when it starts, events
    // that are done in the end, and events whose work was begun, counted once for each time.
    "acknowledged",
    "there",
    "done",
    "begun",
    // Accepted events per second, and the mean time until a push is answered.
    "accepted_s",
    "push_ms",
    // Events whose work was done twice, and accepted events whose work is never done.
    "twice",
    "lost",
    // Until the poison event is a dead letter, and until the last event behind it is done.
    "dead_s",
    "others_s",
    // The time that workers spent on the poison event, and its attempts.
    "busy_s",
    "attempts",
    // What the log did with the next entry of the owner that was paused, and which check refused
    // that entry.
    "with_token",
    "without_token",
    "refused_by",
    // Of the run with two owners: the lease, the pause of the first one, and the time from the
    // beginning of the pause until generation 2 serves; the entry that the first one wrote after the
    // pause; its entries in each log behind entries of generation 2.
    "lease_s",
    "pause_s",
    "serves_s",
    "entry",
    "stale_with_token",
    "stale_without_token",
];

/// Lives the life that is described, if it is a life. Returns `None` for another description.
pub(super) fn live(description: &str) -> Option<anyhow::Result<()>> {
    let life: Life = serde_json::from_str(description).ok()?;
    Some(match life {
        Life::Serve(keys) => kill::serve(keys, life::wait_for_end),
        Life::Own(post) => owners::own(&post),
        Life::Shift(shift) => {
            thread::spawn(end_with_input);
            hands::work_shift(&shift)
        }
    })
}

/// Ends this process with its input: a shift whose workers have stopped never ends by itself.
#[expect(clippy::exit, reason = "the main thread waits for workers that have stopped for good")]
fn end_with_input() {
    life::wait_for_end();
    std::process::exit(1);
}

/// Theory and simulation of a run, as far as they cover it.
pub(super) fn expected(run: &EngineRun) -> Result<LabFound, TrialError> {
    let mut found = LabFound::default();
    if let Some(pushes) = &run.pushes {
        found.predicted = pushes::predict(pushes);
    }
    if let Some(hands) = &run.hands {
        found.predicted = hands::predict(hands);
    }
    if let Some(poison) = &run.poison {
        found.predicted = poison::predict(poison);
        found.simulated = poison::simulate(poison).map_err(TrialError::NoBench)?;
    }
    if let Some(owners) = &run.owners {
        // The second owner waits for a lease and a tenth, from the moment when it asks.
        found.predicted = self::found([("serves_s", 1.1 * owners.lease_ms as f64 / 1e3)]);
    }
    Ok(found)
}

/// Measures a run. `flags` are the keys of its configuration.
pub(super) fn measure(flags: &[String], run: &EngineRun, stop: &StopToken) -> Result<Found, TrialError> {
    let failed = |why: String| TrialError::Apart { run: run.name.clone(), why };
    match (&run.kill, &run.pushes, &run.hands, &run.poison, &run.owners) {
        (Some(kill), ..) => kill::measure(flags, kill, stop, &failed),
        (_, Some(pushes), ..) => pushes::measure(pushes).map_err(failed),
        (_, _, Some(hands), ..) => hands::measure(hands).map_err(failed),
        (_, _, _, Some(poison), _) => poison::measure(poison).map_err(failed),
        (.., Some(owners)) => owners::measure(owners).map_err(failed),
        _ => Ok(Found::new()),
    }
}

/// Says what a run has observed, if it is one with two owners.
pub(super) fn observed(run: &str, found: &Found) -> Option<String> {
    let [lease, pause, serves] = ["lease_s", "pause_s", "serves_s"].map(|name| seconds(found.get(name)));
    let [entry, with, without] =
        ["entry", "stale_with_token", "stale_without_token"].map(|name| found.get(name));
    Some(format!(
        "run {run}: lease {} s, pause {} s; generation 2 served {} s after the pause began. Generation 1 \
         then wrote entry {}. Behind the first entry of generation 2, the log with a token has {} entries \
         of generation 1, and the log without a token has {}.",
        lease?, pause?, serves?, entry?, with?, without?
    ))
}

fn seconds(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(seconds) => Some(format!("{seconds:.2}")),
        Value::Text(_) => None,
    }
}

/// Makes figures of numbers.
fn found<const N: usize>(numbers: [(&'static str, f64); N]) -> Found {
    let numbers = numbers.into_iter().filter(|(_, number)| number.is_finite());
    numbers.map(|(name, number)| (name, Value::Number(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::FigureName;

    fn run(text: &str) -> EngineRun {
        toml::from_str(&format!("name = \"r\"\n{text}")).unwrap()
    }

    fn measured(text: &str) -> (LabFound, Found) {
        let run = run(text);
        (expected(&run).unwrap(), measure(&[], &run, &StopToken::new()).unwrap())
    }

    fn number(found: &Found, name: &str) -> f64 {
        match found.get(name) {
            Some(Value::Number(number)) => *number,
            other => panic!("{name}: {other:?} in {found:?}"),
        }
    }

    #[test]
    fn a_group_shares_the_time_of_a_sync() {
        let (one, measured_one) = measured("pushes = { n = 10, clients = 1, group = 8, sync_ms = 20 }");
        let (many, measured_many) = measured("pushes = { n = 320, clients = 32, group = 8, sync_ms = 20 }");
        assert_eq!(
            (number(&one.predicted, "accepted_s"), number(&many.predicted, "accepted_s")),
            (50.0, 400.0)
        );
        assert_eq!(number(&many.predicted, "push_ms"), 80.0);
        // A busy machine adds to the time of a transaction.
        let (one, many) = (number(&measured_one, "accepted_s"), number(&measured_many, "accepted_s"));
        assert!(one <= 50.0 && (2.0 * one..=400.0).contains(&many), "{one} and {many}");
    }

    #[test]
    fn a_poison_event_is_retried_while_others_pass() {
        let text = "poison = { behind = 4, workers = 1, work_ms = 10, attempts = 3, retry_ms = 100 }";
        let (expected, found) = measured(text);
        for name in ["dead_s", "others_s", "busy_s", "attempts"] {
            let (theory, simulated) =
                (number(&expected.predicted, name), number(&expected.simulated, name));
            assert!((theory - simulated).abs() < 0.002, "{name}: {theory} and {simulated}");
        }
        assert_eq!(number(&found, "attempts"), 3.0);
        assert!(number(&found, "dead_s") >= 0.33, "{found:?}");
        assert!(number(&found, "others_s") < number(&found, "dead_s"), "{found:?}");
    }

    #[test]
    fn theory_of_a_kill_is_the_place_where_it_finds_the_workers() {
        for (text, twice, lost) in [
            ("killed = \"before\"", 0.0, 0.0),
            ("killed = \"between\"", 4.0, 0.0),
            ("killed = \"after\"", 0.0, 0.0),
            ("killed = \"between\", first = \"settle\"", 0.0, 4.0),
            ("killed = \"before\", first = \"settle\"", 0.0, 0.0),
        ] {
            let found = expected(&run(&format!("hands = {{ n = 20, workers = 4, rounds = 2, {text} }}")));
            let predicted = found.unwrap().predicted;
            assert_eq!((number(&predicted, "twice"), number(&predicted, "lost")), (twice, lost), "{text}");
        }
    }

    #[test]
    fn a_run_that_kills_needs_a_program_to_kill() {
        let run = run("hands = { n = 20, workers = 4, rounds = 2, killed = \"between\" }");
        let why = measure(&[], &run, &StopToken::new()).unwrap_err().to_string();
        assert!(why.starts_with("run r was not measured: it kills a process of its own"), "{why}");
    }

    #[test]
    fn another_description_is_no_life() {
        assert!(live("{}").is_none() && live("{\"config\":[],\"run\":{}}").is_none());
    }

    #[test]
    fn theory_of_two_owners_is_the_time_that_a_challenger_waits() {
        let owners = run("owners = { entries = 9, lease_ms = 2000 }");
        assert_eq!(number(&expected(&owners).unwrap().predicted, "serves_s"), 2.2);
    }

    #[test]
    fn a_run_with_two_owners_is_told_in_a_sentence_and_other_runs_are_not() {
        let mut seen = found([
            ("lease_s", 1.0),
            ("pause_s", 1.234),
            ("serves_s", 1.2),
            ("entry", 41.0),
            ("stale_with_token", 0.0),
        ]);
        assert_eq!(observed("moon", &seen), None);
        seen.extend(found([("stale_without_token", 1.0)]));
        let said = "run moon: lease 1.00 s, pause 1.23 s; generation 2 served 1.20 s after the pause began. \
                    Generation 1 then wrote entry 41. Behind the first entry of generation 2, the log with a \
                    token has 0 entries of generation 1, and the log without a token has 1.";
        assert_eq!(observed("moon", &seen).as_deref(), Some(said));
    }

    #[test]
    fn a_figure_is_named_below_engine() {
        let name: FigureName = "r.engine.twice".parse().unwrap();
        assert_eq!((name.load.as_str(), name.to_string().as_str()), ("r", "r.engine.twice"));
        let why = "r.engine.speed".parse::<FigureName>().unwrap_err().to_string();
        assert!(why.starts_with("\"speed\" is not a figure of an engine: expected one of"), "{why}");
    }
}
