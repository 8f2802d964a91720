//! The matches lab: football matches whose events go to many watchers. It has the rules, a
//! seeded play, a [hub](crate::hub) per match, and the measures N, C and ART with the machine's
//! own limits beside them.
//!
//! The rules are pure:
//!
//! ```
//! use weir::lab::matches::{Match, Play};
//!
//! let mut game = Match::sample(1);
//! let mut play = Play::new(1, 300);
//! while let Some(event) = play.next(game.state()) {
//!     game.apply(event).expect("the play keeps the rules");
//! }
//! assert!(game.state().is_over());
//! assert_eq!(&game.replay(), game.state().as_ref());
//! ```

mod arrival;
mod arrivals;
mod components;
mod core;
mod crew;
mod dispatcher;
mod drain;
mod error;
mod event;
mod framing;
mod game;
mod history;
mod joining;
mod ladder;
mod ledger;
mod life;
mod live;
mod machine;
mod mailbox;
mod marks;
mod memory;
mod messages;
mod nodes;
mod play;
mod playing;
mod publish;
mod reading;
mod rules;
mod sampled;
mod sampler;
mod sheet;
mod snapshot;
mod socket;
mod state;
mod tasked;
mod tasktimes;
#[cfg(test)]
mod tests;
mod transport;
mod users;
mod verdict;
mod view;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use futures::future::BoxFuture;
use tokio::sync::watch;

pub use arrival::{Arrival, NotWatching};
pub use error::{AddError, NoRung, OrderError};
pub use event::{Action, Card, Event, Half, Side};
pub use game::{Match, Past, Recorded};
pub use history::History;
pub use ladder::{Effect, Ladder, NOISE, RUNGS, Rung, RungResult, RungState, effect};
pub use live::LiveMatch;
pub use machine::Machine;
pub use marks::{Mark, MarkKind};
pub use nodes::MatchNodes;
pub use play::Play;
pub use playing::PlayPlan;
pub use rules::{LEAST_PLAYERS, MOST_SUBSTITUTIONS, Refused, Whereabouts};
pub use sheet::{Player, Sheet, Team};
pub use snapshot::{
    BehindRow, ConnectionFigures, Connections, EventFigures, FeedItem, Ledger, MatchFigures, MatchRow,
    MatchSnapshot, Now, ShardRow,
};
pub use state::{MatchState, Period, PlayerState};
pub use transport::{Ending, Heard, Message, Reader, Transport, Transports};

use self::core::Core;
use self::life::{Common, Life};
use self::socket::Socket;
use super::{Lab, LabPart};
use crate::config::{Settings, changes};
use crate::metrics::Registry;
use crate::nodes::{Away, Bus};
use crate::record::{self, Run};

/// The most matches.
const MOST_MATCHES: usize = 100;

/// The lab. Dropping it ends its tasks, and closes all watchers.
#[derive(Debug)]
pub struct MatchesLab {
    core: Arc<Core>,
    /// The settings that are in force.
    settings: Mutex<Settings>,
}

impl MatchesLab {
    /// Starts the lab with one match, which has not begun. Metrics go to `registry`.
    ///
    /// # Panics
    /// Outside of a tokio runtime, and without a transport.
    pub fn start(settings: &Settings, registry: &Registry, transports: Transports) -> Arc<Self> {
        assert!(!transports.is_empty(), "a lab has a transport");
        let (config, read_only) = (settings.matches.clone(), settings.server.read_only);
        let supervisors = config.supervisors as usize;
        let core = Arc::new(Core::new(transports, config, read_only, publish::describe(registry)));
        core.crew.resize(&core, supervisors);
        let first = LiveMatch::start(&core, 1);
        lock(&core.matches).push(first);
        tokio::spawn(sampler::run(Arc::downgrade(&core)));
        Arc::new(Self { core, settings: Mutex::new(settings.clone()) })
    }

    /// Measures the machine's own limits on a thread of its own, which takes about 0.3 s. The
    /// snapshots have them once that is done.
    pub fn measure_machine(self: &Arc<Self>) {
        let core = Arc::downgrade(&self.core);
        let measure = move || {
            let measured = machine::measure();
            let Some(core) = core.upgrade() else { return };
            match measured {
                Ok(machine) => *lock(&core.machine) = Some(machine),
                Err(error) => log::warn!("matches: the machine was not measured: {error}"),
            }
            core.tick();
        };
        if let Err(error) = thread::Builder::new().name("weir-machine".to_owned()).spawn(measure) {
            log::warn!("matches: the machine was not measured: {error}");
        }
    }

    /// Shares the matches with other nodes: an event that is published at one of them reaches the
    /// watchers of all. Only the first call has an effect.
    ///
    /// # Errors
    /// [`Away`], if the other nodes cannot be reached.
    ///
    /// # Cancel safety
    /// The matches are shared or not.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn share(&self, node: String, bus: Arc<dyn Bus>) -> Result<(), Away> {
        let messages = bus.subscribe().await?;
        let peers = Arc::new(nodes::Peers::new(node, bus));
        if self.core.peers.set(Arc::clone(&peers)).is_ok() {
            tokio::spawn(nodes::run(Arc::downgrade(&self.core), peers, messages));
        }
        Ok(())
    }

    /// Returns a match.
    pub fn find(&self, id: &str) -> Option<Arc<LiveMatch>> {
        lock(&self.core.matches).iter().find(|found| found.id() == id).cloned()
    }

    /// Returns the match that exists from the start.
    pub fn default_match(&self) -> Arc<LiveMatch> {
        Arc::clone(lock(&self.core.matches).first().expect("the lab starts with a match and removes none"))
    }

    /// Returns all matches, in the order in which they were added.
    pub fn matches(&self) -> Vec<Arc<LiveMatch>> {
        self.core.all()
    }

    /// Adds the next sample match.
    ///
    /// # Errors
    /// [`AddError`], if there are 100 already, or the server shuts down.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn add(&self) -> Result<Arc<LiveMatch>, AddError> {
        if self.core.is_draining() {
            return Err(AddError::ShuttingDown);
        }
        let mut matches = lock(&self.core.matches);
        if matches.len() >= MOST_MATCHES {
            return Err(AddError::TooMany(matches.len()));
        }
        let added = LiveMatch::start(&self.core, matches.len() + 1);
        matches.push(Arc::clone(&added));
        Ok(added)
    }

    /// Returns the figures of a match, with the history from `from_ms` on, in milliseconds since
    /// the start.
    pub fn snapshot_since(&self, id: &str, from_ms: u64) -> Option<MatchSnapshot> {
        Some(self.find(id)?.snapshot(from_ms))
    }

    /// Returns a receiver that changes each 250 ms, and when an event begins or is complete.
    /// While there is one, the lab takes its samples at that pace.
    pub fn ticks(&self) -> watch::Receiver<u64> {
        let ticks = self.core.ticks.subscribe();
        self.core.wake.notify_one();
        ticks
    }

    /// Notes what was measured on a rung of the ladder. The result replaces an earlier one.
    ///
    /// # Errors
    /// [`NoRung`], if there is no such rung.
    pub fn note_rung(&self, rung: RungResult) -> Result<(), NoRung> {
        lock(&self.core.results).note(rung)
    }

    /// Sets the source of the connections' figures.
    pub fn set_connections(&self, figures: Arc<dyn ConnectionFigures>) {
        *lock(&self.core.connections) = Some(figures);
    }

    /// Applies changed settings to all matches and their watchers.
    fn change(&self, settings: &Settings) -> Vec<String> {
        let old = std::mem::replace(&mut *lock(&self.settings), settings.clone());
        let core = &self.core;
        core.read_only.store(settings.server.read_only, Ordering::Relaxed);
        core.configure(settings.matches.clone());
        if !core.is_draining() {
            core.crew.resize(core, settings.matches.supervisors as usize);
        }
        let matches = core.all();
        for life in matches.iter().filter_map(|live| live.life()) {
            life.change(&settings.matches);
        }
        let mut notes = Vec::new();
        for change in changes(&old, settings) {
            let Some(key) = change.key.strip_prefix("matches.") else { continue };
            core.mark(MarkKind::Change, format!("{key} = {}", change.to));
            if key == "shards" && matches.iter().any(|live| live.life().is_some()) {
                notes.push("matches.shards: matches that are being played keep their shards".to_owned());
            }
        }
        core.wake.notify_one();
        core.tick();
        notes
    }
}

impl Drop for MatchesLab {
    fn drop(&mut self) {
        self.core.begin_drain();
        self.core.stop.cancel();
        for live in self.core.all() {
            live.end();
        }
        // The matches and the core refer to each other.
        lock(&self.core.matches).clear();
    }
}

impl Lab for MatchesLab {
    fn name(&self) -> &'static str {
        "matches"
    }

    fn snapshot(&self) -> serde_json::Value {
        let rows: Vec<MatchRow> = self.matches().iter().map(|found| found.row()).collect();
        let config = self.core.config();
        serde_json::json!({
            "matches": rows,
            "settings": config,
            "machine": *lock(&self.core.machine),
            "ladder": lock(&self.core.results).ladder(&config),
            "connections": self.core.connections(),
        })
    }

    fn page(&self) -> serde_json::Value {
        serde_json::json!(self.default_match().snapshot(0))
    }

    fn components(&self) -> Vec<LabPart> {
        components::parts(&self.core)
    }

    fn apply(&self, settings: &Settings) -> Vec<String> {
        self.change(settings)
    }

    fn reset(&self) {
        for live in self.core.all() {
            live.reset();
        }
        lock(&self.core.marks).clear();
        self.core.art.reset();
        self.core.tick();
    }

    fn take_runs(&self) -> Vec<Run> {
        Vec::new()
    }

    fn publish(&self, registry: &Registry) {
        publish::publish(&self.core, registry);
    }

    fn drain(&self, deadline: Duration) -> BoxFuture<'_, Option<String>> {
        Box::pin(drain::drain(&self.core, deadline))
    }
}

/// Returns the time since the epoch in microseconds.
fn epoch_micros() -> u64 {
    let since = record::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
