//! The consumer-supervisor: a task for each event, never more than there are
//! slots.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Handler, Work};
use crate::stage::Reason;
use crate::stage::inlet::{Inlet, TakenEvent};
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The source of a pool's tasks in this mode.
pub(super) const SOURCE: &str = file!();

pub(super) async fn run<T, H>(inlet: Inlet<T>, work: Arc<Work<H>>) -> Reason
where
    T: Send + 'static,
    H: Handler<T>,
{
    let shared = Arc::new(Shared { work, unbegun: Unbegun::default() });
    // Behind the tasks, so that an abort ends them first.
    let mut side = ReturnOnDrop { inlet, unbegun: &shared.unbegun };
    let inlet = &mut side.inlet;
    let mut running = JoinSet::new();
    loop {
        while inlet.has_waiting()
            && let Some(permit) = shared.work.slots().try_acquire()
            && let Some(taken) = inlet.take_one()
        {
            shared.unbegun.put(taken);
            let shared = Arc::clone(&shared);
            running.spawn(async move {
                // There is one for each task, until an abort takes them back.
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
            // Panics are contained inside the tasks, and nobody aborts them.
            Some(Ok(Some(from))) = running.join_next() => {
                // Whatever else has ended goes into the same ask: one message
                // for many events. Only a resize makes their origins differ.
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
            // Only after a resize: older events still occupy the slots.
            permit = shared.work.slots().acquire(), if inlet.has_waiting() => drop(permit),
        }
    }
}

/// What the tasks share.
struct Shared<T, H> {
    work: Arc<Work<H>>,
    unbegun: Unbegun<T>,
}

/// Events whose task is spawned and has not begun, oldest first. A task takes one
/// when it is first polled, and not when it is spawned: the event of a task that is
/// aborted before that is still here.
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

/// Gives the unbegun events back before the inlet goes.
struct ReturnOnDrop<'a, T> {
    inlet: Inlet<T>,
    unbegun: &'a Unbegun<T>,
}

impl<T> Drop for ReturnOnDrop<'_, T> {
    fn drop(&mut self) {
        // The newest first, since each goes in front of what waits.
        let left = std::mem::take(&mut *self.unbegun.lock());
        for taken in left.into_iter().rev() {
            self.inlet.put_back(taken);
        }
    }
}
