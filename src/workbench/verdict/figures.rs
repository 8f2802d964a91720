//! The figures that the rules and their sentences read.

use crate::queue::WhenFull;

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in super::super) struct Rate {
    /// Times a second; 0 once it has stopped.
    pub(in super::super) per_s: f64,
    /// The standard error of that.
    pub(in super::super) error: f64,
    /// The variance of the counts over their mean: 0 for a metronome, 1 for Poisson.
    pub(in super::super) dispersion: f64,
}

/// The state of a bench at one moment, in events, seconds and events a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Figures {
    /// λ: pipelined requests that arrive, refused ones included.
    pub(in super::super) arrivals: Rate,
    /// Serial requests that arrive.
    pub(in super::super) serial_arrivals: f64,
    /// Async requests that arrive.
    pub(in super::super) async_arrivals: f64,
    /// Requests of all modes that arrive.
    pub(in super::super) all_arrivals: f64,
    /// c: how many events the consumers may handle at once.
    pub(in super::super) concurrency: u64,
    /// The resource's limit.
    pub(in super::super) limit: Option<usize>,
    /// S: the mean service time.
    pub(in super::super) service_s: f64,
    /// The share of the time that the resource stands still.
    pub(in super::super) frozen_share: f64,
    /// q: events in the queue or at its gate.
    pub(in super::super) depth: usize,
    /// The most of them within the last second.
    pub(in super::super) highest_depth: usize,
    /// Events that consumers hold in advance.
    pub(in super::super) prefetched: usize,
    /// Events that consumers are handling.
    pub(in super::super) busy: usize,
    /// K: how many events the queue takes.
    pub(in super::super) capacity: usize,
    pub(in super::super) when_full: WhenFull,
    /// q′: how fast the queue grows, over six seconds.
    pub(in super::super) growth: f64,
    /// How fast queue and prefetched events grow, over six seconds.
    pub(in super::super) backlog_growth: f64,
    /// The growth of the same backlog over the window of `arrivals`.
    pub(in super::super) slow_growth: f64,
    /// The growth of the same backlog while the consumers finish a few events.
    pub(in super::super) quick_growth: f64,
    /// Clients that wait for a place in the queue.
    pub(in super::super) clients_waiting: usize,
    /// Refused by the queue, a second.
    pub(in super::super) refused: Rate,
    /// Dropped by the queue's policy, a second.
    pub(in super::super) dropped: Rate,
    /// Whether the queue refused or dropped anything within the last seconds.
    pub(in super::super) lost_lately: bool,
    /// How long the event has waited that has waited longest.
    pub(in super::super) oldest_s: f64,
    /// Events in the resource, by mode.
    pub(in super::super) serial_inside: usize,
    pub(in super::super) async_inside: usize,
    pub(in super::super) pipelined_inside: usize,
    /// The most serial events that were inside at once.
    pub(in super::super) serial_peak: usize,
    /// Serial clients without a response yet.
    pub(in super::super) serial_clients: u64,
    /// How long the resource has stood still; `None` while it moves.
    pub(in super::super) frozen_s: Option<f64>,
    pub(in super::super) paused: bool,
    /// Whether the consumers alone are paused, and the gate is open.
    pub(in super::super) only_consumers_paused: bool,
    /// Whether the stages have failed so often that their supervisor has given up.
    pub(in super::super) given_up: bool,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            arrivals: Rate::default(),
            serial_arrivals: 0.0,
            async_arrivals: 0.0,
            all_arrivals: 0.0,
            concurrency: 1,
            limit: None,
            service_s: 0.0,
            frozen_share: 0.0,
            depth: 0,
            highest_depth: 0,
            prefetched: 0,
            busy: 0,
            capacity: 1,
            when_full: WhenFull::Reject,
            growth: 0.0,
            backlog_growth: 0.0,
            slow_growth: 0.0,
            quick_growth: 0.0,
            clients_waiting: 0,
            refused: Rate::default(),
            dropped: Rate::default(),
            lost_lately: false,
            oldest_s: 0.0,
            serial_inside: 0,
            async_inside: 0,
            pipelined_inside: 0,
            serial_peak: 0,
            serial_clients: 0,
            frozen_s: None,
            paused: false,
            only_consumers_paused: false,
            given_up: false,
        }
    }
}

impl Figures {
    /// How many pipelined events the resource can have inside: c, or its limit.
    pub(in super::super) fn pool(&self) -> u64 {
        self.limit.map_or(self.concurrency, |limit| self.concurrency.min(limit as u64))
    }

    /// True where more consumers would not help.
    pub(super) fn limit_binds(&self) -> bool {
        self.limit.is_some_and(|limit| limit as u64 <= self.concurrency)
    }

    /// What the consumers can finish a second while the resource moves. Infinite where
    /// the work takes no time.
    pub(super) fn moving_capacity(&self) -> f64 {
        match self.pool() {
            0 => 0.0,
            pool => pool as f64 / self.service_s,
        }
    }

    /// μ: what the consumers can finish a second in the long run.
    pub(in super::super) fn capacity_per_s(&self) -> f64 {
        self.moving_capacity() * (1.0 - self.frozen_share)
    }

    /// λ ÷ μ.
    pub(super) fn utilisation(&self) -> f64 {
        match self.capacity_per_s() {
            capacity if capacity > 0.0 => self.arrivals.per_s / capacity,
            _ => 0.0,
        }
    }

    /// Events that no consumer has begun.
    pub(super) fn backlog(&self) -> usize {
        self.depth + self.prefetched
    }

    /// Events refused or dropped a second.
    pub(super) fn lost(&self) -> f64 {
        self.refused.per_s + self.dropped.per_s
    }

    pub(super) fn inside(&self) -> usize {
        self.serial_inside + self.async_inside + self.pipelined_inside
    }

    /// Whether half of the queue is taken, or was within the last second.
    pub(super) fn is_half_full(&self) -> bool {
        2 * self.highest_depth >= self.capacity
    }

    /// Whether no more than a twenty-fifth of the queue is free, or was within the last
    /// second: between two events of a short queue there is always a free place.
    pub(super) fn is_full(&self) -> bool {
        self.highest_depth as f64 >= 0.96 * self.capacity as f64
    }
}
