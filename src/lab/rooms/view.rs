//! Puts a snapshot together.

use std::sync::atomic::Ordering;

use super::curves::History;
use super::open::OpenRoom;
use super::snapshot::{Columns, Ledger, Now, RoomsSnapshot, TreeNode};
use super::verdict::Seen;
use super::{Core, RoomsLab, lock, millis};
use crate::runs::words::count;

/// With more rooms than this, the snapshot has columns in place of rows. It names as many rooms of
/// other nodes.
const MOST_ROWS: usize = 200;

impl RoomsLab {
    /// Returns the current figures with the history from `from_ms` on, in milliseconds since the
    /// start, and with the view of a room if one is named. `open` is `None` without such a room.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn snapshot_of(&self, room: Option<&str>, seat: Option<&str>, from_ms: u64) -> RoomsSnapshot {
        let core = &self.core;
        // With many rooms, the sampler takes the census.
        if core.is_small() || core.ticks.receiver_count() == 0 {
            core.refresh().await;
        }
        let open = match room {
            Some(room) => core.open(room, seat).await,
            None => None,
        };
        core.snapshot(from_ms, open)
    }
}

impl Core {
    /// Returns the figures as of the latest census.
    pub(super) fn snapshot(&self, from_ms: u64, open: Option<OpenRoom>) -> RoomsSnapshot {
        let (config, census, registry) = (self.config(), self.census(), self.house.registry());
        let (history, marks, moves_s) = {
            let sampled = lock(&self.sampled);
            let history = History::of(&sampled.points, from_ms);
            (history, sampled.marks.since(from_ms), sampled.rate.per_second())
        };
        let now = Now {
            rooms: census.all,
            up: census.up,
            idle: census.idle,
            restarting: census.restarting,
            playing: lock(&self.playing).len() as u64,
            moves_s: (moves_s * 10.0).round() / 10.0,
            ack_us: self.times.percentiles(),
            kills: self.counts.kills.load(Ordering::Relaxed),
            watchers: census.watchers,
            dead: self.house.dead_letters().len() as u64,
        };
        let ledger = Ledger::from(census.ledger);
        let last_kill = lock(&self.last_kill).clone();
        let verdict = Seen {
            now: &now,
            ledger: &ledger,
            is_registry_up: registry.is_up,
            kill: last_kill.as_ref().map(|(name, kill)| (&**name, kill)),
        }
        .verdict();
        let is_large = census.rows.len() > MOST_ROWS;
        RoomsSnapshot {
            at_ms: self.now_ms(),
            read_only: self.read_only.load(Ordering::Relaxed),
            backup: config.backup.to_string(),
            backup_every_ms: millis(config.backup_every),
            registry: config.registry.to_string(),
            idle_stop_s: config.idle_stop.as_secs(),
            snapshot_every: config.snapshot_every,
            now,
            tree: self.tree(open.as_ref()),
            open,
            rooms: if is_large { Vec::new() } else { census.rows.clone() },
            columns: is_large.then(|| Columns::of(&census.rows)),
            elsewhere: self.shared.get().map(|shared| shared.elsewhere(MOST_ROWS)).unwrap_or_default(),
            ledger,
            history,
            marks,
            verdict,
        }
    }

    /// What supervises what: the house, the registry, the processes of the open room, and a node
    /// for all other rooms.
    fn tree(&self, open: Option<&OpenRoom>) -> Vec<TreeNode> {
        let node = |name: &str, kind, of: Option<&str>| TreeNode {
            name: name.to_owned(),
            kind,
            of: of.map(str::to_owned),
            ..TreeNode::default()
        };
        let registry = self.house.registry();
        let names = registry.names as u64;
        let mut tree = vec![node("rooms", "supervisor", None)];
        tree.push(TreeNode {
            says: Some(format!("{} name{}", count(names), if names == 1 { "" } else { "s" })),
            restarts: Some(registry.restarts),
            ..node("registry", "process", Some("rooms"))
        });
        let room = open.and_then(|open| self.house.whereis(&open.name));
        if let Some(room) = &room {
            let (name, figures) = (&**room.name(), room.figures());
            tree.push(node(name, "supervisor", Some("rooms")));
            let process = |part: &str, at: Option<weir_parts::rooms::Position>, restarts| TreeNode {
                life: at.map(|at| at.life),
                n: at.map(|at| at.n),
                restarts: Some(restarts),
                says: at.is_none().then(|| "none".to_owned()),
                ..node(part, "process", Some(name))
            };
            tree.push(process("room", Some(figures.room), figures.restarts));
            tree.push(process("backup", figures.backup, figures.backup_restarts));
            tree.push(process("history", figures.history, figures.history_restarts));
        }
        let others = names - u64::from(room.is_some() && names > 0);
        if others > 0 {
            let plural = if others == 1 { "" } else { "s" };
            tree.push(TreeNode {
                says: Some(match room.is_some() {
                    true => format!("{} other{plural}", count(others)),
                    false => format!("{} room{plural}", count(others)),
                }),
                ..node("others", "supervisor", Some("rooms"))
            });
        }
        tree
    }
}
