//! Two owners of one name over NATS. The first is paused past its lease, the second takes over, and
//! the first goes on with its next write.
//!
//! ```text
//!   this process          another process        NATS
//!   starts the server ──────────────────────────▶
//!                         claims generation 1,
//!                         writes, checks itself
//!   SIGSTOP ─────────────▶ ┊
//!   claims generation 2,   ┊
//!   writes                 ┊
//!   SIGCONT ─────────────▶ writes the next entry ▶ with a token, and without one
//!   reads both logs
//! ```

mod account;
mod first;
mod plain;
mod server;

use std::io::Write;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tokio::time::{Instant, timeout};
use weir_nats::{Nats, Registry, RegistryOptions};

use super::life::{Alive, Life, Post, Said};
use crate::exercise::format::Owners;
use crate::exercise::trial::lab::Found;
use account::{Seen, account};
pub(super) use first::own;
use plain::PlainLog;
use server::Server;

/// The name that both own.
const NAME: &str = "moon";
/// The time limit of a run without its leases.
const LIMIT: Duration = Duration::from_secs(60);

/// The registry of a run, as a node opens it.
fn options(run: &Owners, node: &str) -> RegistryOptions {
    RegistryOptions {
        bucket: "weir-names".to_owned(),
        node: node.to_owned(),
        lease: Duration::from_millis(run.lease_ms),
        replicas: 1,
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Measures a run, with a NATS server of its own.
pub(super) fn measure(run: &Owners) -> Result<Found, String> {
    // The second owner beats on a thread of its own, while this one waits for the first owner.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().map_err(in_words)?;
    runtime.block_on(async {
        let server = Server::start().await?;
        let limit = LIMIT + 3 * Duration::from_millis(run.lease_ms);
        let seen = timeout(limit, take_turns(run, server.url())).await;
        account(&seen.map_err(|_| format!("it took longer than {} s", limit.as_secs()))??)
    })
}

/// Lets both owners write, one after the other.
async fn take_turns(run: &Owners, url: &str) -> Result<Seen, String> {
    let nats = Nats::connect(url, "second").await.map_err(in_words)?;
    let registry = Registry::open(&nats, options(run, "second")).await.map_err(in_words)?;
    let plain = PlainLog::open(&nats).await.map_err(in_words)?;
    let mut first = Alive::start(&Life::Own(Post { url: url.to_owned(), run: run.clone() }))?;
    let checked = first.until(|line| matches!(line, Said::Checked { .. }))?.pop();

    signal(&first, Signal::STOP)?;
    let began = Instant::now();
    let claim = registry.claim(NAME).await.map_err(in_words)?;
    // What it serves, it has read behind its mark.
    claim.log().read_from(0).await.map_err(in_words)?;
    claim.append("the second owner's").await.map_err(in_words)?;
    let serves = began.elapsed();
    plain.write(claim.generation()).await?;

    let mut input = first.child.stdin.take().ok_or("the first owner has no input")?;
    input.write_all(b"go on\n").map_err(in_words)?;
    signal(&first, Signal::CONT)?;
    let pause = began.elapsed();
    let wrote = first.until(|line| matches!(line, Said::Wrote { .. }))?.pop();
    drop(first);

    let (Some(Said::Checked { lookup, lease }), Some(Said::Wrote { with, without })) = (checked, wrote)
    else {
        return Err("the first owner has not said what it did".to_owned());
    };
    let entries = claim.log().read_from(0).await.map_err(in_words)?;
    let with_token = entries.iter().map(|entry| entry.generation).collect();
    let without_token = plain.read(account::length(run, without)).await?;
    let lasted = Duration::from_millis(run.lease_ms);
    Ok(Seen { lookup, lease, with, without, with_token, without_token, lasted, pause, serves })
}

/// Stops the process of an owner, and waits until it stands; or lets it go on.
fn signal(owner: &Alive, signal: Signal) -> Result<(), String> {
    let pid = Pid::from_child(&owner.child);
    kill_process(pid, signal).map_err(in_words)?;
    if signal == Signal::STOP {
        let status = waitpid(Some(pid), WaitOptions::UNTRACED).map_err(in_words)?;
        if !status.is_some_and(|(_, status)| status.stopped()) {
            return Err("the first owner has ended instead of pausing".to_owned());
        }
    }
    Ok(())
}
