//! Tests of GenStage's behaviours. `conformance/README.md` is the list of the hundred
//! rows, with our deviations.
//!
//! Each section of the list is a module. Its table `ROWS` says which test covers which
//! row. [`every_row_has_a_test`] compares the tables with the sources, so it fails for
//! a row without a test and for a test that is gone.

/// Dispatchers by themselves, and in a stage that waits.
mod bench;
/// I: the broadcast dispatcher; rows 71 to 78.
mod broadcast;
/// D: the buffer of undelivered events; rows 21 to 35.
mod buffer;
/// G: callbacks, cancel modes, errors; rows 48 to 60.
mod callbacks;
/// G, too: how subscriptions end.
mod cancel;
/// Annex: stages that crash, restart and stop.
mod crashes;
/// A: demand between a producer and a consumer; rows 1 to 7.
mod demand;
/// H: the demand dispatcher; rows 61 to 70.
mod demand_dispatcher;
/// E: markers between events; rows 36 to 40.
mod info;
/// B: stages that consume and produce; rows 8 to 14.
mod middle;
/// C: demand mode; rows 15 to 20.
mod mode;
/// L: one worker per event; rows 91 to 100.
mod one_per_event;
/// J: the partition dispatcher; rows 79 to 85.
mod partition;
/// K: streams; rows 86 to 90.
mod streams;
/// F: subscribing; rows 41 to 47.
mod subscribe;

/// Which tests cover which rows: a row may have several, and a test cover several.
type Rows = &'static [(u32, &'static str)];

/// A section: its name, its rows, its table and its source.
const SECTIONS: &[(&str, std::ops::RangeInclusive<u32>, Rows, &str)] = &[
    ("demand", 1..=7, demand::ROWS, include_str!("conformance/demand.rs")),
    ("middle", 8..=14, middle::ROWS, include_str!("conformance/middle.rs")),
    ("mode", 15..=20, mode::ROWS, include_str!("conformance/mode.rs")),
    ("buffer", 21..=35, buffer::ROWS, include_str!("conformance/buffer.rs")),
    ("info", 36..=40, info::ROWS, include_str!("conformance/info.rs")),
    ("subscribe", 41..=47, subscribe::ROWS, include_str!("conformance/subscribe.rs")),
    (
        "callbacks",
        48..=60,
        callbacks::ROWS,
        concat!(
            include_str!("conformance/callbacks.rs"),
            include_str!("conformance/cancel.rs"),
            // What no stage says can be said only from inside.
            include_str!("../crates/weir-stage/src/stage/protocol.rs"),
        ),
    ),
    (
        "demand_dispatcher",
        61..=70,
        demand_dispatcher::ROWS,
        include_str!("conformance/demand_dispatcher.rs"),
    ),
    ("broadcast", 71..=78, broadcast::ROWS, include_str!("conformance/broadcast.rs")),
    ("partition", 79..=85, partition::ROWS, include_str!("conformance/partition.rs")),
    ("streams", 86..=90, streams::ROWS, include_str!("conformance/streams.rs")),
    ("one_per_event", 91..=100, one_per_event::ROWS, include_str!("conformance/one_per_event.rs")),
];

/// Only Erlang has it: monitors of one's own.
const NOT_PORTED: &[u32] = &[54];

#[test]
fn every_row_has_a_test() {
    let mut wrong = Vec::new();
    for (section, rows, table, source) in SECTIONS {
        for row in rows.clone().filter(|row| !NOT_PORTED.contains(row)) {
            if !table.iter().any(|(covered, _)| *covered == row) {
                wrong.push(format!("row {row} has no test in {section}"));
            }
        }
        for (row, test) in *table {
            if !rows.contains(row) || !source.contains(&format!("fn {test}(")) {
                wrong.push(format!("{section} names {test} for row {row}, and there is no such test"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_list_beside_the_tests_has_every_row_once_and_in_order() {
    let list = include_str!("conformance/README.md");
    let rows = list.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(' ')?.0.parse().ok());
    assert_eq!(rows.collect::<Vec<u32>>(), (1..=100).collect::<Vec<_>>());
}
