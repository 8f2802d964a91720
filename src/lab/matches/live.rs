//! A match that is served: its state, its play and its watchers.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Duration, sleep};

use super::framing::{self, Framing, Published};
use super::history::Points;
use super::snapshot::{MatchFigures, MatchRow, MatchSnapshot, Now, Tone, Verdict};
use super::{
    Arrival, Ending, Event, Match, MatchState, NotWatching, OrderError, Past, Play, Recorded, Shared,
    Sheet, lock,
};
use crate::hub::{Hub, Since};
use crate::stage;

/// A play of a match: events at random, the same ones for the same seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayPlan {
    /// Events per second.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
    /// About how many events the whole match has.
    pub events: u32,
}

impl Default for PlayPlan {
    fn default() -> Self {
        Self { rate: 2.0, seed: 1, events: 300 }
    }
}

/// A match that is served.
#[derive(Debug)]
pub struct LiveMatch {
    id: String,
    shared: Arc<Shared>,
    game: Mutex<Match>,
    playing: Mutex<Option<PlayPlan>>,
    life: Mutex<Option<(mpsc::Sender<Published>, Hub<Published, TcpStream>)>>,
}

impl LiveMatch {
    pub(super) fn start(shared: &Arc<Shared>, sheet: Sheet) -> Arc<Self> {
        Arc::new(Self {
            id: sheet.id.clone(),
            shared: Arc::clone(shared),
            game: Mutex::new(Match::new(sheet)),
            playing: Mutex::default(),
            life: Mutex::default(),
        })
    }

    /// Returns the name in paths, such as `weir-sluice`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the state after the last event.
    pub fn state(&self) -> Arc<MatchState> {
        Arc::clone(lock(&self.game).state())
    }

    /// Returns all events, the first one first.
    pub fn history(&self) -> Vec<Past> {
        lock(&self.game).history().to_vec()
    }

    /// Takes a connection that wants to watch. It is sent the snapshot, or what it has missed,
    /// and then each event. A match that has not begun or is over sends the snapshot and closes
    /// it.
    ///
    /// # Errors
    /// [`NotWatching`]. The socket is closed.
    ///
    /// # Cancel safety
    /// The connection watches even if the future is dropped.
    pub async fn watch(&self, arrival: Arrival) -> Result<(), NotWatching> {
        let transport = self.shared.transports.get(arrival.transport);
        let transport = transport.ok_or(NotWatching::NoTransport(arrival.transport))?;
        let hub = lock(&self.life).as_ref().map(|(_, hub)| hub.clone());
        let Some(hub) = hub else {
            let (state, next) = {
                let game = lock(&self.game);
                (Arc::clone(game.state()), game.history().len() as u64)
            };
            let why = if state.is_over() { Ending::Over } else { Ending::NotBegun };
            let mut bytes = Vec::new();
            framing::snapshot(&**transport, &state, next, &mut bytes);
            framing::end(&**transport, why, &mut bytes);
            let mut stream = arrival.stream;
            let written = tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await;
            return written.map_err(|_| NotWatching::Failed);
        };
        let since = arrival.since.map_or(Since::Snapshot, Since::Event);
        let joined = hub.join(arrival.transport, Arc::new(arrival.stream), Vec::new(), since).await;
        joined.map(|_| ()).map_err(|_| NotWatching::Restarting)
    }

    /// Applies an event, and sends it to the watchers.
    ///
    /// # Errors
    /// [`OrderError::Refused`], if the rules do not allow the event.
    ///
    /// # Cancel safety
    /// The event takes effect even if the future is dropped.
    pub async fn apply(&self, event: Event) -> Result<Recorded, OrderError> {
        let (recorded, publish) = {
            let mut game = lock(&self.game);
            let recorded = game.apply(event)?;
            let mut life = lock(&self.life);
            let publish = life.as_ref().map(|(publish, _)| publish.clone());
            if recorded.state.is_over() {
                *life = None;
            } else if life.is_none() {
                *life = Some(self.begin(&recorded));
            }
            (recorded, publish)
        };
        if let Some(publish) = publish {
            _ = publish.send(Published { recorded: recorded.clone(), at: micros() }).await;
        }
        Ok(recorded)
    }

    fn begin(&self, recorded: &Recorded) -> (mpsc::Sender<Published>, Hub<Published, TcpStream>) {
        let (publish, events) = mpsc::channel(1);
        let source = stage::producer(events).spawn();
        let framing = |transport: &Arc<dyn super::Transport>| Framing {
            transport: Arc::clone(transport),
            before: Arc::clone(&recorded.state),
        };
        let mut framings = self.shared.transports.iter().map(framing);
        let first = framings.next().expect("a lab has a transport");
        let mut hub = Hub::builder(&source.producer(), first).first(recorded.seq + 1);
        for framing in framings {
            hub = hub.framing(framing);
        }
        (publish, hub.spawn())
    }

    /// Plays the match by itself. A match that is over begins anew; while a play runs, only its
    /// rate changes.
    ///
    /// # Errors
    /// [`OrderError::Rate`], if the rate is out of bounds.
    pub async fn play(self: &Arc<Self>, plan: PlayPlan) -> Result<(), OrderError> {
        if !(0.01..=10_000.0).contains(&plan.rate) {
            return Err(OrderError::Rate(plan.rate));
        }
        if self.state().is_over() {
            self.again().await?;
        }
        if lock(&self.playing).replace(plan).is_some() {
            return Ok(());
        }
        let playing = Arc::clone(self);
        tokio::spawn(async move {
            let mut play = Play::new(plan.seed, plan.events);
            loop {
                let plan = *lock(&playing.playing);
                let Some(plan) = plan else { break };
                let state = playing.state();
                let Some(event) = play.next(&state) else { break };
                _ = playing.apply(event).await;
                sleep(Duration::from_secs_f64(1.0 / plan.rate)).await;
            }
            *lock(&playing.playing) = None;
        });
        Ok(())
    }

    /// Stops the play. The match stays as it is.
    pub async fn pause(&self) {
        *lock(&self.playing) = None;
    }

    /// Ends the match with a stop event. Its watchers are sent the end and closed.
    ///
    /// # Errors
    /// [`OrderError::Refused`], if the match is over already.
    pub async fn stop(&self) -> Result<(), OrderError> {
        self.pause().await;
        let minute = self.state().minute;
        self.apply(Event { minute, action: super::Action::Stop }).await.map(|_| ())
    }

    /// Replaces a match that has not begun or is over by a new one, which has not begun.
    ///
    /// # Errors
    /// [`OrderError::InPlay`], if the match is being played.
    pub async fn again(&self) -> Result<(), OrderError> {
        let mut game = lock(&self.game);
        if game.state().has_begun() && !game.state().is_over() {
            return Err(OrderError::InPlay);
        }
        *game = Match::new(Sheet::clone(&game.state().sheet));
        Ok(())
    }

    /// Makes a part crash: `dispatcher`, or a shard such as `shard-0`.
    ///
    /// # Errors
    /// [`OrderError::NoPart`], if there is no such part.
    pub fn crash(&self, part: &str) -> Result<(), OrderError> {
        Err(OrderError::NoPart { found: part.to_owned(), known: String::new() })
    }

    pub(super) fn row(&self) -> MatchRow {
        let figures = self.figures();
        MatchRow {
            id: figures.id,
            home: figures.home,
            away: figures.away,
            score: figures.score,
            minute: figures.minute,
            period: figures.period,
            watchers: 0,
            visits: figures.visits,
            playing: figures.playing,
        }
    }

    fn figures(&self) -> MatchFigures {
        let (state, next) = {
            let game = lock(&self.game);
            (Arc::clone(game.state()), game.history().len() as u64)
        };
        let playing = *lock(&self.playing);
        MatchFigures {
            id: self.id.clone(),
            home: state.sheet.teams[0].name.clone(),
            away: state.sheet.teams[1].name.clone(),
            score: state.score,
            minute: state.minute,
            period: state.period,
            stadium: state.sheet.stadium.clone(),
            visits: 0,
            users: 0,
            playing: playing.is_some(),
            rate: playing.unwrap_or_default().rate,
            next,
        }
    }

    pub(super) fn snapshot(&self, from_ms: u64) -> MatchSnapshot {
        let shared = &self.shared;
        let config = lock(&shared.config).clone();
        let read_only = *lock(&shared.read_only);
        MatchSnapshot {
            at_ms: shared.now_ms(),
            read_only,
            game: self.figures(),
            verdict: Verdict {
                word: "IDLE".to_owned(),
                tone: Tone::Calm,
                text: "No watchers yet. Start a match, then connect 10,000.".to_owned(),
            },
            now: Now {
                watchers: 0,
                ws: 0,
                sse: 0,
                connects_s: 0.0,
                art_ms: None,
                rss_per_watcher: None,
                last_ms: None,
            },
            machine: lock(&shared.machine).clone(),
            event: None,
            past: Vec::new(),
            feed: Vec::new(),
            ladder: lock(&shared.results).ladder(&config),
            connections: shared.connections(),
            writer: config.writer.to_string(),
            behind: config.behind.to_string(),
            settings: config,
            ledger: super::Ledger::default(),
            history: Points::default().since(from_ms),
            marks: lock(&shared.marks).since(from_ms),
        }
    }
}

/// Returns the time since the epoch in microseconds.
fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
