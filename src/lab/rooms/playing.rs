//! Players that play a room by themselves, at a steady rate.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use weir_parts::rooms::{ActError, MoveId};

use super::werewolf::Players;
use super::{Core, NotMoved, lock};

/// The allowed rates of one room, in moves per second.
pub const RATES: RangeInclusive<f64> = 0.01..=1_000.0;

/// How far players that were held up may catch up.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The rate of the players of a room. They stop when it is dropped.
#[derive(Debug)]
pub(super) struct Playing(watch::Sender<f64>);

impl Playing {
    /// Returns the rate, while they play.
    pub(super) fn rate(&self) -> Option<f64> {
        (!self.0.is_closed()).then(|| *self.0.borrow())
    }
}

impl Core {
    /// Lets players play a room, or changes their rate. The same room has the same players.
    pub(super) fn play(self: &Arc<Self>, room: &Arc<str>, rate: f64) {
        let mut playing = lock(&self.playing);
        if let Some(Playing(current)) = playing.get(room)
            && current.send(rate).is_ok()
        {
            return;
        }
        let (sender, rates) = watch::channel(rate);
        playing.insert(Arc::clone(room), Playing(sender));
        tokio::spawn(play(Arc::downgrade(self), Arc::clone(room), rates));
        self.wake.notify_one();
    }
}

/// Returns a random wait before the first move: players of many rooms that begin together would
/// otherwise all move at the same moment.
fn phase(rate: f64) -> Duration {
    CATCH_UP.min(Duration::from_secs_f64(1.0 / rate)).mul_f64(fastrand::f64())
}

async fn play(core: Weak<Core>, name: Arc<str>, mut rates: watch::Receiver<f64>) {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let mut players = Players::new(hasher.finish());
    // Players are one client, of a number that no other has.
    let (client, mut number) = (fastrand::u64(1..), 0);
    let mut due = Instant::now() + phase(*rates.borrow());
    loop {
        tokio::select! {
            biased;
            changed = rates.changed() => {
                if changed.is_err() {
                    return;
                }
                due = Instant::now() + phase(*rates.borrow_and_update());
                continue;
            }
            () = sleep_until(due) => {}
        }
        let rate = *rates.borrow();
        let late = Instant::now() - CATCH_UP.min(due.elapsed());
        due = due.max(late) + Duration::from_secs_f64(1.0 / rate);
        let Some(core) = core.upgrade().filter(|core| !core.is_draining()) else { return };
        let Some(room) = core.house.whereis(&name) else { return };
        let mut now = players.clone();
        let Ok((next, command)) = room
            .read(move |village, _| {
                let command = now.next(village);
                (now, command)
            })
            .await
        else {
            return;
        };
        players = next;
        let Some(command) = command else { continue };
        number += 1;
        // A refusal is no reason to stop: the state that they saw may be older than the room's.
        if let Err(NotMoved::Act(ActError::Gone)) =
            core.act(&room, command, Some(MoveId { client, number })).await
        {
            return;
        }
    }
}
