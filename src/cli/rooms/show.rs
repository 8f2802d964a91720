//! The texts of the verbs of `weir room`.

use crate::clean;
use crate::cli::answers::rooms::{
    Created, Elsewhere, FarRoom, History, Killed, LastKill, Letter, Moved, Open, Past, Place, Player,
    RegistryKilled, Row, Seat, Snapshot, Status, Told,
};
use crate::cli::text::{Table, fit, hang, left, number, pad, right, wrap};

/// The width of a label; the text begins behind it.
const LABEL: usize = 12;

/// A position: `#412` in the first life, later `2·409`.
pub(super) fn position(life: u64, n: u64) -> String {
    if life == 1 { format!("#{n}") } else { format!("{life}·{n}") }
}

pub(super) fn list(snapshot: &Snapshot) -> String {
    let Snapshot { now, rooms, columns, verdict, ledger, elsewhere, .. } = snapshot;
    let mut text = hang(&format!("{}  ", verdict.word), &format!("{}\n\n", verdict.text));
    if let Some(columns) = columns {
        let first: Vec<&str> = columns.name.iter().take(5).map(String::as_str).collect();
        text += &wrap(&format!("{} rooms: {}, …", now.rooms, first.join(", ")), 0);
    } else {
        text += &table(rooms);
    }
    text += &far(elsewhere);
    let rate = format!("{} moves/s", number(now.moves_s));
    let took = now.ack_us.map_or(String::new(), |us| format!(", p50 {} µs, p99 {} µs", us.p50, us.p99));
    text += "\n";
    text += &labelled(
        "now",
        &format!("{} up, {} idle, {} watchers; {rate}{took}", now.up, now.idle, now.watchers),
    );
    let words = format!(
        "acknowledged {} = in the state {} + lost {}; unaccounted {}, unanswered {}",
        ledger.acknowledged, ledger.in_state, ledger.lost, ledger.unaccounted, ledger.unanswered
    );
    text += &labelled("ledger", &words);
    text + &labelled("backup", &backup(snapshot))
}

fn table(rooms: &[Row]) -> String {
    let header = ["room", "game", "players", "position", "state", "lost"];
    let columns = [left(18), left(9), right(7), right(10), left(10), right(6)];
    let mut table = Table::new(columns).header(header);
    for Row { name, phase, day, alive, players, life, n, state, lost } in rooms {
        let game = if *day == 0 { phase.clone() } else { format!("{phase} {day}") };
        let players = format!("{alive}/{players}");
        table.row([name, &game, &players, &position(*life, *n), state, &lost.to_string()]);
    }
    table.to_string()
}

/// The rooms of other nodes.
fn far(Elsewhere { count, first }: &Elsewhere) -> String {
    if *count == 0 {
        return String::new();
    }
    let columns = [left(18), left(40), right(10)];
    let mut table = Table::new(columns).header(["elsewhere", "node", "generation"]);
    for FarRoom { name, node, generation } in first {
        table.row([&*clean::line(name), &clean::line(node), &generation.to_string()]);
    }
    let more = count.saturating_sub(first.len());
    let rest = if more == 0 { String::new() } else { format!("and {more} more\n") };
    format!("\n{table}{rest}")
}

fn backup(snapshot: &Snapshot) -> String {
    match snapshot.backup.as_str() {
        "before" => "before: a move is acknowledged once the backup has it".to_owned(),
        "after" => format!(
            "after: a move is acknowledged at once, and the backup takes it within {} ms",
            number(snapshot.backup_every_ms)
        ),
        _ => "none: the state exists once".to_owned(),
    }
}

pub(super) fn created(Created { name, generation }: &Created) -> String {
    fit(&format!("{name} is there, generation {generation}\nnext: weir room join {name} ada"))
}

pub(super) fn moved(Moved { life, n, repeated }: &Moved) -> String {
    let again = if *repeated { ", which was in the state already" } else { "" };
    format!("acknowledged at {}{again}", position(*life, *n))
}

pub(super) fn playing(name: &str, rate: f64) -> String {
    fit(&format!("{name} plays at {} moves/s\nnext: weir room status {name} --follow", number(rate)))
}

/// A room with everything that is known of it.
pub(super) fn room(snapshot: &Snapshot) -> String {
    let Some(open) = &snapshot.open else { return String::new() };
    let mut text = status(open);
    text.push('\n');
    text += &labelled("processes", &processes(open));
    text += &labelled("backup", &backup(snapshot));
    if let Some(LastKill { what, ago_ms, lost_updates, down_ms, .. }) = &open.kill {
        let lost = updates(*lost_updates);
        let ago = format!("{:.0} s ago", ago_ms / 1e3);
        text += &labelled("last kill", &format!("{what}, {ago}: {lost} lost, down for {down_ms} ms"));
    }
    for Told { who, how, word, from, to } in &open.told {
        let gap = from.zip(*to).map_or(String::new(), |(from, to)| format!(" {from} to {to}"));
        text += &labelled("watcher", &format!("{who} ({how}): {word}{gap}"));
    }
    if let Some(seat) = &open.seat {
        text.push('\n');
        text += &seated(seat);
    }
    text
}

/// The public status of a game.
pub(super) fn status(Open { name, life, n, status, .. }: &Open) -> String {
    game(name, &position(*life, *n), status)
}

/// The public status of a game at a position.
pub(super) fn game(name: &str, at: &str, Status { phase, day, players, winner, log }: &Status) -> String {
    let mut words = if *day == 0 { phase.clone() } else { format!("{phase}, day {day}") };
    if let Some(winner) = winner {
        let have = if winner == "werewolves" { "have" } else { "has" };
        words += &format!(", the {winner} {have} won");
    }
    let mut text = wrap(&format!("{name} at {at}: {words}"), 0);
    let player = |player: &Player| {
        let Player { name, alive, role, voted } = player;
        let role = role.as_ref().map_or(String::new(), |role| format!(", {role}"));
        let out = if *alive { "" } else { ", out" };
        let voted = voted.as_ref().map_or(String::new(), |voted| format!(", votes for {voted}"));
        labelled("player", &format!("{name}{role}{out}{voted}"))
    };
    text.extend(players.iter().map(player));
    text.extend(log.iter().map(|line| labelled("log", line)));
    text
}

fn seated(Seat { status, you, role, may, chosen }: &Seat) -> String {
    let role = role.as_ref().map_or("has no role yet".to_owned(), |role| format!("is a {role}"));
    let mut text = labelled("seat", &format!("{you} {role}"));
    if let Some(may) = may {
        let targets = match may.targets.is_empty() {
            true => String::new(),
            false => format!(": {}", may.targets.join(", ")),
        };
        text += &labelled("may", &format!("{}{targets}", may.kind));
    }
    if let Some(chosen) = chosen {
        text += &labelled("chosen", chosen);
    }
    text.extend(status.log.iter().map(|line| labelled("log", line)));
    text
}

fn processes(Open { life, n, state, .. }: &Open) -> String {
    format!("{state}, the room at {}", position(*life, *n))
}

/// Where a name leads.
pub(super) fn place(snapshot: &Snapshot) -> String {
    let Some(open) = &snapshot.open else { return String::new() };
    fit(&format!("{}: generation {}, {}", open.name, open.generation, processes(open)))
}

/// The node that has a room.
pub(super) fn node(place: &Place) -> String {
    let Place { name, node, url, generation, here } = place;
    let node = node.as_deref().map_or_else(|| "this server".into(), clean::line);
    let url = url.as_deref().map_or_else(String::new, |url| format!(" ({})", clean::line(url)));
    let answered = if *here { ", which answered" } else { "" };
    fit(&format!("{}: generation {generation}, at the node {node}{url}{answered}", clean::line(name)))
}

pub(super) fn killed(killed: &Killed) -> String {
    let Killed { name, what, life, n, lost, from, to, acked, down_ms } = killed;
    let what = if what == "both" { "room and backup" } else { what };
    let at = position(*life, *n);
    let fate = match from.zip(*to) {
        Some((from, to)) if *lost > 0 => {
            let which = if from == to { format!("{from}") } else { format!("{from} to {to}") };
            format!("lost {} ({which}) of #{acked} acknowledged", updates(*lost))
        }
        _ if *lost > 0 => format!("lost {}", updates(*lost)),
        _ => "nothing acknowledged is lost".to_owned(),
    };
    fit(&format!("{name}: {what} killed, at {at} again after {down_ms} ms; {fate}"))
}

pub(super) fn registry_killed(RegistryKilled { names }: &RegistryKilled) -> String {
    fit(&format!("registry killed; it restarts with its {names} names, and rooms play on"))
}

fn updates(count: u64) -> String {
    format!("{count} update{}", if count == 1 { "" } else { "s" })
}

pub(super) fn history(History { entries }: &History) -> String {
    if entries.is_empty() {
        return "no records".to_owned();
    }
    let line = |past: &Past| match past {
        Past::Update { life, n, text } => hang(&pad(&position(*life, *n), 10), text),
        Past::Gap { life, from, to } => {
            hang(&pad("gap", 10), &format!("updates {from} to {to} of life {life} are missing"))
        }
        Past::Resumed { life, n } => hang(
            &pad(&position(*life, *n), 10),
            &format!("life {life} begins, with {} in the state", updates(*n)),
        ),
    };
    entries.iter().map(line).collect()
}

pub(super) fn dead(letters: &[Letter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let line = |Letter { ago_ms, room, command, panic, attempts }: &Letter| {
        let words = format!("{command}: {panic} ({attempts} attempts, {:.0} s ago)", ago_ms / 1e3);
        hang(&pad(room, LABEL), &words)
    };
    letters.iter().map(line).collect()
}

fn labelled(label: &str, text: &str) -> String {
    hang(&pad(label, LABEL), text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::text::assert_fits;

    fn report(lost: u64, from: Option<u64>, to: Option<u64>) -> String {
        let report = json!({ "name": "moon", "what": "room", "life": 2, "n": 408, "lost": lost, "from": from,
            "to": to, "acked": 412, "down_ms": 0.8 });
        let text = killed(&serde_json::from_value(report).unwrap());
        assert_fits(&text);
        text
    }

    #[test]
    fn a_kill_is_told_with_the_updates_that_it_has_cost() {
        assert_eq!(
            report(4, Some(409), Some(412)),
            "moon: room killed, at 2·408 again after 0.8 ms; lost 4 updates (409 to 412) of\n  #412 acknowledged"
        );
        assert!(report(0, None, None).ends_with("nothing acknowledged is lost"));
    }

    #[test]
    fn rooms_of_other_nodes_are_listed_with_their_nodes() {
        let elsewhere = json!({ "count": 3, "first": [
            { "name": "moon", "node": "left", "url": "http://left", "generation": 2 },
            { "name": "star", "node": "left", "url": "http://left", "generation": 1 },
        ] });
        let text = far(&serde_json::from_value(elsewhere).unwrap());
        assert_fits(&text);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let expected = [
            &[][..],
            &["elsewhere", "node", "generation"],
            &["moon", "left", "2"],
            &["star", "left", "1"],
            &["and", "1", "more"],
        ];
        assert_eq!(lines, expected);
        assert_eq!(far(&Elsewhere::default()), "");
    }

    #[test]
    fn a_history_marks_gaps_and_new_lives() {
        let entries = json!({ "entries": [
            { "kind": "update", "life": 1, "n": 408, "text": "ada joined" },
            { "kind": "gap", "life": 1, "from": 409, "to": 412 },
            { "kind": "resumed", "life": 2, "n": 408 },
            { "kind": "update", "life": 2, "n": 409, "text": "ben joined" },
        ] });
        let text = history(&serde_json::from_value(entries).unwrap());
        assert_fits(&text);
        let expected = "#408      ada joined\ngap       updates 409 to 412 of life 1 are missing\n\
                        2·408     life 2 begins, with 408 updates in the state\n2·409     ben joined\n";
        assert_eq!(text, expected);
    }
}
