//! The supervisor's task: watches the children and does what the strategy says.

mod ends;

use std::ops::ControlFlow;

use crate::shutdown::StopToken;
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::board::{Board, Key};
use super::handle::{Act, Order};
use super::intensity::Intensity;
use super::member::{Member, Phase};
use super::{ChildSpec, Grace, Strategy, Supervisor, SupervisorError, SupervisorHandle};
use crate::backoff::Backoff;
use crate::stage::{Reason, joined};

/// Starts the children, and the task.
pub(super) fn spawn(supervisor: Supervisor) -> (SupervisorHandle, JoinHandle<Reason>) {
    let (orders, inbox) = mpsc::unbounded_channel();
    let (end, ended) = watch::channel(None);
    let (stop, abort) = (StopToken::new(), StopToken::new());
    let mut task = Task {
        strategy: supervisor.strategy,
        intensity: Intensity::new(supervisor.max_restarts, supervisor.period),
        backoff: supervisor.backoff,
        random: fastrand::Rng::new(),
        ends_with_last_child: supervisor.ends_with_last_child,
        members: Vec::new(),
        next_key: 0,
        exits: FuturesUnordered::new(),
        board: Board::default(),
        inbox,
        stop: stop.clone(),
    };
    let handle = SupervisorHandle { orders, board: task.board.clone(), stop, abort: abort.clone(), ended };
    for spec in supervisor.children {
        task.add(spec);
    }
    // Here and not in the task, so that the whole tree is up when it is returned,
    // and a nested one before the sibling after it.
    task.start_due();
    let task = tokio::spawn(async move {
        let reason = task.run(abort).await;
        end.send_replace(Some(reason.clone()));
        reason
    });
    (handle, task)
}

struct Task {
    strategy: Strategy,
    intensity: Intensity,
    backoff: Backoff,
    random: fastrand::Rng,
    ends_with_last_child: bool,
    /// In the order of start, and so of their keys.
    members: Vec<Member>,
    next_key: Key,
    /// One for each member that runs.
    exits: FuturesUnordered<BoxFuture<'static, (Key, Reason)>>,
    board: Board,
    inbox: mpsc::UnboundedReceiver<Order>,
    stop: StopToken,
}

impl Task {
    async fn run(mut self, abort: StopToken) -> Reason {
        tokio::select! {
            biased;
            // Wherever the supervision is, waiting for a grace included. What is
            // dropped there holds nothing: all that is known is in the members.
            () = abort.cancelled() => {}
            reason = self.supervise() => return reason,
        }
        // All at once, and only then are they waited for.
        self.members.iter().for_each(Member::abort);
        for at in 0..self.members.len() {
            self.gone(at).await;
            self.members[at].settle();
        }
        Reason::Aborted
    }

    async fn supervise(&mut self) -> Reason {
        let reason = loop {
            if self.stop.is_cancelled() {
                break Reason::Stopped;
            }
            // Ends before starts: the one that is down may take those that are
            // due with it. The first comes first, because its group contains the
            // groups of those after it.
            let down = self.members.iter().position(Member::is_down);
            if let Some(at) = down {
                match self.handle_end(at).await {
                    ControlFlow::Continue(()) => continue,
                    ControlFlow::Break(reason) => break reason,
                }
            }
            self.start_due();
            if self.members.iter().any(Member::is_down) {
                // One whose start always fails must not keep the thread.
                tokio::task::yield_now().await;
                continue;
            }
            let due = self.members.iter().filter_map(Member::due).min();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                Some((key, reason)) = self.exits.next() => self.note(key, reason),
                Some(Order { act, done }) = self.inbox.recv() => {
                    let result = self.carry_out(act).await;
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(result);
                }
                () = wait_until(due) => {}
            }
        };
        for at in (0..self.members.len()).rev() {
            self.terminate(at).await;
        }
        reason
    }

    async fn carry_out(&mut self, act: Act) -> Result<(), SupervisorError> {
        match act {
            Act::Start(spec) => {
                if self.find(&spec.name).is_ok() {
                    return Err(SupervisorError::NameTaken { name: spec.name });
                }
                self.add(spec);
                self.start(self.members.len() - 1);
            }
            Act::Terminate(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
            }
            Act::Restart(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
                self.members[at].failures = 0;
                self.start(at);
            }
            Act::Delete(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
                self.board.remove(self.members.remove(at).key);
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, SupervisorError> {
        let found = self.members.iter().position(|member| member.spec.name == name);
        found.ok_or_else(|| SupervisorError::NotFound { name: name.to_owned() })
    }

    fn add(&mut self, spec: ChildSpec) {
        self.members.push(Member::new(self.next_key, spec, &self.board));
        self.next_key += 1;
    }

    fn start(&mut self, at: usize) {
        let member = &mut self.members[at];
        if let Some(task) = member.start() {
            let key = member.key;
            self.exits.push(async move { (key, joined(task).await) }.boxed());
        }
    }

    /// Starts, in order, whoever is due. One that cannot be started is down, and
    /// those after it wait until that is dealt with, if they may need it.
    fn start_due(&mut self) {
        let now = Instant::now();
        for at in 0..self.members.len() {
            if self.members[at].due().is_some_and(|due| due <= now) {
                self.start(at);
                if self.members[at].is_down() && self.strategy != Strategy::OneForOne {
                    return;
                }
            }
        }
    }

    /// Writes down that a child has ended. What follows from it is decided later:
    /// the supervisor may be in the middle of something.
    fn note(&mut self, key: Key, reason: Reason) {
        let Some(member) = self.members.iter_mut().find(|member| member.key == key) else { return };
        if let Phase::Running(run) = &member.phase
            && run.since.elapsed() >= self.intensity.period()
        {
            member.failures = 0;
        }
        member.enter(Phase::Down(reason));
    }

    /// Stops a child for good.
    async fn terminate(&mut self, at: usize) {
        self.halt(at).await;
        self.members[at].settle();
    }

    /// Ends a child's task, if it has one, within its grace.
    async fn halt(&mut self, at: usize) {
        match self.members[at].tell() {
            Grace::Kill => {}
            // Whether it was in time shows in the reason.
            Grace::After(most) => drop(timeout(most, self.gone(at)).await),
            Grace::Forever => self.gone(at).await,
        }
        self.members[at].abort();
        self.gone(at).await;
    }

    /// Waits until a child's task has ended. Others may end meanwhile.
    async fn gone(&mut self, at: usize) {
        while self.members[at].is_running()
            && let Some((key, reason)) = self.exits.next().await
        {
            self.note(key, reason);
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    /// A tree of two levels, and its task.
    fn tree(alive: &Arc<()>) -> (SupervisorHandle, JoinHandle<Reason>) {
        let child = |name: &str| {
            let alive = Arc::clone(alive);
            ChildSpec::task(name, move |_stop| {
                let alive = Arc::clone(&alive);
                async move {
                    std::future::pending::<()>().await;
                    drop(alive);
                    Reason::Finished
                }
            })
        };
        let (upper, lower) = (child("upper"), child("lower"));
        let mut lower = Some(lower);
        let nested = ChildSpec::supervisor("nested", move || {
            let lower = lower.take().expect("it is started once");
            Supervisor::new(Strategy::OneForOne).child(lower)
        });
        spawn(Supervisor::new(Strategy::OneForOne).child(upper).child(nested))
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_dropped_leaves_no_orphan() {
        let alive = Arc::new(());
        let (handle, task) = tree(&alive);
        assert_eq!(handle.count().running, 3);
        tokio::time::sleep(Duration::from_millis(1)).await;
        // Two in the start closures, two in the tasks, and ours.
        assert_eq!(Arc::strong_count(&alive), 5);
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(Arc::strong_count(&alive), 1);
        assert_eq!(handle.join().await, Reason::Aborted);
    }
}
