//! The worker that spawns a task per event, with at most as many tasks as there are slots:
//! GenStage's `ConsumerSupervisor`.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Handler, Work};
use crate::stage::Reason;
use crate::stage::inlet::{Inlet, TakenEvent};
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// This file, relative to the workspace.
pub(super) const SOURCE: &str = file!();

pub(super) async fn run<T, H>(inlet: Inlet<T>, work: Arc<Work<H>>) -> Reason
where
    T: Send + 'static,
    H: Handler<T>,
{
    let shared = Arc::new(Shared { work, unbegun: Unbegun::default() });
    // Declared before `running`, so that an abort drops the tasks first.
    let mut consumer = RequeueOnDrop { inlet, unbegun: &shared.unbegun };
    let inlet = &mut consumer.inlet;
    let mut running = JoinSet::new();
    loop {
        while inlet.has_waiting()
            && let Some(permit) = shared.work.slots().try_acquire()
            && let Some(taken) = inlet.take_one()
        {
            shared.unbegun.put(taken);
            let shared = Arc::clone(&shared);
            running.spawn(async move {
                // There is an event for each task, until an abort requeues them.
                let TakenEvent { from, event, .. } = shared.unbegun.take()?;
                shared.work.run(event).await;
                drop(permit);
                Some(from)
            });
        }
        if running.is_empty()
            && let Some(reason) = inlet.exit()
        {
            return reason.clone();
        }
        tokio::select! {
            biased;
            // Panics are caught inside the tasks, and nothing aborts a single task.
            Some(Ok(Some(from))) = running.join_next() => {
                // Events that have ended meanwhile go into the same ask: one message for
                // many events. Their origins differ only after a resize.
                let mut ended = (from, 1);
                while let Some(Ok(Some(from))) = running.try_join_next() {
                    if from == ended.0 {
                        ended.1 += 1;
                    } else {
                        inlet.finished(ended.0, ended.1);
                        ended = (from, 1);
                    }
                }
                inlet.finished(ended.0, ended.1);
            }
            message = inlet.recv() => inlet.handle(message),
            // Only after a resize, while older events still occupy the slots.
            permit = shared.work.slots().acquire(), if inlet.has_waiting() => drop(permit),
        }
    }
}

/// The state that the worker shares with its tasks.
struct Shared<T, H> {
    work: Arc<Work<H>>,
    unbegun: Unbegun<T>,
}

/// The events whose task is spawned and has not begun, oldest first. A task takes one when
/// it is first polled, not when it is spawned, so the event of a task that is aborted before
/// that is still here.
struct Unbegun<T>(Mutex<VecDeque<TakenEvent<T>>>);

impl<T> Default for Unbegun<T> {
    fn default() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }
}

impl<T> Unbegun<T> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<TakenEvent<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, taken: TakenEvent<T>) {
        self.lock().push_back(taken);
    }

    fn take(&self) -> Option<TakenEvent<T>> {
        self.lock().pop_front()
    }
}

/// Requeues the events that have not begun before the inlet is dropped.
struct RequeueOnDrop<'a, T> {
    inlet: Inlet<T>,
    unbegun: &'a Unbegun<T>,
}

impl<T> Drop for RequeueOnDrop<'_, T> {
    fn drop(&mut self) {
        // Newest first, because each goes in front of the events that wait.
        let left = std::mem::take(&mut *self.unbegun.lock());
        for taken in left.into_iter().rev() {
            self.inlet.put_back(taken);
        }
    }
}
