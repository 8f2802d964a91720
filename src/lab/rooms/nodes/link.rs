//! The task that says once a second which rooms this node has, and hears which the others have.

use std::sync::{Arc, Weak};

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};

use super::super::{Core, lock};
use super::{Elsewhere, Shared};
use crate::nodes::Messages;

const EVERY: Duration = Duration::from_secs(1);
/// Rooms of one message: about 300 kB.
const AT_ONCE: usize = 5_000;

/// What a node says: its rooms, each with its generation.
#[derive(Debug, Serialize, Deserialize)]
struct Here {
    node: String,
    url: String,
    rooms: Vec<(String, u64)>,
}

/// Listens until the lab ends.
pub(in super::super) async fn run(core: Weak<Core>, shared: Arc<Shared>, mut messages: Messages) {
    let Some(stop) = core.upgrade().map(|core| core.stop.clone()) else { return };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => say(&shared).await,
            message = messages.next() => {
                let (Some(message), Some(core)) = (message, core.upgrade()) else { return };
                match serde_json::from_slice::<Here>(&message) {
                    Ok(here) if here.node != shared.node => hear(&core, &shared, here),
                    Ok(_) => {}
                    Err(error) => log::debug!("rooms: a message of another node was not read: {error}"),
                }
            }
        }
    }
}

async fn say(shared: &Shared) {
    let hosted = lock(&shared.hosted).clone();
    let valid = hosted.iter().filter(|(_, hosted)| hosted.claim.is_valid());
    let rooms: Vec<(String, u64)> =
        valid.map(|(name, hosted)| (name.to_string(), hosted.claim.generation())).collect();
    for rooms in rooms.chunks(AT_ONCE) {
        let here = Here { node: shared.node.clone(), url: shared.url.clone(), rooms: rooms.to_vec() };
        let Ok(message) = serde_json::to_vec(&here) else { return };
        if let Err(away) = shared.bus.publish(message).await {
            log::debug!("rooms: not said to other nodes: {away}");
        }
    }
}

fn hear(core: &Arc<Core>, shared: &Arc<Shared>, here: Here) {
    let Here { node, url, rooms } = here;
    let heard = Instant::now();
    for (name, generation) in rooms {
        {
            let mut elsewhere = lock(&shared.elsewhere);
            // Two nodes may both believe that they have it; the later generation has it.
            if elsewhere.get(&name).is_some_and(|known| known.generation > generation) {
                continue;
            }
            let place = Elsewhere { node: node.clone(), url: url.clone(), generation, heard };
            elsewhere.insert(name.clone(), place);
        }
        shared.stand_by(core, &name);
    }
}
