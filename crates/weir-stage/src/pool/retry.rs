//! Retries: an event that fails is tried again after a growing delay, and becomes a dead
//! letter when every attempt has failed.
//!
//! ```text
//!   event ─▶ attempt ──▶ Ok ───────────────────────────▶ done
//!               ▲  └───▶ error, panic, timeout ───┬────▶ dead letter
//!               └──────────── backoff ◀───────────┘  after the last attempt
//! ```
//!
//! [`Retry`] is a handler around a handler. The pool does not know of it, and a plain
//! [`Handler`] pays nothing for it. GenStage restarts a `transient` worker of a
//! `ConsumerSupervisor`, and gives up on all of them when they fail too often. Here each event
//! has its own attempts, and an event that cannot be done does not affect the others.
//!
//! # A waiting event keeps its slot
//! An event that backs off still counts as one of the pool's `concurrency`, as GenStage's
//! worker does while it waits for its restart. That is right when the downstream is in
//! trouble: the pool takes less from the producer, and the producer's queue tells its senders.
//! It is wrong when single events are bad and the downstream is well: with concurrency 1,
//! every other event waits behind the bad one, and so do the events a worker has prefetched.
//! In that case allow one attempt here, and let the dead letters feed a second pool, which
//! retries in slots of its own.
//!
//! # Dead letters as a producer
//! ```
//! use futures::StreamExt;
//! use tokio::sync::mpsc;
//! use weir_stage::demand::Limits;
//! use weir_stage::pool::{self, Pool, PoolSettings};
//! use weir_stage::stage;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let (sender, receiver) = mpsc::unbounded_channel();
//! let halve = pool::retry(|n: u32| async move {
//!     if n % 2 == 0 { Ok(()) } else { Err(format!("{n} is odd")) }
//! });
//! let halve = halve.attempts(2).dead_letter(move |letter| drop(sender.send(letter)));
//!
//! let numbers = stage::from_iter(1..=4).spawn();
//! let pool = Pool::spawn(numbers.producer(), halve, PoolSettings::workers(1));
//!
//! // The channel ends with the pool, which holds the sender.
//! let failed = stage::producer(receiver).spawn();
//! let letters: Vec<_> = failed.producer().subscribe(Limits::default()).collect().await;
//! assert_eq!(letters[0].to_string(), "gave up an event after 2 attempts: 1 is odd");
//! assert_eq!(letters.iter().map(|letter| letter.event).collect::<Vec<_>>(), [1, 3]);
//! # }
//! ```

mod account;
mod dead_letter;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{sleep, timeout};

pub use account::{RetryAccount, RetryCounts};
pub use dead_letter::{AttemptError, DeadLetter};

use super::Handler;
use crate::backoff::Backoff;
use crate::clean;
use crate::panics;

/// The work a pool does for each event, if the work may fail. Implemented by async closures
/// over one event that return a `Result<(), _>`.
pub trait TryHandler<T>: Send + Sync + 'static {
    /// The error of one attempt. It is turned into text at once, so it need be neither `Send`
    /// nor an `Error`.
    type Error: fmt::Display;

    /// Tries to handle one event.
    ///
    /// # Cancel safety
    /// Up to the author. The future is dropped at the timeout of the attempt, if there is
    /// one, and when the pool is aborted. The next attempt may repeat what it did until then.
    fn try_handle(&self, event: T) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<T, E, F, Fut> TryHandler<T> for F
where
    E: fmt::Display,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
{
    type Error = E;

    fn try_handle(&self, event: T) -> impl Future<Output = Result<(), E>> + Send {
        self(event)
    }
}

/// Wraps `handler` so that each event is tried up to three times, with delays of up to 100 ms
/// and up to 200 ms in between. An event that fails three times is logged as an error and
/// dropped. Change any of this before giving the result to a [`Pool`](super::Pool).
pub fn retry<T, H: TryHandler<T>>(handler: H) -> Retry<T, H> {
    Retry {
        handler,
        attempts: 3,
        backoff: Backoff::exponential(Duration::from_millis(100), Duration::from_secs(10)),
        random: Mutex::default(),
        timeout: None,
        dead_letter: Box::new(|letter| log::error!("{letter}")),
        account: Arc::default(),
    }
}

/// A [`Handler`] that retries. Made by [`retry`].
///
/// Each attempt gets a clone of the event, because the next attempt or the dead letter needs
/// the event itself. Put a large event in an `Arc`.
///
/// A panic fails its attempt. It is caught and counted here, and does not show in
/// [`PoolRef::panics`](super::PoolRef::panics).
///
/// When its pool is aborted, an event that is tried or backs off is dropped like all running
/// work. It is no dead letter, because it has attempts left.
#[must_use = "a handler does nothing until a pool has it"]
pub struct Retry<T, H> {
    handler: H,
    attempts: u32,
    backoff: Backoff,
    /// Shared by all events. Locked only to draw a delay: once per failure.
    random: Mutex<fastrand::Rng>,
    timeout: Option<Duration>,
    dead_letter: Box<dyn Fn(DeadLetter<T>) + Send + Sync>,
    account: Arc<RetryAccount>,
}

impl<T, H> Retry<T, H> {
    /// Sets the number of attempts at an event: 1 means no retry. 0 counts as 1, because an
    /// event that arrives is tried. The default is 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the delay after each failure but the last. The default is up to 100 ms after the
    /// first failure, twice that after each further one, at most 10 s, with full jitter.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Makes the delays repeatable. They are drawn in the order in which events fail, so a run
    /// is repeatable where that order is: on one thread, with the clock paused. By default the
    /// seed is random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.random = Mutex::new(fastrand::Rng::with_seed(seed));
        self
    }

    /// Sets the time limit of one attempt. At the limit its future is dropped, which stops it
    /// at its next await; an attempt that never awaits cannot be stopped. An attempt that is
    /// ready exactly at the limit has succeeded. By default there is no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the function that receives the events that failed every attempt. It is called in
    /// the event's slot and should not block. If it panics, the panic is logged and the dead
    /// letter is lost. By default the dead letter is logged as an error, without its event,
    /// and dropped.
    pub fn dead_letter(mut self, dead_letter: impl Fn(DeadLetter<T>) + Send + Sync + 'static) -> Self {
        self.dead_letter = Box::new(dead_letter);
        self
    }

    /// Returns the counters of this handler, which can be read while the pool has it.
    pub fn account(&self) -> Arc<RetryAccount> {
        Arc::clone(&self.account)
    }

    async fn attempt(&self, event: &T) -> Result<(), AttemptError>
    where
        T: Clone,
        H: TryHandler<T>,
    {
        // All of the author's code is inside `catch_unwind`: the clone, the call, the future
        // and its drop at the time limit, the text of the error.
        let attempt = async {
            let work = self.handler.try_handle(event.clone());
            let result = match self.timeout {
                None => work.await,
                Some(limit) => timeout(limit, work).await.map_err(|_| AttemptError::TimedOut(limit))?,
            };
            result.map_err(|error| AttemptError::Error(error.to_string()))
        };
        let result = AssertUnwindSafe(attempt).catch_unwind().await;
        result.unwrap_or_else(|panic| Err(AttemptError::Panicked(panics::message(&*panic))))
    }

    async fn back_off(&self, failures: u32) {
        let wait = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            self.backoff.delay(failures, &mut random)
        };
        if wait.is_zero() {
            // An event that fails at once would otherwise keep the thread to itself, and an
            // abort could not reach it.
            tokio::task::yield_now().await;
        } else {
            sleep(wait).await;
        }
    }

    fn give_up(&self, letter: DeadLetter<T>) {
        self.account.dead_letter();
        let message = letter.to_string();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.dead_letter)(letter))) {
            log::error!(
                "{message}; the dead-letter handler panicked, so the letter is lost: {}",
                clean::line(&panics::message(&*panic))
            );
        }
    }
}

impl<T, H> Handler<T> for Retry<T, H>
where
    T: Clone + Send + Sync + 'static,
    H: TryHandler<T>,
{
    async fn handle(&self, event: T) {
        let mut attempts = 0;
        let last_error = loop {
            self.account.attempt(attempts > 0);
            attempts += 1;
            let Err(error) = self.attempt(&event).await else { return };
            self.account.failed(&error);
            if attempts >= self.attempts {
                break error;
            }
            log::debug!("attempt {attempts} of {} failed: {error}", self.attempts);
            self.back_off(attempts).await;
        };
        self.give_up(DeadLetter { event, attempts, last_error });
    }
}
