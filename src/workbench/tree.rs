//! The tree of components: the supervisor, its stages, each worker with the events it holds,
//! and the parts of the labs.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::Id;
use tokio::time::timeout;

use super::cells::{MOST, Working};
use super::stages::{MAX_RESTARTS, PERIOD, StageName};
use super::{Component, Workbench};
use crate::lab::LabPart;
use crate::pipeline::Stamp;
use crate::pool::Spread;
use crate::record::LedgerState;
use crate::stage::{Reason, Status};
use crate::supervise::{ChildInfo, ChildState};

/// The most prefetched events of a worker that are listed by id.
const MOST_IDS: usize = 20;
/// With more workers than this, prefetched events are not asked for.
const MOST_ASKED: usize = 1000;
/// How long workers may take to list what they have prefetched.
const ANSWER: Duration = Duration::from_millis(200);

/// The supervisor with everything below it, and the ledger beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComponentTree {
    /// Seconds since the start.
    pub uptime_s: f64,
    /// The mean service time, with which the ages of events are compared.
    pub mean_service_ms: f64,
    /// The account of every event, all modes together.
    pub ledger: LedgerState,
    /// The supervisor of the pipelined mode.
    pub supervisor: SupervisorNode,
    /// The labs beside the pipeline.
    pub labs: Vec<LabNode>,
}

/// A lab. Orders to it are on its page and among its subcommands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabNode {
    /// Its name, which is also that of its page and its subcommand: `jobs`.
    pub name: String,
    /// What it runs.
    pub parts: Vec<LabPart>,
}

/// A supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupervisorNode {
    /// Its name.
    pub name: String,
    /// Which siblings it restarts with a stage that died: none, so `one for one`.
    pub strategy: String,
    /// `running`, or `ended` after it has given up or drained.
    pub state: String,
    /// The most restarts after failures within `period_s`. At the next failure, the supervisor
    /// gives up. Ordered kills and restarts do not count.
    pub max_restarts: usize,
    /// The period of `max_restarts`.
    pub period_s: f64,
    /// Its stages, in the order in which events go through them.
    pub stages: Vec<StageNode>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageNode {
    /// Its figures. `state` may also be `restarting` or `stopping` here.
    #[serde(flatten)]
    pub component: Component,
    /// The uptime at which it was last started. Null if it does not run.
    pub since_s: Option<f64>,
    /// Whether it was paused by an order.
    pub paused: bool,
    /// Why it last ended, in words. Null if it never has.
    pub last_end: Option<String>,
    /// Its workers, the one with the oldest event first; at most 60.
    pub workers: Vec<WorkerNode>,
    /// The workers that are not listed. Null if there are none.
    pub rest: Option<RestOfWorkers>,
}

/// A worker, or a task if there is a task per event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerNode {
    /// The id of its task, with which it can be killed.
    pub id: u64,
    /// The id of the event in its hands. Null while it waits for one.
    pub event: Option<u64>,
    /// How long its event has been in the resource; 0 while it waits at the door.
    pub age_ms: Option<f64>,
    /// Whether its event waits at the door of the resource.
    pub at_door: bool,
    /// Events that it holds and has not begun.
    pub held: usize,
    /// The ids of those, oldest first; at most 20.
    pub prefetched: Vec<u64>,
}

/// Workers that are not listed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RestOfWorkers {
    /// Their number.
    pub workers: usize,
    /// How many of them have an event in hand.
    pub busy: usize,
    /// Events that they hold and have not begun.
    pub held: usize,
}

impl Workbench {
    /// Returns the tree of components. Workers are asked for the ids of the events that they
    /// have prefetched. A worker that does not answer within 0.2 s is shown without them.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn component_tree(&self) -> ComponentTree {
        let mut workers = self.worker_nodes().await;
        let rest = rest_of(&mut workers);
        let children = self.stages.children();
        let runs = children.iter().any(|child| !matches!(child.state, ChildState::Ended(_)));
        let mut stages = Vec::new();
        for component in self.components() {
            let Some(stage) = StageName::named(&component.name) else { continue };
            let child = children.iter().find(|child| child.name() == stage.name());
            let (workers, rest) = match stage {
                StageName::Queue => (Vec::new(), None),
                StageName::Consumers => (std::mem::take(&mut workers), rest),
            };
            stages.push(StageNode {
                since_s: child.and_then(|child| child.since).map(|since| {
                    let ago = self.bench.clock.to_clock_time(since.elapsed());
                    self.uptime().saturating_sub(ago).as_secs_f64()
                }),
                paused: match stage {
                    StageName::Queue => self.stages.queue_is_paused(),
                    StageName::Consumers => self.stages.consumers_are_paused(),
                },
                last_end: child.and_then(|child| self.last_end(stage, child)),
                component: Component { state: state_of(component.state, child), ..component },
                workers,
                rest,
            });
        }
        let labs = self.labs().iter();
        ComponentTree {
            labs: labs
                .map(|lab| LabNode { name: lab.name().to_owned(), parts: lab.components() })
                .collect(),
            uptime_s: self.uptime().as_secs_f64(),
            mean_service_ms: self.sampler().judge.rates.service_s * 1e3,
            ledger: self.ledger(),
            supervisor: SupervisorNode {
                name: "pipelined".to_owned(),
                strategy: "one for one".to_owned(),
                state: if runs { "running" } else { "ended" }.to_owned(),
                max_restarts: MAX_RESTARTS,
                period_s: PERIOD.as_secs_f64(),
                stages,
            },
        }
    }

    /// Returns why a stage last ended, in words.
    fn last_end(&self, stage: StageName, child: &ChildInfo) -> Option<String> {
        let ordered = || self.stages.last_order(stage).map(|order| order.past().to_owned());
        match child.last_exit.as_ref()? {
            // Only orders abort or stop a stage while the bench runs.
            reason @ (Reason::Aborted | Reason::Stopped) => ordered().or_else(|| Some(reason.to_string())),
            reason => Some(reason.to_string()),
        }
    }

    /// Returns the workers of the pool, the one with the oldest event first.
    async fn worker_nodes(&self) -> Vec<WorkerNode> {
        let now = self.bench.clock.now();
        let Some(pool) = self.stages.pool() else { return Vec::new() };
        let working = self.bench.cells.working();
        let mut nodes: Vec<WorkerNode> = match self.settings().consumers.mode {
            Spread::PerEvent => {
                working.iter().map(|work| WorkerNode::of(work.task, Some(work), None, now)).collect()
            }
            Spread::Workers => {
                let workers = pool.workers();
                let asked = async {
                    match workers.len() <= MOST_ASKED {
                        true => pool.prefetched(MOST_IDS, |ticket| ticket.id()).await,
                        false => Vec::new(),
                    }
                };
                let held = timeout(self.bench.clock.to_tokio(ANSWER), asked).await.unwrap_or_default();
                let mut held: HashMap<Id, Vec<u64>> = held.into_iter().collect();
                let working: HashMap<Id, &Working> = working.iter().map(|work| (work.task, work)).collect();
                let of = |(id, status): &(Id, Status)| {
                    let held = (status.held, held.remove(id).unwrap_or_default());
                    WorkerNode::of(*id, working.get(id).copied(), Some(held), now)
                };
                workers.iter().map(of).collect()
            }
        };
        // Idle ones last, and the oldest event first among the others.
        let age = |node: &WorkerNode| node.age_ms.unwrap_or(-1.0);
        nodes.sort_by(|a, b| age(b).total_cmp(&age(a)).then(a.id.cmp(&b.id)));
        nodes
    }
}

impl WorkerNode {
    /// Makes the node of a worker from what it handles, and the events it holds with the ids
    /// of those that it has prefetched.
    fn of(task: Id, work: Option<&Working>, held: Option<(usize, Vec<u64>)>, now: Stamp) -> Self {
        let (held, prefetched) = held.unwrap_or_default();
        let admitted = work.map(|work| work.admitted);
        Self {
            // A task's id is a number.
            id: task.to_string().parse().unwrap_or(0),
            event: work.map(|work| work.event),
            age_ms: admitted.map(|at| at.map_or(0.0, |at| now.since(at).as_secs_f64() * 1e3)),
            at_door: admitted == Some(None),
            held: held.saturating_sub(usize::from(work.is_some())).max(prefetched.len()),
            prefetched,
        }
    }
}

/// Removes the workers that are not listed one by one, and returns their sum.
fn rest_of(workers: &mut Vec<WorkerNode>) -> Option<RestOfWorkers> {
    let rest = workers.split_off(workers.len().min(MOST as usize));
    (!rest.is_empty()).then(|| RestOfWorkers {
        workers: rest.len(),
        busy: rest.iter().filter(|worker| worker.event.is_some()).count(),
        held: rest.iter().map(|worker| worker.held).sum(),
    })
}

/// Returns the state of a stage. Its supervisor also knows whether it is restarting or
/// stopping.
fn state_of(own: String, child: Option<&ChildInfo>) -> String {
    match child.map(|child| &child.state) {
        Some(ChildState::Restarting) => "restarting".to_owned(),
        Some(ChildState::Stopping) => "stopping".to_owned(),
        _ => own,
    }
}
