//! The end of a load: compares the accounts of all clients with what the rooms contain.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::RoomsError;
use super::house::House;
use super::server::{self, Report, ServerLedger, States};
use crate::load::http::Talk;
use crate::record::MovesLedger;

/// How often the rooms are asked until their backups have everything.
const POLL: Duration = Duration::from_millis(100);
/// How long they are asked at least.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest `rooms.backup_every`, which is waited for.
const LONGEST_BACKUP: Duration = Duration::from_secs(60);

/// The accounts of all clients, settled.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) ledger: MovesLedger,
    /// The rooms that lost acknowledged moves.
    pub(super) lost_in: BTreeMap<String, u64>,
    /// Updates that the rooms had before the load, and that they have lost.
    pub(super) earlier_lost: u64,
    /// Rooms of the load that the answer did not contain.
    pub(super) unread: u64,
    /// The server's report of the same moment.
    pub(super) after: Report,
}

/// Asks for the state of all rooms until it agrees with the server's ledger. The rooms answer
/// from their backups, which with `backup = "after"` are late. Returns the last answer if they
/// do not agree in time.
///
/// # Errors
/// [`RoomsError::Unanswered`] or [`RoomsError::Refused`].
pub(super) async fn settle(
    house: &House,
    talk: &mut Talk,
    before: &ServerLedger,
    earlier: &States,
) -> Result<Settled, RoomsError> {
    let began = Instant::now();
    loop {
        let states = server::states(talk, &house.plan.prefix).await?;
        let after = server::report(talk).await?;
        let settled = of(house, &states, earlier, after);
        let every = Duration::try_from_secs_f64(settled.after.backup_every_ms.max(0.0) / 1e3);
        let patience = PATIENCE + every.unwrap_or_default().min(LONGEST_BACKUP) * 2;
        let told = settled.after.ledger.lost.saturating_sub(before.lost);
        // A move that was acknowledged as repeated may be missing in the server's ledger.
        let agrees = settled.ledger.lost + settled.earlier_lost <= told + settled.ledger.repeated;
        if agrees || began.elapsed() >= patience {
            return Ok(settled);
        }
        sleep(POLL).await;
    }
}

/// Settles all accounts.
fn of(house: &House, states: &States, earlier: &States, after: Report) -> Settled {
    let mut settled = Settled {
        ledger: MovesLedger::default(),
        lost_in: BTreeMap::new(),
        earlier_lost: 0,
        unread: 0,
        after,
    };
    let mut own = vec![0; house.plan.rooms];
    let mut last_unread = None;
    // The players of a room follow each other.
    for player in house.players.borrow().iter() {
        let room = house.plan.room(player.room);
        if !states.has(&room) && last_unread != Some(player.room) {
            last_unread = Some(player.room);
            settled.unread += 1;
        }
        let account = player.account.settle(states.of(&room, player.id));
        if account.lost > 0 {
            *settled.lost_in.entry(room).or_default() += account.lost;
        }
        own[player.room] += account.in_state + account.unanswered;
        settled.ledger.add(&account);
    }
    // What is not from this load was there before.
    for (number, own) in own.into_iter().enumerate() {
        let room = house.plan.room(number);
        let others = states.updates(&room).saturating_sub(own);
        settled.earlier_lost += earlier.updates(&room).saturating_sub(others);
    }
    settled
}
