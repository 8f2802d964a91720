//! The handle of a running stage.

use std::fmt;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::mail::{ConsumerMail, ProducerMail, StopLimit, ToConsumer, ToProducer};
use super::meter::{Meter, Status};
use super::{ConsumerRef, ProducerRef, Reason};
use crate::panics;

/// The handle of a spawned stage. Dropping it does not stop the stage. A producer ends,
/// though, when neither a handle nor a reference to it is left: no consumer can ever ask.
///
/// `R` is the type of the references: a [`ProducerRef`], a [`ConsumerRef`], or both for a
/// producer-consumer.
pub struct Running<R> {
    refs: R,
    /// Stops this very stage, even if a successor has registered under its name.
    stop: Stop,
    task: JoinHandle<Reason>,
    meter: Meter,
}

/// A closure that tells a stage to stop.
pub(crate) type Stop = Box<dyn Fn(Reason, StopLimit) + Send + Sync>;

/// The handle of a running producer of `T`.
pub type RunningProducer<T> = Running<ProducerRef<T>>;
/// The handle of a running consumer of `T`.
pub type RunningConsumer<T> = Running<ConsumerRef<T>>;
/// The handle of a running stage that turns `I` into `O`.
pub type RunningProducerConsumer<I, O> = Running<(ConsumerRef<I>, ProducerRef<O>)>;

impl<R> Running<R> {
    pub(super) fn new(refs: R, stop: Stop, task: JoinHandle<Reason>, meter: Meter) -> Self {
        Self { refs, stop, task, meter }
    }

    /// Tells the stage to take nothing more, finish what it has begun, deliver what it has
    /// emitted, and end. Events that it has not begun are requeued. A pending
    /// [`Producer::produce`](super::Producer::produce) may continue for
    /// [`finish_within`](super::Producer::finish_within); the events that it returns in
    /// that time are delivered. [`join`](Self::join) waits for the end.
    pub fn stop(&self) {
        self.stop_with(Reason::Stopped);
    }

    /// [Stops](Self::stop) the stage with another reason.
    pub fn stop_with(&self, reason: Reason) {
        (self.stop)(reason, StopLimit::Configured);
    }

    /// Stops the stage like [`stop_with`](Self::stop_with), without a time limit for a
    /// pending `produce`. For a caller that has its own deadline and then
    /// [aborts](Self::abort) the stage.
    pub fn stop_until_aborted(&self, reason: Reason) {
        (self.stop)(reason, StopLimit::UntilAborted);
    }

    /// Returns what the stage is doing.
    pub fn status(&self) -> Status {
        self.meter.read()
    }

    /// Returns [`status`](Self::status) as a closure that does not borrow the handle. For a
    /// stage that is handed to a supervisor.
    pub fn status_fn(&self) -> impl Fn() -> Status + Send + Sync + 'static + use<R> {
        let meter = self.meter.clone();
        move || meter.read()
    }

    pub(crate) fn into_parts(self) -> (Stop, JoinHandle<Reason>, Meter) {
        (self.stop, self.task, self.meter)
    }

    /// Waits until the stage has ended, and returns its exit reason.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        // A producer ends when no reference to it is left, so the handle's own go first.
        drop((self.refs, self.stop));
        joined(self.task).await
    }

    /// Ends the stage at its next await. Events that it has not started are requeued; events
    /// in its buffer and in its handler are dropped.
    pub fn abort(&self) {
        self.task.abort();
    }
}

/// Makes the `Stop` of a stage with an output side.
pub(super) fn stop_producer<T: Send + 'static>(mail: ProducerMail<T>) -> Stop {
    // A stage that is gone has stopped.
    Box::new(move |reason, limit| drop(mail.send(ToProducer::Stop { reason, limit })))
}

/// Makes the `Stop` of a consumer.
pub(super) fn stop_consumer<T: Send + 'static>(mail: ConsumerMail<T>) -> Stop {
    Box::new(move |reason, _| {
        // The answer is not needed: `join` waits for the end.
        let (done, _) = oneshot::channel();
        drop(mail.send(ToConsumer::Stop { reason, done }));
    })
}

impl<T> RunningProducer<T> {
    /// Returns a reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<T> {
        self.refs.clone()
    }
}

impl<T> RunningConsumer<T> {
    /// Returns a reference that subscribes the consumer to more producers.
    pub fn consumer(&self) -> ConsumerRef<T> {
        self.refs.clone()
    }
}

impl<I, O> RunningProducerConsumer<I, O> {
    /// Returns a reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<O> {
        self.refs.1.clone()
    }

    /// Returns a reference that subscribes the stage to more producers.
    pub fn consumer(&self) -> ConsumerRef<I> {
        self.refs.0.clone()
    }
}

impl<R> fmt::Debug for Running<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.meter.read()).finish()
    }
}

/// Waits for a stage's task, and returns the exit reason, also after a panic or an abort.
pub(crate) async fn joined(task: JoinHandle<Reason>) -> Reason {
    match task.await {
        Ok(reason) => reason,
        Err(error) if error.is_panic() => Reason::Panicked(panics::message(&*error.into_panic())),
        Err(_) => Reason::Aborted,
    }
}
