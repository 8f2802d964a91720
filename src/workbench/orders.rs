//! Orders to one stage or one worker: kill, restart, pause and resume. A kill or a restart
//! reports its cost.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::task::Id;
use tokio::time::{Instant, timeout};

use super::Workbench;
use super::stages::{Order, StageName};
use crate::clean;
use crate::pool::Spread;
use crate::record::{MarkKind, Mode};
use crate::supervise::SupervisorError;

/// The longest that an order may take: longer than the grace period of the consumers, and
/// shorter than the page and the command line wait.
const LIMIT: Duration = Duration::from_millis(3500);

/// The result of an order, and what it cost, in events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderReport {
    /// The stage.
    pub component: String,
    /// The worker, if the order was for one.
    pub worker: Option<u64>,
    /// The order.
    pub order: Order,
    /// Events in hand that were dropped while the order was carried out. The ledger counts
    /// them as failed.
    pub failed: u64,
    /// Events that had not begun and are dispatched again.
    pub requeued: u64,
    /// The time until the successor ran, or until the worker had ended, in milliseconds.
    pub took_ms: f64,
    /// All of it in one sentence.
    pub said: String,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OrderError {
    /// There is no such stage.
    #[error("there is no component {:?}; there are queue and consumers", clean::line(.0))]
    NoComponent(String),
    /// The stage has no such worker, or it has just ended.
    #[error("{component} has no worker {:?}, or it has just ended", clean::line(.worker))]
    NoWorker {
        /// The stage.
        component: &'static str,
        /// The worker that was asked for.
        worker: String,
    },
    /// The server is draining.
    #[error("the server is shutting down: its stages end by themselves")]
    Draining,
    /// The supervisor has given up, so no stage runs.
    #[error("the supervisor has given up, and no stage runs: restart the server")]
    GivenUp,
    /// The stage did not end in time. The order still takes effect when the stage ends.
    #[error("{component} has not ended within {LIMIT:?}; the order stays in force")]
    TimedOut {
        /// The stage.
        component: &'static str,
    },
}

/// The counts of an order, before and after.
#[derive(Clone, Copy)]
struct Counts {
    failed: u64,
    requeued: u64,
}

impl Workbench {
    /// Kills or restarts a stage, and returns once its successor runs. Orders are carried out
    /// one after the other.
    ///
    /// # Errors
    /// [`OrderError`]
    ///
    /// # Cancel safety
    /// Once begun, the order is carried out even if the future is dropped.
    pub async fn order(&self, component: &str, order: Order) -> Result<OrderReport, OrderError> {
        let stage = self.component_named(component)?;
        let carried_out = async {
            let _turn = self.orders.lock().await;
            let (began, pool) = (Instant::now(), self.stages.pool());
            let counts = || Counts {
                failed: self.bench.stats(Mode::Pipelined).account.abandoned(),
                requeued: self.bench.stats(Mode::Pipelined).account.returned()
                    + match stage {
                        StageName::Queue => self.stages.handed_over(),
                        StageName::Consumers => pool.as_ref().map_or(0, |pool| pool.status().requeued),
                    },
            };
            let before = counts();
            self.stages.order(stage, order).await.map_err(given_up)?;
            let after = counts();
            let subject = stage.name().to_owned();
            self.mark(MarkKind::Restart, &format!("{} {subject}", order.past()));
            Ok(self.report(stage, None, order, (before, after), began))
        };
        in_time(stage, carried_out).await
    }

    /// Kills one worker of the consumers, or with `consumers.mode = "per_event"` one task. The
    /// pool replaces a worker; a task needs no successor, as the next event has its own.
    ///
    /// # Errors
    /// [`OrderError`]
    ///
    /// # Cancel safety
    /// As for [`order`](Self::order).
    pub async fn kill_worker(&self, component: &str, worker: &str) -> Result<OrderReport, OrderError> {
        let stage = self.component_named(component)?;
        let unknown = || OrderError::NoWorker { component: stage.name(), worker: worker.to_owned() };
        if stage == StageName::Queue {
            return Err(unknown());
        }
        let carried_out = async {
            let _turn = self.orders.lock().await;
            let began = Instant::now();
            let account = &self.bench.stats(Mode::Pipelined).account;
            let before = Counts { failed: account.abandoned(), requeued: account.returned() };
            let is_it = |id: &Id| id.to_string() == worker;
            let requeued = match self.settings().consumers.mode {
                Spread::Workers => {
                    let pool = self.stages.pool().ok_or_else(unknown)?;
                    let found = pool.workers().into_iter().map(|(id, _)| id).find(is_it);
                    let killed = pool.kill(found.ok_or_else(unknown)?).await;
                    killed.ok_or_else(unknown)?.requeued
                }
                Spread::PerEvent => {
                    let mut working = self.bench.cells.working().into_iter();
                    let found = working.find(|working| is_it(&working.task)).ok_or_else(unknown)?;
                    self.bench.cells.kill(found.task).await.ok_or_else(unknown)?;
                    0
                }
            };
            let after = Counts { failed: account.abandoned(), requeued: account.returned() + requeued };
            self.mark(MarkKind::Restart, &format!("killed worker {worker}"));
            Ok(self.report(stage, worker.parse().ok(), Order::Kill, (before, after), began))
        };
        in_time(stage, carried_out).await
    }

    /// Pauses or resumes one stage. A paused queue keeps its events and the demand of its
    /// consumers. Paused consumers finish the events in hand, and give back the rest.
    ///
    /// # Errors
    /// [`OrderError`]
    ///
    /// # Cancel safety
    /// The order is in force even if the future is dropped.
    pub async fn pause_component(&self, component: &str, paused: bool) -> Result<String, OrderError> {
        let stage = self.component_named(component)?;
        match (stage, paused) {
            (StageName::Queue, true) => self.pause().await,
            (StageName::Queue, false) => self.resume(),
            (StageName::Consumers, _) => self.pause_consumers(paused).await,
        }
        let name = stage.name();
        Ok(match (stage, paused) {
            (StageName::Queue, true) => format!("paused {name}: no event leaves it"),
            (StageName::Consumers, true) => format!("paused {name}: they begin no event"),
            (_, false) => format!("resumed {name}"),
        })
    }

    /// Marks the stages that failed by themselves. Does nothing while an order is carried out;
    /// the next call catches up.
    pub(super) fn mark_failures(&self) {
        let Ok(_turn) = self.orders.try_lock() else { return };
        if self.shutdown.is_stopping() {
            return;
        }
        for failure in self.stages.new_failures() {
            self.mark(MarkKind::Error, &failure);
        }
    }

    fn component_named(&self, name: &str) -> Result<StageName, OrderError> {
        let stage = StageName::named(name).ok_or_else(|| OrderError::NoComponent(name.to_owned()))?;
        if self.shutdown.is_stopping() { Err(OrderError::Draining) } else { Ok(stage) }
    }

    fn report(
        &self,
        stage: StageName,
        worker: Option<u64>,
        order: Order,
        (before, after): (Counts, Counts),
        began: Instant,
    ) -> OrderReport {
        let took = self.bench.clock.to_clock_time(began.elapsed());
        let mut report = OrderReport {
            component: stage.name().to_owned(),
            worker,
            order,
            failed: after.failed - before.failed,
            requeued: after.requeued - before.requeued,
            took_ms: took.as_secs_f64() * 1e3,
            said: String::new(),
        };
        report.said = report.to_string();
        log::warn!("{}", report.said);
        report
    }
}

fn given_up(_: SupervisorError) -> OrderError {
    OrderError::GivenUp
}

async fn in_time(
    stage: StageName,
    order: impl Future<Output = Result<OrderReport, OrderError>>,
) -> Result<OrderReport, OrderError> {
    let late = |_| Err(OrderError::TimedOut { component: stage.name() });
    timeout(LIMIT, order).await.unwrap_or_else(late)
}

impl fmt::Display for OrderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { component, worker, order, failed, requeued, took_ms, .. } = self;
        match worker {
            Some(worker) => write!(f, "{} worker {worker} of {component}: ", order.past())?,
            None => write!(f, "{} {component}: ", order.past())?,
        }
        match failed {
            0 => f.write_str("no event failed")?,
            1 => f.write_str("1 event in hand failed")?,
            _ => write!(f, "{failed} events in hand failed")?,
        }
        if *requeued > 0 {
            write!(f, ", {requeued} requeued")?;
        }
        match worker {
            Some(_) => Ok(()),
            None => write!(f, "; running again after {took_ms:.0} ms"),
        }
    }
}
