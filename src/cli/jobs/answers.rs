//! The answers of the jobs lab, as far as the command line shows them. Unknown fields are
//! ignored, since the server may be a newer version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /api/jobs`.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    pub(super) isolation: String,
    pub(super) slice: Slice,
    pub(super) load: Load,
    pub(super) verdict: Verdict,
    pub(super) now: Now,
    pub(super) top: Vec<Row>,
    pub(super) others: Others,
    pub(super) code: Code,
    pub(super) ledger: Ledger,
}

#[derive(Debug, Deserialize)]
pub(super) struct Slice {
    pub(super) reductions: u64,
    pub(super) us: Option<f64>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Load {
    pub(super) workers: u64,
    pub(super) rate: f64,
    /// Jobs per second of all workers.
    pub(super) target: f64,
    pub(super) fail_share: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) word: String,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Now {
    pub(super) rate: f64,
    pub(super) cpu: Option<f64>,
    pub(super) lateness_ms: Option<Quantiles>,
    pub(super) yours_ms: Option<Quantiles>,
    pub(super) late: u64,
    pub(super) restarts: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Quantiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// A live job.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) input: String,
    pub(super) by: String,
    pub(super) version: u64,
    pub(super) core: f64,
    pub(super) reductions_s: f64,
    pub(super) slices: u64,
    pub(super) longest_us: f64,
    pub(super) age_ms: f64,
    #[serde(default)]
    pub(super) kill: Option<String>,
}

/// The live jobs that have no row.
#[derive(Debug, Deserialize)]
pub(super) struct Others {
    pub(super) count: u64,
    pub(super) core: f64,
    pub(super) reductions_s: f64,
    pub(super) longest_us: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Code {
    pub(super) file: String,
    pub(super) version: u64,
    #[serde(default)]
    pub(super) running: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) problem: Option<String>,
    #[serde(default)]
    pub(super) built_in: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ledger {
    pub(super) accepted: u64,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) killed: u64,
    pub(super) running: u64,
    pub(super) refused: u64,
}

/// `POST /api/jobs/submit`: only the id, or with `wait` the answer.
#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    pub(super) id: Option<u64>,
    pub(super) state: Option<String>,
    pub(super) result: Option<String>,
    pub(super) took_ms: Option<f64>,
    pub(super) why: Option<String>,
}

/// `GET /api/jobs/ID`.
#[derive(Debug, Deserialize)]
pub(super) struct Inspected {
    pub(super) id: u64,
    pub(super) input: String,
    pub(super) version: u64,
    pub(super) stack: Vec<String>,
    pub(super) taken_at_slice: u64,
    pub(super) trace: Option<Trace>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Trace {
    /// A function and its arguments.
    pub(super) calls: Vec<Vec<String>>,
    pub(super) asked: u64,
    pub(super) took_ms: f64,
    pub(super) ended: String,
}

/// `POST /api/jobs/ID/kill`.
#[derive(Debug, Deserialize)]
pub(super) struct Killed {
    pub(super) ended: String,
    pub(super) told_ms: Option<f64>,
}

/// `POST /api/jobs/swap` and `POST /api/jobs/back`.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    pub(super) version: u64,
}

/// `POST /api/jobs/rehearse`.
#[derive(Debug, Deserialize)]
pub(super) struct Rehearsal {
    pub(super) inputs: u64,
    pub(super) same: u64,
    #[serde(default)]
    pub(super) changed: u64,
    #[serde(default)]
    pub(super) broken: u64,
    #[serde(default)]
    pub(super) skipped: u64,
    pub(super) took_ms: f64,
    pub(super) refused: Option<String>,
    #[serde(default)]
    pub(super) differences: Vec<Difference>,
    #[serde(default)]
    pub(super) faster: Vec<Difference>,
}

/// An input whose answer or cost differs.
#[derive(Debug, Deserialize)]
pub(super) struct Difference {
    pub(super) input: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) count: u64,
    pub(super) old_reductions: f64,
    pub(super) new_reductions: f64,
}

/// A row of `GET /api/jobs/history`.
#[derive(Debug, Deserialize)]
pub(super) struct VersionRow {
    pub(super) version: u64,
    pub(super) current: bool,
    pub(super) since_ms: f64,
    pub(super) name: String,
}
