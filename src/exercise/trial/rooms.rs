//! Runs of an exercise with servers or rooms: by theory, and in this process.
//!
//! Casts and lookups run on one thread, where the order of messages follows from the order in
//! which they are sent: their figures are the same each time.

mod casts;
mod kills;
mod lookups;

use super::TrialError;
use super::lab::{Found, LabFound};
use crate::config::{Rooms as RoomsConfig, Settings};
use crate::exercise::Value;
use crate::exercise::format::RoomsRun;

/// The figures of a run with servers or rooms.
pub(super) const NAMES: [&str; 9] = [
    // Casts that the reply to the sender's call behind them reflects, and that the reply to
    // another sender's call reflects.
    "reflected",
    "others_reflected",
    // Casts that a full mailbox returned.
    "returned",
    // References that lookups returned and whose bucket had ended when they were used, and
    // living buckets that lookups found.
    "dead_handles",
    "living_found",
    // Acknowledged moves that a kill lost: on average, at most, and in percent of all.
    "lost_per_kill",
    "most_lost",
    "lost_share",
    // Acknowledged moves that are neither in the state nor counted as lost.
    "unaccounted",
];

/// Theory of a run, as far as it covers it.
pub(super) fn expected(settings: &RoomsConfig, run: &RoomsRun) -> LabFound {
    let predicted = run.kills.as_ref().map(|kills| kills::predict(settings, kills));
    LabFound { predicted: predicted.unwrap_or_default(), ..LabFound::default() }
}

/// Measures a run.
pub(super) fn measure(settings: &Settings, run: &RoomsRun) -> Result<Found, TrialError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TrialError::NoBench)?;
    Ok(runtime.block_on(async {
        match (&run.casts, &run.lookups, &run.kills) {
            (Some(casts), ..) => casts::measure(casts).await,
            (_, Some(lookups), _) => lookups::measure(lookups).await,
            (.., Some(kills)) => kills::measure(&settings.rooms, kills).await,
            _ => Found::new(),
        }
    }))
}

/// Makes figures of numbers.
fn found<const N: usize>(numbers: [(&'static str, f64); N]) -> Found {
    let numbers = numbers.into_iter().filter(|(_, number)| number.is_finite());
    numbers.map(|(name, number)| (name, Value::Number(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::exercise::FigureName;

    fn measured(config: &[&str], text: &str) -> (LabFound, Found) {
        let flags = config.iter().map(|flag| (*flag).to_owned()).collect();
        let settings = Sources { file: None, flags }.load().unwrap().settings;
        let run: RoomsRun = toml::from_str(&format!("name = \"r\"\n{text}")).unwrap();
        (expected(&settings.rooms, &run), measure(&settings, &run).unwrap())
    }

    fn number(found: &Found, name: &str) -> f64 {
        match found.get(name) {
            Some(Value::Number(number)) => *number,
            other => panic!("{name}: {other:?} in {found:?}"),
        }
    }

    #[test]
    fn casts_are_counted_in_the_order_in_which_they_were_sent() {
        for (text, figures) in [
            ("n = 1000", [1000.0, f64::NAN, 0.0]),
            ("n = 1000, other_after = 400", [1000.0, 400.0, 0.0]),
            ("n = 1000, mailbox = 100", [100.0, f64::NAN, 900.0]),
            ("n = 1000, crash_after = 600", [0.0, f64::NAN, 0.0]),
        ] {
            let (_, found) = measured(&[], &format!("casts = {{ {text} }}"));
            for (name, expected) in ["reflected", "others_reflected", "returned"].into_iter().zip(figures) {
                if expected.is_nan() {
                    assert!(!found.contains_key(name), "{text}: {found:?}");
                } else {
                    assert_eq!(number(&found, name), expected, "{text}: {name}");
                }
            }
            assert!(found.keys().all(|name| NAMES.contains(name)));
        }
    }

    #[test]
    fn a_link_is_silent_about_a_normal_end_and_no_registry_is_ahead_of_one() {
        for (text, dead) in [
            ("how = \"fault\", learns = \"link\"", 0.0),
            ("how = \"stop\", learns = \"link\"", 4.0),
            ("how = \"stop\", learns = \"monitor\"", 0.0),
            ("how = \"fault\", learns = \"monitor\"", 0.0),
            ("how = \"stop\", learns = \"monitor\", at_once = true", 4.0),
        ] {
            let (_, found) = measured(&[], &format!("lookups = {{ buckets = 10, ended = 4, {text} }}"));
            assert_eq!(
                (number(&found, "dead_handles"), number(&found, "living_found")),
                (dead, 6.0),
                "{text}"
            );
        }
    }

    #[test]
    fn a_kill_loses_what_the_backup_does_not_have() {
        let kills = "kills = { times = 4, rate = 1000 }";
        let (theory, found) = measured(&["rooms.backup=before"], kills);
        assert_eq!((number(&theory.predicted, "lost_per_kill"), number(&found, "most_lost")), (0.0, 0.0));
        let (_, found) = measured(&["rooms.backup=none"], kills);
        assert!(number(&found, "lost_share") > 90.0, "{found:?}");
        let (theory, found) = measured(&["rooms.backup=after", "rooms.backup_every=100ms"], kills);
        assert_eq!(number(&theory.predicted, "lost_per_kill"), 50.0);
        // A busy machine may add to the interval of the backup.
        assert!((10.0..150.0).contains(&number(&found, "lost_per_kill")), "{found:?}");
        assert_eq!(number(&found, "unaccounted"), 0.0);
    }

    #[test]
    fn a_figure_is_named_below_rooms() {
        let name: FigureName = "r.rooms.most_lost".parse().unwrap();
        assert_eq!((name.load.as_str(), name.to_string().as_str()), ("r", "r.rooms.most_lost"));
        let why = "r.rooms.speed".parse::<FigureName>().unwrap_err().to_string();
        assert!(why.starts_with("\"speed\" is not a figure of the rooms lab: expected one of"), "{why}");
    }
}
