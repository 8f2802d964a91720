//! What happens to an event that fails: it is tried again, later and later, and
//! in the end it is a dead letter.
//!
//! ```text
//!   event ─▶ attempt ──▶ Ok ───────────────────────────▶ done
//!               ▲  └───▶ error, panic, deadline ──┬────▶ dead letter
//!               └──────────── backoff ◀───────────┘  after the last attempt
//! ```
//!
//! [`Retry`] is a handler around a handler. The pool does not know of it, and a
//! plain [`Handler`] pays nothing for it. Where GenStage restarts a `transient`
//! worker of a `ConsumerSupervisor`, and gives up all of them when they fail too
//! often, here each event has its own attempts, and one that cannot be done is no
//! trouble of the others.
//!
//! # A waiting event keeps its slot
//! While an event backs off, it still counts as one of the pool's `concurrency`,
//! as GenStage's worker does that waits for its restart. That is what is wanted
//! when the downstream is in trouble: whoever fails there takes less from the
//! producer, and the producer's queue tells its senders. It is not what is wanted
//! when single events are bad and the downstream is well: with concurrency 1,
//! everybody waits behind the bad one, and so does what a worker has prefetched.
//! Then allow one attempt here, and let the dead letters feed a second pool,
//! which tries again with slots of its own.
//!
//! # Dead letters are a producer again
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
//! // It ends with the pool, which holds the sender.
//! let failed = stage::producer(receiver).spawn();
//! let letters: Vec<_> = failed.producer().subscribe(Limits::default()).collect().await;
//! assert_eq!(letters[0].to_string(), "gave up an event after 2 attempts: 1 is odd");
//! assert_eq!(letters.iter().map(|letter| letter.event).collect::<Vec<_>>(), [1, 3]);
//! # }
//! ```

mod account;
mod letter;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{sleep, timeout};

pub use account::{RetryAccount, RetryCounts};
pub use letter::{AttemptError, DeadLetter};

use super::Handler;
use crate::backoff::Backoff;
use crate::clean;
use crate::panics;

/// What is done with each event, and may fail. Implemented by async closures
/// over one event that return a `Result<(), _>`.
pub trait TryHandler<T>: Send + Sync + 'static {
    /// Why it failed. It is turned into text at once, so it need be neither
    /// `Send` nor an `Error`.
    type Error: fmt::Display;

    /// Tries to handle one event.
    ///
    /// # Cancel safety
    /// Up to the author. The future is dropped at the deadline of the attempt,
    /// if there is one, and when the pool is aborted; what it did until then may
    /// be done again by the next attempt.
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

/// Tries each event up to three times with `handler`, waiting up to 100 ms and
/// up to 200 ms in between. What is not done then is logged as an error and
/// dropped. All of this can be changed before it is given to a
/// [`Pool`](super::Pool).
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

/// A [`Handler`] that tries again. Made by [`retry`].
///
/// Each attempt is given a clone of the event, as the event itself is needed for
/// the next one or for the dead letter. Put a large event in an `Arc`.
///
/// A panic is a failure of its attempt. It is contained and counted here, and
/// does not show in [`Pool::panics`](super::Pool::panics).
///
/// An event whose pool is aborted while it is tried or backs off is dropped,
/// like all running work, and is no dead letter: it has attempts left.
pub struct Retry<T, H> {
    handler: H,
    attempts: u32,
    backoff: Backoff,
    /// Shared by all events, and locked only to draw: once a failure.
    random: Mutex<fastrand::Rng>,
    timeout: Option<Duration>,
    dead_letter: Box<dyn Fn(DeadLetter<T>) + Send + Sync>,
    account: Arc<RetryAccount>,
}

impl<T, H> Retry<T, H> {
    /// How often an event is tried in all: 1 is to try and not to try again. As
    /// an event that arrives is tried, 0 means 1. By default 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long to wait after each failure but the last. By default up to 100 ms
    /// after the first, twice that after each further one, at most 10 s, with
    /// full jitter.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Makes the waits repeatable. They are drawn in the order in which events
    /// fail, so the run is the same where that order is: on one thread, under
    /// paused time. By default the seed is random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.random = Mutex::new(fastrand::Rng::with_seed(seed));
        self
    }

    /// How long one attempt may take. At its deadline its future is dropped,
    /// which stops it where it awaits; an attempt that never awaits cannot be
    /// stopped. One that is ready at the deadline has made it. By default an
    /// attempt may take for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What is done with events that failed every attempt. It is called in the
    /// event's slot and should not block. If it panics, that is logged, and the
    /// letter is lost. By default the letter is logged as an error, without its
    /// event, and dropped.
    pub fn dead_letter(mut self, dead_letter: impl Fn(DeadLetter<T>) + Send + Sync + 'static) -> Self {
        self.dead_letter = Box::new(dead_letter);
        self
    }

    /// The account of this handler, to be read while the pool has the handler.
    pub fn account(&self) -> Arc<RetryAccount> {
        Arc::clone(&self.account)
    }

    async fn attempt(&self, event: &T) -> Result<(), AttemptError>
    where
        T: Clone,
        H: TryHandler<T>,
    {
        // All of the author's code is inside: the clone, the call, the future
        // and its drop at the deadline, the error's text.
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
            // Not straight on: an event that fails at once would keep the thread
            // to itself, and an abort could not reach it.
            tokio::task::yield_now().await;
        } else {
            sleep(wait).await;
        }
    }

    fn give_up(&self, letter: DeadLetter<T>) {
        self.account.dead_letter();
        let said = letter.to_string();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.dead_letter)(letter))) {
            log::error!(
                "{said}; and its dead letter is lost in a panic: {}",
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
