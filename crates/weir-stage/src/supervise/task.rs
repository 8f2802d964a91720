//! The supervisor's task: watches the children, restarts them by the strategy, and carries
//! out the requests of the handles.

mod exits;

use std::ops::ControlFlow;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::handle::{Command, Request};
use super::intensity::Intensity;
use super::listing::{Key, Listing};
use super::managed::{Lifecycle, ManagedChild};
use super::{ChildSpec, Grace, Strategy, Supervisor, SupervisorError, SupervisorHandle};
use crate::backoff::Backoff;
use crate::shutdown::StopToken;
use crate::stage::{Reason, joined};

/// Starts the children, and the task that watches them.
pub(super) fn spawn(supervisor: Supervisor) -> (SupervisorHandle, JoinHandle<Reason>) {
    let (requests, inbox) = mpsc::unbounded_channel();
    let (end, ended) = watch::channel(None);
    let (stop, abort) = (StopToken::new(), StopToken::new());
    let mut task = Task {
        strategy: supervisor.strategy,
        intensity: Intensity::new(supervisor.max_restarts, supervisor.period),
        backoff: supervisor.backoff,
        random: fastrand::Rng::new(),
        ends_with_last_child: supervisor.ends_with_last_child,
        restart_level: supervisor.restart_level,
        children: Vec::new(),
        next_key: 0,
        exits: FuturesUnordered::new(),
        listing: Listing::default(),
        inbox,
        stop: stop.clone(),
    };
    let handle =
        SupervisorHandle { requests, listing: task.listing.clone(), stop, abort: abort.clone(), ended };
    for spec in supervisor.children {
        task.add(spec);
    }
    // Here and not in the task, so that the whole tree is up when this returns, and a nested
    // tree is up before the sibling after it.
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
    /// The level at which restarts are logged.
    restart_level: log::Level,
    /// In the order of start, which is the order of their keys.
    children: Vec<ManagedChild>,
    next_key: Key,
    /// One future for each child that runs.
    exits: FuturesUnordered<BoxFuture<'static, (Key, Reason)>>,
    listing: Listing,
    inbox: mpsc::UnboundedReceiver<Request>,
    stop: StopToken,
}

impl Task {
    async fn run(mut self, abort: StopToken) -> Reason {
        tokio::select! {
            biased;
            // Whatever `supervise` is doing, waiting for a grace included. Its future holds no
            // state: all of it is in `children`.
            () = abort.cancelled() => {}
            reason = self.supervise() => return reason,
        }
        // Abort all before waiting for any.
        self.children.iter().for_each(ManagedChild::abort);
        for at in 0..self.children.len() {
            self.wait_for_exit(at).await;
            self.children[at].end();
        }
        Reason::Aborted
    }

    async fn supervise(&mut self) -> Reason {
        let reason = loop {
            if self.stop.is_cancelled() {
                break Reason::Stopped;
            }
            // Exits before starts: a child that is down may stop children that are due. The
            // first one down goes first, because its group contains the groups of later ones.
            let down = self.children.iter().position(ManagedChild::is_down);
            if let Some(at) = down {
                match self.handle_exit(at).await {
                    ControlFlow::Continue(()) => continue,
                    ControlFlow::Break(reason) => break reason,
                }
            }
            self.start_due();
            if self.children.iter().any(ManagedChild::is_down) {
                // A child whose start always fails must not keep the thread to itself.
                tokio::task::yield_now().await;
                continue;
            }
            let due = self.children.iter().filter_map(ManagedChild::due).min();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                Some((key, reason)) = self.exits.next() => self.record_exit(key, reason),
                Some(Request { command, done }) = self.inbox.recv() => {
                    let result = self.carry_out(command).await;
                    // The caller may have dropped its future.
                    let _ = done.send(result);
                }
                () = wait_until(due) => {}
            }
        };
        for at in (0..self.children.len()).rev() {
            self.terminate(at).await;
        }
        reason
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), SupervisorError> {
        match command {
            Command::Start(spec) => {
                if self.find(&spec.name).is_ok() {
                    return Err(SupervisorError::NameTaken { name: spec.name });
                }
                self.add(spec);
                self.start(self.children.len() - 1);
            }
            Command::Terminate(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
            }
            Command::Restart(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
                self.start_anew(at);
            }
            Command::Kill(name) => {
                let at = self.find(&name)?;
                self.children[at].abort();
                self.wait_for_exit(at).await;
                self.start_anew(at);
            }
            Command::Delete(name) => {
                let at = self.find(&name)?;
                self.terminate(at).await;
                self.listing.remove(self.children.remove(at).key);
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, SupervisorError> {
        let at = self.children.iter().position(|child| child.spec.name == name);
        at.ok_or_else(|| SupervisorError::NotFound { name: name.to_owned() })
    }

    fn add(&mut self, spec: ChildSpec) {
        self.children.push(ManagedChild::new(self.next_key, spec, &self.listing));
        self.next_key += 1;
    }

    /// Starts a child by hand, as if it had never failed.
    fn start_anew(&mut self, at: usize) {
        self.children[at].failures = 0;
        self.start(at);
    }

    fn start(&mut self, at: usize) {
        let child = &mut self.children[at];
        if let Some(task) = child.start() {
            let key = child.key;
            self.exits.push(async move { (key, joined(task).await) }.boxed());
        }
    }

    /// Starts the children that are due, in order. If one fails to start, the children after it
    /// wait until that is dealt with, unless the strategy says that they do not need it.
    fn start_due(&mut self) {
        let now = Instant::now();
        for at in 0..self.children.len() {
            if self.children[at].due().is_some_and(|due| due <= now) {
                self.start(at);
                if self.children[at].is_down() && self.strategy != Strategy::OneForOne {
                    return;
                }
            }
        }
    }

    /// Records that a child has ended. What follows is decided later, because the supervisor
    /// may be in the middle of a restart or a request.
    fn record_exit(&mut self, key: Key, reason: Reason) {
        let Some(child) = self.children.iter_mut().find(|child| child.key == key) else { return };
        if let Lifecycle::Running(running) = &child.state
            && running.since.elapsed() >= self.intensity.period()
        {
            child.failures = 0;
        }
        child.enter(Lifecycle::Down(reason));
    }

    /// Stops a child for good.
    async fn terminate(&mut self, at: usize) {
        self.halt(at).await;
        self.children[at].end();
    }

    /// Ends a child's task, if it has one, within its grace.
    async fn halt(&mut self, at: usize) {
        match self.children[at].request_stop() {
            Grace::Kill => {}
            // The child's reason shows whether it stopped in time.
            Grace::After(grace) => drop(timeout(grace, self.wait_for_exit(at)).await),
            Grace::Forever => self.wait_for_exit(at).await,
        }
        self.children[at].abort();
        self.wait_for_exit(at).await;
    }

    /// Waits until a child's task has ended. Other children may end meanwhile.
    async fn wait_for_exit(&mut self, at: usize) {
        while self.children[at].is_running()
            && let Some((key, reason)) = self.exits.next().await
        {
            self.record_exit(key, reason);
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

    /// Spawns a tree of two levels.
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
        // Two in the start closures, two in the tasks, and the test's own.
        assert_eq!(Arc::strong_count(&alive), 5);
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(Arc::strong_count(&alive), 1);
        assert_eq!(handle.join().await, Reason::Aborted);
    }
}
