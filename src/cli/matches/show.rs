//! The texts of all verbs of `weir match` but `watch` and `ladder`.

use crate::cli::answers::Quantiles;
use crate::cli::answers::matches::{BehindRow, LastEvent, Machine, Match, MatchRow, Now, Snapshot};
use crate::cli::text::{NONE, Table, fit, hang, left, number, pad, percent, right, time, wrap};
use crate::record::Origin;

/// The width of a label; the text begins behind it.
const LABEL: usize = 12;
/// The most watchers that are listed as behind.
const LISTED: usize = 5;

pub(super) fn list(matches: &[MatchRow]) -> String {
    let header = ["match", "teams", "min", "period", "watchers", "visits", ""];
    let columns = [left(18), left(20), right(3), left(11), right(8), right(6), left(0)];
    let mut table = Table::new(columns).header(header);
    for MatchRow { id, home, away, score: [ours, theirs], minute, period, watchers, visits, playing } in
        matches
    {
        table.row([
            id.as_str(),
            &format!("{home} {ours} : {theirs} {away}"),
            &minute.to_string(),
            period,
            &watchers.to_string(),
            &visits.to_string(),
            if *playing { "plays" } else { "" },
        ]);
    }
    table.to_string()
}

pub(super) fn added(id: &str) -> String {
    fit(&format!("{id} is ready, not begun\nnext: weir match play --match {id}"))
}

/// A match in two lines: teams, score and minute, and below them its play and its watchers.
pub(super) fn state(Snapshot { of, now, .. }: &Snapshot) -> String {
    let plays = match (of.playing, of.period.as_str()) {
        (true, _) => format!("plays at {} events/s", number(of.rate)),
        (false, "not begun" | "over") => "does not play".to_owned(),
        (false, _) => "is paused".to_owned(),
    };
    let watchers = plural(now.watchers, "watcher");
    fit(&format!("{}\n{plays}, {watchers}", line_of(of))) + "\n"
}

/// A match that plays from now on, and what to do next.
pub(super) fn playing(snapshot: &Snapshot) -> String {
    let Snapshot { of, now, .. } = snapshot;
    let of_match = of_match(of);
    let next = match now.watchers {
        0 => format!("weir load watch -c 10000{of_match}"),
        _ => format!("weir match show{of_match}"),
    };
    format!("{}next: {next}\n", state(snapshot))
}

pub(super) fn again(snapshot: &Snapshot) -> String {
    format!("{}next: weir match play{}\n", state(snapshot), of_match(&snapshot.of))
}

pub(super) fn crashed(part: &str, snapshot: &Snapshot) -> String {
    let outcome = match part {
        "dispatcher" => "it restarts, and closes its watchers; state and history stay",
        _ => "it restarts, and its watchers get the gap",
    };
    wrap(&format!("crashed {part}: {outcome}"), 0) + &state(snapshot)
}

/// The option that names a match, unless it is the usual one.
fn of_match(of: &Match) -> String {
    if of.id == super::DEFAULT { String::new() } else { format!(" --match {}", of.id) }
}

fn line_of(Match { id, home, away, score: [ours, theirs], minute, period, .. }: &Match) -> String {
    format!("{id}: {home} {ours} : {theirs} {away}, minute {minute}, {period}")
}

/// The figures of a match, beside the machine's own limits.
pub(super) fn figures(snapshot: &Snapshot) -> String {
    let Snapshot { of, verdict, now, machine, event, connections, writer, behind, ledger } = snapshot;
    let mut text = hang(&format!("{}  ", verdict.word), &format!("{}\n\n", verdict.text.trim()));
    let playing = if of.playing { format!("{} events/s", number(of.rate)) } else { "none".to_owned() };
    text += &labelled("match", &format!("{}, {}", line_of(of), of.stadium));
    text += &labelled("play", &format!("{playing}; the next event is {}", of.next));
    text += &labelled("watchers", &format!("{} WebSocket, {} server-sent events", now.ws, now.sse));
    text += &labelled("users", &format!("{}, after {}", of.users, plural(of.visits, "visit")));
    text += &beside(now, machine.as_ref()).section();
    text.push('\n');
    if let Some(event) = event {
        text += &last_event(event);
    }
    text += &labelled("writer", &format!("{writer}; a watcher that falls behind: {behind}"));
    let why = connections.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
    text += &labelled(
        "connections",
        &format!(
            "{} of {} open, {} refused{why}",
            connections.open, connections.limit, connections.refused
        ),
    );
    text += &labelled(
        "ledger",
        &format!(
            "sent {} = delivered {} + behind {} + dropped {} + closed {}",
            ledger.sent, ledger.delivered, ledger.behind, ledger.dropped, ledger.closed
        ),
    );
    text
}

/// The figures of now beside those of the machine.
fn beside(now: &Now, machine: Option<&Machine>) -> Table {
    let mut table = Table::new([left(LABEL - 1), right(10), right(10), left(0)]);
    table = table.header(["", "here", "machine", ""]);
    let none = || NONE.to_owned();
    let share = |here: f64, machine: f64| format!("{} of it", percent(here / machine));
    let times = |here: f64, machine: f64| format!("{} times", number(here / machine));
    let watchers = now.watchers as f64;
    let mut row = |name: &str, here: String, floor: Option<String>, distance: Option<String>| {
        table.row([name, &here, &floor.unwrap_or_else(none), &distance.unwrap_or_default()]);
    };
    row(
        "watchers",
        now.watchers.to_string(),
        machine.map(|of| of.watchers.to_string()),
        machine.map(|of| format!("limit: {}", of.watchers_why)),
    );
    row(
        "connects",
        format!("{:.0} /s", now.connects_s),
        machine.map(|of| format!("{:.0} /s", of.connects_s)),
        machine.filter(|_| now.connects_s > 0.0).map(|of| share(now.connects_s, of.connects_s)),
    );
    let art = now.art_ms;
    row(
        "ART p50",
        art.map_or_else(none, |Quantiles { p50, .. }| ms(p50)),
        machine.map(|of| ms(of.art_ms)),
        art.zip(machine).map(|(art, of)| times(art.p50, of.art_ms)),
    );
    row("ART p99", art.map_or_else(none, |Quantiles { p99, .. }| ms(p99)), None, None);
    let floor = machine.map(|of| of.send_us * watchers / 1e3).filter(|floor| *floor > 0.0);
    row(
        "last",
        now.last_ms.map_or_else(none, ms),
        floor.map(ms),
        now.last_ms.zip(floor).map(|(last, floor)| times(last, floor)),
    );
    let memory = now.rss_per_watcher.map_or_else(none, |bytes| format!("{} kB", number(bytes / 1e3)));
    row("memory", memory, None, Some("for each watcher".to_owned()));
    table
}

fn last_event(event: &LastEvent) -> String {
    let LastEvent { seq, kind, sent, reached, elapsed_ms, behind, stalled_ms } = event;
    let mut text = labelled(
        "event",
        &format!("{seq}, {kind}: {reached} of {sent} watchers have it, after {}", ms(*elapsed_ms)),
    );
    if *stalled_ms > 0.0 {
        text += &labelled("stalled", &format!("all watchers wait, for {}", ms(*stalled_ms)));
    }
    for BehindRow { user, events, dropped, gap, for_ms } in behind.iter().take(LISTED) {
        let gap = gap.map_or(String::new(), |[from, to]| format!(", gap {from} to {to}"));
        let of = plural(*events, "event");
        text += &labelled("behind", &format!("{user}: {of}, {dropped} dropped{gap}, for {}", ms(*for_ms)));
    }
    if behind.len() > LISTED {
        text += &wrap(&format!("and {} more", behind.len() - LISTED), LABEL);
    }
    text
}

/// The machine's own limits.
pub(super) fn machine(machine: Option<&Machine>) -> String {
    let Some(Machine { watchers, watchers_why, connects_s, art_ms, send_us, measured_ms }) = machine else {
        return "the server has not measured its machine yet".to_owned();
    };
    let mut text = wrap(
        &format!("The machine's own limits, without Weir, measured in {measured_ms:.0} ms by the server"),
        0,
    );
    let mut table = Table::new([left(LABEL - 1), right(10), left(0)]);
    table.row(["watchers", &watchers.to_string(), &format!("limit: {watchers_why}")]);
    table.row(["connects", &format!("{connects_s:.0} /s"), "in a loop that only accepts"]);
    table.row(["ART", &ms(*art_ms), "from the connect to the first bytes"]);
    table.row(["send", &format!("{} µs", number(*send_us)), "for each watcher of an event"]);
    let last = send_us * 10_000.0 / 1e3;
    table.row(["last", &ms(last), "for an event to 10,000 watchers"]);
    text += &table.section();
    text
}

fn labelled(label: &str, text: &str) -> String {
    hang(&pad(label, LABEL), text)
}

/// A time in milliseconds with its unit, or in seconds from ten seconds on.
pub(super) fn ms(ms: f64) -> String {
    if ms < 10_000.0 { format!("{} ms", time(ms, Origin::Kept)) } else { format!("{} s", number(ms / 1e3)) }
}

fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
