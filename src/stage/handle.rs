//! What is held of a stage that runs: a reference to subscribe to, or the whole
//! of it.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::mail::{ToConsumer, ToProducer};
use super::{Reason, SubscribeOptions, Subscription, panic_message};

/// Refers to a running producer, to subscribe to it or to pause it. Clones refer
/// to the same stage.
#[derive(Debug)]
pub struct ProducerRef<T>(mpsc::UnboundedSender<ToProducer<T>>);

impl<T> Clone for ProducerRef<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> ProducerRef<T> {
    pub(crate) fn new(mail: mpsc::UnboundedSender<ToProducer<T>>) -> Self {
        Self(mail)
    }

    pub(crate) fn into_mail(self) -> mpsc::UnboundedSender<ToProducer<T>> {
        self.0
    }

    /// Subscribes, and reads what is delivered as a stream.
    pub fn subscribe(&self, options: impl Into<SubscribeOptions<T>>) -> Subscription<T> {
        Subscription::new(self.clone(), options.into())
    }

    /// Dispatches nothing more until [`release`](Self::release) is called as
    /// often as `hold`. Asks made meanwhile are kept. Returns once everything
    /// dispatched before is in the consumers' mailboxes.
    ///
    /// # Cancel safety
    /// The hold is in force even if the future is dropped.
    pub async fn hold(&self) {
        let (done, held) = oneshot::channel();
        if self.0.send(ToProducer::Hold { done }).is_ok() {
            // An error means that the stage is gone: nothing more is dispatched.
            let _ = held.await;
        }
    }

    /// Takes back one [`hold`](Self::hold).
    pub fn release(&self) {
        drop(self.0.send(ToProducer::Release));
    }

    /// Completes when the stage is gone.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn gone(&self) {
        self.0.closed().await;
    }

    /// Whether the stage is gone.
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

/// A spawned stage without a producing side. Dropping the handle leaves the
/// stage running.
#[derive(Debug)]
pub struct Running<T> {
    pub(super) mail: mpsc::UnboundedSender<ToConsumer<T>>,
    pub(super) task: JoinHandle<Reason>,
}

impl<T> Running<T> {
    /// Tells the stage to give back what it has not started, finish what it has,
    /// and end. See [`join`](Self::join).
    pub fn stop(&self) {
        // Whether it has heard shows in `join`.
        let (done, _) = oneshot::channel();
        drop(self.mail.send(ToConsumer::Stop { done }));
    }

    /// Subscribes the running stage to a further producer.
    pub fn subscribe_to(&self, producer: &ProducerRef<T>, options: impl Into<SubscribeOptions<T>>) {
        let (producer, options) = (producer.clone(), options.into());
        drop(self.mail.send(ToConsumer::Subscribe { producer, options }));
    }

    /// Waits until the stage has ended and says why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        joined(self.task).await
    }

    /// Ends the stage at its next await. What it held and had not started goes
    /// back to its producers.
    pub fn abort(&self) {
        self.task.abort();
    }
}

/// A spawned stage with a producing side. Dropping the handle leaves the stage
/// running.
#[derive(Debug)]
pub struct RunningProducer<T> {
    pub(super) producer: ProducerRef<T>,
    pub(super) task: JoinHandle<Reason>,
}

impl<T> RunningProducer<T> {
    /// A reference that consumers can subscribe to.
    pub fn producer(&self) -> ProducerRef<T> {
        self.producer.clone()
    }

    /// Tells the stage to produce nothing more, deliver what it has emitted, and
    /// end when its consumers have finished. A
    /// [`Producer::produce`](super::Producer::produce) that is
    /// waiting is dropped.
    pub fn stop(&self) {
        drop(self.producer.0.send(ToProducer::Stop));
    }

    /// Waits until the stage has ended and says why.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the stage running.
    pub async fn join(self) -> Reason {
        drop(self.producer);
        joined(self.task).await
    }

    /// Ends the stage at its next await. Events it had buffered are dropped.
    pub fn abort(&self) {
        self.task.abort();
    }
}

async fn joined(task: JoinHandle<Reason>) -> Reason {
    match task.await {
        Ok(reason) => reason,
        Err(error) if error.is_panic() => Reason::Panicked(panic_message(&*error.into_panic())),
        Err(_) => Reason::Lost,
    }
}
