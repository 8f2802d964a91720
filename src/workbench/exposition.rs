//! Publishes the workbench's counters and gauges to the metrics registry when metrics are
//! requested. Histograms are in the registry already, because events record into them.
//!
//! The figures come from the snapshot, so the two cannot disagree.

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};

use super::snapshot::ModeState;
use super::{Snapshot, Workbench};
use crate::metrics::Registry;
use crate::record::Mode;

const METADATA: Metadata<'static> = Metadata::new("weir", Level::INFO, None);

/// Name and help of each counter.
const COUNTERS: [(&str, &str); 9] = [
    ("weir_http_arrived_total", "HTTP requests that arrived, by mode."),
    ("weir_http_requests_total", "HTTP responses sent, by mode and outcome."),
    ("weir_http_aborted_total", "HTTP requests whose client went away before the response, by mode."),
    (
        "weir_events_accepted_total",
        "Events promised to be done. After a reset, those that were held count anew.",
    ),
    ("weir_events_recovered_total", "Events that the queue held when the server started."),
    ("weir_events_total", "Events that ended or were refused, by mode and outcome."),
    ("weir_resource_calls_total", "Calls of the resource: pieces of work begun, and calls refused."),
    ("weir_resource_refused_total", "Visitors that a full resource sent away."),
    ("weir_stage_restarts_total", "Restarts of a stage: after failures, kills and orders."),
];

/// A gauge: its name, its help, and its value in the snapshot.
type GaugeOf = (&'static str, &'static str, fn(&Snapshot) -> f64);

const GAUGES: [GaugeOf; 23] = [
    ("weir_uptime_seconds", "Seconds since the start.", |s| s.uptime_s),
    ("weir_queue_depth", "Events waiting in the queue or at its gate.", |s| s.queue.depth as f64),
    ("weir_queue_at_gate", "Events that have left the queue and no consumer asks for.", |s| {
        s.queue.at_gate as f64
    }),
    (
        "weir_queue_oldest_seconds",
        "How long the longest-waiting pipelined event has waited; 0 when none waits.",
        |s| s.queue.oldest_ms.unwrap_or(0.0) / 1e3,
    ),
    ("weir_queue_peak_depth", "The most events that waited at once since the last reset.", |s| {
        s.queue.peak_depth as f64
    }),
    ("weir_queue_capacity", "How many events may wait in the queue.", |s| s.queue.capacity as f64),
    ("weir_queue_waiting", "Requests waiting for a place in the queue.", |s| s.queue.waiting as f64),
    ("weir_queue_leased", "Events of the queue that consumers have.", |s| s.queue.leased as f64),
    ("weir_queue_delayed", "Events of the queue that wait for their next attempt.", |s| {
        s.queue.delayed as f64
    }),
    ("weir_queue_settling", "Events whose end the engine of the queue has not stored yet.", |s| {
        s.queue.settling as f64
    }),
    ("weir_queue_dead", "Dead letters: events that failed for good and are kept.", |s| s.queue.dead as f64),
    ("weir_queue_payload_bytes", "Bytes of the payloads of events in the queue.", |s| {
        s.queue.payload_bytes as f64
    }),
    ("weir_queue_trouble", "1 while the engine of the queue cannot store events.", |s| {
        f64::from(u8::from(s.queue.trouble.is_some()))
    }),
    ("weir_resource_in_use", "Events in the resource.", |s| s.resource.in_use as f64),
    (
        "weir_resource_peak_in_use",
        "The most events that were in the resource at once since the last reset.",
        |s| s.resource.peak_in_use as f64,
    ),
    (
        "weir_resource_oldest_seconds",
        "How long the event has been in the resource that has been there longest; 0 when empty.",
        |s| s.resource.oldest_ms.unwrap_or(0.0) / 1e3,
    ),
    ("weir_resource_frozen", "1 while all work in the resource stands still.", |s| {
        f64::from(u8::from(s.resource.frozen))
    }),
    ("weir_resource_waiting", "Events waiting at the door of the resource.", |s| s.resource.waiting as f64),
    ("weir_consumers_concurrency", "How many events consumers may handle at once.", |s| {
        s.consumers.concurrency as f64
    }),
    ("weir_consumers_busy", "Events that consumers are handling.", |s| s.consumers.busy as f64),
    ("weir_consumers_held", "Events that consumers hold and have not begun.", |s| s.consumers.held as f64),
    ("weir_ledger_unaccounted", "Events accepted and nowhere to be found; 0 when quiet.", |s| {
        s.ledger.unaccounted as f64
    }),
    (
        "weir_config_generation",
        "1 at the start, and one more with each change of the configuration.",
        |s| s.config.generation as f64,
    ),
];

/// Name and help of each histogram.
const HISTOGRAMS: [(&str, &str); 4] = [
    ("weir_http_request_duration_seconds", "From the request head to the response, by mode and outcome."),
    ("weir_event_wait_seconds", "From arrival to admission by the resource, by mode and outcome."),
    ("weir_event_service_seconds", "In the resource, by mode and outcome."),
    ("weir_event_response_seconds", "From arrival to finish, by mode and outcome."),
];

pub(super) fn describe(registry: &Registry) {
    for (name, help) in COUNTERS {
        registry.describe_counter(KeyName::from(name), None, help.into());
    }
    for (name, help, _) in GAUGES {
        registry.describe_gauge(KeyName::from(name), None, help.into());
    }
    for (name, help) in HISTOGRAMS {
        registry.describe_histogram(KeyName::from(name), None, help.into());
    }
}

impl Workbench {
    /// Returns all metrics in Prometheus' text format, version 0.0.4.
    pub fn prometheus(&self) -> String {
        let snapshot = self.snapshot();
        for (mode, state) in snapshot.modes.iter() {
            self.publish_mode(mode, state);
        }
        self.count("weir_events_recovered_total", &[], snapshot.ledger.recovered);
        self.count("weir_resource_calls_total", &[], snapshot.resource.calls);
        self.count("weir_resource_refused_total", &[], snapshot.resource.refused);
        for stage in &snapshot.components {
            let labels = [Label::new("stage", stage.name.clone())];
            let key = Key::from_parts("weir_stage_restarts_total", labels.to_vec());
            self.registry.register_counter(&key, &METADATA).absolute(stage.restarts);
        }
        for (name, _, value) in GAUGES {
            self.registry.register_gauge(&Key::from_name(name), &METADATA).set(value(&snapshot));
        }
        self.labs().iter().for_each(|lab| lab.publish(&self.registry));
        self.registry.render()
    }

    fn publish_mode(&self, mode: Mode, state: &ModeState) {
        let counts = self.bench.stats(mode).account.counts();
        let name = mode.name();
        debug_assert!(state.errors <= state.requests, "more errors than responses");
        let ok = state.requests.saturating_sub(state.errors);
        self.count("weir_http_arrived_total", &[("mode", name)], state.arrived);
        self.count("weir_http_requests_total", &[("mode", name), ("outcome", "ok")], ok);
        self.count("weir_http_requests_total", &[("mode", name), ("outcome", "error")], state.errors);
        self.count("weir_http_aborted_total", &[("mode", name)], state.aborted);
        self.count("weir_events_accepted_total", &[("mode", name)], counts.accepted);
        for (outcome, value) in [
            ("done", counts.done),
            ("failed", counts.failed),
            ("dropped", counts.dropped),
            ("rejected", counts.rejected),
        ] {
            self.count("weir_events_total", &[("mode", name), ("outcome", outcome)], value);
        }
    }

    fn count(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: u64) {
        let labels: Vec<Label> = labels.iter().map(|(k, v)| Label::new(*k, *v)).collect();
        self.registry.register_counter(&Key::from_parts(name, labels), &METADATA).absolute(value);
    }
}
