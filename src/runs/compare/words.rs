//! A comparison in words: the findings, the notes and the method.

use std::collections::BTreeMap;

use serde_json::Value;

use super::noise::{Sliced, Trend};
use super::{ComparedFigure, Difference, Values};
use crate::record::{Measured, RoomsSide, Run, TimingKind, Verdict, WatchSide};
use crate::runs::words::count;

/// The most figures that a sentence names; the table has all.
const NAMED: usize = 3;
/// The most differing keys that a sentence names.
const KEYS: usize = 8;

/// The method, for readers of a comparison.
pub(super) const METHOD: &str = "Intervals at 95 % from the slices of each run: long-run variance by \
    equal-weighted cosines (Lazarus et al. 2018), percentiles as shares (Woodruff 1952), the ratio of two \
    by MOVER with Student's t (Zou & Donner 2008); shares by Newcombe (1998), with a p value of at least \
    that of Fisher's exact test (1935) and the design effect of the slices (Kish 1965); Holm's procedure (1979) over all \
    figures; differences below 0.1 % or 1 µs are ignored. The intervals do not include variation from one run to the next.";

/// Returns one figure in a sentence.
pub(super) fn of(figure: &ComparedFigure) -> String {
    let amount = format!("{:.1} %", figure.relative.abs() * 100.0);
    let name = &figure.name;
    match figure.values {
        // `compare/share.rs` has the sentences of shares.
        Values::Shares { .. } => figure.words.clone(),
        Values::Times { .. } if figure.relative < 0.0 => {
            format!("B is {amount} faster at {name}{}", range(figure))
        }
        Values::Times { .. } => format!("B is {amount} slower at {name}{}", range(figure)),
        Values::Rates { .. } if figure.relative < 0.0 => {
            format!("B has {amount} fewer {name}{}", range(figure))
        }
        Values::Rates { .. } => format!("B has {amount} more {name}{}", range(figure)),
    }
}

/// Returns the interval, in the direction of the sentence.
fn range(figure: &ComparedFigure) -> String {
    let Some((low, high)) = figure.interval else { return String::new() };
    let percent = |value: f64| format!("{:.1} %", value * 100.0);
    match (figure.relative < 0.0, high) {
        (true, Some(high)) => format!(" ({} to {})", percent(-high), percent(-low)),
        (true, None) => format!(" (at most {})", percent(-low)),
        (false, Some(high)) => format!(" ({} to {})", percent(low), percent(high)),
        (false, None) => format!(" (at least {})", percent(low)),
    }
}

/// Returns all figures in a few sentences.
pub(super) fn summary(figures: &[ComparedFigure], strongest: Difference) -> String {
    let of_kind = |kind| {
        let mut found: Vec<&ComparedFigure> = figures.iter().filter(|f| f.difference == kind).collect();
        // Shares of failures come before times, then the most certain figure comes first.
        // Equals stay in the order of the table.
        let order = |f: &ComparedFigure| (!is_share(f), f.p_value.unwrap_or(1.0));
        found.sort_by(|f, g| {
            let ((f, f_p), (g, g_p)) = (order(f), order(g));
            f.cmp(&g).then(f_p.total_cmp(&g_p))
        });
        found
    };
    let name = |found: &[&ComparedFigure]| {
        let named: Vec<&str> = found.iter().take(NAMED).map(|figure| figure.words.as_str()).collect();
        let more = found.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{}{more}", named.join("; "))
    };
    let known = figures.iter().filter(|figure| figure.p_value.is_some()).count();
    // Doubtful figures are mentioned too.
    let doubts = figures.iter().filter(|f| f.difference == Difference::Unknown && f.interval.is_some());
    let doubts: String = doubts.take(NAMED).map(|figure| format!(". {}", figure.words)).collect();
    match strongest {
        Difference::MoreThanNoise => format!("more than noise: {}{doubts}", name(&of_kind(strongest))),
        Difference::Alone => format!(
            "no difference beyond noise in all {known} figures together; on its own, this would be significant: \
             {}{doubts}",
            name(&of_kind(strongest))
        ),
        Difference::WithinNoise => {
            let within = of_kind(strongest);
            let median = within.iter().find(|figure| figure.name == "answer p50");
            let mut named_first: Vec<&ComparedFigure> =
                within.iter().copied().filter(|figure| is_share(figure)).collect();
            named_first.extend(median);
            let named_first = if named_first.is_empty() { name(&within) } else { name(&named_first) };
            let opening = if doubts.is_empty() { "no difference beyond noise" } else { "within noise" };
            format!("{opening}: {named_first}{doubts}")
        }
        Difference::Unknown => match figures.iter().find_map(|figure| figure.unknown.as_deref()) {
            Some(why) if doubts.is_empty() => format!("unknown, because there is no interval: {why}"),
            Some(_) => format!("unknown{doubts}"),
            None => "unknown: the runs share no figures".to_owned(),
        },
    }
}

/// Says that two runs measure different things.
pub(super) fn of_different_kinds(a: &Run, b: &Run) -> String {
    // The run of a lab comes first.
    let (first, second, [x, y]) = match a.measured() {
        Measured::Requests => ("B", "A", [b, a]),
        Measured::Jobs | Measured::Watchers | Measured::Rooms => ("A", "B", [a, b]),
    };
    let (kind, other) = (x.measured().word(), y.measured().word());
    format!(
        "{first} is a run of {kind} and {second} one of {}: they cannot be compared, because the first times \
         {kind} and the second times {other}",
        y.target
    )
}

fn is_share(figure: &ComparedFigure) -> bool {
    matches!(figure.values, Values::Shares { .. })
}

/// Returns notes on everything but the figures.
pub(super) fn notes(figures: &[ComparedFigure], a: &Run, b: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    for (letter, run) in [("A", a), ("B", b)] {
        for (word, verdict) in [("invalid", Verdict::Failed), ("disturbed", Verdict::Disturbed)] {
            let found = run.audit.checks.iter().filter(|check| check.verdict == verdict);
            let says: Vec<&str> = found.map(|check| check.says.as_str()).collect();
            if !says.is_empty() {
                notes.push(format!("{letter} is {word}: {}", says.join("; ")));
            }
        }
    }
    if figures.iter().any(is_share) {
        notes.push("times are those of successes only".to_owned());
    }
    if a.target != b.target {
        notes.push(format!("the targets differ: {} in A, {} in B", a.target, b.target));
    }
    match (&a.load, &b.load) {
        (Some(a), Some(b)) if a.to_string() != b.to_string() => {
            notes.push(format!("the loads differ: {a} in A; {b} in B"));
        }
        (Some(a), Some(b)) => {
            let of = |plan| serde_json::to_value(plan).unwrap_or_default();
            notes.extend(differing("loads", &of(a), &of(b)));
        }
        // Watchers and rooms have notes of their own.
        (None, None) => {}
        (Some(_), None) => notes.push("the load of B is unknown".to_owned()),
        (None, Some(_)) => notes.push("the load of A is unknown".to_owned()),
    }
    if let (Some(a), Some(b)) = (a.engine(), b.engine())
        && a != b
    {
        let so = if a.promise() == b.promise() { "" } else { ", so a 202 promises different things" };
        notes.push(format!("the engines of the queue differ{so}: {a} (in A); {b} (in B)"));
    }
    if let (Some(a), Some(b)) = (&a.watch, &b.watch) {
        notes.extend(of_watchers(a, b));
    }
    if let (Some(a), Some(b)) = (&a.rooms, &b.rooms) {
        notes.extend(of_rooms(a, b));
    }
    if let (Some(a), Some(b)) = (&a.config, &b.config) {
        notes.extend(differing("configurations", a, b));
    }
    for (letter, run) in [("A", a), ("B", b)] {
        let words = match run.measured() {
            Measured::Watchers => ["ART", "last"],
            Measured::Rooms => ["move", "move after a kill"],
            Measured::Requests | Measured::Jobs => ["answer", "response"],
        };
        for (clock, word) in [TimingKind::Answer, TimingKind::Response].into_iter().zip(words) {
            let trend = run.timing(clock).and_then(|timing| Sliced::of(timing).ok()?.trend());
            let goes = match trend {
                Some(Trend::Rise) => "rise",
                Some(Trend::Fall) => "fall",
                None => continue,
            };
            notes.push(format!(
                "{word} times of {letter} {goes} over the run (trend), so their intervals are wide"
            ));
        }
    }
    notes
}

/// What differs between two runs of watchers and has one value in each run, so that nothing
/// says how much of the difference is noise.
fn of_watchers(a: &WatchSide, b: &WatchSide) -> Vec<String> {
    let mut notes = Vec::new();
    if a.load() != b.load() {
        notes.push(format!("the loads differ: {} in A; {} in B", a.load(), b.load()));
    }
    if a.watchers != b.watchers {
        notes.push(format!("N differs: {} watchers in A, {} in B", count(a.watchers), count(b.watchers)));
    }
    let memory = |side: &WatchSide| side.server.as_ref().and_then(|server| server.rss_per_watcher);
    if let (Some(a), Some(b)) = (memory(a), memory(b)) {
        notes.push(format!("a watcher takes {} B in A, {} B in B", count(a as u64), count(b as u64)));
    }
    notes
}

/// Returns what differs between two runs of rooms: their loads, and the moves that they lost.
fn of_rooms(a: &RoomsSide, b: &RoomsSide) -> Vec<String> {
    let mut notes = Vec::new();
    if a.load() != b.load() {
        notes.push(format!("the loads differ: {} in A; {} in B", a.load(), b.load()));
    }
    let lost = |side: &RoomsSide| {
        format!("{} of {} acknowledged moves", count(side.ledger.lost), count(side.ledger.acknowledged))
    };
    if a.ledger.lost + b.ledger.lost > 0 {
        notes.push(format!("A lost {} in {} kills, B {} in {}", lost(a), a.killed, lost(b), b.killed));
    }
    notes
}

/// Lists the keys that differ, with their value in each run.
fn differing(what: &str, a: &Value, b: &Value) -> Option<String> {
    let (mut of_a, mut of_b) = (BTreeMap::new(), BTreeMap::new());
    flatten(String::new(), a, &mut of_a);
    flatten(String::new(), b, &mut of_b);
    let absent = || "not set".to_owned();
    let keys: std::collections::BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
    let differing: Vec<String> = keys
        .into_iter()
        .filter(|key| of_a.get(*key) != of_b.get(*key))
        .map(|key| {
            let in_a = of_a.get(key).cloned().unwrap_or_else(absent);
            let in_b = of_b.get(key).cloned().unwrap_or_else(absent);
            format!("{key} ({in_a} in A, {in_b} in B)")
        })
        .collect();
    let more = differing.len().saturating_sub(KEYS);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let named: Vec<&str> = differing.iter().take(KEYS).map(String::as_str).collect();
    (!differing.is_empty()).then(|| format!("the {what} differ: {}{more}", named.join(", ")))
}

/// Adds every leaf by its dotted key.
pub(in crate::runs) fn flatten(key: String, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(below(name), value, into);
            }
        }
        Value::String(text) => {
            into.insert(key, text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            into.insert(key, value.to_string());
        }
    }
}
