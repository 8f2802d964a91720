//! Measures a load on a running bench from both sides: the client's and the bench's.
//!
//! The bench starts to record, the load is sent, and when every accepted event is
//! finished, the bench hands over its record. Both sides together are the run.
//!
//! ```text
//!   POST /api/runs/begin        the bench records from here on
//!   the load, over HTTP         the client side
//!   POST /api/runs/take/N       the bench side, once it has drained
//! ```
//!
//! All of it goes over HTTP, so the bench may be another process or this one.

mod args;
mod error;
mod request;
mod token;

use std::time::Duration;

use hyper::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::load::{Driver, HttpTarget, Progress, Time, listener, within_limit};
use crate::pipeline::Clock;
use crate::record::{self, Check, Mode, Origin, Plan, REFUSALS, Run, Verdict};
use crate::shutdown::StopToken;
use crate::workbench::Recorded;

pub use args::{ArgsError, PlanArgs, TargetArg};
pub use error::MeasureError;
pub use request::{Peer, Reply, RequestError, local_url};
pub use token::{TOKEN_HEADER, Token, TokenError};

/// The interval at which the bench is asked whether it has drained.
const POLL: Duration = Duration::from_millis(50);
/// The time limit for the drain after a load was stopped. Requests that were cut off take
/// a moment to end at the bench.
const CUT_OFF: Duration = Duration::from_millis(500);
/// The interval at which a silent load reports to the bench.
const HOLD: Duration = Duration::from_secs(8);

/// The phase of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// The load is being sent.
    Load(Progress),
    /// The load is over, and the bench still holds this number of events.
    Draining(u64),
}

/// A measurement.
#[derive(Debug)]
pub struct Measure<'a> {
    /// The target of the load.
    pub target: LoadTarget,
    /// The load.
    pub plan: &'a Plan,
    /// The time limit for the bench to drain after the load.
    pub drain: Duration,
    /// Ends the measurement at once.
    pub stop: StopToken,
}

/// The target of a load.
#[derive(Debug, Clone, PartialEq)]
pub enum LoadTarget {
    /// An endpoint of a bench.
    Bench {
        /// The server of the bench.
        peer: Peer,
        /// The endpoint.
        mode: Mode,
    },
    /// Any server.
    Url(String),
}

/// The answer to `POST /api/runs/begin`.
#[derive(Debug, Deserialize)]
struct Begun {
    run: u64,
    config: Value,
}

/// The answer to `POST /api/runs/take/N` while events are held.
#[derive(Debug, Deserialize)]
struct Held {
    held: u64,
}

impl Measure<'_> {
    /// Measures on a runtime of its own, and calls `watch` several times a second with the
    /// phase. The run has no id yet.
    ///
    /// # Errors
    /// [`MeasureError`], if the target is unusable or the bench does not answer. A load
    /// whose requests fail is a result.
    ///
    /// # Panics
    /// Inside a runtime.
    pub fn run(&self, watch: &mut dyn FnMut(Phase)) -> Result<Run, MeasureError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(MeasureError::Start)?;
        LocalSet::new().block_on(&runtime, self.measure(watch))
    }

    async fn measure(&self, watch: &mut dyn FnMut(Phase)) -> Result<Run, MeasureError> {
        let (url, name) = match &self.target {
            LoadTarget::Bench { peer, mode } => (format!("{}/{}", peer.base, mode.name()), mode.name()),
            LoadTarget::Url(url) => (url.clone(), url.as_str()),
        };
        let target = HttpTarget::new(&url, &self.plan.request, &[])?;
        let server = target.addresses().iter().find_map(|&address| listener(address));
        let plan = within_limit(self.plan, server == Some(std::process::id()))?;
        let begun = match &self.target {
            LoadTarget::Bench { peer, .. } => Some(begin(peer).await?),
            LoadTarget::Url(_) => None,
        };
        let began = record::now();
        let reject = begun.as_ref().and_then(|begun| begun.config["resource"]["reject_status"].as_u64());
        let refusals = REFUSALS.into_iter().chain(reject.map(|status| status as u16)).collect();
        let driver = Driver {
            clock: Clock::start(),
            time: Time::Real,
            server,
            refusals,
            stop: self.stop.clone(),
            watch: &mut |progress| watch(Phase::Load(*progress)),
        };
        let holding = match (&self.target, &begun) {
            (LoadTarget::Bench { peer, .. }, Some(begun)) => {
                Some(spawn_local(hold(peer.clone(), begun.run)))
            }
            _ => None,
        };
        let client = driver.run(target, &plan).await;
        holding.inspect(JoinHandle::abort);
        let client = client.map_err(MeasureError::Start)?;
        let mut run = Run::new(Origin::Load, name, began);
        run.load = Some(plan);
        run.seconds = client.seconds;
        run.client = Some(client);
        if let (LoadTarget::Bench { peer, .. }, Some(Begun { run: number, config })) = (&self.target, begun)
        {
            run.set_bench_config(config);
            // The client's side is a run even if the bench has died.
            let why = match self.take(peer, number, watch).await {
                Ok(Some(recorded)) => {
                    run.seconds = recorded.bench.seconds.max(run.seconds);
                    run.bench = Some(recorded.bench);
                    return Ok(run.audited());
                }
                Ok(None) => "another client has begun a run".to_owned(),
                Err(error) => error.to_string(),
            };
            run = run.audited();
            run.audit.checks.push(Check {
                name: "both sides reported".to_owned(),
                verdict: Verdict::Disturbed,
                says: format!("the bench did not report its side: {why}"),
            });
            return Ok(run);
        }
        Ok(run.audited())
    }

    /// Waits until the bench has drained, and fetches its side. `None` if another client has
    /// begun a run.
    async fn take(
        &self,
        peer: &Peer,
        number: u64,
        watch: &mut dyn FnMut(Phase),
    ) -> Result<Option<Recorded>, MeasureError> {
        if self.stop.is_cancelled() {
            // Requests that were cut off may not have reached the bench yet. They belong to
            // this run, and would begin another one after it.
            sleep(POLL).await;
        }
        let began = Instant::now();
        loop {
            let limit = if self.stop.is_cancelled() { CUT_OFF.min(self.drain) } else { self.drain };
            let patient = began.elapsed() < limit;
            let now = if patient { "" } else { "?now=true" };
            let path = format!("/api/runs/take/{number}{now}");
            let reply = peer.ask(Method::POST, &path).await?;
            match reply.status {
                StatusCode::OK => {
                    return read(&peer.uri(&path)?, &reply.body).map(Some);
                }
                StatusCode::ACCEPTED => {
                    let Held { held } = read(&peer.uri(&path)?, &reply.body)?;
                    watch(Phase::Draining(held));
                    sleep(POLL).await;
                }
                StatusCode::NOT_FOUND => return Ok(None),
                _ => drop(reply.success(&peer.uri(&path)?)?),
            }
        }
    }
}

/// Keeps the bench from ending the run while the load is silent. An error shows when the
/// bench's side is fetched.
async fn hold(peer: Peer, number: u64) {
    loop {
        sleep(HOLD).await;
        let _ = peer.ask(Method::POST, &format!("/api/runs/hold/{number}")).await;
    }
}

async fn begin(peer: &Peer) -> Result<Begun, MeasureError> {
    let path = "/api/runs/begin";
    let uri = peer.uri(path)?;
    let reply = peer.ask(Method::POST, path).await?.success(&uri)?;
    read(&uri, &reply)
}

/// Parses an answer of the bench.
fn read<T: DeserializeOwned>(uri: &Uri, body: &[u8]) -> Result<T, MeasureError> {
    serde_json::from_slice(body).map_err(|error| MeasureError::Answer { uri: uri.clone(), error })
}
