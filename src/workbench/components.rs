//! The stages of the bench's pipeline, each with its live state and its source file, and
//! the pause.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::Workbench;
use crate::pipeline::QueueSource;
use crate::record::{MarkKind, Mode};
use crate::stage::{Kind, State, Status};

/// A stage of the bench's pipeline. Counts are in events, and 0 where the kind of stage
/// does not have them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// `producer`, `producer-consumer`, `consumer` or `pool`.
    pub kind: String,
    /// `running`, `paused`, `ending` or `ended`.
    pub state: String,
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
    fn of(status: Status, busy_share: Option<f64>, source: &str) -> Self {
        Self {
            name: status.name.to_string(),
            kind: status.kind.to_string(),
            state: status.state.to_string(),
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
        let sampler = self.sampler();
        let of = |status: Status| {
            let busy_share = sampler.busy.of(&status.name);
            let source = if status.kind == Kind::Pool { spread.source() } else { QueueSource::SOURCE };
            Component::of(status, busy_share, source)
        };
        self.pipeline.inspect().into_iter().map(of).collect()
    }

    /// Returns true while the pipeline is paused.
    pub fn is_paused(&self) -> bool {
        self.pipeline.inspect().first().is_some_and(|stage| stage.state == State::Paused)
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
        self.pipeline.pause().await;
        // A drain that began meanwhile may have resumed the pipeline before this pause.
        if self.shutdown.is_stopping() {
            self.paused.store(false, Ordering::Release);
            self.pipeline.resume();
        }
    }

    /// Resumes after [`pause`](Self::pause).
    pub fn resume(&self) {
        let wanted = self.paused.swap(false, Ordering::AcqRel);
        // A stage that was not paused gets no resume: it may be about to end.
        if wanted || self.is_paused() {
            self.pipeline.resume();
        }
        if wanted {
            self.mark(MarkKind::Pause, &format!("{} resumed", Mode::Pipelined.name()));
        }
    }
}
