//! The consumers as a snapshot shows them: together, and one by one while they are few.

use serde::{Deserialize, Serialize};

use super::ms;
use crate::config::Consumers;
use crate::pool::Spread;
use crate::record::Mode;
use crate::workbench::Workbench;
use crate::workbench::cells::{MOST, Working};
use crate::workbench::judge::Rates;
use crate::workbench::numbers::Numbers;

/// In how many ages busy consumers are counted.
const AGES: usize = 8;

/// The pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConsumerState {
    /// The number of events that may be handled at once.
    pub concurrency: u64,
    /// `workers` or `per_event`.
    pub mode: String,
    /// Events being handled.
    pub busy: usize,
    /// Events prefetched and not started.
    pub held: usize,
    /// The in-flight limit of one consumer.
    pub max_demand: u64,
    /// The level at which a consumer asks again.
    pub min_demand: u64,
    /// The mean service time of the last thousand events; the configured mean before
    /// there are any.
    #[serde(default)]
    pub mean_service_ms: f64,
    /// What the consumers can finish a second: the concurrency, or the resource's limit if
    /// that is lower, ÷ the mean service time, less the time that the resource stands
    /// still. Null where work takes no time.
    #[serde(default)]
    pub rate: Option<f64>,
    /// The consumers one by one, the oldest first; empty above 60 of them.
    #[serde(default)]
    pub cells: Vec<ConsumerCell>,
    /// Above 60 consumers, how many of the busy ones have an event of which age, in
    /// eighths of the mean service time. The last count is of all older ones.
    #[serde(default)]
    pub ages: Option<[usize; AGES]>,
}

/// One consumer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConsumerCell {
    /// How long its event has been in the resource; 0 while it waits at the door. Null
    /// while the consumer is idle and its ask is open.
    pub age_ms: Option<f64>,
    /// Events that it holds and has not begun.
    pub held: usize,
    /// Whether its event waits at the door of the resource.
    pub at_door: bool,
}

impl ConsumerCell {
    const IDLE: Self = Self { age_ms: None, held: 0, at_door: false };
}

impl Workbench {
    pub(super) fn consumer_state(
        &self,
        numbers: &Numbers,
        consumers: &Consumers,
        rates: &Rates,
    ) -> ConsumerState {
        let are_few = consumers.concurrency <= MOST;
        ConsumerState {
            concurrency: consumers.concurrency,
            mode: consumers.mode.to_string(),
            busy: numbers.busy,
            held: numbers.held,
            max_demand: consumers.max_demand,
            min_demand: consumers.min_demand,
            mean_service_ms: rates.service_s * 1e3,
            rate: Some(rates.capacity).filter(|rate| rate.is_finite()),
            cells: if are_few { self.consumer_cells(consumers) } else { Vec::new() },
            ages: (!are_few).then(|| self.consumer_ages(numbers.busy, rates.service_s)),
        }
    }

    fn consumer_cells(&self, consumers: &Consumers) -> Vec<ConsumerCell> {
        let now = self.bench.clock.now();
        let working = self.bench.cells.working();
        let cell = |work: Option<&Working>, held: usize| match work {
            Some(Working { admitted: Some(at), .. }) => {
                ConsumerCell { age_ms: Some(ms(now.since(*at))), held, at_door: false }
            }
            Some(Working { admitted: None, .. }) => ConsumerCell { age_ms: Some(0.0), held, at_door: true },
            None => ConsumerCell { held, ..ConsumerCell::IDLE },
        };
        let mut cells: Vec<ConsumerCell> = match consumers.mode {
            Spread::Workers => {
                let workers = self.stages.pool().map_or_else(Vec::new, |pool| pool.workers());
                let of = workers.iter().map(|(task, worker)| {
                    let work = working.iter().find(|work| work.task == *task);
                    cell(work, worker.held.saturating_sub(usize::from(work.is_some())))
                });
                of.collect()
            }
            // A task per event: the consumers are as many as there are slots.
            Spread::PerEvent => {
                let mut cells: Vec<_> = working.iter().map(|work| cell(Some(work), 0)).collect();
                cells.resize(cells.len().max(consumers.concurrency as usize), ConsumerCell::IDLE);
                cells
            }
        };
        cells.truncate(MOST as usize);
        cells
    }

    fn consumer_ages(&self, busy: usize, service_s: f64) -> [usize; AGES] {
        let now = self.bench.clock.now();
        let admitted = self.bench.stats(Mode::Pipelined).account.admitted();
        let mut ages = [0; AGES];
        // The others wait at the door.
        ages[0] = busy.saturating_sub(admitted.len());
        for at in admitted {
            let eighths = now.since(at).as_secs_f64() / service_s * AGES as f64;
            ages[(eighths as usize).min(AGES - 1)] += 1;
        }
        ages
    }
}
