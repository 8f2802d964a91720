//! What follows from the end of a child: nothing, a restart of its group, or the
//! end of the supervisor.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::Task;
use crate::stage::Reason;
use crate::supervise::Strategy;
use crate::supervise::member::{Member, Phase};

impl Task {
    /// Decides what follows from the end of a child. Breaks when the supervisor
    /// is to end too.
    pub(super) async fn handle_end(&mut self, at: usize) -> ControlFlow<Reason> {
        let member = &mut self.members[at];
        let Phase::Down(reason) = &member.phase else { return ControlFlow::Continue(()) };
        if !member.spec.restart.restarts_after(reason) {
            member.settle();
            let last = self.members.iter().all(Member::has_ended);
            return if self.ends_with_last_child && last {
                ControlFlow::Break(Reason::Finished)
            } else {
                ControlFlow::Continue(())
            };
        }
        let (name, now) = (&member.spec.name, Instant::now());
        if !self.intensity.allows(now) {
            let text = format!("gave up on child {name:?} ({reason}): more than {}", self.intensity);
            log::error!("the supervisor {text}");
            return ControlFlow::Break(Reason::Failed(text));
        }
        member.failures = member.failures.saturating_add(1);
        let wait = self.backoff.delay(member.failures, &mut self.random);
        match wait {
            Duration::ZERO => log::warn!("child {name:?} ended ({reason}) and is restarted"),
            _ => log::warn!("child {name:?} ended ({reason}) and is restarted in {wait:?}"),
        }
        member.enter(Phase::Waiting { due: now + wait });
        self.clear_group(at).await;
        ControlFlow::Continue(())
    }

    /// Stops all that are restarted with this one, in reverse order. They are
    /// started together, in order, when the last of them is due.
    async fn clear_group(&mut self, at: usize) {
        let group = match self.strategy {
            Strategy::OneForOne => return,
            Strategy::OneForAll => 0..self.members.len(),
            Strategy::RestForOne => at..self.members.len(),
        };
        let Some(due) = self.members[group.clone()].iter().filter_map(Member::due).max() else { return };
        for at in group.rev() {
            // Asked before it is stopped: a stop would look like a normal end.
            let returns = self.members[at].returns_with_group();
            self.halt(at).await;
            if returns {
                self.members[at].enter(Phase::Waiting { due });
            } else {
                self.members[at].settle();
            }
        }
    }
}
