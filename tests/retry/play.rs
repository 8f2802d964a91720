//! Events that fail by a script.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir::backoff::Backoff;
use weir::demand::Limits;
use weir::pool::{self, DeadLetter, Handler, Pool, PoolSettings, Retry, Spread, TryHandler};
use weir::stage::{self, Reason};

use Goes::{Mad, Never, Well, Wrong};

use crate::support::{Numbers, Seen};

pub(super) const WORK: u64 = 5;

/// 10 ms, 20 ms, 40 ms, … without jitter.
pub(super) const DOUBLING: Backoff = Backoff::exponential(ms(10), ms(10_000)).without_jitter();

pub(super) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The result of an attempt, after `WORK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    Well,
    Wrong,
    Mad,
    Never,
}

/// Events that each fail by a script and then succeed.
#[derive(Clone)]
pub(super) struct Play {
    script: Arc<Vec<Vec<Goes>>>,
    start: Instant,
    /// The events begun, each with the time in milliseconds.
    pub(super) begun: Seen<(u64, u64)>,
    pub(super) done: Seen<(u64, u64)>,
    pub(super) dead: Seen<DeadLetter<u64>>,
}

impl Play {
    pub(super) fn of(script: Vec<Vec<Goes>>) -> Self {
        let (begun, done, dead) = (Seen::nothing(), Seen::nothing(), Seen::nothing());
        Self { script: Arc::new(script), start: Instant::now(), begun, done, dead }
    }

    pub(super) fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    async fn attempt(&self, event: u64) -> Result<(), String> {
        let attempt = self.begun.all().iter().filter(|(other, _)| *other == event).count();
        self.begun.add((event, self.now()));
        let goes = self.script[event as usize].get(attempt).copied().unwrap_or(Well);
        sleep(ms(WORK)).await;
        match goes {
            Well => self.done.add((event, self.now())),
            Wrong => return Err(format!("attempt {} went wrong", attempt + 1)),
            Mad => panic!("attempt {} went mad", attempt + 1),
            Never => std::future::pending().await,
        }
        Ok(())
    }

    /// Makes a handler with the doubling backoff that records its dead letters.
    pub(super) fn retry(&self) -> Retry<u64, impl TryHandler<u64> + use<>> {
        let (play, dead) = (self.clone(), self.dead.clone());
        let handler = move |event| {
            let play = play.clone();
            async move { play.attempt(event).await }
        };
        pool::retry(handler).backoff(DOUBLING).dead_letter(move |letter| dead.add(letter))
    }

    pub(super) async fn run(&self, handler: impl Handler<u64>, concurrency: usize, spread: Spread) {
        let pool = spawn(self.script.len(), handler, concurrency, spread);
        assert_eq!((pool.ended().await, pool.panics()), (Reason::Finished, 0));
    }

    /// Returns the times at which an event was begun.
    pub(super) async fn times_of_one(self, handler: impl Handler<u64>) -> Vec<u64> {
        self.run(handler, 1, Spread::Workers).await;
        self.begun.all().into_iter().map(|(_, at)| at).collect()
    }
}

pub(super) fn spawn(
    events: usize,
    handler: impl Handler<u64>,
    concurrency: usize,
    spread: Spread,
) -> Pool<u64> {
    let numbers = stage::producer(Numbers::below(events as u64)).spawn();
    Pool::spawn(numbers.producer(), handler, settings(concurrency, spread))
}

pub(super) fn settings(concurrency: usize, spread: Spread) -> PoolSettings {
    PoolSettings { concurrency, spread, limits: Limits::new(1, 0).unwrap(), requeue: true }
}
