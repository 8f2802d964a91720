//! A room that adds up moves, and kills of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use weir_parts::hub::{Encode, MemorySink};
use weir_parts::rooms::{Backup, Part, Room, RoomRef, RoomSettings, Rooms, Told};

use super::found;
use crate::config::{Backup as Configured, Rooms as RoomsConfig};
use crate::exercise::format::Kills;
use crate::exercise::trial::lab::Found;

/// The pause between two looks at what is due.
const TICK: Duration = Duration::from_millis(1);
/// The least time between two kills.
const BETWEEN: Duration = Duration::from_millis(100);
/// The time limit of a kill and its repair.
const REPAIR: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
struct Counter(u64);

impl Room for Counter {
    type Command = ();
    type Event = ();
    type Refusal = ();
    type Status = u64;

    fn decide(&self, (): &()) -> Result<Vec<()>, ()> {
        Ok(vec![()])
    }

    fn apply(&mut self, (): &()) {
        self.0 += 1;
    }

    fn status(&self) -> u64 {
        self.0
    }
}

/// Writes nothing: the run has no watchers.
struct Silent;

impl Encode<Told<Counter>> for Silent {
    fn event(&self, _: &Told<Counter>, _: u64, _: &mut Vec<u8>) {}

    fn gap(&self, _: u64, _: u64, _: &mut Vec<u8>) {}
}

/// What theory says. With `after`, a kill comes at any phase of the backup's wait, so on average
/// half of a wait is lost.
pub(super) fn predict(settings: &RoomsConfig, kills: &Kills) -> Found {
    match settings.backup {
        Configured::Before => found([("lost_per_kill", 0.0), ("most_lost", 0.0), ("lost_share", 0.0)]),
        Configured::After => {
            let most = kills.rate * settings.backup_every.as_secs_f64();
            found([("lost_per_kill", most / 2.0), ("most_lost", most)])
        }
        Configured::None => found([("lost_share", 100.0)]),
    }
}

/// Measures a run: moves at a rate, and kills at phases of the backup that cover it evenly.
pub(super) async fn measure(settings: &RoomsConfig, kills: &Kills) -> Found {
    let of_house = RoomSettings {
        backup: match settings.backup {
            Configured::Before => Backup::Before,
            Configured::After => Backup::After,
            Configured::None => Backup::None,
        },
        backup_every: settings.backup_every,
        ..RoomSettings::default()
    };
    let rooms: Rooms<Counter, MemorySink> = Rooms::start(of_house, |_| Counter::default(), Silent);
    let Ok(room) = rooms.create("counter").await else { return Found::new() };
    let has_ended = AtomicBool::new(false);
    let (_, (lost, most)) = tokio::join!(play(&room, kills.rate, &has_ended), async {
        let (mut lost, mut most) = (0, 0);
        for n in 0..kills.times {
            let phase = (f64::from(n) + 0.5) / f64::from(kills.times);
            let wait = settings.backup_every.mul_f64(phase);
            sleep(BETWEEN.max(2 * settings.backup_every) + wait).await;
            if let Ok(Ok(kill)) = timeout(REPAIR, room.kill(Part::Room)).await {
                (lost, most) = (lost + kill.lost_updates, most.max(kill.lost_updates));
            }
        }
        has_ended.store(true, Ordering::Relaxed);
        (lost, most)
    });
    let ledger = rooms.ledger();
    rooms.stop().await;
    found([
        ("lost_per_kill", lost as f64 / f64::from(kills.times)),
        ("most_lost", most as f64),
        ("lost_share", 100.0 * ledger.lost as f64 / ledger.acknowledged as f64),
        ("unaccounted", ledger.unaccounted() as f64),
    ])
}

/// Makes the moves that are due, until the kills are over.
async fn play(room: &RoomRef<Counter, MemorySink>, rate: f64, has_ended: &AtomicBool) {
    let (begin, mut made) = (Instant::now(), 0_u64);
    while !has_ended.load(Ordering::Relaxed) {
        let due = (begin.elapsed().as_secs_f64() * rate) as u64;
        while made < due && !has_ended.load(Ordering::Relaxed) {
            let _ = room.act((), None).await;
            made += 1;
        }
        sleep(TICK).await;
    }
}
