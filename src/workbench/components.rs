//! The parts the bench is made of, each with its live state and where its source
//! is; and the pause, which is a state of one of them.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::Workbench;
use crate::pipeline::QueueSource;
use crate::record::{MarkKind, Mode};
use crate::stage::{Kind, State, Status};

/// A stage of the bench's pipeline. Counts are in events; 0 where the kind of
/// stage has no such thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// `producer`, `producer-consumer`, `consumer` or `pool`.
    pub kind: String,
    /// `running`, `paused`, `ending` or `ended`.
    pub state: String,
    /// Delivered to it since the start.
    pub events_in: u64,
    /// Delivered by it since the start.
    pub events_out: u64,
    /// What it has asked for and not been sent.
    pub asked: usize,
    /// What its consumers have asked for and it has not sent.
    pub demand: usize,
    /// Emitted, and not asked for.
    pub buffered: usize,
    /// Delivered to it and not finished.
    pub held: usize,
    /// Seconds in its own code since the start, waiting there included; of a pool
    /// the sum over its handlers.
    pub busy_s: f64,
    /// The share of the last second in its own code, from 0 to 1; of a pool the mean
    /// over its slots. Null in the first second, and for a pool without slots.
    #[serde(default)]
    pub busy_share: Option<f64>,
    /// Where its source is.
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
    /// The stages of the pipelined mode, in the order in which events go through
    /// them.
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

    /// Whether the pipeline is paused.
    pub fn is_paused(&self) -> bool {
        self.pipeline.inspect().first().is_some_and(|stage| stage.state == State::Paused)
    }

    /// Has the pipeline hand out nothing more from the queue until
    /// [`resume`](Self::resume). What consumers have goes on; requests go on to be
    /// accepted as long as the queue has room. What consumers had asked for
    /// before may still leave the queue, and waits at the gate.
    ///
    /// A bench that drains is to get done, and does not pause.
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
        // Pausing twice is pausing once. It is said again even so: a resume may
        // have been said, and not been heard yet.
        self.pipeline.pause().await;
        // A drain that began meanwhile may have resumed before we paused.
        if self.shutdown.is_stopping() {
            self.paused.store(false, Ordering::Release);
            self.pipeline.resume();
        }
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        let wanted = self.paused.swap(false, Ordering::AcqRel);
        // A stage that was not paused is left alone: it may be about to end.
        if wanted || self.is_paused() {
            self.pipeline.resume();
        }
        if wanted {
            self.mark(MarkKind::Pause, &format!("{} resumed", Mode::Pipelined.name()));
        }
    }
}
