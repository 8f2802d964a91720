//! The end of the lab: every watcher is sent what it lacks, the end and a last frame.

use std::sync::Arc;

use futures::future::join_all;
use tokio::time::{Duration, timeout};

use super::{Core, Ending, Life, framing, lock};
use crate::runs::words::count;

/// Takes no more watchers, and closes all that there are. Those that have not read everything
/// by the deadline are cut off. Returns a line for the report if there were any.
pub(super) async fn drain(core: &Arc<Core>, deadline: Duration) -> Option<String> {
    core.begin_drain();
    let matches = core.all();
    matches.iter().for_each(|live| lock(&live.playing).end());
    let lives: Vec<Arc<Life>> = matches.iter().flat_map(|live| lock(&live.lives).clone()).collect();
    let last = |life: &Arc<Life>, framing: usize| {
        let mut bytes = Vec::new();
        framing::end(&*life.commons[framing].transport, Ending::ShuttingDown, &mut bytes);
        bytes
    };
    let closing = lives.iter().map(|life| life.hub.close_all(|framing| last(life, framing)));
    let is_done = timeout(deadline, join_all(closing)).await.is_ok();
    let left: u64 = lives.iter().map(|life| life.hub.figures().watchers()).sum();
    for live in &matches {
        live.end();
    }
    core.stop.cancel();
    let watchers = if left == 1 { "watcher" } else { "watchers" };
    (!is_done && left > 0)
        .then(|| format!("matches: {} {watchers} cut off, with events unread", count(left)))
}
