//! The figures of the lab as JSON: the body of `GET /api/jobs`. 64-bit values are strings,
//! because JavaScript's numbers are exact only up to 53 bits.

use std::collections::BTreeMap;

use serde::Serialize;

use super::code::{RehearsalReport, Swap};
use super::history::History;
use super::marks::Mark;
use crate::lab::{Percentiles, Verdict};
use crate::record::JobsLedger;

/// The state of the lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// Milliseconds since the lab was started.
    pub at_ms: u64,
    /// `fuel`, `task` or `thread`.
    pub isolation: String,
    /// Whether the server refuses changes.
    pub read_only: bool,
    /// The slice of new turns.
    pub slice: Slice,
    /// Settings.
    pub settings: Limits,
    /// The load.
    pub load: Load,
    /// The verdict, in a word and a sentence.
    pub verdict: Verdict,
    /// Figures over the last second.
    pub now: Now,
    /// The scheduler threads, and cores that are lost.
    pub cores: Vec<Core>,
    /// Live jobs of users, and others that take long: at most 20, busiest first.
    pub top: Vec<TopRow>,
    /// All other jobs and workers.
    pub others: Others,
    /// The code.
    pub code: CodeState,
    /// The latest rehearsal.
    pub rehearsal: Option<RehearsalReport>,
    /// The names of jobs of all nodes.
    pub names: Vec<NameRow>,
    /// The account of all jobs since the last reset.
    pub ledger: JobsLedger,
    /// The curves.
    pub history: History,
    /// Marks, the oldest first.
    pub marks: Vec<Mark>,
}

/// A name, as one node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameRow {
    /// The name.
    pub name: String,
    /// The node that owns it.
    pub node: String,
    /// The address of that node.
    pub url: String,
    /// The generation of its claim: 1 for the first owner, and higher for each later one.
    pub generation: u64,
    /// Whether it is the node that answers.
    pub here: bool,
    /// The calls since this node owns the name; null for a name of another node.
    pub calls: Option<u64>,
}

/// The slice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slice {
    /// Its reductions.
    pub reductions: u64,
    /// The median time of the latest slices in microseconds, once one was measured.
    pub us: Option<f64>,
}

/// Settings that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Scheduler threads.
    pub threads: u64,
    /// Reductions of a job; 0 for no limit.
    pub max_reductions: u64,
    /// Memory of a job, in bytes.
    pub max_memory: u64,
    /// Inputs kept for rehearsals.
    pub keep_inputs: u64,
}

/// The load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Load {
    /// Workers.
    pub workers: u64,
    /// Jobs per second of each.
    pub rate: f64,
    /// Jobs per second of all.
    pub target: f64,
    /// The share that fails.
    pub fail_share: f64,
}

/// Figures over the last second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Now {
    /// Jobs done per second.
    pub rate: f64,
    /// Cores that the scheduler threads use.
    pub cpu: f64,
    /// From when a job of the load was due until its end.
    pub lateness_ms: Option<Percentiles>,
    /// From submission to the end, for the latest jobs of users.
    pub yours_ms: Option<Percentiles>,
    /// How long the scheduler thread that is stalled longest has been stalled.
    pub stalled_ms: u64,
    /// Jobs of the load that are overdue because their thread is stalled.
    pub late: u64,
    /// Restarts of workers since the last reset.
    pub restarts: u64,
}

/// A scheduler thread, or a core that is lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Core {
    /// The share of a core in use.
    pub share: f64,
    /// Whether one job keeps it and does not give it back.
    pub lost: bool,
    /// The time that `turns` cover.
    pub window_us: u64,
    /// Start and length in microseconds, and the job; 0 for an ordinary job.
    pub turns: Vec<(f64, f64, u64)>,
}

/// A live job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopRow {
    /// Its id.
    pub id: u64,
    /// Its input.
    pub input: String,
    /// Its submitter.
    pub by: By,
    /// The version of its code.
    pub version: u32,
    /// The share of a core that it uses.
    pub core: f64,
    /// Reductions per second. Null where they are counted only at the end.
    pub reductions_s: Option<f64>,
    /// Turns so far.
    pub slices: u64,
    /// The longest turn.
    pub longest_us: u64,
    /// Time since submission.
    pub age_ms: u64,
    /// How it shares its thread.
    pub isolation: String,
    /// Whether it was asked to end, and with what effect.
    pub kill: Option<KillState>,
}

/// The submitter of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A user: the page, the command line or a program.
    You,
    /// A worker of the load.
    Load,
    /// The pipeline's resource.
    Resource,
}

/// The effect of a kill so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KillState {
    /// The job ends with its turn.
    Asked,
    /// Nothing can end the job.
    NoEffect,
}

/// The jobs and workers that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Others {
    /// Their number.
    pub count: u64,
    /// Cores in use.
    pub core: f64,
    /// Reductions per second.
    pub reductions_s: f64,
    /// The longest turn in the last tenth of a second.
    pub longest_us: u64,
    /// Those that are overdue.
    pub late: u64,
}

/// The code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeState {
    /// The file that is watched.
    pub file: String,
    /// The version that new jobs run.
    pub version: u32,
    /// Live jobs and workers by version.
    pub running: BTreeMap<u32, u64>,
    /// The current version, then those that *back* restores.
    pub history: Vec<u32>,
    /// The latest swap.
    pub swap: Option<Swap>,
    /// Why the file cannot run, with the place.
    pub problem: Option<String>,
    /// Whether the running code is the built-in copy of `jobs/sum.wat`.
    pub built_in: bool,
}
