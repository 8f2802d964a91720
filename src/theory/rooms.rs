//! What a kill of a room loses, with each setting of `rooms.backup`.
//!
//! ```text
//!   moves  ──┬──────x─x────┬─────────x───────x─x──
//!            first  waits `every`    first
//!                   └──────┘ at risk  └──────┘
//! ```
//!
//! With `after` the backup sleeps until there is an update, waits `every`, and takes all. The
//! room is therefore in one of two states in turn: nothing new (exponential, mean 1/λ), or at
//! risk for `every`, with the first update and those since. With a = λ · `every`, a kill at a
//! random moment finds the room at risk with probability a / (1 + a) (renewal theory: Cox, 1962).
//! The time since the first update is then uniform, so the kill loses 1 + a / 2 on average.

use serde::Serialize;

use super::NoModel;
use super::poisson;
use crate::config::Backup;

/// The highest number of moves for which percentiles are computed term by term.
const MOST: f64 = 1e6;

/// The load of one room, and the kills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kills {
    /// Moves per second and room, as a Poisson process.
    pub rate: f64,
    /// `rooms.backup_every`, in seconds.
    pub every: f64,
    /// The age of the room at the kill, in seconds.
    pub age: f64,
    /// Kills per second of any room.
    pub kills: f64,
    /// The length of the load, in seconds.
    pub duration: f64,
}

/// What one kill of a room loses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loss {
    /// Acknowledged moves, on average.
    pub mean: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The share of kills that lose nothing.
    pub nothing: f64,
    /// On average, over all kills of the load.
    pub total: f64,
}

/// Returns what a kill loses.
///
/// # Errors
/// [`NoModel`] if a number is negative or too large.
pub fn predict(backup: Backup, kills: &Kills) -> Result<Loss, NoModel> {
    let Kills { rate, every, age, kills: per_second, duration } = *kills;
    let all = [rate, every, age, per_second, duration];
    if !all.iter().all(|value| value.is_finite() && *value >= 0.0) {
        return Err(NoModel { why: "a rate or a time is negative".to_owned() });
    }
    let (mean, p99, nothing) = match backup {
        Backup::Before => (0.0, 0.0, 1.0),
        Backup::After => {
            let a = few(rate * every)?;
            (a / (1.0 + a) * (1.0 + a / 2.0), after_p99(a), 1.0 / (1.0 + a))
        }
        // A fresh state: everything since the room was created or last killed.
        Backup::None => {
            let a = few(rate * age)?;
            (a, poisson_p99(a), (-a).exp())
        }
    };
    Ok(Loss { mean, p99, nothing, total: mean * per_second * duration })
}

fn few(moves: f64) -> Result<f64, NoModel> {
    if moves > MOST {
        let why = format!("a kill would find {moves:.0} moves that can be lost (at most {MOST})");
        return Err(NoModel { why });
    }
    Ok(moves)
}

/// The smallest n such that at most 1 % of the kills lose more. At risk, a kill loses 1 + N
/// with P(N ≤ n) = (1/a) Σ_{j ≤ n} P(Poisson(a) > j), the mean of the Poisson distribution's
/// function over a uniform time.
fn after_p99(a: f64) -> f64 {
    let at_risk = a / (1.0 + a);
    if at_risk <= 0.01 {
        return 0.0;
    }
    let window = poisson::window(a);
    let weights = std::iter::repeat_n(0.0, window.first).chain(window.weights);
    let (mut more, mut at_most) = (1.0, 0.0);
    let mut lost = 0.0;
    for weight in weights {
        more -= weight;
        at_most += more.max(0.0) / a;
        lost += 1.0;
        if at_risk * (1.0 - at_most) <= 0.01 {
            break;
        }
    }
    lost
}

fn poisson_p99(a: f64) -> f64 {
    let mut at_most = 0.0;
    let window = poisson::window(a);
    let reached = window.iter().find(|(_, weight)| {
        at_most += weight;
        at_most >= 0.99
    });
    reached.map_or(a, |(number, _)| number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Kills = Kills { rate: 5.0, every: 0.01, age: 15.0, kills: 1.0, duration: 30.0 };

    #[test]
    fn before_loses_nothing_and_none_loses_everything() {
        let before = predict(Backup::Before, &LOAD).unwrap();
        assert_eq!((before.mean, before.total, before.nothing), (0.0, 0.0, 1.0));
        let none = predict(Backup::None, &LOAD).unwrap();
        assert_eq!((none.mean, none.total), (75.0, 2250.0));
        assert!((93.0..98.0).contains(&none.p99), "{none:?}");
    }

    #[test]
    fn after_loses_what_a_simulated_backup_has_not_taken() {
        let mut random = fastrand::Rng::with_seed(7);
        for (rate, every) in [(5.0, 0.01), (100.0, 0.01), (50.0, 0.2), (1000.0, 1.0)] {
            let theory = predict(Backup::After, &Kills { rate, every, ..LOAD }).unwrap();
            let mut losses: Vec<f64> = (0..20_000).map(|_| simulated(rate, every, &mut random)).collect();
            losses.sort_by(f64::total_cmp);
            let mean = losses.iter().sum::<f64>() / losses.len() as f64;
            let nothing = losses.iter().filter(|lost| **lost == 0.0).count() as f64 / losses.len() as f64;
            assert!((mean / theory.mean - 1.0).abs() < 0.1, "{rate} {every}: {mean} {theory:?}");
            assert!((nothing - theory.nothing).abs() < 0.02, "{rate} {every}: {nothing} {theory:?}");
            let p99 = losses[19_800];
            assert!((p99 - theory.p99).abs() <= 1.0 + 0.01 * p99, "{rate} {every}: {p99} {theory:?}");
        }
    }

    /// Follows a room for a random time, and returns what a kill then loses.
    fn simulated(rate: f64, every: f64, random: &mut fastrand::Rng) -> f64 {
        let cycle = every + 1.0 / rate;
        let kill = cycle * (20.0 + random.f64() * 5.0);
        let gap = |random: &mut fastrand::Rng| -(1.0 - random.f64()).ln() / rate;
        let mut next = gap(random);
        loop {
            if next >= kill {
                return 0.0;
            }
            let taken = next + every;
            let mut new = 0.0;
            while next < taken.min(kill) {
                new += 1.0;
                next += gap(random);
            }
            if taken >= kill {
                return new;
            }
        }
    }

    #[test]
    fn numbers_that_make_no_sense_have_no_model() {
        assert!(predict(Backup::After, &Kills { rate: -1.0, ..LOAD }).is_err());
        assert!(predict(Backup::After, &Kills { rate: 1e6, every: 60.0, ..LOAD }).is_err());
        assert_eq!(predict(Backup::After, &Kills { every: 0.0, ..LOAD }).unwrap().mean, 0.0);
    }
}
