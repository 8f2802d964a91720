//! Checks of a run of rooms: whether every acknowledged move is in a state or lost, whether the
//! server says the same, and whether the setting allows the losses.

mod watchers;

use std::collections::BTreeMap;

use crate::record::{Audit, ClientSide, MovesLedger, RoomsServer, RoomsSide, Verdict};
use crate::runs::words::{count, figure, percent};

/// A generator that is late by more than this at the median has a part in the times.
const LATE_MS: f64 = 1.0;
/// The most rooms that a sentence names.
const NAMED: usize = 3;

impl Audit {
    pub(super) fn rooms(&mut self, rooms: &RoomsSide) {
        self.moves(rooms);
        self.kills(rooms);
        self.losses(rooms);
        if let Some(server) = &rooms.server {
            self.ledger_of_moves(rooms, server);
        }
        if let Some(watch) = &rooms.watch {
            self.watchers_of_rooms(watch);
        }
        self.generator_of_moves(rooms);
        if rooms.interrupted {
            let says = format!("the run was interrupted after {} s", figure(rooms.seconds));
            self.note("the plan was carried out", Verdict::Note, says);
        }
    }

    /// Checks how the moves ended, and that the clients' account is complete.
    fn moves(&mut self, rooms: &RoomsSide) {
        let RoomsSide { ledger, rejoins, unsent, backwards, not_repeated, .. } = rooms;
        let MovesLedger { sent, acknowledged, refused, failed, unknown, .. } = ledger;
        let says = format!(
            "{} sent = {} acknowledged + {} refused + {} failed + {} unknown",
            count(*sent),
            count(*acknowledged),
            count(*refused),
            count(*failed),
            count(*unknown)
        );
        self.check("every move ended once", ledger.balances(), says);
        if rooms.ack.is_empty() {
            let says = format!("0 moves were acknowledged{}", because(&rooms.reasons));
            self.note("moves were made", Verdict::Failed, says);
        }
        if *failed > 0 {
            let verdict = if failed > acknowledged { Verdict::Failed } else { Verdict::Disturbed };
            let says =
                format!("{} of {} moves failed{}", count(*failed), count(*sent), because(&rooms.reasons));
            self.note("moves succeeded", verdict, says);
        }
        // A player whom its room has forgotten is refused once, and joins again.
        if refused > rejoins {
            let says = format!(
                "{} moves were refused, {} of them of players that the room had forgotten{}",
                count(*refused),
                count(*rejoins),
                because(&rooms.reasons)
            );
            self.note("moves were allowed", Verdict::Disturbed, says);
        }
        if *unknown > 0 {
            let says = format!("{} moves had an unknown outcome at the end", count(*unknown));
            self.note("outcomes are known", Verdict::Note, says);
        }
        if *unsent > 0 {
            let says =
                format!("{} moves were due and never sent; the times leave them out", count(*unsent));
            self.note("the schedule was kept", Verdict::Disturbed, says);
        }
        let says = format!(
            "{} acknowledgements were at a position that was not after the client's last one",
            count(*backwards)
        );
        self.check("positions go forward", *backwards == 0, says);
        let says = format!("{} first attempts were answered as repeated", count(*not_repeated));
        self.check("only repeated moves are repeated", *not_repeated == 0, says);
    }

    fn kills(&mut self, rooms: &RoomsSide) {
        let RoomsSide { kills_s, killed, kills_failed, interrupted, .. } = rooms;
        if *kills_failed > 0 {
            let says = format!(
                "{} of {} kills failed{}",
                count(*kills_failed),
                count(killed + kills_failed),
                because(&rooms.kill_reasons)
            );
            let verdict = if *killed == 0 { Verdict::Failed } else { Verdict::Note };
            self.note("kills were carried out", verdict, says);
        } else if *kills_s > 0.0 && *killed == 0 && !interrupted {
            let says =
                format!("0 kills in {} s at {kills_s}/s: the run was too short", figure(rooms.seconds));
            self.note("kills were carried out", Verdict::Note, says);
        }
    }

    /// Checks that the setting allows what was lost, and that the kills named it.
    fn losses(&mut self, rooms: &RoomsSide) {
        let RoomsSide { ledger, backup, what, unread, lost_in, told_in, .. } = rooms;
        let says = format!("{} rooms were not in the server's answer at the end", count(*unread));
        self.check("all rooms were read", *unread == 0, says);
        let says = format!("{} moves in the rooms were sent by no client", count(ledger.invented));
        self.check("no move was invented", ledger.invented == 0, says);
        let lost = format!(
            "{} of {} acknowledged moves were lost",
            count(ledger.lost),
            count(ledger.acknowledged)
        );
        let both = what == "both" && rooms.killed > 0;
        match backup.as_str() {
            "before" if !both => {
                let says = format!("{lost} with backup = \"before\", which allows none");
                self.check("nothing acknowledged was lost", ledger.lost == 0, says);
            }
            _ if rooms.killed + rooms.kills_failed == 0 => {
                let says = format!("{lost} without a kill");
                self.check("nothing acknowledged was lost", ledger.lost == 0, says);
            }
            "" => self.note("backup", Verdict::Disturbed, "rooms.backup was changed during the run".into()),
            _ => {}
        }
        // A kill may name more: a repeated move may have been made, lost and made again. It names
        // fewer if moves without an answer were acknowledged as repeated, and then lost.
        let unnamed: BTreeMap<&String, (u64, u64)> = lost_in
            .iter()
            .map(|(room, lost)| (room, (*lost, told_in.get(room).copied().unwrap_or_default())))
            .filter(|(_, (lost, told))| lost > told)
            .collect();
        let beyond: u64 = unnamed.values().map(|(lost, told)| lost - told).sum();
        if beyond <= ledger.repeated {
            let says = format!(
                "{} lost moves in {} rooms are those that the kills named",
                count(ledger.lost),
                count(lost_in.len() as u64)
            );
            self.check("kills name their losses", true, says);
            return;
        }
        let rooms_named: Vec<String> = unnamed
            .iter()
            .take(NAMED)
            .map(|(room, (lost, told))| {
                format!("{room} lost {} and was said to lose {}", count(*lost), count(*told))
            })
            .collect();
        let says = format!(
            "{} rooms lost more than the kills named: {}",
            count(unnamed.len() as u64),
            rooms_named.join(", ")
        );
        // If the server's ledger has the losses, something else has killed the rooms as well.
        let is_known = rooms.server.is_some_and(|server| server.lost >= ledger.lost + rooms.earlier_lost);
        let verdict = if is_known { Verdict::Disturbed } else { Verdict::Failed };
        self.note("kills name their losses", verdict, says);
    }

    /// Compares the clients' account with the server's.
    fn ledger_of_moves(&mut self, rooms: &RoomsSide, server: &RoomsServer) {
        let RoomsSide { ledger, retries, earlier_lost, .. } = rooms;
        let says = format!(
            "the server's ledger leaves {} moves unaccounted for (acknowledged \u{2212} in the state \u{2212} lost)",
            server.unaccounted
        );
        self.check("the server's ledger balances", server.unaccounted == 0, says);
        // The server does not count a repeated move again: it has counted the first attempt, or
        // the room ended before the answer. An attempt that it has counted and whose answer got
        // lost may have been lost with its room, and the next one counts as well.
        let slack = retries + ledger.unknown;
        for (name, what, ours, theirs) in [
            ("acknowledged moves agree", "acknowledged", ledger.acknowledged, server.acknowledged),
            ("lost moves agree", "lost", ledger.lost + earlier_lost, server.lost),
        ] {
            let numbers =
                format!("the clients count {} moves as {what}, the server {}", count(ours), count(theirs));
            if ours > theirs + ledger.repeated {
                self.note(name, Verdict::Failed, numbers);
            } else if theirs > ours + slack {
                let says = format!("{numbers}: other clients may have played or killed");
                self.note(name, Verdict::Disturbed, says);
            } else {
                self.note(name, Verdict::Passed, numbers);
            }
        }
    }

    /// Checks that the times are not those of the generator.
    fn generator_of_moves(&mut self, rooms: &RoomsSide) {
        // The checks of every generator, which take what it and others used of the machine.
        self.machine(&ClientSide {
            seconds: rooms.seconds,
            cpu: rooms.cpu,
            starved: rooms.starved,
            server_cpu: rooms.server_cpu,
            other_cpu: rooms.other_cpu,
            lag: rooms.moves_s.is_some().then(|| rooms.lag.clone()),
            ..ClientSide::default()
        });
        let late = rooms.lag.quantile_ms(0.5).filter(|late| *late > LATE_MS);
        if let Some(late) = late.filter(|_| rooms.moves_s.is_some()) {
            let used =
                rooms.cpu.map_or(String::new(), |cpu| format!("; it used {} of a core", percent(cpu)));
            let says = format!(
                "the generator handled half of the moves at least {} ms late (limit {LATE_MS}){used}",
                figure(late)
            );
            self.note("moves were sent in time", Verdict::Disturbed, says);
        }
    }
}

/// Such as `: 12 × 503: unknown, 3 × timed out`; empty without reasons.
fn because(reasons: &BTreeMap<String, u64>) -> String {
    let each: Vec<String> =
        reasons.iter().take(NAMED).map(|(why, n)| format!("{} \u{d7} {why}", count(*n))).collect();
    if each.is_empty() { String::new() } else { format!(": {}", each.join(", ")) }
}

#[cfg(test)]
mod tests;
