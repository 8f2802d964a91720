//! Workers that are killed at a point of their work: which work is done twice, and which never?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;
use weir_parts::engine::{Engine, Settle};
use weir_queue_redb::{DiskQueue, Options};

use super::found;
use super::life::{Alive, Life, Said, Shift};
use crate::exercise::format::{First, Hands, KillPoint};
use crate::exercise::trial::folder::Folder;
use crate::exercise::trial::lab::Found;

/// Theory of a run.
pub(super) fn predict(run: &Hands) -> Found {
    let at_once = f64::from(run.workers);
    let (twice, lost) = match (run.first, run.killed) {
        (First::Work, KillPoint::Between) => (at_once, 0.0),
        (First::Settle, KillPoint::Between) => (0.0, at_once),
        (_, KillPoint::Before | KillPoint::After) => (0.0, 0.0),
    };
    found([("twice", twice), ("lost", lost)])
}

/// Measures a run: a life that is killed, and a life that does the rest.
pub(super) fn measure(run: &Hands) -> Result<Found, String> {
    let folder = Folder::create().map_err(|error| error.to_string())?;
    let shift = Shift {
        file: folder.queue(),
        accepts: run.n,
        workers: run.workers,
        first: run.first,
        stops: Some((run.rounds, run.killed)),
    };
    let mut alive = Alive::start(&Life::Shift(shift.clone()))?;
    let mut lines = alive.until(|line| *line == Said::Held)?;
    lines.extend(alive.kill());
    let mut alive = Alive::start(&Life::Shift(Shift { accepts: 0, stops: None, ..shift }))?;
    lines.extend(alive.until(|line| matches!(line, Said::Done(_)))?);
    drop(alive);
    Ok(account(&lines))
}

/// What the lines of both lives say: the account outside of the process.
fn account(lines: &[Said]) -> Found {
    let (mut accepted, mut done, mut times) = (0, 0, BTreeMap::<u64, u32>::new());
    for line in lines {
        match line {
            Said::Accepted(events) => accepted += events,
            Said::Worked(id) => *times.entry(*id).or_default() += 1,
            Said::Done(events) => done = *events,
            _ => {}
        }
    }
    let twice = times.values().filter(|times| **times > 1).count();
    found([
        ("done", done as f64),
        ("begun", times.values().map(|times| f64::from(*times)).sum()),
        ("twice", twice as f64),
        ("lost", accepted as f64 - times.len() as f64),
    ])
}

/// Works a shift in this process, which says what it does.
pub(super) fn work_shift(shift: &Shift) -> anyhow::Result<()> {
    let queue = DiskQueue::open(&shift.file, Options::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    runtime.block_on(async {
        let queue = Arc::new(queue);
        for _ in 0..shift.accepts {
            queue.push(Vec::new()).await?;
        }
        Said::Accepted(shift.accepts).say()?;
        if shift.stops.is_none() {
            queue.close();
        }
        let held = Arc::new(AtomicU32::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..shift.workers {
            workers.spawn(work(Arc::clone(&queue), shift.clone(), Arc::clone(&held)));
        }
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        Said::Done(queue.book().done).say()?;
        Ok(())
    })
}

/// One worker.
async fn work(queue: Arc<DiskQueue>, shift: Shift, held: Arc<AtomicU32>) -> anyhow::Result<()> {
    let mut finished = 0;
    while let Some(events) = queue.ask(1).await {
        for event in events {
            let stop = shift.stops.filter(|(rounds, _)| *rounds == finished).map(|(_, point)| point);
            let stop_at =
                async |point| if stop == Some(point) { hold(&held, shift.workers).await } else { Ok(()) };
            let settle = || queue.settle(vec![(event.id, Settle::Done)]);
            stop_at(KillPoint::Before).await?;
            match shift.first {
                First::Work => {
                    Said::Worked(event.id.0).say()?;
                    stop_at(KillPoint::Between).await?;
                    settle().await?;
                }
                First::Settle => {
                    settle().await?;
                    stop_at(KillPoint::Between).await?;
                    Said::Worked(event.id.0).say()?;
                }
            }
            stop_at(KillPoint::After).await?;
            finished += 1;
        }
    }
    Ok(())
}

/// Stops a worker for good. The last one says that all have stopped.
async fn hold(held: &AtomicU32, workers: u32) -> anyhow::Result<()> {
    if held.fetch_add(1, Ordering::Relaxed) + 1 == workers {
        Said::Held.say()?;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::Value;

    #[test]
    fn the_account_is_that_of_the_lines_of_both_lives() {
        let lines = [
            Said::Accepted(4),
            Said::Worked(0),
            Said::Worked(1),
            Said::Held,
            Said::Accepted(0),
            Said::Worked(1),
            Said::Worked(2),
            Said::Done(3),
        ];
        let found = account(&lines);
        let number = |name: &str| found[name].clone();
        assert_eq!((number("twice"), number("lost")), (Value::Number(1.0), Value::Number(1.0)));
        assert_eq!((number("done"), number("begun")), (Value::Number(3.0), Value::Number(4.0)));
    }
}
