//! The consumer-supervisor: a task for each event, never more than there are
//! slots.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Handler, Work};
use crate::stage::Reason;
use crate::stage::inlet::Inlet;

pub(super) async fn run<T, H>(mut inlet: Inlet<T>, work: Arc<Work<H>>) -> Reason
where
    T: Send + 'static,
    H: Handler<T>,
{
    let mut running = JoinSet::new();
    loop {
        while inlet.has_waiting()
            && let Some(permit) = work.slots().try_acquire()
            && let Some((from, event)) = inlet.take_one()
        {
            let work = Arc::clone(&work);
            running.spawn(async move {
                work.run(event).await;
                drop(permit);
                from
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
            Some(Ok(from)) = running.join_next() => {
                // Whatever else has ended goes into the same ask: one message
                // for many events. Only a resize makes their origins differ.
                let mut ended = (from, 1);
                while let Some(Ok(from)) = running.try_join_next() {
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
            permit = work.slots().acquire(), if inlet.has_waiting() => drop(permit),
        }
    }
}
