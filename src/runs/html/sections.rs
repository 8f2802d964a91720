//! The text sections of a report: descriptions of the runs, differences, ledgers, audits,
//! marks and configurations.

use std::collections::BTreeMap;

use super::super::compare::{Comparison, Difference, Values, compare, flatten};
use super::super::markup::{NONE, escape, number, time};
use super::super::svg::LETTERS;
use super::tables::{FINDING, WORDS, key, letters, table};
use crate::record::{RoomsSide, Run, Validity, Verdict, WatchSide};

/// What a run is, and whether its figures can be trusted.
pub(super) fn card(n: usize, run: &Run) -> String {
    let validity = run.audit.validity();
    let class = if validity == Validity::Valid { "" } else { " class=\"bad\"" };
    let load = run.load.as_ref().map(ToString::to_string);
    let load = load.or(run.watch.as_ref().map(WatchSide::load)).or(run.rooms.as_ref().map(RoomsSide::load));
    let load = load.unwrap_or("unknown".to_owned());
    let origin = format!("{:?}", run.origin).to_lowercase();
    let mut facts = vec![
        ("id", escape(&run.id)),
        ("from", format!("{origin}, by Weir {}", escape(&run.weir))),
        ("target", escape(&run.target)),
        ("load", escape(&load)),
        ("began", format!("{}, lasted {} s", escape(&run.began), number(run.seconds))),
        ("audit", format!("<span{class}>{}</span>", validity.word())),
    ];
    if let Some(engine) = run.engine() {
        facts.push(("queue", escape(&engine.to_string())));
    }
    if let Some(skipped) = &run.skipped {
        facts.push(("warm-up", format!("<span class=\"note\">{}</span>", escape(&skipped.says))));
    }
    if let Some(prediction) = &run.prediction {
        facts.push(("model", format!("{}, {}", escape(&prediction.model), prediction.exactness)));
    }
    let facts: String =
        facts.iter().map(|(name, fact)| format!("<dt>{name}</dt><dd>{fact}</dd>\n")).collect();
    format!(
        "<div class=\"card\">\n<h2>{}<b>{}</b></h2>\n<dl>\n{facts}</dl>\n</div>\n",
        key(n),
        escape(run.title())
    )
}

/// Each run compared with the first; empty for a single run.
pub(super) fn differences(runs: &[Run]) -> String {
    let Some((a, others)) = runs.split_first() else { return String::new() };
    let pairs: Vec<Comparison> = others.iter().map(|other| compare(a, other)).collect();
    let mut text: String = pairs.iter().enumerate().map(|(n, pair)| difference(n + 1, pair)).collect();
    if let Some(pair) = pairs.first() {
        text += &format!("<p class=\"method\">{}</p>\n", escape(&pair.method));
    }
    text
}

/// A sentence about A and B, with the run's letter in place of B.
fn lettered(text: &str, n: usize) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_alone = !before.is_alphanumeric() && chars.peek().is_none_or(|next| !next.is_alphanumeric());
        match c {
            'B' if is_alone => out.push_str(LETTERS[n]),
            c => out.push(c),
        }
        before = c;
    }
    escape(&out)
}

fn difference(n: usize, pair: &Comparison) -> String {
    let letter = LETTERS[n];
    let change = |values: Values, relative: f64| match values {
        _ if !relative.is_finite() => NONE.to_owned(),
        Values::Shares { .. } => format!("{:+.1} pt", relative * 100.0),
        Values::Times { .. } | Values::Rates { .. } => format!("{:+.1} %", relative * 100.0),
    };
    let rows: Vec<Vec<String>> = pair
        .figures
        .iter()
        .map(|figure| {
            let format: fn(f64) -> String = match figure.values {
                Values::Times { .. } => time,
                Values::Rates { .. } => |rate| format!("{}/s", number(rate)),
                Values::Shares { .. } => |share| format!("{} %", number(share * 100.0)),
            };
            let (in_a, in_b) = figure.values.pair();
            let class = if figure.difference == Difference::MoreThanNoise { "more" } else { "less" };
            let interval = match figure.interval {
                None => NONE.to_owned(),
                Some((low, None)) => format!("{} or more", change(figure.values, low)),
                Some((low, Some(high))) => {
                    format!("{} to {}", change(figure.values, low), change(figure.values, high))
                }
            };
            let unknown = figure.unknown.as_ref().filter(|_| figure.interval.is_none());
            let unknown =
                unknown.map(|why| format!(" No interval: {}.", lettered(why, n))).unwrap_or_default();
            vec![
                escape(&figure.name),
                format(in_a),
                format(in_b),
                format!("<td class=\"{class}\">{}</td>", change(figure.values, figure.relative)),
                format!("<td class=\"{class}\">{interval}</td>"),
                format!("<td class=\"text {class}\">{}.{unknown}</td>", lettered(&figure.words, n)),
            ]
        })
        .collect();
    let heads = ["figure".to_owned(), key(0), key(n), format!("{letter} to A")];
    let heads: Vec<String> = heads.into_iter().chain(["95 % interval", WORDS].map(str::to_owned)).collect();
    let notes: String = pair.notes.iter().map(|note| format!("<li>{}</li>\n", lettered(note, n))).collect();
    let notes = if notes.is_empty() { notes } else { format!("<ul>\n{notes}</ul>\n") };
    format!(
        "<p class=\"words\">A and {letter}: {}</p>\n{}{notes}",
        lettered(&pair.words, n),
        table(&heads, &rows)
    )
}

/// The account of every event of each run.
pub(super) fn ledgers(runs: &[Run]) -> String {
    let benches = runs.iter().enumerate().filter_map(|(n, run)| Some((n, run.bench.as_ref()?)));
    let line = |(n, bench): (usize, &crate::record::BenchSide)| {
        let drained = match bench.drained {
            true => format!("drained {} s after the last request", number(bench.drain_s)),
            false => "still held events at the end".to_owned(),
        };
        format!("<p class=\"account\">{} {}; {drained}</p>\n", key(n), bench.ledger)
    };
    let jobs = runs.iter().enumerate().filter_map(|(n, run)| Some((n, run.jobs.as_ref()?)));
    let of_jobs = |(n, jobs): (usize, &crate::record::JobsSide)| {
        format!("<p class=\"account\">{} {}</p>\n", key(n), jobs.ledger)
    };
    let watchers = runs.iter().enumerate().filter_map(|(n, run)| Some((n, run.watch.as_ref()?)));
    let of_watchers = |(n, watch): (usize, &WatchSide)| {
        let server = watch.server.as_ref().map_or(String::new(), |server| format!("; {}", server.ledger));
        format!("<p class=\"account\">{} {}{server}</p>\n", key(n), watch.account())
    };
    let rooms = runs.iter().enumerate().filter_map(|(n, run)| Some((n, run.rooms.as_ref()?)));
    let of_rooms = |(n, rooms): (usize, &RoomsSide)| {
        format!("<p class=\"account\">{} {}; {} kills</p>\n", key(n), rooms.ledger, rooms.killed)
    };
    let labs = jobs.map(of_jobs).chain(watchers.map(of_watchers)).chain(rooms.map(of_rooms));
    benches.map(line).chain(labs).collect()
}

/// Every check of each run.
pub(super) fn audits(runs: &[Run]) -> String {
    let mut rows = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        for check in &run.audit.checks {
            let (word, class) = match check.verdict {
                Verdict::Passed => ("passed", "quiet"),
                Verdict::Note => ("note", "note"),
                Verdict::Disturbed => ("disturbed", "bad"),
                Verdict::Failed => ("INVALID", "bad"),
            };
            rows.push(vec![
                format!("{} {}", key(n), escape(&check.name)),
                format!("<td class=\"{class}\">{word}</td>"),
                format!("<td class=\"text\">{}</td>", escape(&check.says)),
            ]);
        }
    }
    table(&["check", "verdict", FINDING].map(str::to_owned), &rows)
}

/// The changes during the runs.
pub(super) fn marks(runs: &[Run]) -> String {
    let mut text = String::new();
    for (n, run) in runs.iter().enumerate() {
        let of_bench = run.bench.iter().flat_map(|bench| &bench.marks);
        let of_window = run.window.iter().flat_map(|window| &window.marks);
        let of_jobs = run.jobs.iter().flat_map(|jobs| &jobs.marks);
        let of_watch = run.watch.iter().flat_map(|watch| &watch.marks);
        let kills = run.rooms.as_ref().map(RoomsSide::marks).unwrap_or_default();
        for mark in of_bench.chain(of_window).chain(of_jobs).chain(of_watch).chain(&kills) {
            let kind = format!("{:?}", mark.kind).to_lowercase();
            text +=
                &format!("<li>{} at {} s, {kind}: {}</li>\n", key(n), number(mark.t), escape(&mark.text));
        }
    }
    if text.is_empty() { text } else { format!("<ul>\n{text}</ul>\n") }
}

/// Every key of the configurations in force, and its value in each run.
pub(super) fn configurations(runs: &[Run]) -> String {
    let mut keys: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (n, run) in runs.iter().enumerate() {
        let mut flat = BTreeMap::new();
        if let Some(config) = &run.config {
            flatten(String::new(), config, &mut flat);
        }
        for (name, value) in flat {
            keys.entry(name).or_insert_with(|| vec![None; runs.len()])[n] = Some(value);
        }
    }
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|(name, values)| {
            let differ = values.iter().any(|value| *value != values[0]);
            let class = if differ { " more" } else { "" };
            let cell = |value: &Option<String>| {
                let value = value.as_ref().map_or(NONE.to_owned(), |value| escape(value));
                format!("<td class=\"keys{class}\">{value}</td>")
            };
            std::iter::once(format!("<code>{}</code>", escape(&name)))
                .chain(values.iter().map(cell))
                .collect()
        })
        .collect();
    table(&letters("key", runs), &rows)
}
