//! What the lab runs: the dispatchers with their shards, and the supervisors of watchers.

use std::sync::atomic::Ordering;

use super::Core;
use crate::lab::LabPart;
use crate::runs::words::count;

/// Returns the supervisors, and each match that has a dispatcher with its shards.
pub(super) fn parts(core: &Core) -> Vec<LabPart> {
    let part = |name: String, state: &str, says: String| LabPart { name, state: state.to_owned(), says };
    let matches = core.all();
    let watchers: u64 = matches.iter().map(|live| live.watchers()).sum();
    let faults = core.faults.load(Ordering::Relaxed);
    let mut parts = vec![part(
        "supervisors".to_owned(),
        if watchers > 0 { "running" } else { "idle" },
        format!(
            "{}, {}, {}",
            counted(core.crew.len() as u64, "supervisor"),
            counted(watchers, "watcher"),
            counted(faults, "failed reader")
        ),
    )];
    for live in matches {
        let Some(life) = live.life() else { continue };
        let figures = life.hub.figures();
        let state = if live.is_playing() { "running" } else { "idle" };
        let says = format!("life {}, {}", life.number, counted(figures.next, "event"));
        parts.push(part(format!("{} dispatcher", live.id()), state, says));
        for (number, shard) in figures.shards.iter().enumerate() {
            let transport = core.transports.get(shard.framing).map_or("", |transport| transport.name());
            let says = format!(
                "{transport}, {}, {} behind, {}",
                counted(shard.watchers, "watcher"),
                count(shard.blocked),
                counted(shard.restarts, "restart")
            );
            let state = if shard.watchers > 0 { "running" } else { "idle" };
            parts.push(part(format!("{} shard-{number}", live.id()), state, says));
        }
    }
    parts
}

fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}
