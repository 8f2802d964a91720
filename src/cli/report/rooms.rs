//! A run of rooms as text.

use super::{listed, put, times};
use crate::cli::text::{number, percent, time};
use crate::record::{Origin, RoomsSide, RoomsWatch, Timing};

/// The most rooms and kills that are listed.
const LISTED: usize = 8;

/// The figures that matter most: acknowledged moves, what was lost, and how long moves took.
pub(super) fn result(text: &mut String, rooms: &RoomsSide) {
    let of = |what: &str, timing: &Timing, share| {
        Some(format!("{what} {} ms", time(timing.quantile_ms(share)?, Origin::Load)))
    };
    let mut figures = vec![format!("{} moves/s acknowledged", number(rooms.acknowledged_s()))];
    figures.extend(of("p50", &rooms.ack, 0.5));
    figures.extend(of("p99", &rooms.ack, 0.99));
    put(text, "result", figures.join(", "));
    let RoomsSide { killed, ledger, .. } = rooms;
    let mut kills = vec![format!("{killed} kills lost {} acknowledged moves", ledger.lost)];
    kills.extend(of("down p50", &rooms.down, 0.5));
    kills.extend(of("p99", &rooms.down, 0.99));
    put(text, "kills", kills.join(", "));
}

/// Everything that the clients saw.
pub(super) fn side(text: &mut String, rooms: &RoomsSide) {
    text.push('\n');
    let RoomsSide { ledger, backup, backup_every_ms, created, .. } = rooms;
    let backup = match backup.as_str() {
        "" => "changed during the run".to_owned(),
        "after" => format!("after, every {} ms", number(*backup_every_ms)),
        backup => backup.to_owned(),
    };
    put(text, "backup", backup);
    put(
        text,
        "rooms",
        format!("{} rooms, {created} of them created; prefix {}", rooms.rooms, rooms.prefix),
    );
    put(
        text,
        "moves",
        format!(
            "sent {} = acknowledged {} + refused {} + failed {} + unknown {}; unsent {}",
            ledger.sent, ledger.acknowledged, ledger.refused, ledger.failed, ledger.unknown, rooms.unsent
        ),
    );
    put(text, "ledger", ledger.to_string());
    put(
        text,
        "",
        format!(
            "{} in the state without an answer, {} that no client has sent",
            ledger.unanswered, ledger.invented
        ),
    );
    put(
        text,
        "repeats",
        format!(
            "{} moves sent again, {} of them were made already; {} joins after a refusal",
            rooms.retries, ledger.repeated, rooms.rejoins
        ),
    );
    if rooms.earlier_lost > 0 {
        put(text, "", format!("{} updates from before the load were lost as well", rooms.earlier_lost));
    }
    if !rooms.lost_in.is_empty() {
        put(text, "lost in", largest(&rooms.lost_in));
    }
    if let Some(server) = &rooms.server {
        let cpu = rooms.server_cpu.map(|cores| format!("; used {} cores", number(cores)));
        put(
            text,
            "server",
            format!(
                "acknowledged {}, unanswered {}, lost {}, unaccounted {}{}",
                server.acknowledged,
                server.unanswered,
                server.lost,
                server.unaccounted,
                cpu.unwrap_or_default()
            ),
        );
    }
    for (label, reasons) in [("reasons", &rooms.reasons), ("no kill", &rooms.kill_reasons)] {
        if !reasons.is_empty() {
            put(text, label, listed(reasons));
        }
    }
    if let Some(watch) = &rooms.watch {
        watchers(text, watch);
    }
    let used = rooms.cpu.map(|share| format!("used {} of a core", percent(share)));
    let starved = rooms
        .starved
        .map(|share| format!("was runnable but waiting for a CPU {} of the time", percent(share)));
    let shares: Vec<String> = [used, starved].into_iter().flatten().collect();
    if !shares.is_empty() {
        put(text, "generator", shares.join("; "));
    }
    let rows = [
        ("moves", &rooms.ack),
        ("after a kill", &rooms.ack_killed),
        ("other moves", &rooms.ack_others),
        ("sent late by", &rooms.lag),
        ("down", &rooms.down),
    ];
    times(text, &rows.map(|(name, timing)| (name.to_owned(), Some(timing))), Origin::Load);
    kills(text, rooms);
}

fn watchers(text: &mut String, watch: &RoomsWatch) {
    let RoomsWatch { watchers, refused, dropped, updates, resumed, gaps, gap_updates, .. } = watch;
    put(
        text,
        "watchers",
        format!("{watchers} connected, {refused} refused, {dropped} lost; {updates} updates"),
    );
    put(
        text,
        "",
        format!(
            "{resumed} told that nothing was lost, {gaps} gaps of {gap_updates} updates; {} twice, {} out of \
             order, {} missed, {} lives untold",
            watch.twice, watch.disordered, watch.missed, watch.untold
        ),
    );
    for (n, word) in watch.faults.iter().take(LISTED).enumerate() {
        put(text, if n == 0 { "faults" } else { "" }, word);
    }
    if !watch.reasons.is_empty() {
        put(text, "gone", listed(&watch.reasons));
    }
}

/// The rooms that lost most.
fn largest(lost: &std::collections::BTreeMap<String, u64>) -> String {
    let mut rooms: Vec<(&String, &u64)> = lost.iter().collect();
    rooms.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let more = rooms.len().saturating_sub(LISTED);
    let each: Vec<String> = rooms.iter().take(LISTED).map(|(room, n)| format!("{room} {n}")).collect();
    let more = if more > 0 { format!(" and {more} more rooms") } else { String::new() };
    each.join(", ") + &more
}

/// The kills that lost most, in the order of time.
fn kills(text: &mut String, rooms: &RoomsSide) {
    let mut kills: Vec<_> = rooms.kills.iter().collect();
    if kills.is_empty() {
        return;
    }
    text.push('\n');
    kills.sort_by(|a, b| b.lost.cmp(&a.lost).then(b.down_ms.total_cmp(&a.down_ms)));
    let left = kills.len().saturating_sub(LISTED);
    kills.truncate(LISTED);
    kills.sort_by(|a, b| a.t.total_cmp(&b.t));
    for (n, kill) in kills.iter().enumerate() {
        let label = if n == 0 { "kills" } else { "" };
        put(
            text,
            label,
            format!(
                "at {} s, {} of {}: lost {}, down {} ms",
                number(kill.t),
                kill.what,
                kill.room,
                kill.lost,
                time(kill.down_ms, Origin::Load)
            ),
        );
    }
    if left > 0 {
        put(text, "", format!("and {left} that lost no more"));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::cli::text::assert_fits;
    use crate::record::{
        MovesLedger, Origin, RoomKill, RoomsServer, RoomsSide, RoomsWatch, Run, Slicer, Timing,
    };

    use super::super::report;

    fn timing(micros: u64) -> Timing {
        let mut slicer = Slicer::new(Duration::from_millis(500));
        (0..20).for_each(|n| slicer.record(Duration::from_millis(500 * n), micros));
        slicer.timing()
    }

    #[test]
    fn a_run_of_rooms_has_a_page() {
        let ledger = MovesLedger {
            sent: 120,
            acknowledged: 110,
            repeated: 1,
            refused: 6,
            failed: 3,
            unknown: 1,
            in_state: 106,
            lost: 4,
            unanswered: 1,
            invented: 0,
        };
        let mut run = Run::new(Origin::Load, "rooms", crate::record::now());
        run.rooms = Some(RoomsSide {
            seconds: 10.0,
            prefix: "load".to_owned(),
            rooms: 10,
            created: 9,
            clients: 20,
            moves_s: Some(1.0),
            kills_s: 1.0,
            what: "room".to_owned(),
            backup: "after".to_owned(),
            backup_every_ms: 10.0,
            ledger,
            lost_in: [("load-7".to_owned(), 4)].into(),
            told_in: [("load-7".to_owned(), 4)].into(),
            retries: 2,
            rejoins: 6,
            reasons: [("503: unknown".to_owned(), 2)].into(),
            ack: timing(700),
            down: timing(900),
            kills: vec![
                RoomKill {
                    t: 1.0,
                    room: "load-7".to_owned(),
                    what: "room".to_owned(),
                    lost: 4,
                    down_ms: 0.9,
                    answered_ms: 1.5
                };
                10
            ],
            killed: 10,
            server: Some(RoomsServer { acknowledged: 110, unanswered: 1, lost: 4, unaccounted: 0 }),
            watch: Some(RoomsWatch {
                watchers: 3,
                updates: 50,
                resumed: 2,
                gaps: 1,
                gap_updates: 4,
                ..RoomsWatch::default()
            }),
            cpu: Some(0.25),
            ..RoomsSide::default()
        });
        let text = report(&run.audited());
        for line in [
            "result      2.00 moves/s acknowledged, p50 0.700 ms, p99 0.700 ms",
            "kills       10 kills lost 4 acknowledged moves, down p50 0.900 ms, p99 0.900 ms",
            "load        10 rooms at 1 moves/s each, 20 players, kills of rooms at 1/s, 3",
            "backup      after, every 10.0 ms",
            "moves       sent 120 = acknowledged 110 + refused 6 + failed 3 + unknown 1;",
            "ledger      acknowledged 110 = in the state 106 + lost 4",
            "            1 in the state without an answer, 0 that no client has sent",
            "lost in     load-7 4",
            "server      acknowledged 110, unanswered 1, lost 4, unaccounted 0",
            "reasons     2 \u{d7} 503: unknown",
            "watchers    3 connected, 0 refused, 0 lost; 50 updates",
            "            and 2 that lost no more",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        assert_fits(&text);
    }
}
