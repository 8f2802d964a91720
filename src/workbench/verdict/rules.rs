//! The words in their order, and when each of them holds.
//!
//! The first word that holds is said. λ is what arrives, μ what the consumers can
//! finish, both a second. A second threshold is for staying.
//!
//! | word | holds when | enter / stay, s |
//! |---|---|---|
//! | FROZEN | the resource has stood still for 0.2 s | 0 / 0.4 |
//! | PAUSED | the pipeline, or its consumers alone, are paused | 0 / 0 |
//! | NO CONSUMERS | concurrency is 0, or the supervisor of the stages has given up | 0 / 0 |
//! | UNPROTECTED | async has more than max(100, 10 c) in the resource; half of it | 1 / 2 |
//! | FULL | clients wait for a place, or the queue loses 2 % of λ and is no less than half full; any loss | 0.5 / 1 |
//! | OVERLOADED | λ > 1.05 μ beyond doubt, and the backlog grows by 2 % of μ or the queue is half full; λ > 0.98 μ | 1 / 2 |
//! | DRAINING | the backlog is worth a second of μ, is more than chance piles up, and shrinks, and λ < 0.95 μ; half of it, λ < 1.02 μ | 0.3 / 1.5 |
//! | STARVED | 0 < λ < 0.5 μ; 0.6 μ | 1.5 / 1.5 |
//! | BALANCED | λ > 0 | 1.5 / 1.5 |
//! | HELD BACK | serial requests arrive or are in the resource | 0.3 / 1.5 |
//! | AT WORK | events are held, or async requests arrive or are in the resource | 0.3 / 1.5 |
//! | IDLE | always | 2 / 0 |
//!
//! # Chance
//! Random arrivals at 18/s look like 22/s in one period of three seconds out of six. λ
//! therefore comes with its standard error, and OVERLOADED is entered only at two of
//! them beyond μ. Metronomic arrivals have next to no error. A queue at 90 % utilisation
//! has a backlog of its own, which is not being drained: ρ ÷ (1 - ρ) events on average.

use serde::{Deserialize, Serialize};

use super::{Figures, Part, Tone};

/// Less than this a second is nothing.
const NOTHING: f64 = 0.05;
/// The share of λ whose loss makes a full queue FULL.
const LOSS: f64 = 0.02;
/// Standard errors of λ between μ and OVERLOADED.
const BEYOND_DOUBT: f64 = 2.0;
/// A backlog of this many times what chance piles up is none of chance.
const BEYOND_CHANCE: f64 = 6.0;
/// How long the resource stands still before it counts, in seconds.
const STANDSTILL_S: f64 = 0.2;

/// The state of the bench in a word, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// The resource stands still.
    Frozen,
    /// The pipeline is paused.
    Paused,
    /// Concurrency is 0.
    #[serde(rename = "NO CONSUMERS")]
    NoConsumers,
    /// Async has a crowd in the resource.
    Unprotected,
    /// The queue is full, and its policy turns away, holds up or drops what comes.
    Full,
    /// More arrives than the consumers can finish.
    Overloaded,
    /// A backlog is being worked off.
    Draining,
    /// Less than half of what the consumers could do arrives.
    Starved,
    /// The consumers keep up with what arrives.
    Balanced,
    /// Serial clients wait, and send nothing meanwhile.
    #[serde(rename = "HELD BACK")]
    HeldBack,
    /// Nothing arrives, and something is being finished.
    #[serde(rename = "AT WORK")]
    AtWork,
    /// Nothing arrives and nothing waits.
    Idle,
}

impl Word {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 12] = [
        Self::Frozen,
        Self::Paused,
        Self::NoConsumers,
        Self::Unprotected,
        Self::Full,
        Self::Overloaded,
        Self::Draining,
        Self::Starved,
        Self::Balanced,
        Self::HeldBack,
        Self::AtWork,
        Self::Idle,
    ];

    /// Returns the word as the snapshot and the page write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frozen => "FROZEN",
            Self::Paused => "PAUSED",
            Self::NoConsumers => "NO CONSUMERS",
            Self::Unprotected => "UNPROTECTED",
            Self::Full => "FULL",
            Self::Overloaded => "OVERLOADED",
            Self::Draining => "DRAINING",
            Self::Starved => "STARVED",
            Self::Balanced => "BALANCED",
            Self::HeldBack => "HELD BACK",
            Self::AtWork => "AT WORK",
            Self::Idle => "IDLE",
        }
    }

    /// How long it must hold before it is said, and how long it is said after it has
    /// ceased to hold, in seconds.
    pub fn times(self) -> (f64, f64) {
        match self {
            Self::Frozen => (0.0, 0.4),
            Self::Paused | Self::NoConsumers => (0.0, 0.0),
            Self::Unprotected | Self::Overloaded => (1.0, 2.0),
            Self::Full => (0.5, 1.0),
            Self::Draining => (0.3, 1.5),
            Self::Starved | Self::Balanced => (1.5, 1.5),
            Self::HeldBack | Self::AtWork => (0.3, 1.5),
            Self::Idle => (2.0, 0.0),
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Frozen => Tone::Ice,
            Self::Paused => Tone::Hold,
            Self::NoConsumers | Self::Unprotected | Self::Full | Self::Overloaded => Tone::Danger,
            Self::Draining | Self::Starved => Tone::Flow,
            Self::Balanced | Self::HeldBack | Self::AtWork => Tone::Good,
            Self::Idle => Tone::Idle,
        }
    }

    pub(super) fn blame(self, figures: &Figures) -> Option<Part> {
        match self {
            Self::Frozen | Self::Unprotected => Some(Part::Resource),
            Self::Paused if figures.only_consumers_paused => Some(Part::Consumers),
            Self::Paused => Some(Part::Gate),
            Self::NoConsumers => Some(Part::Consumers),
            Self::Full => Some(Part::Basin),
            Self::Overloaded if figures.limit_binds() => Some(Part::Resource),
            Self::Overloaded => Some(Part::Consumers),
            Self::Draining
            | Self::Starved
            | Self::Balanced
            | Self::HeldBack
            | Self::AtWork
            | Self::Idle => None,
        }
    }

    /// Whether it holds, by the threshold for staying if it is `said` already.
    pub(super) fn holds(self, figures: &Figures, said: bool) -> bool {
        let (f, pick) = (figures, |enter: f64, stay: f64| if said { stay } else { enter });
        let (arrivals, capacity) = (f.arrivals.per_s, f.capacity_per_s());
        match self {
            Self::Frozen => f.frozen_s.is_some_and(|seconds| seconds >= STANDSTILL_S),
            Self::Paused => f.paused && !f.given_up,
            Self::NoConsumers => f.concurrency == 0 || f.given_up,
            Self::Unprotected => {
                let crowd = (10.0 * f.concurrency as f64).max(100.0);
                f.async_inside as f64 > crowd * pick(1.0, 0.5)
            }
            // Of a queue that is half empty again the losses are history.
            Self::Full => {
                let loses = if said { f.lost_lately } else { f.lost() > LOSS * arrivals };
                f.clients_waiting > 0 || (loses && f.is_half_full())
            }
            Self::Overloaded if said => arrivals > 0.98 * capacity,
            Self::Overloaded => {
                let beyond_doubt = arrivals - capacity > BEYOND_DOUBT * f.arrivals.error;
                let grows = f.backlog_growth.max(f.slow_growth) > 0.02 * capacity;
                arrivals > 1.05 * capacity && beyond_doubt && (grows || f.is_half_full())
            }
            Self::Draining => is_draining(f, said),
            Self::Starved => {
                let margin = pick(f.arrivals.error, 0.0);
                arrivals > NOTHING && arrivals + margin < pick(0.5, 0.6) * capacity
            }
            Self::Balanced => arrivals > NOTHING,
            Self::HeldBack => f.serial_inside > 0 || f.serial_arrivals > NOTHING,
            Self::AtWork => f.backlog() + f.busy + f.async_inside > 0 || f.async_arrivals > NOTHING,
            Self::Idle => true,
        }
    }
}

fn is_draining(f: &Figures, said: bool) -> bool {
    let (capacity, backlog) = (f.moving_capacity(), f.backlog() as f64);
    let below = if said { 1.02 } else { 0.95 };
    // Work that takes no time leaves no backlog.
    if !capacity.is_finite() || f.arrivals.per_s >= below * capacity {
        return false;
    }
    let busy = (f.arrivals.per_s / capacity).min(0.99);
    // Kingman's formula, for service times as varied as exponential ones.
    let by_chance = busy / (1.0 - busy) * (f.arrivals.dispersion + 1.0) / 2.0;
    let much = capacity + BEYOND_CHANCE * by_chance;
    let shrinks = f.quick_growth < 0.0 || f.backlog_growth < 0.0;
    backlog > if said { 0.5 * much } else { much } && (said || shrinks)
}
