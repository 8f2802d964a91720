//! Runs of an exercise with an engine of the queue: by theory, in a simulation where it has a
//! meaning, and with a queue on the disk.
//!
//! A run that kills needs a process to kill, so it takes place in another one (see [`life`]). What
//! counts is kept outside of that process: answers that clients have, and work that was done.

mod hands;
mod kill;
mod life;
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
pub(super) const NAMES: [&str; 12] = [
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
];

/// Lives the life that is described, if it is a life. Returns `None` for another description.
pub(super) fn live(description: &str) -> Option<anyhow::Result<()>> {
    let life: Life = serde_json::from_str(description).ok()?;
    Some(match life {
        Life::Serve(keys) => kill::serve(keys, life::wait_for_end),
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
    Ok(found)
}

/// Measures a run. `flags` are the keys of its configuration.
pub(super) fn measure(flags: &[String], run: &EngineRun, stop: &StopToken) -> Result<Found, TrialError> {
    let failed = |why: String| TrialError::Apart { run: run.name.clone(), why };
    match (&run.kill, &run.pushes, &run.hands, &run.poison) {
        (Some(kill), ..) => kill::measure(flags, kill, stop, &failed),
        (_, Some(pushes), ..) => pushes::measure(pushes).map_err(failed),
        (_, _, Some(hands), _) => hands::measure(hands).map_err(failed),
        (.., Some(poison)) => poison::measure(poison).map_err(failed),
        _ => Ok(Found::new()),
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
    fn a_figure_is_named_below_engine() {
        let name: FigureName = "r.engine.twice".parse().unwrap();
        assert_eq!((name.load.as_str(), name.to_string().as_str()), ("r", "r.engine.twice"));
        let why = "r.engine.speed".parse::<FigureName>().unwrap_err().to_string();
        assert!(why.starts_with("\"speed\" is not a figure of an engine: expected one of"), "{why}");
    }
}
