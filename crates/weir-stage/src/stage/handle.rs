//! What is held of a stage that runs.

use std::fmt;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::mail::{ConsumerMail, ProducerMail, StopLimit, ToConsumer, ToProducer};
use super::meter::{Meter, Status};
use super::{ConsumerRef, ProducerRef, Reason};
use crate::panics;

/// A spawned stage. Dropping the handle leaves the stage running.
///
/// `R` is how it is referred to: a [`ProducerRef`], a [`ConsumerRef`], or both
/// for a producer-consumer.
pub struct Running<R> {
    refs: R,
    /// To this very stage, whoever sits at its seat by now.
    stop: Stop,
    task: JoinHandle<Reason>,
    meter: Meter,
}

/// Tells a stage to stop, for a reason.
pub(crate) type Stop = Box<dyn Fn(Reason, StopLimit) + Send + Sync>;

/// A running producer of `T`.
pub type RunningProducer<T> = Running<ProducerRef<T>>;
/// A running consumer of `T`.
pub type RunningConsumer<T> = Running<ConsumerRef<T>>;
/// A running stage that makes `O` of `I`.
pub type RunningProducerConsumer<I, O> = Running<(ConsumerRef<I>, ProducerRef<O>)>;

impl<R> Running<R> {
    pub(super) fn new(refs: R, stop: Stop, task: JoinHandle<Reason>, meter: Meter) -> Self {
        Self { refs, stop, task, meter }
    }

    /// Tells the stage to take nothing more, deliver what it has emitted, finish
    /// what it has begun, and end. What was delivered to it and not begun goes
    /// back. A [`Producer::produce`](super::Producer::produce) that is under way has
    /// as long as [`finish_within`](super::Producer::finish_within) says; what it
    /// returns is delivered. See [`join`](Self::join).
    pub fn stop(&self) {
        self.stop_with(Reason::Stopped);
    }

    /// [Stops](Self::stop) the stage with a reason of your own.
    pub fn stop_with(&self, reason: Reason) {
        (self.stop)(reason, StopLimit::Configured);
    }

    /// Stops the stage like [`stop_with`](Self::stop_with), but sets no time limit on a
    /// `produce` that is under way. For callers with a deadline of their own, who
    /// [abort](Self::abort) the stage when it has passed.
    pub fn stop_until_aborted(&self, reason: Reason) {
        (self.stop)(reason, StopLimit::UntilAborted);
    }

    /// What the stage is doing.
    pub fn status(&self) -> Status {
        self.meter.read()
    }

    pub(crate) fn into_parts(self) -> (Stop, JoinHandle<Reason>, Meter) {
        (self.stop, self.task, self.meter)
    }

    /// Waits until the stage has ended and says why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        // A producer that nobody refers to ends, so the handle lets go of it.
        drop((self.refs, self.stop));
        joined(self.task).await
    }

    /// Ends the stage at its next await. What was delivered to it and not
    /// started goes back to its producers; what it had buffered is dropped.
    pub fn abort(&self) {
        self.task.abort();
    }
}

/// For a stage that is told at its producing side.
pub(super) fn stop_producer<T: Send + 'static>(mail: ProducerMail<T>) -> Stop {
    // One that is gone has stopped.
    Box::new(move |reason, limit| drop(mail.send(ToProducer::Stop { reason, limit })))
}

/// For a stage that is told at its consuming side.
pub(super) fn stop_consumer<T: Send + 'static>(mail: ConsumerMail<T>) -> Stop {
    Box::new(move |reason, _| {
        // Whether it has heard shows in `join`.
        let (done, _) = oneshot::channel();
        drop(mail.send(ToConsumer::Stop { reason, done }));
    })
}

impl<T> RunningProducer<T> {
    /// A reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<T> {
        self.refs.clone()
    }
}

impl<T> RunningConsumer<T> {
    /// A reference to subscribe the consumer to more producers.
    pub fn consumer(&self) -> ConsumerRef<T> {
        self.refs.clone()
    }
}

impl<I, O> RunningProducerConsumer<I, O> {
    /// A reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<O> {
        self.refs.1.clone()
    }

    /// A reference to subscribe the stage to more producers.
    pub fn consumer(&self) -> ConsumerRef<I> {
        self.refs.0.clone()
    }
}

impl<R> fmt::Debug for Running<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.meter.read()).finish()
    }
}

/// Why a task has ended, also when it was aborted.
pub(crate) async fn joined(task: JoinHandle<Reason>) -> Reason {
    match task.await {
        Ok(reason) => reason,
        Err(error) if error.is_panic() => Reason::Panicked(panics::message(&*error.into_panic())),
        Err(_) => Reason::Aborted,
    }
}
