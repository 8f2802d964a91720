//! The figures of a run with two owners: what both logs have in them, and what the first owner says.

use std::time::Duration;

use super::super::life::Fate;
use crate::exercise::Value;
use crate::exercise::format::Owners;
use crate::exercise::trial::engine::found;
use crate::exercise::trial::lab::Found;

/// The values of `with_token` and `without_token`.
const ACCEPTS: &str = "the log accepts it";
const REFUSES: &str = "the log refuses it";
const UNSENT: &str = "the owner does not send it";
/// The values of `refused_by`, in the order of the checks.
const OWNER: &str = "one in the owner, before it writes";
const REGISTRY: &str = "one in the registry, at the lookup";
const LOG: &str = "one in the log, when the write is applied";

/// The observations of a run.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The first owner's checks before the pause: the registry names it, and its lease is good.
    pub(super) lookup: bool,
    pub(super) lease: bool,
    /// What became of its write after the pause.
    pub(super) with: Fate,
    pub(super) without: Fate,
    /// The generations of the entries of both logs, in order.
    pub(super) with_token: Vec<u64>,
    pub(super) without_token: Vec<u64>,
    /// The lease.
    pub(super) lasted: Duration,
    /// The pause of the first owner, and the part of it after which the second one serves.
    pub(super) pause: Duration,
    pub(super) serves: Duration,
}

/// The entries of the log without a token in the end, by what the first owner says of its write: the
/// second owner has written one.
pub(super) fn length(run: &Owners, without: Fate) -> usize {
    run.entries as usize + 1 + usize::from(matches!(without, Fate::Accepted(_)))
}

/// Makes figures of what was seen.
///
/// # Errors
/// In words, if a log does not have in it what the first owner says, or the pause was too short.
pub(super) fn account(seen: &Seen) -> Result<Found, String> {
    if seen.pause <= seen.lasted {
        return Err("the second owner has taken over within the lease".to_owned());
    }
    let with = verdict(seen.with, &seen.with_token)?;
    let without = verdict(seen.without, &seen.without_token)?;
    let refused_by = match (seen.lookup, seen.lease, seen.with) {
        (true, true, Fate::Refused(_)) => Some(LOG),
        (true, true, Fate::Accepted(_)) => None,
        (false, ..) => Some(REGISTRY),
        (_, false, _) | (.., Fate::Unsent) => Some(OWNER),
    };
    let mut figures = found([
        ("lease_s", seen.lasted.as_secs_f64()),
        ("pause_s", seen.pause.as_secs_f64()),
        ("serves_s", seen.serves.as_secs_f64()),
        ("stale_with_token", stale(&seen.with_token) as f64),
        ("stale_without_token", stale(&seen.without_token) as f64),
        ("entry", before(&seen.with_token) as f64 + 1.0),
    ]);
    let texts = [("with_token", Some(with)), ("without_token", Some(without)), ("refused_by", refused_by)];
    figures
        .extend(texts.into_iter().filter_map(|(name, text)| Some((name, Value::Text(text?.to_owned())))));
    Ok(figures)
}

/// The entries before the first one of generation 2.
fn before(generations: &[u64]) -> usize {
    generations.iter().take_while(|generation| **generation < 2).count()
}

/// The entries of generation 1 behind the first one of generation 2.
fn stale(generations: &[u64]) -> usize {
    generations.iter().skip(before(generations)).filter(|generation| **generation < 2).count()
}

/// What a log did with a write, which its entries have to confirm.
fn verdict(fate: Fate, generations: &[u64]) -> Result<&'static str, String> {
    match (fate, stale(generations)) {
        (Fate::Accepted(_), 1) => Ok(ACCEPTS),
        (Fate::Refused(2), 0) => Ok(REFUSES),
        (Fate::Unsent, 0) => Ok(UNSENT),
        (fate, stale) => Err(format!(
            "the first owner's write after the pause was {fate:?}, and the log has {stale} such entries"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        Seen {
            lookup: true,
            lease: true,
            with: Fate::Refused(2),
            without: Fate::Accepted(5),
            with_token: vec![1, 1, 1, 2, 2],
            without_token: vec![1, 1, 1, 2, 1],
            lasted: Duration::from_secs(1),
            pause: Duration::from_millis(1200),
            serves: Duration::from_millis(1150),
        }
    }

    fn text(found: &Found, name: &str) -> String {
        found.get(name).map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn the_figures_are_those_of_the_logs_and_of_the_checks_that_passed() {
        let found = account(&seen()).unwrap();
        let texts = ["with_token", "without_token", "refused_by"].map(|name| text(&found, name));
        assert_eq!(texts, [REFUSES, ACCEPTS, LOG]);
        let numbers = ["stale_with_token", "stale_without_token", "entry", "serves_s"];
        assert_eq!(numbers.map(|name| text(&found, name)), ["0", "1", "4", "1.15"]);
        let unsent = Seen {
            lease: false,
            with: Fate::Unsent,
            without: Fate::Unsent,
            without_token: vec![1, 1, 1, 2],
            ..seen()
        };
        let found = account(&unsent).unwrap();
        assert_eq!(
            (text(&found, "with_token").as_str(), text(&found, "refused_by").as_str()),
            (UNSENT, OWNER)
        );
        let unknown = account(&Seen { lookup: false, ..unsent }).unwrap();
        assert_eq!(text(&unknown, "refused_by"), REGISTRY);
        let accepted =
            account(&Seen { with: Fate::Accepted(6), with_token: vec![1, 2, 2, 1], ..seen() }).unwrap();
        assert_eq!(
            (text(&accepted, "with_token").as_str(), accepted.contains_key("refused_by")),
            (ACCEPTS, false)
        );
    }

    #[test]
    fn a_log_that_does_not_confirm_the_owner_is_no_measurement() {
        for wrong in [
            Seen { with_token: vec![1, 2, 2, 1], ..seen() },
            Seen { without_token: vec![1, 1, 1, 1, 2], ..seen() },
            Seen { with: Fate::Refused(1), ..seen() },
            Seen { pause: Duration::from_millis(900), ..seen() },
        ] {
            assert!(account(&wrong).is_err(), "{wrong:?}");
        }
    }
}
