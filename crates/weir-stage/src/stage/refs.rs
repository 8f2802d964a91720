//! References to the output side and the input side of a running stage. Clones refer to
//! the same stage. A consumer's reference does not keep its stage alive; a producer ends
//! when no reference to it is left.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;

use super::mail::{ConsumerMail, ProducerMail, ToConsumer, ToProducer};
use super::registration::Registration;
use super::{Marker, Peer, Reason, SubscribeOptions, Subscription};
use crate::dispatch::Tag;

/// An error: the stage that a reference names has ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the stage is gone")]
pub struct Gone;

/// A reference to the output side of a stage: subscribes to it, pauses it, and has it
/// emit events.
#[derive(Debug)]
pub struct ProducerRef<T>(Arc<Registration<T>>);

impl<T> Clone for ProducerRef<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> ProducerRef<T> {
    pub(super) fn new(mail: ProducerMail<T>, name: Arc<str>) -> Self {
        Self(Arc::new(Registration::of(mail, name)))
    }

    /// Makes a reference to a stage that is not spawned yet and that may be restarted. A
    /// stage takes the name by [`register`](super::ProducerBuilder::register). Consumers
    /// may subscribe before that, and are connected when the stage registers.
    pub fn reserve(name: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Registration::reserved(name.into())))
    }

    pub(super) fn registration(&self) -> &Arc<Registration<T>> {
        &self.0
    }

    /// Returns the name of the stage.
    pub fn name(&self) -> Arc<str> {
        self.0.name()
    }

    /// Subscribes, and returns the delivered events as a stream.
    pub fn subscribe(&self, options: impl Into<SubscribeOptions<T>>) -> Subscription<T> {
        Subscription::new(self.clone(), options.into())
    }

    /// Has the stage emit events, whether or not there is demand: events beyond demand
    /// are buffered. Returns once the events are in the consumers' mailboxes or in the
    /// buffer, with those that the buffer had no room for.
    ///
    /// Use it for occasional events. For a flow of events make the producer from a
    /// stream or a channel, which can hold its sender back.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended; the events are dropped.
    ///
    /// # Cancel safety
    /// The events are emitted even if the future is dropped; those without room are then
    /// dropped as well.
    pub async fn emit(&self, events: Vec<T>) -> Result<Vec<T>, Gone> {
        let (done, emitted) = oneshot::channel();
        self.tell(ToProducer::Emit { events, done })?;
        emitted.await.map_err(|_| Gone)
    }

    /// Stops dispatching until [`resume`](Self::resume). Asks and emitted events are
    /// kept one by one. A second pause has no effect. Returns once every event
    /// dispatched before is in a consumer's mailbox.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended.
    ///
    /// # Cancel safety
    /// The pause takes effect even if the future is dropped.
    pub async fn pause(&self) -> Result<(), Gone> {
        let (done, paused) = oneshot::channel();
        self.tell(ToProducer::Pause { done })?;
        paused.await.map_err(|_| Gone)
    }

    /// Continues after [`pause`](Self::pause). The kept asks are served in order, one
    /// after the other.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended.
    pub fn resume(&self) -> Result<(), Gone> {
        self.tell(ToProducer::Resume)
    }

    /// Ends one subscription from the producer's side. The consumer finishes what it was
    /// sent. Returns false if there is no such subscription.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended.
    ///
    /// # Cancel safety
    /// The subscription ends even if the future is dropped.
    pub async fn cancel(&self, tag: Tag, reason: Reason) -> Result<bool, Gone> {
        let (done, found) = oneshot::channel();
        self.tell(ToProducer::Evict { tag, reason: Box::new(reason), done })?;
        found.await.map_err(|_| Gone)
    }

    /// Runs the marker when everything that the stage has emitted so far has been
    /// dispatched: at once, if nothing is buffered.
    ///
    /// For a producer-consumer that still has input, use [`ConsumerRef::mark`], which
    /// places the marker behind the input as well.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended.
    pub fn mark(&self, marker: Marker) -> Result<(), Gone> {
        self.tell(ToProducer::Mark(marker))
    }

    /// Makes the registered successor emit events that its predecessor delivered and cannot
    /// take back. Without a successor, returns false and drops the events.
    #[cold]
    pub(crate) fn adopt(&self, events: Vec<T>) -> bool {
        let (done, _) = oneshot::channel();
        self.tell(ToProducer::Emit { events, done }).is_ok()
    }

    /// Stops dispatching until the returned guard is dropped. Unlike pauses, freezes
    /// nest, and asks made meanwhile add up to one demand. Returns `None` if no stage is
    /// registered.
    pub(crate) fn freeze(&self) -> Option<Freeze<T>> {
        let (done, frozen) = oneshot::channel();
        let mail = self.0.mail()?;
        mail.send(ToProducer::Freeze { done }).ok()?;
        Some(Freeze { mail, frozen })
    }

    /// Returns the reason why the stage ended, if no successor is expected.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.0.reason()
    }

    pub(super) fn tell(&self, message: ToProducer<T>) -> Result<(), Gone> {
        self.0.mail().and_then(|mail| mail.send(message).ok()).ok_or(Gone)
    }

    /// Waits until the stage has ended and no successor is expected.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn gone(&self) {
        self.0.gone().await;
    }

    /// Returns true if the stage has ended and no successor is expected.
    pub fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}

/// A guard that keeps one producer frozen. Dropping it unfreezes that producer, even if
/// a successor has registered under the name since.
pub(crate) struct Freeze<T> {
    mail: ProducerMail<T>,
    frozen: oneshot::Receiver<()>,
}

impl<T> Freeze<T> {
    /// Waits until the freeze is in force: every event dispatched before is in a
    /// consumer's mailbox.
    ///
    /// # Cancel safety
    /// The producer stays frozen until the guard is dropped.
    pub(crate) async fn in_force(&mut self) {
        // An error means that the stage is gone: nothing more is dispatched.
        let _ = (&mut self.frozen).await;
    }
}

impl<T> Drop for Freeze<T> {
    fn drop(&mut self) {
        // A stage that is gone dispatches nothing anyway.
        drop(self.mail.send(ToProducer::Unfreeze));
    }
}

/// A reference to the input side of a stage: subscribes it to producers, and asks for
/// events of a manual subscription.
#[derive(Debug)]
pub struct ConsumerRef<T>(ConsumerMail<T>);

impl<T> Clone for ConsumerRef<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> ConsumerRef<T> {
    pub(super) fn new(mail: ConsumerMail<T>) -> Self {
        Self(mail)
    }

    /// Subscribes the running stage to a further producer. The returned tag identifies
    /// the subscription until it ends.
    ///
    /// # Errors
    /// [`Gone`], if the consumer has ended. If the producer is gone or refuses the
    /// subscription, the consumer reacts according to its cancel mode.
    ///
    /// # Cancel safety
    /// The subscription is made even if the future is dropped.
    pub async fn subscribe(
        &self,
        producer: &ProducerRef<T>,
        options: impl Into<SubscribeOptions<T>>,
    ) -> Result<Tag, Gone> {
        self.subscribe_instead(None, producer, options.into()).await
    }

    /// Cancels a subscription, if it still exists, and makes a new one, which has
    /// another tag.
    ///
    /// # Errors
    /// [`Gone`], as for [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// Both take effect even if the future is dropped.
    pub async fn resubscribe(
        &self,
        old: Tag,
        producer: &ProducerRef<T>,
        options: impl Into<SubscribeOptions<T>>,
    ) -> Result<Tag, Gone> {
        self.subscribe_instead(Some(old), producer, options.into()).await
    }

    async fn subscribe_instead(
        &self,
        instead: Option<Tag>,
        producer: &ProducerRef<T>,
        options: SubscribeOptions<T>,
    ) -> Result<Tag, Gone> {
        let producer = producer.clone();
        let options = Box::new(options);
        self.request(|done| ToConsumer::Subscribe { instead, producer, options, done }).await
    }

    /// Cancels a subscription: events that were not started are requeued, and the cancel
    /// mode decides whether the consumer stops with this reason. Returns false if there
    /// is no such subscription.
    ///
    /// # Errors
    /// [`Gone`], if the consumer has ended.
    ///
    /// # Cancel safety
    /// The subscription is cancelled even if the future is dropped.
    pub async fn cancel(&self, tag: Tag, reason: Reason) -> Result<bool, Gone> {
        self.request(|done| ToConsumer::Cancel { tag, reason: Box::new(reason), done }).await
    }

    /// Asks for `n` more events of a [manual](SubscribeOptions::manual) subscription.
    /// Returns false if no manual subscription has this tag; nothing is asked then.
    ///
    /// # Errors
    /// [`Gone`], if the consumer has ended.
    ///
    /// # Cancel safety
    /// The events are asked for even if the future is dropped.
    pub async fn ask(&self, tag: Tag, n: usize) -> Result<bool, Gone> {
        self.request(|done| ToConsumer::Ask { tag, n, done }).await
    }

    /// Lists the producers that the stage is subscribed to.
    ///
    /// # Errors
    /// [`Gone`], if the consumer has ended.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn producers(&self) -> Result<Vec<Peer>, Gone> {
        self.request(|done| ToConsumer::Producers { done }).await
    }

    /// Runs the marker behind the input that has arrived so far. In a consumer it runs
    /// when that input is handled, so at once if there is none. In a producer-consumer it
    /// runs when the output made from that input has been dispatched.
    ///
    /// # Errors
    /// [`Gone`], if the stage has ended.
    pub fn mark(&self, marker: Marker) -> Result<(), Gone> {
        self.tell(ToConsumer::Mark(marker))
    }

    pub(super) fn tell(&self, message: ToConsumer<T>) -> Result<(), Gone> {
        self.0.send(message).map_err(|_| Gone)
    }

    async fn request<A>(
        &self,
        message: impl FnOnce(oneshot::Sender<A>) -> ToConsumer<T>,
    ) -> Result<A, Gone> {
        let (done, answer) = oneshot::channel();
        self.tell(message(done))?;
        answer.await.map_err(|_| Gone)
    }
}
