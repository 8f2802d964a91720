//! Walks: what one costs, what a burst of events costs, and where events pile up.

use serde::Serialize;

use super::{Broadcast, NoModel};
use crate::config::{Encode, Writer};

/// The time after which a walk takes new events and newcomers, in seconds (`weir_parts::hub`).
pub(super) const CHUNK: f64 = 500e-6;
/// The most bytes of one write (`weir_parts::hub`).
const MOST_BYTES: f64 = 65_536.0;

/// The times from the publication until watchers have an event, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reach {
    /// The first watcher.
    pub first_ms: f64,
    /// The median watcher.
    pub median_ms: f64,
    /// The last watcher.
    pub last_ms: f64,
}

/// A burst: events that are published one right after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Burst {
    /// Number of events.
    pub events: u32,
    /// Time until the last watcher has all of them, in milliseconds.
    pub last_ms: f64,
    /// That time if every event were sent on its own, in milliseconds.
    pub unjoined_ms: f64,
    /// Deliveries per second.
    pub deliveries_per_s: f64,
    /// Walks over the watchers. All but one of the first two are nearly empty if the events
    /// are joined.
    pub walks: u32,
}

/// Events at a constant rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Steady {
    /// Events per second.
    pub rate: f64,
    /// Time of a walk, in milliseconds.
    pub walk_ms: f64,
    /// Events that a write carries.
    pub events_per_write: f64,
    /// Share of the time in which the shards walk.
    pub busy: f64,
    /// Median time of a delivery, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile of the time of a delivery, in milliseconds.
    pub p99_ms: f64,
}

impl Broadcast {
    /// Returns the time of one event, while nothing else is sent.
    pub(super) fn one(&self) -> Reach {
        let visit = self.visit(1.0);
        let after = |visits: f64| (self.encoding(1.0) + visits * visit) * 1e3;
        let all = self.per_thread();
        Reach { first_ms: after(1.0), median_ms: after((all / 2.0).max(1.0)), last_ms: after(all.max(1.0)) }
    }

    /// Returns the time of a burst of two or more events.
    ///
    /// The first event begins a walk at once. The others are taken at its first pause, by when
    /// it has passed some watchers. These get the other events in a second walk.
    pub(super) fn burst(&self) -> Option<Burst> {
        let events = f64::from(self.burst);
        if self.burst < 2 {
            return None;
        }
        let all = self.per_thread();
        let room = f64::from(self.behind_limit.max(1));
        let joined = events.min(2.0 * room);
        let passed = all.min((CHUNK / self.visit(1.0)).ceil());
        let mut last = self.encoding(events)
            + passed * (self.visit(1.0) + self.visit(joined - 1.0))
            + (all - passed) * self.visit(joined);
        // The window takes twice its events at first, and once its events after each walk.
        let further = (events - joined) / room;
        last += further * self.walk(room);
        Some(Burst {
            events: self.burst,
            last_ms: last * 1e3,
            unjoined_ms: (self.encoding(events) + events * self.walk(1.0)) * 1e3,
            deliveries_per_s: events * f64::from(self.watchers) / last,
            walks: 2 + further.ceil() as u32,
        })
    }

    /// Returns the times of events at a constant rate; `None` without a rate.
    ///
    /// # Errors
    /// If the events pile up, or if tokio decides which task runs.
    pub(super) fn steady(&self) -> Result<Option<Steady>, NoModel> {
        if self.rate <= 0.0 {
            return Ok(None);
        }
        let (most, need) = (self.saturation(), self.rate * self.walk(1.0));
        if self.rate >= most {
            return Err(NoModel {
                why: format!(
                    "{} events/s to {} watchers are more than the {most:.0} events/s at which each write \
                     carries a full window of {} events, so events pile up without end",
                    self.rate, self.watchers, self.behind_limit
                ),
            });
        }
        if self.writer == Writer::Task && need >= 1.0 {
            return Err(NoModel {
                why: format!(
                    "{} events/s wake tasks for {:.0} % of the time of the threads. Tokio then decides \
                     when the publisher itself gets a turn: measure it",
                    self.rate,
                    need * 100.0
                ),
            });
        }
        let walk = if need < 1.0 {
            self.walk(1.0)
        } else {
            // A walk carries the events of its own length: walk = all × visit(rate × walk).
            let all = self.per_thread();
            let further = self.visit(2.0) - self.visit(1.0);
            all * (self.visit(1.0) - further) / (1.0 - self.rate * all * further)
        };
        let time = |share: f64| (self.encoding(1.0) + walk * share) * 1e3;
        Ok(Some(Steady {
            rate: self.rate,
            walk_ms: walk * 1e3,
            events_per_write: (self.rate * walk).max(1.0),
            busy: need.min(1.0),
            p50_ms: time(0.5),
            p99_ms: time(0.99),
        }))
    }

    /// Returns the rate at which every write carries as many events as the window has room for
    /// between two walks.
    pub(super) fn saturation(&self) -> f64 {
        let room = f64::from(self.behind_limit.max(1));
        room / (self.walk(room) + self.encoding(room))
    }

    /// Returns the time of a walk that brings each watcher `events` events, in seconds.
    pub(super) fn walk(&self, events: f64) -> f64 {
        self.per_thread() * self.visit(events)
    }

    /// Returns the time for one watcher, in seconds.
    fn visit(&self, events: f64) -> f64 {
        if events <= 0.0 {
            return 0.0;
        }
        let (machine, frame) = (&self.machine, f64::from(self.frame));
        let sends = (events * frame / MOST_BYTES).ceil().max(1.0);
        let encoded = if self.encode == Encode::Each { events * machine.encode } else { 0.0 };
        let wake = if self.writer == Writer::Task { machine.wake } else { 0.0 };
        sends * machine.send + (events - 1.0) * frame * machine.byte + encoded + wake
    }

    /// Returns the time before the first write, in seconds.
    fn encoding(&self, events: f64) -> f64 {
        events * self.machine.encode
    }

    /// The watchers of one thread.
    fn per_thread(&self) -> f64 {
        (f64::from(self.watchers) / f64::from(self.threads.max(1))).ceil()
    }
}
