//! Decides what follows when a child has ended: nothing, a restart of its group, or the end
//! of the supervisor.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::Task;
use crate::stage::Reason;
use crate::supervise::Strategy;
use crate::supervise::managed::{Lifecycle, ManagedChild};

impl Task {
    /// Restarts a child that is down, or ends it for good. Breaks when the supervisor ends
    /// too.
    pub(super) async fn handle_exit(&mut self, at: usize) -> ControlFlow<Reason> {
        let child = &mut self.children[at];
        let Lifecycle::Down(reason) = &child.state else { return ControlFlow::Continue(()) };
        if !child.spec.restart.restarts_after(reason) {
            child.end();
            let last = self.children.iter().all(ManagedChild::has_ended);
            return if self.ends_with_last_child && last {
                ControlFlow::Break(Reason::Finished)
            } else {
                ControlFlow::Continue(())
            };
        }
        let (name, now) = (&child.spec.name, Instant::now());
        if !self.intensity.allows(now) {
            let message = format!("gave up on child {name:?} ({reason}): more than {}", self.intensity);
            log::error!("the supervisor {message}");
            return ControlFlow::Break(Reason::Failed(message));
        }
        child.failures = child.failures.saturating_add(1);
        let delay = self.backoff.delay(child.failures, &mut self.random);
        match delay {
            Duration::ZERO => {
                log::log!(self.restart_level, "child {name:?} ended ({reason}) and is restarted");
            }
            _ => log::log!(
                self.restart_level,
                "child {name:?} ended ({reason}) and is restarted in {delay:?}"
            ),
        }
        child.enter(Lifecycle::Waiting { due: now + delay });
        self.clear_group(at).await;
        ControlFlow::Continue(())
    }

    /// Stops the children that are restarted with this one, in reverse order. They start
    /// together, in order, when the last of them is due.
    async fn clear_group(&mut self, at: usize) {
        let group = match self.strategy {
            Strategy::OneForOne => return,
            Strategy::OneForAll => 0..self.children.len(),
            Strategy::RestForOne => at..self.children.len(),
        };
        let Some(due) = self.children[group.clone()].iter().filter_map(ManagedChild::due).max() else {
            return;
        };
        for at in group.rev() {
            // Decided before the stop, which would look like a normal end.
            let restarts = self.children[at].restarts_with_group();
            self.halt(at).await;
            if restarts {
                self.children[at].enter(Lifecycle::Waiting { due });
            } else {
                self.children[at].end();
            }
        }
    }
}
