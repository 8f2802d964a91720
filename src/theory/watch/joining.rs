//! Newcomers: how long until they have the match's status (ART), and how many can join.
//!
//! Sources: Pollaczek and Khinchine for the mailbox (`theory::mg1`); J. D. C.
//! Little for those that connect as fast as they are answered.

use serde::Serialize;

use super::sending::{CHUNK, Steady};
use super::{Broadcast, NoModel, Times, waits_of_uniform};
use crate::config::{Behind, SnapshotFrom};
use crate::theory::{little, mg1};

/// The bare connections that a join costs: it is an HTTP request that ends in a takeover.
pub(super) const REQUEST: f64 = 2.0;
/// The handshakes that `weir load watch` keeps in flight.
const IN_FLIGHT: u32 = 256;

/// Newcomers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Joins {
    /// The most joins per second, on one thread.
    pub most_per_s: f64,
    /// The connections per second of the bare accept loop.
    pub floor_per_s: f64,
    /// Time until a newcomer has the status, with the shared snapshot.
    pub shared: Times,
    /// That time with the snapshot of the match. `None`: it has no bound.
    pub matched: Option<Times>,
    /// That time with the snapshot of the match, for a newcomer right behind the burst, in
    /// milliseconds.
    pub behind_burst_ms: Option<f64>,
    /// Newcomers that wait, on average, with the configured snapshot.
    pub waiting: Option<f64>,
    /// Mean time of all watchers that connect as fast as they are answered, at most 256 at a
    /// time, in milliseconds.
    pub in_flight_ms: f64,
}

impl Broadcast {
    /// Predicts the times of newcomers.
    ///
    /// # Errors
    /// If they come faster than they can join.
    pub(super) fn joins(&self, steady: Option<&Steady>) -> Result<Joins, NoModel> {
        let machine = &self.machine;
        let status = machine.send + f64::from(self.snapshot_frame) * machine.byte;
        let join = REQUEST * machine.connect + status;
        let busy = steady.map_or(0.0, |steady| steady.busy);
        let none = |what: &str, each: f64| NoModel {
            why: format!(
                "{:.0} newcomers/s are more than {what}: each takes {:.1} µs, so they wait without end",
                self.joins,
                each * 1e6
            ),
        };
        let queue = mg1::wait(self.joins, join, join * join).ok_or_else(|| none("a thread joins", join))?;
        let pause = waits_of_uniform(CHUNK, busy);
        let fixed = (machine.art + join + queue) * 1e3;
        let shared = plus(pause, fixed);

        let (events, snapshot) = (machine.encode, machine.snapshot);
        let load = self.rate * events + self.joins * snapshot;
        let squares = self.rate * events * events + self.joins * snapshot * snapshot;
        let mailbox = (load < 1.0).then(|| squares / (2.0 * (1.0 - load)));
        if self.snapshot == SnapshotFrom::Match && mailbox.is_none() {
            return Err(none("the mailbox of the match takes", snapshot));
        }
        let matched = mailbox.filter(|_| self.behind != Behind::Wait).map(|wait| {
            // The second pause: the mailbox is a task of its own.
            let waits = exponential(wait, load);
            let other = Times {
                mean_ms: pause.mean_ms + waits.mean_ms,
                p50_ms: pause.p50_ms + waits.p50_ms,
                p99_ms: pause.p99_ms + waits.p99_ms,
            };
            let both = plus(other, fixed + snapshot * 1e3);
            Times {
                mean_ms: both.mean_ms + pause.mean_ms,
                p50_ms: both.p50_ms + pause.p50_ms,
                p99_ms: both.p99_ms + pause.p99_ms,
            }
        });
        let chosen = match self.snapshot {
            SnapshotFrom::Shared => Some(shared),
            SnapshotFrom::Match => matched,
        };
        let most = 1.0 / join.max(if self.snapshot == SnapshotFrom::Match { snapshot } else { 0.0 });
        let in_flight = f64::from(IN_FLIGHT.min(self.watchers.max(1)));
        Ok(Joins {
            most_per_s: most,
            floor_per_s: 1.0 / machine.connect,
            shared,
            matched,
            behind_burst_ms: matched.map(|times| times.mean_ms + self.backlog() * 1e3),
            waiting: chosen.map(|times| little::number(self.joins, times.mean_ms / 1e3)),
            in_flight_ms: little::seconds(in_flight, most) * 1e3,
        })
    }

    /// Returns the time for which events of the burst keep the mailbox: those for which the
    /// window has no room wait there for walks, and a newcomer waits behind them.
    fn backlog(&self) -> f64 {
        let room = 2.0 * f64::from(self.behind_limit.max(1));
        let events = f64::from(self.burst);
        if events <= room {
            return events * self.machine.encode;
        }
        self.walk(room) + (events - room) / self.saturation()
    }
}

/// Waits with a given mean of which the share `busy` is not zero, with an exponential tail.
fn exponential(mean: f64, busy: f64) -> Times {
    let quantile = |p: f64| {
        let left = 1.0 - p;
        if busy <= left { 0.0 } else { mean / busy * (busy / left).ln() }
    };
    Times { mean_ms: mean * 1e3, p50_ms: quantile(0.5) * 1e3, p99_ms: quantile(0.99) * 1e3 }
}

fn plus(times: Times, ms: f64) -> Times {
    let Times { mean_ms, p50_ms, p99_ms } = times;
    Times { mean_ms: mean_ms + ms, p50_ms: p50_ms + ms, p99_ms: p99_ms + ms }
}
