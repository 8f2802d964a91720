//! What the lab runs, for the tree of components.

use super::{Core, lock};
use crate::lab::LabPart;
use crate::runs::words::count;

pub(super) fn parts(core: &Core) -> Vec<LabPart> {
    let (registry, census) = (core.house.registry(), core.census());
    let part = |name: &str, state: &str, says: String| LabPart {
        name: name.to_owned(),
        state: state.to_owned(),
        says,
    };
    let counted =
        |number: u64, one: &str| format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" });
    let playing = lock(&core.playing).len() as u64;
    vec![
        part(
            "registry",
            if registry.is_up { "running" } else { "idle" },
            format!(
                "{}, {}",
                counted(registry.names as u64, "name"),
                counted(registry.restarts, "restart")
            ),
        ),
        part(
            "keepers",
            if census.up + census.restarting > 0 { "running" } else { "idle" },
            format!("{} up, {} restarting, {} idle", census.up, census.restarting, census.idle),
        ),
        part(
            "players",
            if playing > 0 { "running" } else { "idle" },
            format!("in {}", counted(playing, "room")),
        ),
    ]
}
