//! One run: the load, its target, and the results.
//!
//! A run has up to two sides. The *client* side is what the load generator measured, the
//! *bench* side what the bench counted and timed itself. A load on another server has
//! only the first, and a load made by `ab` only the second. `weir load` on our own server
//! has both, and they have to agree. A prediction has neither.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sides::reliable;
use super::{
    Audit, BenchSide, ClientSide, EngineUsed, JobsSide, LeftOut, Mode, ModeSide, Plan, Prediction,
    RoomsSide, Timing, WatchSide, WindowSide, date,
};

/// The version of the format. Fields may be added under the same number.
pub const FORMAT: u32 = 1;

/// A run, as its file contains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Weir that wrote it.
    pub weir: String,
    /// Unique among the runs of a store; also the name of its file.
    pub id: String,
    /// The name that the user gave it.
    pub name: Option<String>,
    /// Where its figures come from.
    pub origin: Origin,
    /// The target of the load: a mode of the bench, or a URL.
    pub target: String,
    /// When it began, in UTC.
    pub began: String,
    /// Its length, from the first request to the last answer, or until the bench had
    /// drained.
    pub seconds: f64,
    /// The load, where it is known.
    pub load: Option<Plan>,
    /// The configuration in force at the beginning, where there was one.
    pub config: Option<Value>,
    /// The engine that kept the queue, of a run on the bench. Older runs have none: see
    /// [`engine`](Self::engine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineUsed>,
    /// Whether its figures can be trusted, and why.
    pub audit: Audit,
    /// What the load generator measured.
    pub client: Option<ClientSide>,
    /// What the bench measured.
    pub bench: Option<BenchSide>,
    /// The figures of a prediction.
    pub prediction: Option<Prediction>,
    /// The measurements of the jobs lab, if this is a run of jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobsSide>,
    /// The measurements of `weir load watch`, if this is a run of watchers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchSide>,
    /// The measurements of `weir load rooms`, if this is a run of rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms: Option<RoomsSide>,
    /// The samples of a window of the history, if the run was cut out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowSide>,
    /// The beginning that was left out of the figures. Never in a stored run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<LeftOut>,
}

/// Where the figures of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Measured by the bench while another program made the load.
    Recorded,
    /// Measured by `weir load`.
    Load,
    /// Cut out of the bench's history on request.
    Kept,
    /// Measured under virtual time.
    Simulated,
    /// Computed by theory.
    Predicted,
    /// Imported from `ab`.
    Ab,
    /// Imported from `bombardier`.
    Bombardier,
    /// Imported from `hey`.
    Hey,
    /// Imported from `oha`.
    Oha,
    /// Imported from `wrk`.
    Wrk,
}

/// The kinds of times that a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimingKind {
    /// The time until a client has its answer: from the intended send in the open model,
    /// from the actual send in the closed one. Without a client side, the bench's HTTP
    /// time.
    Answer,
    /// From arrival to admission of events done.
    Wait,
    /// In the resource.
    Service,
    /// From arrival to finish of events done.
    Response,
}

/// What a run measures. Only runs of the same kind can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Requests to the bench or another server.
    Requests,
    /// Jobs of the jobs lab.
    Jobs,
    /// Watchers of a match.
    Watchers,
    /// Moves of the rooms lab.
    Rooms,
}

impl Measured {
    /// The word for what is timed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Jobs => "jobs",
            Self::Watchers => "watchers",
            Self::Rooms => "rooms",
        }
    }
}

impl Run {
    /// Returns a run without results. The store gives it its id.
    pub fn new(origin: Origin, target: &str, began: SystemTime) -> Self {
        Self {
            format: FORMAT,
            weir: env!("CARGO_PKG_VERSION").to_owned(),
            id: String::new(),
            name: None,
            origin,
            target: target.to_owned(),
            began: date(began),
            seconds: 0.0,
            load: None,
            config: None,
            engine: None,
            audit: Audit::default(),
            client: None,
            bench: None,
            prediction: None,
            jobs: None,
            watch: None,
            rooms: None,
            window: None,
            skipped: None,
        }
    }

    /// The mode of the bench that was under load; if several were, the one with the most
    /// requests.
    pub fn mode(&self) -> Option<Mode> {
        let named = Mode::named(&self.target);
        let of_window = || {
            let modes = &self.window.as_ref()?.modes;
            let (name, _) = modes.iter().max_by_key(|(_, mode)| mode.arrived)?;
            Mode::named(name)
        };
        let busiest = || {
            let modes = &self.bench.as_ref()?.modes;
            let (name, _) = modes.iter().max_by_key(|(_, mode)| mode.requests)?;
            Mode::named(name)
        };
        named.or_else(busiest).or_else(of_window)
    }

    /// The bench's figures of that mode.
    pub fn mode_side(&self) -> Option<&ModeSide> {
        self.bench.as_ref()?.modes.get(self.mode()?.name())
    }

    /// Notes the configuration of the bench that was in force, and the engine that it names. A
    /// simulation keeps its queue in memory.
    pub fn set_bench_config(&mut self, config: Value) {
        self.engine = Some(match self.origin {
            Origin::Simulated => EngineUsed::memory(),
            _ => EngineUsed::of_config(&config),
        });
        self.config = Some(config);
    }

    /// Returns the engine that kept the queue, of a run whose events were queued. Runs of versions
    /// that recorded no engine had their queue in memory.
    pub fn engine(&self) -> Option<EngineUsed> {
        let is_queued = self.measured() == Measured::Requests && self.mode() == Some(Mode::Pipelined);
        let has_bench = self.bench.is_some() || self.window.is_some();
        let noted = || self.engine.clone().unwrap_or_else(EngineUsed::memory);
        (is_queued && has_bench).then(noted)
    }

    /// What the run measures.
    pub fn measured(&self) -> Measured {
        match (&self.jobs, &self.watch, &self.rooms) {
            (Some(_), ..) => Measured::Jobs,
            (None, Some(_), _) => Measured::Watchers,
            (None, None, Some(_)) => Measured::Rooms,
            (None, None, None) => Measured::Requests,
        }
    }

    /// The times of this kind, of successes. A run of jobs has the times of users' jobs as
    /// answers, and the lateness of the load's jobs as responses. A run of watchers has ART
    /// as answers, and the times until the last watcher had an event as responses. A run of rooms
    /// has acknowledgements as answers: those of rooms that were just killed are its responses.
    pub fn timing(&self, kind: TimingKind) -> Option<&Timing> {
        if let Some(jobs) = &self.jobs {
            return match kind {
                TimingKind::Answer => Some(&jobs.yours),
                TimingKind::Response => Some(&jobs.lateness),
                TimingKind::Wait | TimingKind::Service => None,
            };
        }
        if let Some(watch) = &self.watch {
            return match kind {
                TimingKind::Answer => Some(&watch.art),
                TimingKind::Response => Some(&watch.last),
                TimingKind::Wait | TimingKind::Service => None,
            };
        }
        if let Some(rooms) = &self.rooms {
            return match kind {
                TimingKind::Answer => Some(&rooms.ack_others),
                TimingKind::Response => Some(&rooms.ack_killed),
                TimingKind::Wait | TimingKind::Service => None,
            };
        }
        let side = self.mode_side();
        match kind {
            TimingKind::Answer => match &self.client {
                Some(client) => Some(&client.response.as_ref().unwrap_or(&client.service).ok),
                None => side.map(|side| &side.http),
            },
            TimingKind::Wait => side.map(|side| &side.wait),
            TimingKind::Service => side.map(|side| &side.service),
            TimingKind::Response => side.map(|side| &side.response),
        }
    }

    /// Answers per second, of any status. `None` below ten answers or one second. Of
    /// watchers, the handshakes per second while they connected; of rooms, the acknowledged moves.
    pub fn rate(&self) -> Option<f64> {
        if let Some(watch) = &self.watch {
            return (watch.connects_s > 0.0).then_some(watch.connects_s);
        }
        if let Some(rooms) = &self.rooms {
            return reliable(rooms.ack.count().unwrap_or_default(), rooms.acknowledged_s());
        }
        match &self.client {
            Some(client) => client.reliable_rate(),
            None => match &self.window {
                Some(window) => window.rate(self.mode()?.name()),
                None => self.mode_side()?.reliable_rate(),
            },
        }
    }

    /// Events or jobs done, or deliveries, per second, with the limits of [`rate`](Self::rate).
    pub fn done_rate(&self) -> Option<f64> {
        if let Some(jobs) = &self.jobs {
            return reliable(jobs.ledger.done, jobs.done_rate);
        }
        if let Some(watch) = &self.watch {
            return reliable(watch.deliveries, watch.deliveries as f64 / watch.seconds.max(1e-9));
        }
        if self.rooms.is_some() {
            // A move is done when it is acknowledged: there is no second rate.
            return None;
        }
        self.mode_side()?.reliable_done_rate()
    }

    /// Returns the name, or the id if there is none.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}
