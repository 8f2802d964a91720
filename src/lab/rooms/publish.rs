//! The metrics of the lab.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};

use super::Core;
use crate::metrics::{PerThreadHistogram, Registry};

const METADATA: Metadata<'static> = Metadata::new("weir", Level::INFO, None);
const ACK: &str = "weir_rooms_ack_seconds";

/// Describes the metrics, and returns the histogram of the time until a move is acknowledged.
pub(super) fn describe(registry: &Registry) -> Arc<PerThreadHistogram> {
    for (name, help) in [
        ("weir_rooms_moves_total", "Moves, by outcome."),
        ("weir_rooms_updates_total", "Updates of the rooms that exist, by what became of them."),
        ("weir_rooms_kills_total", "Processes that were killed by hand."),
        ("weir_rooms_registry_restarts_total", "Restarts of the registry."),
    ] {
        registry.describe_counter(KeyName::from(name), None, help.into());
    }
    for (name, help) in [
        ("weir_rooms", "Rooms, by state, as of the last census."),
        ("weir_rooms_watchers", "Watchers of rooms, as of the last census."),
        ("weir_rooms_playing", "Rooms with players that play by themselves."),
        ("weir_rooms_dead_letters", "Moves that were given up, at most 100."),
    ] {
        registry.describe_gauge(KeyName::from(name), None, help.into());
    }
    let help = "From a move's arrival at the lab until it was acknowledged.";
    registry.describe_histogram(KeyName::from(ACK), None, help.into());
    registry.histogram(&Key::from_static_name(ACK))
}

/// Publishes counters and gauges.
pub(super) fn publish(core: &Core, registry: &Registry) {
    let count = |name: &'static str, labels: Vec<Label>, value: u64| {
        registry.register_counter(&Key::from_parts(name, labels), &METADATA).absolute(value);
    };
    let gauge = |name: &'static str, labels: Vec<Label>, value: u64| {
        registry.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value as f64);
    };
    let counts = &core.counts;
    for (outcome, number) in [
        ("acknowledged", &counts.acknowledged),
        ("refused", &counts.refused),
        ("poison", &counts.poison),
        ("unknown", &counts.unknown),
    ] {
        let number = number.load(Ordering::Relaxed);
        count("weir_rooms_moves_total", vec![Label::new("outcome", outcome)], number);
    }
    let ledger = core.house.ledger();
    for (fate, number) in [
        ("acknowledged", ledger.acknowledged),
        ("unanswered", ledger.unanswered),
        ("in_state", ledger.in_state),
        ("lost", ledger.lost),
    ] {
        count("weir_rooms_updates_total", vec![Label::new("fate", fate)], number);
    }
    count("weir_rooms_kills_total", Vec::new(), counts.kills.load(Ordering::Relaxed));
    count("weir_rooms_registry_restarts_total", Vec::new(), core.house.registry().restarts);
    let census = core.census();
    for (state, number) in [("up", census.up), ("restarting", census.restarting), ("idle", census.idle)] {
        gauge("weir_rooms", vec![Label::new("state", state)], number);
    }
    gauge("weir_rooms_watchers", Vec::new(), census.watchers);
    gauge("weir_rooms_playing", Vec::new(), super::lock(&core.playing).len() as u64);
    gauge("weir_rooms_dead_letters", Vec::new(), core.house.dead_letters().len() as u64);
}
