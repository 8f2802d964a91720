//! One event to many watchers: when the first, the median and the last of them have it, how
//! long newcomers wait for the match's status, and what watchers cost.
//!
//! ```text
//!   machine ──┐             ┌─ sending   walks, bursts, saturation ──┐
//!   watchers ─┼─▶ predict ──┼─ joining   ART, connects, Little's law ├─▶ Figures or NoModel
//!   settings ─┘             └─ holding   memory, where `wait` stops ─┘
//! ```
//!
//! A shard writes to its watchers one after the other, so the i-th watcher has an event after
//! i sends. The whole round is a *walk*. Events that are published during a walk are *joined*:
//! the watchers that come later get them in the same write, which then costs one send and its
//! additional bytes. A shard that is always walking still reaches each watcher once per walk.
//!
//! A newcomer waits for its connection, for the next pause of the walk (every 500 µs), and with
//! `snapshot = "match"` in the mailbox of the match. The mailbox is an M/G/1 queue with two
//! kinds of customers: events, at their publication cost, and newcomers, at the cost of one
//! encoded snapshot.

mod holding;
mod joining;
mod sending;

use serde::Serialize;

use super::NoModel;
use super::jobs::Times;
use crate::config::{Behind, Encode, SnapshotFrom, Writer};

pub use holding::{Memory, Stop};
pub use joining::Joins;
pub use sending::{Burst, Reach, Steady};

/// The times of a machine, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// One `send` with one frame, with the receiver's share of it on loopback.
    pub send: f64,
    /// An additional byte in the same `send`.
    pub byte: f64,
    /// A connection on a bare accept loop with a handshake.
    pub connect: f64,
    /// The time until the first bytes of a newcomer are there, on a bare accept loop.
    pub art: f64,
    /// Waking a task and switching to it.
    pub wake: f64,
    /// Publishing an event: applying it and encoding it once.
    pub encode: f64,
    /// Encoding the status of a match.
    pub snapshot: f64,
}

/// Watchers, load, settings and machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Broadcast {
    /// The times of the machine.
    pub machine: Machine,
    /// Number of watchers.
    pub watchers: u32,
    /// Number of shards, or of threads that run the watchers' tasks. Each has a core of its own.
    pub threads: u32,
    /// Number of events that are published at once.
    pub burst: u32,
    /// Events per second.
    pub rate: f64,
    /// Newcomers per second.
    pub joins: f64,
    /// Bytes of an event's frame.
    pub frame: u32,
    /// Bytes of the frame with the status of a match.
    pub snapshot_frame: u32,
    /// What writes to a watcher's socket.
    pub writer: Writer,
    /// How often an event is encoded.
    pub encode: Encode,
    /// Where a newcomer's snapshot comes from.
    pub snapshot: SnapshotFrom,
    /// What happens to a watcher that reads nothing.
    pub behind: Behind,
    /// The number of events that a watcher may be behind.
    pub behind_limit: u32,
    /// `SO_SNDBUF` of a watcher's socket, in bytes.
    pub send_buffer: u64,
    /// `SO_RCVBUF` of a watcher's own socket, in bytes.
    pub receive_buffer: u64,
}

/// The figures that theory gives for a broadcast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// One event, while nothing else is sent.
    pub one: Reach,
    /// A burst, if it is of more than one event.
    pub burst: Option<Burst>,
    /// Events at a constant rate, if there is one.
    pub steady: Option<Steady>,
    /// The rate from which on events pile up before the hub, in events per second.
    pub saturates_per_s: f64,
    /// Newcomers.
    pub joins: Joins,
    /// Memory for each of the two writers.
    pub memory: Memory,
    /// Where `behind = "wait"` stops the match, if that is the policy.
    pub stop: Option<Stop>,
    /// A warning, where something goes wrong.
    pub caution: Option<String>,
    /// The assumptions.
    pub assumptions: Vec<String>,
}

/// Predicts a broadcast.
///
/// # Errors
/// [`NoModel`], if events or newcomers come faster than the machine takes them, or if tokio's
/// scheduler decides the order in which woken tasks run.
pub fn predict(broadcast: &Broadcast) -> Result<Figures, NoModel> {
    let steady = broadcast.steady()?;
    let joins = broadcast.joins(steady.as_ref())?;
    Ok(Figures {
        one: broadcast.one(),
        burst: broadcast.burst(),
        saturates_per_s: broadcast.saturation(),
        stop: broadcast.stop(),
        memory: broadcast.memory(),
        caution: broadcast.caution(),
        assumptions: broadcast.assumptions(),
        steady,
        joins,
    })
}

impl Broadcast {
    fn caution(&self) -> Option<String> {
        if self.behind == Behind::Wait {
            return Some(
                "one watcher that reads nothing stops the match for all, until `silence` closes it"
                    .to_owned(),
            );
        }
        (self.writer == Writer::Task)
            .then(|| "each watcher has a read buffer of 128 KiB, all of which is touched".to_owned())
    }

    fn assumptions(&self) -> Vec<String> {
        let Machine { send, byte, connect, wake, .. } = self.machine;
        let us = |seconds: f64| seconds * 1e6;
        let mut lines = vec![
            format!(
                "A send of one frame takes {:.1} µs of a core (--send). On loopback this includes the \
                 receiver's TCP work. Each additional byte takes {:.1} ns (--byte).",
                us(send),
                byte * 1e9
            ),
            "The server's cores are free for it, and the watchers read as fast as they receive.".to_owned(),
        ];
        match self.writer {
            Writer::Shards => lines.push(
                "A shard writes to its watchers in order, and joins the events that are due to one \
                 watcher in one write. It takes new events and newcomers every 500 µs."
                    .to_owned(),
            ),
            Writer::Task => lines.push(format!(
                "Each write wakes the watcher's task: {:.1} µs more (--wake). Tokio decides the order of \
                 the tasks, so the figures are of the i-th served, not of a certain watcher.",
                us(wake)
            )),
        }
        if self.encode == Encode::Each {
            lines.push(format!(
                "Each watcher's copy of an event is encoded: {:.1} µs more (--encode-cost).",
                us(self.machine.encode)
            ));
        }
        if self.rate > 0.0 {
            lines.push(
                "Events come at a constant rate. Below saturation each has a walk of its own.".to_owned(),
            );
        }
        lines.push(format!(
            "A join costs {} bare connections of {:.1} µs (--connect), because it is an HTTP request.",
            joining::REQUEST,
            us(connect)
        ));
        if self.joins > 0.0 {
            lines.push(
                "Newcomers come at random (Poisson). For those that connect as fast as they are \
                 answered, take the figure of 256 in flight."
                    .to_owned(),
            );
        }
        if self.snapshot == SnapshotFrom::Match {
            lines.push(
                "The mailbox of the match is one FIFO (M/G/1, exponential tail). It does not fit while \
                 the hub has no room: then the mailbox waits for a walk, and only the burst's figure holds."
                    .to_owned(),
            );
        }
        lines
    }
}

/// Uniform times from 0 to `most` seconds, which begin for the share `busy` of the arrivals.
fn waits_of_uniform(most: f64, busy: f64) -> Times {
    let quantile = |p: f64| if busy > 0.0 { most * (1.0 - (1.0 - p) / busy).max(0.0) } else { 0.0 };
    Times { mean_ms: busy * most * 500.0, p50_ms: quantile(0.5) * 1e3, p99_ms: quantile(0.99) * 1e3 }
}

#[cfg(test)]
mod tests;
