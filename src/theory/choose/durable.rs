//! The effects of a durable queue on a prediction. An answer waits until its event is stored, and a
//! consumer waits until the end of each event is stored. How long that takes is unknown here.

use super::{Facts, Load};
use crate::config::{Queue, QueueEngine, Settings, Syncs};
use crate::record::{Mode, Prediction};
use crate::theory::NoModel;

/// Returns the section of the queue, if a durable engine keeps the events of this mode.
fn durable(settings: &Settings, mode: Mode) -> Option<&Queue> {
    let queue = &settings.queue;
    (mode == Mode::Pipelined && queue.engine != QueueEngine::Memory).then_some(queue)
}

/// Refuses failures, which a durable queue tries again.
pub(super) fn check(facts: &Facts<'_>) -> Result<(), NoModel> {
    let is_durable = durable(facts.settings, facts.mode);
    match is_durable.filter(|queue| facts.settings.resource.failure_rate > 0.0 && queue.attempts > 1) {
        // No simulation fits either, so the error does not recommend one.
        Some(Queue { engine, attempts, .. }) => Err(NoModel {
            why: format!(
                "queue.engine = \"{engine}\" makes up to {attempts} attempts at work that fails \
                 (queue.attempts), which no model here covers; in a simulation, a failure is final"
            ),
        }),
        None => Ok(()),
    }
}

/// Notes the times that are unknown here.
pub(super) fn qualify(facts: &Facts<'_>, prediction: &mut Prediction) {
    let Some(queue) = durable(facts.settings, facts.mode) else { return };
    match (queue.engine, queue.sync) {
        (QueueEngine::Memory, _) => {}
        (QueueEngine::Disk, Syncs::Always) => {
            let of_clients = match facts.load {
                // Each client has one request in flight.
                Load::Closed { clients } => {
                    format!(", at most {} / t are accepted", clients.min(queue.group))
                }
                Load::Open { .. } => String::new(),
            };
            prediction.assume(format!(
                "A sync of the disk takes no time. Its real time t is unknown here. With it, at most {} / t \
                 events are accepted and settled a second{of_clients}, and an answer waits up to 2 t.",
                queue.group
            ));
            prediction.assume(
                "A consumer begins its next event once the end of its last one is stored, so each event \
                 takes one sync longer than its work.",
            );
        }
        (QueueEngine::Disk, Syncs::Every(_)) => prediction.assume(
            "Writing to the disk takes no time. Neither an answer nor a consumer waits for a sync.",
        ),
        (QueueEngine::JetStream, _) => prediction.assume(
            "The NATS server takes no time. Its real time is unknown here: an answer waits for it, and so \
             does a consumer after each event. No other Weir server takes events from this queue.",
        ),
    }
}

/// Returns what a simulation leaves out of a durable queue.
pub(super) fn left_out(settings: &Settings, mode: Mode) -> Option<String> {
    let Queue { engine, .. } = durable(settings, mode)?;
    Some(format!(
        "A simulation keeps the queue in memory, although queue.engine = \"{engine}\": no sync takes \
         time, and a failure is final."
    ))
}
