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
mod error;
mod event;
mod framing;
mod game;
mod history;
mod ladder;
mod live;
mod machine;
mod marks;
mod messages;
mod play;
mod rules;
mod sheet;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

pub use arrival::{Arrival, NotWatching};
pub use error::{AddError, NoRung, OrderError};
pub use event::{Action, Card, Event, Half, Side};
pub use game::{Match, Past, Recorded};
pub use history::History;
pub use ladder::{Effect, Ladder, NOISE, RUNGS, Rung, RungResult, RungState, effect};
pub use live::{LiveMatch, PlayPlan};
pub use machine::Machine;
pub use marks::{Mark, MarkKind};
pub use play::Play;
pub use rules::{LEAST_PLAYERS, MOST_SUBSTITUTIONS, Refused, Whereabouts};
pub use sheet::{Player, Sheet, Team};
pub use snapshot::{
    BehindRow, ConnectionFigures, Connections, EventFigures, FeedItem, Ledger, MatchFigures, MatchRow,
    MatchSnapshot, Now, Percentiles, ShardRow, Tone, Verdict,
};
pub use state::{MatchState, Period, PlayerState};
pub use transport::{Ending, Heard, Message, Reader, Transport, Transports};

use self::ladder::Results;
use self::marks::Marks;
use super::{Lab, LabPart};
use crate::config::{Matches, Settings};
use crate::metrics::Registry;
use crate::record::Run;

/// The most matches.
const MOST_MATCHES: usize = 100;

/// The lab. Dropping it ends its tasks.
#[derive(Debug)]
pub struct MatchesLab {
    shared: Arc<Shared>,
    matches: Mutex<Vec<Arc<LiveMatch>>>,
}

/// What the matches and the tasks of a lab share.
struct Shared {
    began: Instant,
    transports: Transports,
    config: Mutex<Matches>,
    read_only: Mutex<bool>,
    results: Mutex<Results>,
    marks: Mutex<Marks>,
    machine: Mutex<Option<Machine>>,
    connections: Mutex<Option<Arc<dyn ConnectionFigures>>>,
    ticks: watch::Sender<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("transports", &self.transports).finish_non_exhaustive()
    }
}

impl MatchesLab {
    /// Starts the lab with one match, which has not begun. Metrics go to `registry`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(settings: &Settings, registry: &Registry, transports: Transports) -> Arc<Self> {
        let _ = registry;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            transports,
            config: Mutex::new(settings.matches.clone()),
            read_only: Mutex::new(settings.server.read_only),
            results: Mutex::default(),
            marks: Mutex::default(),
            machine: Mutex::default(),
            connections: Mutex::default(),
            ticks: watch::Sender::new(0),
        });
        let first = LiveMatch::start(&shared, Sheet::sample(1));
        Arc::new(Self { shared, matches: Mutex::new(vec![first]) })
    }

    /// Measures the machine's own limits on a thread of its own, which takes about 0.3 s. The
    /// snapshots have them once that is done.
    pub fn measure_machine(self: &Arc<Self>) {}

    /// Returns a match.
    pub fn find(&self, id: &str) -> Option<Arc<LiveMatch>> {
        lock(&self.matches).iter().find(|found| found.id() == id).cloned()
    }

    /// Returns the match that exists from the start.
    pub fn default_match(&self) -> Arc<LiveMatch> {
        Arc::clone(lock(&self.matches).first().expect("the lab starts with a match and removes none"))
    }

    /// Returns all matches, in the order in which they were added.
    pub fn matches(&self) -> Vec<Arc<LiveMatch>> {
        lock(&self.matches).clone()
    }

    /// Adds the next sample match.
    ///
    /// # Errors
    /// [`AddError`], if there are 100 already.
    pub fn add(&self) -> Result<Arc<LiveMatch>, AddError> {
        let mut matches = lock(&self.matches);
        if matches.len() >= MOST_MATCHES {
            return Err(AddError::TooMany(matches.len()));
        }
        let added = LiveMatch::start(&self.shared, Sheet::sample(matches.len() + 1));
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
        self.shared.ticks.subscribe()
    }

    /// Notes what was measured on a rung of the ladder. The result replaces an earlier one.
    ///
    /// # Errors
    /// [`NoRung`], if there is no such rung.
    pub fn note_rung(&self, rung: RungResult) -> Result<(), NoRung> {
        lock(&self.shared.results).note(rung)
    }

    /// Sets the source of the connections' figures.
    pub fn set_connections(&self, figures: Arc<dyn ConnectionFigures>) {
        *lock(&self.shared.connections) = Some(figures);
    }
}

impl Lab for MatchesLab {
    fn name(&self) -> &'static str {
        "matches"
    }

    fn snapshot(&self) -> serde_json::Value {
        let rows: Vec<MatchRow> = self.matches().iter().map(|found| found.row()).collect();
        let config = lock(&self.shared.config).clone();
        serde_json::json!({
            "matches": rows,
            "settings": config,
            "machine": *lock(&self.shared.machine),
            "ladder": lock(&self.shared.results).ladder(&config),
            "connections": self.shared.connections(),
        })
    }

    fn components(&self) -> Vec<LabPart> {
        Vec::new()
    }

    fn apply(&self, settings: &Settings) -> Vec<String> {
        *lock(&self.shared.config) = settings.matches.clone();
        *lock(&self.shared.read_only) = settings.server.read_only;
        Vec::new()
    }

    fn reset(&self) {
        lock(&self.shared.marks).clear();
    }

    fn take_runs(&self) -> Vec<Run> {
        Vec::new()
    }

    fn publish(&self, registry: &Registry) {
        let _ = registry;
    }

    fn drain(&self, deadline: Duration) -> BoxFuture<'_, Option<String>> {
        let _ = deadline;
        Box::pin(async { None })
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn connections(&self) -> Connections {
        lock(&self.connections).as_ref().map(|figures| figures.connections()).unwrap_or_default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
