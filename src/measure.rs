//! A load on a running bench, seen from both sides.
//!
//! The bench is told that a run begins, the load is made, and when everything
//! accepted is finished the bench tells what it has seen. Both sides together are
//! the run.
//!
//! ```text
//!   POST /api/runs/begin        the bench records from here on
//!   the load, over HTTP         the client side
//!   POST /api/runs/take/N       the bench side, once it has drained
//! ```
//!
//! The bench may be another process or this one: all of it goes over HTTP.

mod args;
mod request;
mod token;

use std::time::Duration;

use anyhow::{Context, bail};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::load::{Driver, HttpTarget, Progress, Time, listener, within_limit};
use crate::pipeline::Clock;
use crate::record::{self, Check, Mode, Origin, Plan, REFUSALS, Run, Verdict};
use crate::shutdown::StopToken;
use crate::workbench::Recorded;

pub use args::{PlanArgs, TargetArg};
pub use request::{Peer, Reply, local_url};
pub use token::{TOKEN_HEADER, Token, TokenError};

/// How often to ask whether the bench has drained.
const LOOK: Duration = Duration::from_millis(50);
/// How long a load that was stopped waits for the bench to drain. What was cut off
/// takes a moment to end there.
const CUT_OFF: Duration = Duration::from_millis(500);
/// How often to tell the bench that the load is still there, however silent.
const HOLD: Duration = Duration::from_secs(8);

/// How a measurement is going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// Load is made.
    Load(Progress),
    /// The load is over, and the bench still holds this number of events.
    Draining(u64),
}

/// What is measured, and how.
#[derive(Debug)]
pub struct Measure<'a> {
    /// What is put under load.
    pub what: What,
    /// The load.
    pub plan: &'a Plan,
    /// How long to wait for the bench to drain after it.
    pub drain: Duration,
    /// Ends it at once.
    pub stop: StopToken,
}

/// What is put under load.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A mode of a bench.
    Bench {
        /// The server of the bench.
        peer: Peer,
        /// Which of its endpoints.
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
    /// Measures, on a thread and a runtime of its own, and tells `watch` several
    /// times a second how it goes. The run has no id yet.
    ///
    /// # Errors
    /// When the target cannot be what it is said to be, or the bench does not
    /// answer. A load that goes badly is no error but a result.
    ///
    /// # Panics
    /// Within a runtime.
    pub fn run(&self, watch: &mut dyn FnMut(Phase)) -> anyhow::Result<Run> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.measure(watch))
    }

    async fn measure(&self, watch: &mut dyn FnMut(Phase)) -> anyhow::Result<Run> {
        let (url, name) = match &self.what {
            What::Bench { peer, mode } => (format!("{}/{}", peer.base, mode.name()), mode.name()),
            What::Url(url) => (url.clone(), url.as_str()),
        };
        let target = HttpTarget::new(&url, &self.plan.request, &[])?;
        let server = target.addresses().iter().find_map(|&address| listener(address));
        let plan = within_limit(self.plan, server == Some(std::process::id()))?;
        let begun = match &self.what {
            What::Bench { peer, .. } => Some(begin(peer).await?),
            What::Url(_) => None,
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
        let holding = match (&self.what, &begun) {
            (What::Bench { peer, .. }, Some(begun)) => Some(spawn_local(hold(peer.clone(), begun.run))),
            _ => None,
        };
        let client = driver.run(target, &plan).await;
        holding.inspect(JoinHandle::abort);
        let client = client?;
        let mut run = Run::new(Origin::Load, name, began);
        run.load = Some(plan);
        run.seconds = client.seconds;
        run.client = Some(client);
        if let (What::Bench { peer, .. }, Some(Begun { run: number, config })) = (&self.what, begun) {
            run.config = Some(config);
            // A bench that has died meanwhile has not taken the client's side with it.
            let why = match self.take(peer, number, watch).await {
                Ok(Some(recorded)) => {
                    run.seconds = recorded.bench.seconds.max(run.seconds);
                    run.bench = Some(recorded.bench);
                    return Ok(run.audited());
                }
                Ok(None) => "another client began a run meanwhile".to_owned(),
                Err(error) => format!("{error:#}"),
            };
            run = run.audited();
            run.audit.checks.push(Check {
                name: "both sides were told".to_owned(),
                verdict: Verdict::Disturbed,
                says: format!("the bench has not told its side: {why}"),
            });
            return Ok(run);
        }
        Ok(run.audited())
    }

    /// Waits until the bench has drained, and fetches its side. `None` if
    /// another client has begun a run meanwhile.
    async fn take(
        &self,
        peer: &Peer,
        number: u64,
        watch: &mut dyn FnMut(Phase),
    ) -> anyhow::Result<Option<Recorded>> {
        if self.stop.is_cancelled() {
            // Requests that were cut off may not have reached the bench yet. They are of
            // this run, and would begin one of their own after it is taken.
            sleep(LOOK).await;
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
                    let recorded = serde_json::from_slice(&reply.body);
                    return recorded.map(Some).context("the bench's side of the run cannot be read");
                }
                StatusCode::ACCEPTED => {
                    let Held { held } = serde_json::from_slice(&reply.body)?;
                    watch(Phase::Draining(held));
                    sleep(LOOK).await;
                }
                StatusCode::NOT_FOUND => return Ok(None),
                status => bail!("{} answered {status}", peer.uri(&path)?),
            }
        }
    }
}

/// Keeps the bench from ending the run while the load is silent. A bench that does
/// not answer is found out when its side is fetched.
async fn hold(peer: Peer, number: u64) {
    loop {
        sleep(HOLD).await;
        let _ = peer.ask(Method::POST, &format!("/api/runs/hold/{number}")).await;
    }
}

async fn begin(peer: &Peer) -> anyhow::Result<Begun> {
    let path = "/api/runs/begin";
    let uri = peer.uri(path)?;
    let reply = peer.ask(Method::POST, path).await?.success(&uri)?;
    serde_json::from_slice(&reply).with_context(|| format!("{uri} is no Weir of this version"))
}
