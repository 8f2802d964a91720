//! The answers of the jobs lab.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Quantiles, Verdict};

/// `GET /api/jobs`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Snapshot {
    pub(in crate::cli) isolation: String,
    pub(in crate::cli) slice: Slice,
    pub(in crate::cli) load: Load,
    pub(in crate::cli) verdict: Verdict,
    pub(in crate::cli) now: Now,
    pub(in crate::cli) top: Vec<Row>,
    pub(in crate::cli) others: Others,
    pub(in crate::cli) code: Code,
    pub(in crate::cli) ledger: Ledger,
}

/// `POST /api/jobs/names/NAME`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Registered {
    pub(in crate::cli) name: String,
    pub(in crate::cli) node: String,
    pub(in crate::cli) generation: u64,
}

/// `GET /api/jobs/names`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Names {
    pub(in crate::cli) names: Vec<NameRow>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct NameRow {
    pub(in crate::cli) name: String,
    pub(in crate::cli) node: String,
    pub(in crate::cli) url: String,
    pub(in crate::cli) generation: u64,
    /// The calls of a name that the answering node owns.
    pub(in crate::cli) calls: Option<u64>,
}

/// `POST /api/jobs/names/NAME/call`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Called {
    pub(in crate::cli) node: String,
    pub(in crate::cli) generation: u64,
    pub(in crate::cli) calls: u64,
    pub(in crate::cli) job: Submitted,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Slice {
    pub(in crate::cli) reductions: u64,
    pub(in crate::cli) us: Option<f64>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(in crate::cli) struct Load {
    pub(in crate::cli) workers: u64,
    pub(in crate::cli) rate: f64,
    /// Jobs per second of all workers.
    pub(in crate::cli) target: f64,
    pub(in crate::cli) fail_share: f64,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Now {
    pub(in crate::cli) rate: f64,
    pub(in crate::cli) cpu: Option<f64>,
    pub(in crate::cli) lateness_ms: Option<Quantiles>,
    pub(in crate::cli) yours_ms: Option<Quantiles>,
    pub(in crate::cli) late: u64,
    pub(in crate::cli) restarts: u64,
}

/// A live job.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Row {
    pub(in crate::cli) id: u64,
    pub(in crate::cli) input: String,
    pub(in crate::cli) by: String,
    pub(in crate::cli) version: u64,
    pub(in crate::cli) core: f64,
    pub(in crate::cli) reductions_s: f64,
    pub(in crate::cli) slices: u64,
    pub(in crate::cli) longest_us: f64,
    pub(in crate::cli) age_ms: f64,
    #[serde(default)]
    pub(in crate::cli) kill: Option<String>,
}

/// The live jobs that have no row.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Others {
    pub(in crate::cli) count: u64,
    pub(in crate::cli) core: f64,
    pub(in crate::cli) reductions_s: f64,
    pub(in crate::cli) longest_us: f64,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Code {
    pub(in crate::cli) file: String,
    pub(in crate::cli) version: u64,
    #[serde(default)]
    pub(in crate::cli) running: BTreeMap<String, u64>,
    #[serde(default)]
    pub(in crate::cli) problem: Option<String>,
    #[serde(default)]
    pub(in crate::cli) built_in: bool,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Ledger {
    pub(in crate::cli) accepted: u64,
    pub(in crate::cli) done: u64,
    pub(in crate::cli) failed: u64,
    pub(in crate::cli) killed: u64,
    pub(in crate::cli) running: u64,
    pub(in crate::cli) refused: u64,
}

/// `POST /api/jobs/submit`: only the id, or with `wait` the answer.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Submitted {
    pub(in crate::cli) id: Option<u64>,
    pub(in crate::cli) state: Option<String>,
    pub(in crate::cli) result: Option<String>,
    pub(in crate::cli) took_ms: Option<f64>,
    pub(in crate::cli) why: Option<String>,
}

/// `GET /api/jobs/ID`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Inspected {
    pub(in crate::cli) id: u64,
    pub(in crate::cli) input: String,
    pub(in crate::cli) version: u64,
    pub(in crate::cli) stack: Vec<String>,
    pub(in crate::cli) taken_at_slice: u64,
    pub(in crate::cli) trace: Option<Trace>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Trace {
    /// A function and its arguments.
    pub(in crate::cli) calls: Vec<Vec<String>>,
    pub(in crate::cli) asked: u64,
    pub(in crate::cli) took_ms: f64,
    pub(in crate::cli) ended: String,
}

/// `POST /api/jobs/ID/kill`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Killed {
    pub(in crate::cli) ended: String,
    pub(in crate::cli) told_ms: Option<f64>,
}

/// `POST /api/jobs/swap` and `POST /api/jobs/back`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Back {
    pub(in crate::cli) version: u64,
}

/// `POST /api/jobs/rehearse`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Rehearsal {
    pub(in crate::cli) inputs: u64,
    pub(in crate::cli) same: u64,
    #[serde(default)]
    pub(in crate::cli) changed: u64,
    #[serde(default)]
    pub(in crate::cli) broken: u64,
    #[serde(default)]
    pub(in crate::cli) skipped: u64,
    pub(in crate::cli) took_ms: f64,
    pub(in crate::cli) refused: Option<String>,
    #[serde(default)]
    pub(in crate::cli) differences: Vec<Difference>,
    #[serde(default)]
    pub(in crate::cli) faster: Vec<Difference>,
}

/// An input whose answer or cost differs.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Difference {
    pub(in crate::cli) input: String,
    pub(in crate::cli) old: String,
    pub(in crate::cli) new: String,
    pub(in crate::cli) count: u64,
    pub(in crate::cli) old_reductions: f64,
    pub(in crate::cli) new_reductions: f64,
}

/// A row of `GET /api/jobs/history`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct VersionRow {
    pub(in crate::cli) version: u64,
    pub(in crate::cli) current: bool,
    pub(in crate::cli) since_ms: f64,
    pub(in crate::cli) name: String,
}
