//! `[jobs]`: the jobs lab.

use std::time::Duration;

use serde::Serialize;
use weir_job_wasm::settings::Isolation;

use super::as_word;
use super::rooms::{DEFAULT_LEASE, LEASES, RegistryKind};
use crate::config::bytes;
use crate::config::reader::Reader;
use crate::duration;

/// `[jobs]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Jobs {
    /// The file of the code, which is watched.
    pub code: String,
    /// How a job shares its scheduler thread.
    #[serde(serialize_with = "as_word")]
    pub isolation: Isolation,
    /// Reductions before other jobs get a turn.
    pub slice: u64,
    /// The most reductions of one job in total; 0 for no limit.
    pub max_reductions: u64,
    /// The most memory of one job, in bytes.
    #[serde(serialize_with = "bytes::serialize")]
    pub max_memory: u64,
    /// The number of scheduler threads.
    pub workers: u64,
    /// The number of latest distinct inputs that are kept for rehearsals.
    pub keep_inputs: u64,
    /// What maps names to jobs that other nodes can call.
    #[serde(serialize_with = "as_word")]
    pub registry: RegistryKind,
    /// With [`RegistryKind::Jetstream`], the time after which the names of a node that says nothing
    /// are taken over.
    #[serde(serialize_with = "duration::serialize")]
    pub lease: Duration,
    /// The load.
    pub load: JobsLoad,
}

/// `jobs.load`
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JobsLoad {
    /// The number of workers that submit jobs.
    pub workers: u64,
    /// Jobs per second of each worker.
    pub rate: f64,
    /// The share of jobs that fail, 0 to 1.
    pub fail_share: f64,
}

impl Jobs {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let isolations =
            [("fuel", Isolation::Fuel), ("task", Isolation::Task), ("thread", Isolation::Thread)];
        let file = "the path of a file, such as \"jobs/sum.wat\"";
        Self {
            code: reader.parsed("jobs.code", "jobs/sum.wat".to_owned(), file),
            isolation: reader.choice("jobs.isolation", Isolation::Fuel, &isolations),
            slice: reader.integer("jobs.slice", 50_000, 1..=1_000_000_000),
            max_reductions: reader.integer("jobs.max_reductions", 0, 0..=1_000_000_000_000_000),
            max_memory: reader.bytes("jobs.max_memory", 1 << 20, 0..=1 << 32),
            workers: reader.integer("jobs.workers", 1, 1..=64),
            keep_inputs: reader.integer("jobs.keep_inputs", 1_000, 0..=100_000),
            registry: RegistryKind::read(reader, "jobs.registry"),
            lease: reader.duration("jobs.lease", DEFAULT_LEASE, LEASES),
            load: JobsLoad::read(reader),
        }
    }
}

impl JobsLoad {
    fn read(reader: &mut Reader) -> Self {
        Self {
            workers: reader.integer("jobs.load.workers", 0, 0..=100_000),
            rate: reader.number("jobs.load.rate", 1.0, 0.001..=1_000.0),
            fail_share: reader.number("jobs.load.fail_share", 0.0, 0.0..=1.0),
        }
    }

    /// Jobs per second of all workers together.
    pub fn target(&self) -> f64 {
        self.workers as f64 * self.rate
    }
}
