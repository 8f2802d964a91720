//! The snapshot: the one JSON that the page, the command line and scripts read.
//!
//! Times are in milliseconds, rates per second. Fields may be added, never
//! renamed.

mod consumers;
mod figure;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::judge::Rates;
use super::stats::ModeStats;
use super::{BookState, Component, KeepingState, Peaks, Point, QueueReport, Verdict, Workbench};
use crate::config::Settings;
use crate::metrics::Summary;
use crate::record::{ByMode, LedgerState, Mode};
use crate::resource::Usage;

pub use consumers::{ConsumerCell, ConsumerState};
pub use figure::{SnapshotFigure, SnapshotValue};

/// The state of the bench at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// Weir's version.
    pub version: String,
    /// Seconds since the start.
    pub uptime_s: f64,
    /// The verdict on the bench, at most a quarter of a second old.
    #[serde(default)]
    pub verdict: Verdict,
    /// Whether a shutdown is in progress.
    pub draining: bool,
    /// The configuration in force.
    pub config: ConfigState,
    /// The use of the resource.
    pub resource: ResourceState,
    /// The queue in front of the pool.
    pub queue: QueueState,
    /// The pool.
    pub consumers: ConsumerState,
    /// Whether the pipeline is paused.
    pub paused: bool,
    /// Whether every change is refused (`server.read_only`).
    #[serde(default)]
    pub read_only: bool,
    /// The stages of the pipeline.
    pub components: Vec<Component>,
    /// The account of every event, all modes together.
    pub ledger: LedgerState,
    /// The figures of each mode.
    pub modes: ByMode<ModeState>,
    /// The state of saving runs.
    pub keeping: KeepingState,
    /// The newest point of the history.
    pub point: Point,
}

/// The configuration in force, and its last reload or error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfigState {
    /// 1 at the start, and one more with each change that came into force.
    pub generation: u64,
    /// Why the last edit was refused; null when the last edit is in force.
    pub error: Option<String>,
    /// The file that is watched.
    pub source: Option<String>,
    /// The uptime at which this configuration came into force.
    pub changed_s: f64,
    /// The last changes.
    pub changes: Vec<String>,
    /// Parts of the last edit that have no effect.
    pub notes: Vec<String>,
    /// Keys set by a flag.
    pub flags: Vec<String>,
    /// Keys whose value in force is not that of file and flags: the next edit of the file
    /// takes them back.
    #[serde(default)]
    pub not_in_file: Vec<String>,
    /// Every key with its value, in the order of the file.
    pub effective: Box<RawValue>,
}

/// The use of the resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResourceState {
    /// Events inside.
    pub in_use: usize,
    /// The most at once since the last reset.
    pub peak_in_use: usize,
    /// The most at once that are allowed; null without a limit.
    pub limit: Option<usize>,
    /// Events waiting to be admitted.
    pub waiting: usize,
    /// Events refused since the last reset.
    pub refused: u64,
    /// Pieces of work that failed since the last reset.
    pub failed: u64,
    /// Calls since the last reset: pieces of work begun, and calls refused. A waiting
    /// call counts when its work begins.
    pub calls: u64,
    /// How long the oldest event has been inside; null if there is none.
    pub oldest_ms: Option<f64>,
    /// Whether the resource is frozen (`resource.freeze_every`).
    pub frozen: bool,
    /// How long it has been frozen; null if it is not.
    pub frozen_ms: Option<f64>,
}

/// The queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueState {
    /// Events that no consumer has asked for: those in the queue, and those at its gate.
    pub depth: usize,
    /// Of the depth, events in the queue: a purge would drop them.
    #[serde(default)]
    pub queued: usize,
    /// Of the depth, events at the gate: they left the queue for a consumer that has since
    /// withdrawn what it asked for, or were on their way when a pause began. They take no
    /// place in the queue.
    pub at_gate: usize,
    /// The most at once since the last reset.
    pub peak_depth: usize,
    /// The most events that may wait.
    pub capacity: usize,
    /// The policy when the queue is full.
    pub when_full: String,
    /// Requests waiting for a place.
    pub waiting: usize,
    /// Requests that the queue refused since the last reset.
    pub refused: u64,
    /// Accepted events that the queue's policy dropped since the last reset.
    pub dropped: u64,
    /// How fast it grows, in events a second over the last six seconds.
    #[serde(default)]
    pub growth: f64,
    /// Requests that the queue refuses a second, over the last three seconds; over up to 48
    /// as long as the rate is steady.
    #[serde(default)]
    pub refusal_rate: f64,
    /// Events that its policy drops a second, over the same time.
    #[serde(default)]
    pub drop_rate: f64,
    /// How long the oldest waiting pipelined event has waited since its arrival; null if
    /// none waits. It may be with a consumer already.
    pub oldest_ms: Option<f64>,
    /// What keeps the queue: `memory`, `disk` or `jetstream`.
    #[serde(default)]
    pub engine: String,
    /// What an accepted event survives: `memory`, `process` or `power_loss`.
    #[serde(default)]
    pub safety: String,
    /// Events that consumers have, those that are settling included.
    #[serde(default)]
    pub leased: u64,
    /// Of the depth, events that wait for their next attempt.
    #[serde(default)]
    pub delayed: u64,
    /// Events whose end the engine has not stored yet. After a crash they are worked on again.
    #[serde(default)]
    pub settling: u64,
    /// Dead letters.
    #[serde(default)]
    pub dead: u64,
    /// The bytes of the payloads that the queue holds.
    #[serde(default)]
    pub payload_bytes: u64,
    /// The file of the engine; null without one.
    #[serde(default)]
    pub file: Option<String>,
    /// The counts since the queue was created; null with the engine `memory`.
    #[serde(default)]
    pub book: Option<BookState>,
    /// Why the engine does not work at present; null while it works.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// The figures of one mode since the last reset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModeState {
    /// Requests that arrived: those answered, aborted or in flight.
    pub arrived: u64,
    /// Responses sent.
    pub requests: u64,
    /// Responses that were not successes.
    pub errors: u64,
    /// Requests refused: never accepted.
    pub refused: u64,
    /// Events that failed.
    pub failed: u64,
    /// Accepted events that the queue's policy dropped.
    pub dropped: u64,
    /// Requests whose client went away before the response.
    pub aborted: u64,
    /// Requests without a response yet.
    pub in_flight: u64,
    /// Responses per second in the present burst of load, or the last one, from its first
    /// request to its last response. Null below one second or 10 responses.
    pub rate: Option<f64>,
    /// Requests that arrive a second, refused ones included, over the last three seconds;
    /// over up to 48 as long as the rate is steady.
    #[serde(default)]
    pub arrival_rate: f64,
    /// Events of this mode in the resource.
    pub in_use: usize,
    /// The most at once since the last reset.
    pub peak_in_use: usize,
    /// The server time of successes: from the request head to the response.
    pub http_ms: Summary,
    /// The server time of refusals and other errors.
    pub errors_ms: Summary,
    /// From arrival to admission by the resource, of events done.
    pub wait_ms: Summary,
    /// In the resource, of events done.
    pub service_ms: Summary,
    /// From arrival to finish, of events done.
    pub response_ms: Summary,
    /// From arrival to finish, of events that failed.
    pub failed_ms: Summary,
}

impl Workbench {
    /// Returns the state of the bench.
    pub fn snapshot(&self) -> Snapshot {
        let numbers = self.numbers();
        let Usage { in_use, limit, waiting, calls, refused, failed, .. } = numbers.usage;
        let peaks = self.peaks().with(&self.bench);
        let queue = &self.bench.queue;
        let pipelined = self.bench.stats(Mode::Pipelined).account.counts();
        let (waits, works) = self.oldest();
        let frozen = self.bench.resource.frozen_for().map(|time| self.bench.clock.to_clock_time(time));
        let (config, settings) = self.config_state();
        let QueueReport { engine, safety, file, book, depth, payload_bytes, trouble, .. } =
            self.queue_report();
        let (verdict, rates) = (self.verdict(), self.sampler().judge.rates);
        Snapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: self.uptime().as_secs_f64(),
            verdict,
            draining: self.shutdown.is_stopping(),
            resource: ResourceState {
                in_use,
                peak_in_use: peaks.in_use,
                limit,
                waiting,
                refused,
                failed,
                calls: calls + refused,
                oldest_ms: works.map(ms),
                frozen: frozen.is_some(),
                frozen_ms: frozen.map(ms),
            },
            queue: QueueState {
                depth: numbers.depth,
                queued: numbers.depth - numbers.at_gate,
                at_gate: numbers.at_gate,
                peak_depth: peaks.depth.max(numbers.depth),
                capacity: queue.capacity(),
                when_full: settings.queue.when_full.to_string(),
                waiting: queue.line(),
                refused: pipelined.rejected,
                dropped: pipelined.dropped,
                growth: rates.growth,
                refusal_rate: rates.refusals,
                drop_rate: rates.drops,
                oldest_ms: waits.map(ms),
                engine,
                safety,
                leased: depth.leased,
                delayed: depth.delayed,
                settling: depth.settling,
                dead: depth.dead,
                payload_bytes,
                file,
                book,
                trouble,
            },
            consumers: self.consumer_state(&numbers, &settings.consumers, &rates),
            paused: self.is_paused(),
            read_only: settings.server.read_only,
            components: self.components(),
            ledger: numbers.ledger(),
            modes: ByMode::from_fn(|mode| self.mode_state(mode, &peaks, &rates)),
            config,
            keeping: self.keeping(),
            point: self.last_point(),
        }
    }

    /// Returns how long the oldest waiting pipelined event has waited, and how long the
    /// oldest event has been in the resource.
    pub(super) fn oldest(&self) -> (Option<Duration>, Option<Duration>) {
        let oldest = self.bench.modes.as_ref().map(|stats| stats.account.oldest());
        // An event that has left the queue is older than those in it.
        let waits = oldest.pipelined.0.or_else(|| self.bench.queue.oldest());
        let works = oldest.values().filter_map(|(_, works)| *works).min();
        let now = self.bench.clock.now();
        (waits.map(|at| now.since(at)), works.map(|at| now.since(at)))
    }

    fn config_state(&self) -> (ConfigState, Settings) {
        let in_force = self.in_force();
        let settings = &in_force.config.settings;
        let state = ConfigState {
            generation: in_force.generation,
            error: in_force.error.clone(),
            source: in_force.source.clone(),
            changed_s: in_force.changed.map_or(0.0, |at| at.as_nanos() as f64 / 1e9),
            changes: in_force.changes.clone(),
            notes: in_force.notes.clone(),
            flags: in_force.config.by_flag.iter().map(|flag| flag.key.clone()).collect(),
            not_in_file: in_force.not_in_file(),
            // Plain strings and numbers, which JSON can always say.
            effective: to_raw_value(settings).unwrap_or_default(),
        };
        (state, settings.clone())
    }

    fn mode_state(&self, mode: Mode, peaks: &Peaks, rates: &Rates) -> ModeState {
        let stats: &ModeStats = self.bench.stats(mode);
        let counts = stats.account.counts();
        let http = stats.http();
        ModeState {
            arrived: stats.arrived(),
            requests: http.ok.len() + http.errors.len(),
            errors: http.errors.len(),
            refused: counts.rejected,
            failed: counts.failed,
            dropped: counts.dropped,
            aborted: stats.aborted(),
            in_flight: stats.totals().in_flight,
            rate: stats.rate(self.bench.clock.now()),
            arrival_rate: rates.arrivals[mode],
            in_use: stats.account.in_resource(),
            peak_in_use: peaks.modes[mode],
            http_ms: Summary::of(&http.ok),
            errors_ms: Summary::of(&http.errors),
            wait_ms: Summary::of(&stats.wait()),
            service_ms: Summary::of(&stats.service()),
            response_ms: Summary::of(&stats.response()),
            failed_ms: Summary::of(&stats.response_failed()),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
