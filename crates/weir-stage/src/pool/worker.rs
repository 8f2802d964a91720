//! A worker that handles one event at a time, and takes a slot before each.

use std::pin::pin;
use std::sync::Arc;

use super::{Handler, Work};
use crate::limit::Permit;
use crate::stage::Reason;
use crate::stage::inlet::Inlet;

/// This file, relative to the workspace.
pub(super) const SOURCE: &str = file!();

pub(super) async fn run<T, H: Handler<T>>(mut inlet: Inlet<T>, work: Arc<Work<H>>) -> Reason {
    loop {
        if let Some(reason) = inlet.exit() {
            return reason.clone();
        }
        if !inlet.has_waiting() {
            let message = inlet.recv().await;
            inlet.handle(message);
            continue;
        }
        let Some(slot) = slot(&mut inlet, &work).await else { continue };
        let Some(taken) = inlet.take_one() else { continue };
        // No await in between: an abort finds the event either in the inlet or begun.
        inlet.run(work.run(taken.event)).await;
        // Before asking for more, so that a worker that waits for the slot goes first.
        drop(slot);
        inlet.finished(taken.from, 1);
    }
}

/// Waits for a slot. Returns `None` when no event waits any more, because all were requeued
/// meanwhile.
async fn slot<T, H>(inlet: &mut Inlet<T>, work: &Work<H>) -> Option<Permit> {
    if let Some(permit) = work.slots().try_acquire() {
        return Some(permit);
    }
    // There are as many slots as workers, so this waits only after a resize, while events
    // that began before it still run.
    let mut free = pin!(work.slots().acquire());
    while inlet.has_waiting() {
        tokio::select! {
            biased;
            permit = free.as_mut() => return Some(permit),
            message = inlet.recv() => inlet.handle(message),
        }
    }
    None
}
