//! The stages of the bench's pipeline, each with its live state and its source file, and
//! the pause.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::Workbench;
use crate::pipeline::QueueSource;
use crate::record::{MarkKind, Mode};
use crate::stage::{Kind, Status};

/// A stage of the bench's pipeline. Counts are in events, and 0 where the kind of stage
/// does not have them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// `producer`, `producer-consumer`, `consumer` or `pool`.
    pub kind: String,
    /// `running`, `paused`, `ending` or `ended`.
    pub state: String,
    /// The number of times that it was started again, after a failure or by an order.
    #[serde(default)]
    pub restarts: u64,
    /// Events delivered to it since the start.
    pub events_in: u64,
    /// Events it delivered since the start.
    pub events_out: u64,
    /// Events it has asked for and not received.
    pub asked: usize,
    /// Events its consumers have asked for and not received.
    pub demand: usize,
    /// Events emitted beyond demand.
    pub buffered: usize,
    /// Events delivered to it and not finished.
    pub held: usize,
    /// Seconds spent in its own code since the start, including waits there; for a pool,
    /// the sum over its handlers.
    pub busy_s: f64,
    /// The share of the last second in its own code, from 0 to 1; of a pool the mean
    /// over its slots. Null in the first second, and for a pool without slots.
    #[serde(default)]
    pub busy_share: Option<f64>,
    /// Its source file.
    pub source: String,
}

impl Component {
    fn of(status: Status, restarts: u64, busy_share: Option<f64>, source: &str) -> Self {
        Self {
            name: status.name.to_string(),
            kind: status.kind.to_string(),
            state: status.state.to_string(),
            restarts,
            events_in: status.events_in,
            events_out: status.events_out,
            asked: status.asked,
            demand: status.demand,
            buffered: status.buffered,
            held: status.held,
            busy_s: status.busy.as_secs_f64(),
            busy_share,
            source: source.to_owned(),
        }
    }
}

impl Workbench {
    /// Returns the stages of the pipelined mode, in the order in which events pass them.
    pub fn components(&self) -> Vec<Component> {
        let spread = self.settings().consumers.mode;
        let (children, sampler) = (self.stages.children(), self.sampler());
        let of = |status: Status| {
            let child = children.iter().find(|child| child.name() == &*status.name);
            let restarts = child.map_or(0, |child| child.restarts);
            let busy_share = sampler.busy.of(&status.name);
            let source = if status.kind == Kind::Pool { spread.source() } else { QueueSource::SOURCE };
            Component::of(status, restarts, busy_share, source)
        };
        self.stages.inspect().into_iter().map(of).collect()
    }

    /// Returns true while the pipeline or its consumers are paused.
    pub fn is_paused(&self) -> bool {
        self.stages.queue_is_paused() || self.stages.consumers_are_paused()
    }

    /// Pauses the pipeline: its consumers get no more events until
    /// [`resume`](Self::resume). They finish the events they have, and requests are
    /// accepted while the queue has room. Events that consumers had already asked for may
    /// still leave the queue; they wait at the gate.
    ///
    /// A draining bench does not pause.
    ///
    /// # Cancel safety
    /// The pause is in force even if the future is dropped.
    pub async fn pause(&self) {
        if self.shutdown.is_stopping() {
            return;
        }
        if !self.paused.swap(true, Ordering::AcqRel) {
            self.mark(MarkKind::Pause, &format!("{} paused", Mode::Pipelined.name()));
        }
        // A second pause has no effect of its own. It is sent all the same, because the
        // stage may not have handled an earlier resume yet.
        self.stages.pause().await;
        // A drain that began meanwhile may have resumed the pipeline before this pause.
        if self.shutdown.is_stopping() {
            self.paused.store(false, Ordering::Release);
            self.stages.resume();
        }
    }

    /// Resumes after [`pause`](Self::pause).
    pub fn resume(&self) {
        let wanted = self.paused.swap(false, Ordering::AcqRel);
        // A stage that was not paused gets no resume: it may be about to end.
        if wanted || self.stages.queue_is_paused() {
            self.stages.resume();
        }
        if wanted {
            self.mark(MarkKind::Pause, &format!("{} resumed", Mode::Pipelined.name()));
        }
    }
    /// Pauses the consumers, or lets them continue: while paused they begin no event, finish
    /// those in hand, and give back what they have prefetched. Their settings stay.
    ///
    /// A draining bench does not pause.
    ///
    /// # Cancel safety
    /// The order is in force even if the future is dropped.
    pub async fn pause_consumers(&self, paused: bool) {
        let paused = paused && !self.shutdown.is_stopping();
        if self.stages.consumers_are_paused() != paused {
            let what = if paused { "consumers paused" } else { "consumers resumed" };
            self.mark(MarkKind::Pause, what);
        }
        self.stages.pause_consumers(paused).await;
        // A drain that began in the meantime waits for the consumers.
        if self.shutdown.is_stopping() {
            self.stages.pause_consumers(false).await;
        }
    }
}
