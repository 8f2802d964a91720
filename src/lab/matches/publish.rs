//! The metrics of the lab.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};

use super::Core;
use super::snapshot::Ledger;
use crate::metrics::{PerThreadHistogram, Registry};

const METADATA: Metadata<'static> = Metadata::new("weir", Level::INFO, None);
const ART: &str = "weir_matches_art_seconds";

/// Describes the metrics, and returns the histogram of the time until a newcomer has its
/// snapshot.
pub(super) fn describe(registry: &Registry) -> Arc<PerThreadHistogram> {
    for (name, help) in [
        ("weir_matches_events_total", "Events of all matches."),
        ("weir_matches_deliveries_total", "Deliveries: one event to one watcher, by outcome."),
        ("weir_matches_visits_total", "Joins of watchers."),
        ("weir_matches_closed_total", "Watchers that were let go of, by reason."),
    ] {
        registry.describe_counter(KeyName::from(name), None, help.into());
    }
    for (name, help) in [
        ("weir_matches_watchers", "Watchers, by transport."),
        ("weir_matches_behind", "Deliveries that wait for watchers that are behind."),
        ("weir_matches", "Matches."),
    ] {
        registry.describe_gauge(KeyName::from(name), None, help.into());
    }
    let help = "From when the server accepted a connection until its snapshot was written.";
    registry.describe_histogram(KeyName::from(ART), None, help.into());
    registry.histogram(&Key::from_static_name(ART))
}

/// Publishes counters and gauges.
pub(super) fn publish(core: &Core, registry: &Registry) {
    let count = |name: &'static str, labels: Vec<Label>, value: u64| {
        registry.register_counter(&Key::from_parts(name, labels), &METADATA).absolute(value);
    };
    let gauge = |name: &'static str, labels: Vec<Label>, value: u64| {
        registry.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value as f64);
    };
    let matches = core.all();
    let mut ledger = Ledger::default();
    for live in &matches {
        let found = live.ledger();
        ledger.sent += found.sent;
        ledger.delivered += found.delivered;
        ledger.behind += found.behind;
        ledger.dropped += found.dropped;
        ledger.closed += found.closed;
    }
    let outcomes = [
        ("sent", ledger.sent),
        ("delivered", ledger.delivered),
        ("dropped", ledger.dropped),
        ("closed", ledger.closed),
    ];
    for (outcome, number) in outcomes {
        count("weir_matches_deliveries_total", vec![Label::new("outcome", outcome)], number);
    }
    let events = matches.iter().map(|live| live.events.load(Ordering::Relaxed)).sum();
    count("weir_matches_events_total", Vec::new(), events);
    let visits = matches.iter().map(|live| live.arrivals.visits()).sum();
    count("weir_matches_visits_total", Vec::new(), visits);
    for (reason, number) in core.closed.counts() {
        count("weir_matches_closed_total", vec![Label::new("reason", reason)], number);
    }
    for (framing, transport) in core.transports.iter().enumerate() {
        let hubs = matches.iter().filter_map(|live| live.life()).map(|life| life.hub.figures());
        let watchers = hubs.flat_map(|hub| hub.shards).filter(|shard| shard.framing == framing);
        let number = watchers.map(|shard| shard.watchers).sum();
        gauge("weir_matches_watchers", vec![Label::new("transport", transport.name())], number);
    }
    gauge("weir_matches_behind", Vec::new(), ledger.behind);
    gauge("weir_matches", Vec::new(), matches.len() as u64);
}
