//! A poison event in front of others: on the disk, and on an engine in memory under virtual time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use weir_parts::engine::{Engine, EventId, MemoryEngine, Settle};
use weir_queue_redb::{DiskQueue, Options};

use super::found;
use crate::exercise::format::Poison;
use crate::exercise::trial::folder::Folder;
use crate::exercise::trial::lab::Found;

/// The payload of the event that always fails.
const POISON: &[u8] = b"poison";

/// Theory of a run: the delays double, and each attempt takes its time. The others are done as if
/// the poison event were one event more.
pub(super) fn predict(run: &Poison) -> Found {
    let delays: f64 = (1..run.attempts).map(|try_| delay(run, try_ - 1).as_secs_f64()).sum();
    let (work, attempts) = (run.work_ms / 1e3, f64::from(run.attempts));
    let events = run.behind + 1;
    let turns = events.div_ceil(u64::from(run.workers)) as f64;
    let all = found([
        ("dead_s", attempts * work + delays),
        ("busy_s", attempts * work),
        ("attempts", attempts),
        ("others_s", turns * work),
    ]);
    // Beyond the first delay, the second attempt takes its turn among the others.
    let is_apart = turns * work <= run.retry_ms / 1e3;
    all.into_iter().filter(|(name, _)| is_apart || !matches!(*name, "dead_s" | "others_s")).collect()
}

/// The delay behind an attempt, as the bench sets it.
fn delay(run: &Poison, tries: u32) -> Duration {
    Duration::from_secs_f64(run.retry_ms / 1e3) * 2_u32.saturating_pow(tries)
}

/// Simulates a run: virtual time, and an engine in memory with the attempts of the run.
pub(super) fn simulate(run: &Poison) -> io::Result<Found> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build()?;
    runtime.block_on(work_off(MemoryEngine::new(run.attempts), run)).map_err(io::Error::other)
}

/// Measures a run on the disk.
pub(super) fn measure(run: &Poison) -> Result<Found, String> {
    let folder = Folder::create().map_err(|error| error.to_string())?;
    let options = Options { attempts: run.attempts, ..Options::default() };
    let queue = DiskQueue::open(&folder.queue(), options).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    runtime.map_err(|error| error.to_string())?.block_on(work_off(queue, run))
}

/// What the workers have seen.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    others: u64,
    others_s: f64,
    dead_s: Option<f64>,
    busy: Duration,
}

/// Pushes the events, the poison event first, and works until all are settled for good.
async fn work_off(engine: impl Engine, run: &Poison) -> Result<Found, String> {
    let engine = Arc::new(engine);
    let push =
        async |payload: &[u8]| engine.push(payload.to_vec()).await.map_err(|error| error.to_string());
    let poison = push(POISON).await?;
    for _ in 0..run.behind {
        push(b"").await?;
    }
    let (began, (seen, mut news)) = (Instant::now(), watch::channel(Seen::default()));
    let seen = Arc::new(seen);
    let mut workers = JoinSet::new();
    for _ in 0..run.workers {
        workers.spawn(work(Arc::clone(&engine), poison, run.clone(), Arc::clone(&seen), began));
    }
    let is_over = |seen: &Seen| seen.dead_s.is_some() && seen.others == run.behind;
    let seen = *news.wait_for(is_over).await.map_err(|error| error.to_string())?;
    workers.abort_all();
    let letters = engine.dead(None, 1).await.map_err(|error| error.to_string())?;
    engine.end().await;
    let attempts = letters.first().map_or(f64::NAN, |letter| f64::from(letter.tries));
    Ok(found([
        ("dead_s", seen.dead_s.unwrap_or(f64::NAN)),
        ("others_s", seen.others_s),
        ("busy_s", seen.busy.as_secs_f64()),
        ("attempts", attempts),
    ]))
}

/// One worker: it asks for an event, works, and settles.
async fn work<E: Engine>(
    engine: Arc<E>,
    poison: EventId,
    run: Poison,
    seen: Arc<watch::Sender<Seen>>,
    began: Instant,
) {
    while let Some(events) = engine.ask(1).await {
        for event in events {
            let at = Instant::now();
            sleep(Duration::from_secs_f64(run.work_ms / 1e3)).await;
            let took = at.elapsed();
            let is_poison = event.id == poison;
            let how = match is_poison {
                true => Settle::Again { after: delay(&run, event.tries), why: "poison".to_owned() },
                false => Settle::Done,
            };
            if engine.settle(vec![(event.id, how)]).await.is_err() {
                return;
            }
            let now = began.elapsed().as_secs_f64();
            seen.send_modify(|seen| match is_poison {
                true => {
                    seen.busy += took;
                    seen.dead_s = (event.tries + 1 == run.attempts).then_some(now);
                }
                false => (seen.others, seen.others_s) = (seen.others + 1, now),
            });
        }
    }
}
