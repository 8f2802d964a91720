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
    // Each task returns the slot of the subscription its event came from.
    let mut running: JoinSet<usize> = JoinSet::new();
    loop {
        while inlet.has_waiting()
            && let Some(permit) = work.slots.try_acquire()
            && let Some((slot, event)) = inlet.take_one()
        {
            let work = Arc::clone(&work);
            running.spawn(async move {
                work.run(event).await;
                drop(permit);
                slot
            });
        }
        if running.is_empty()
            && let Some(reason) = inlet.exit()
        {
            return reason.clone();
        }
        tokio::select! {
            biased;
            Some(finished) = running.join_next() => {
                // Panics are contained inside the task, and nobody aborts it.
                if let Ok(slot) = finished {
                    inlet.finished(slot, 1);
                }
            }
            message = inlet.recv() => inlet.handle(message),
            // Only after a resize: older events still occupy the slots.
            permit = work.slots.acquire(), if inlet.has_waiting() => drop(permit),
        }
    }
}
