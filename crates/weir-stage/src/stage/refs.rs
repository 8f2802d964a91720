//! References to the two sides of a running stage. Clones refer to the same
//! stage, and a reference does not own what it refers to.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;

use super::mail::{ConsumerMail, ProducerMail, ToConsumer, ToProducer};
use super::seat::Seat;
use super::{Marker, Peer, Reason, SubscribeOptions, Subscription};
use crate::dispatch::Tag;

/// The stage that was referred to is gone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the stage is gone")]
pub struct Gone;

/// Refers to the producing side of a stage: to subscribe to it, to pause it, to
/// have it emit something.
#[derive(Debug)]
pub struct ProducerRef<T>(Arc<Seat<T>>);

impl<T> Clone for ProducerRef<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> ProducerRef<T> {
    pub(super) fn new(mail: ProducerMail<T>, name: Arc<str>) -> Self {
        Self(Arc::new(Seat::taken(mail, name)))
    }

    /// A reference to a stage that is still to come, and that may come again:
    /// spawn one [at](super::ProducerBuilder::at) it. Whoever subscribes before
    /// is connected then.
    pub fn vacant(name: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Seat::vacant(name.into())))
    }

    pub(super) fn seat(&self) -> &Arc<Seat<T>> {
        &self.0
    }

    /// The name of the stage.
    pub fn name(&self) -> Arc<str> {
        self.0.name()
    }

    /// Subscribes, and reads what is delivered as a stream.
    pub fn subscribe(&self, options: impl Into<SubscribeOptions<T>>) -> Subscription<T> {
        Subscription::new(self.clone(), options.into())
    }

    /// Has the stage emit events, whether or not anybody has asked for them:
    /// what nobody wants is buffered. Returns when they are in the consumers'
    /// mailboxes or in the buffer, with those that the buffer had no room for.
    ///
    /// This is for what happens now and then. For a flow of events make the
    /// producer from a stream or a channel, which can hold its sender back.
    ///
    /// # Errors
    /// [`Gone`], with the stage; the events are dropped.
    ///
    /// # Cancel safety
    /// The events are emitted even if the future is dropped; what had no room is
    /// then dropped too.
    pub async fn emit(&self, events: Vec<T>) -> Result<Vec<T>, Gone> {
        let (done, emitted) = oneshot::channel();
        self.tell(ToProducer::Emit { events, done })?;
        emitted.await.map_err(|_| Gone)
    }

    /// Dispatches nothing more until [`resume`](Self::resume). Asks and emitted
    /// events are kept, each by itself. Pausing twice is pausing once. Returns
    /// once everything dispatched before is in the consumers' mailboxes.
    ///
    /// # Errors
    /// [`Gone`], with the stage.
    ///
    /// # Cancel safety
    /// The pause is in force even if the future is dropped.
    pub async fn pause(&self) -> Result<(), Gone> {
        let (done, paused) = oneshot::channel();
        self.tell(ToProducer::Pause { done })?;
        paused.await.map_err(|_| Gone)
    }

    /// Goes on after [`pause`](Self::pause): what was kept is dealt with in its
    /// order, one ask after the other.
    ///
    /// # Errors
    /// [`Gone`], with the stage.
    pub fn resume(&self) -> Result<(), Gone> {
        self.tell(ToProducer::Resume)
    }

    /// Ends one subscription, for a reason of the producer's. The consumer
    /// finishes what it was sent.
    ///
    /// # Errors
    /// [`Gone`], with the stage.
    ///
    /// # Cancel safety
    /// The subscription ends even if the future is dropped.
    pub async fn cancel(&self, tag: Tag, reason: Reason) -> Result<bool, Gone> {
        let (done, found) = oneshot::channel();
        self.tell(ToProducer::Dismiss { tag, reason: Box::new(reason), done })?;
        found.await.map_err(|_| Gone)
    }

    /// Runs the marker when everything that the stage has emitted so far has
    /// been dispatched: at once, if nothing is buffered.
    ///
    /// Of a producer-consumer that still has input, use
    /// [`ConsumerRef::mark`]: the marker then goes behind the input too.
    ///
    /// # Errors
    /// [`Gone`], with the stage.
    pub fn mark(&self, marker: Marker) -> Result<(), Gone> {
        self.tell(ToProducer::Mark(marker))
    }

    /// As [`pause`](Self::pause), for the pool: holds add up, and asks become
    /// one demand. `None` if there is nobody to hold.
    pub(crate) fn hold(&self) -> Option<Hold<T>> {
        let (done, held) = oneshot::channel();
        let mail = self.0.mail()?;
        mail.send(ToProducer::Hold { done }).ok()?;
        Some(Hold { mail, held })
    }

    /// Why the stage has gone, if it has and no other is expected.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.0.reason()
    }

    pub(super) fn tell(&self, message: ToProducer<T>) -> Result<(), Gone> {
        self.0.mail().and_then(|mail| mail.send(message).ok()).ok_or(Gone)
    }

    /// Completes when the stage is gone and no other is expected in its place.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn gone(&self) {
        self.0.gone().await;
    }

    /// Whether the stage is gone and no other is expected in its place.
    pub fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}

/// Holds a producer, and lets go of the same one when it is dropped, whoever sits
/// at its seat by then.
pub(crate) struct Hold<T> {
    mail: ProducerMail<T>,
    held: oneshot::Receiver<()>,
}

impl<T> Hold<T> {
    /// Waits until it is in force: everything dispatched before is in the
    /// consumers' mailboxes.
    ///
    /// # Cancel safety
    /// The hold stays until it is dropped.
    pub(crate) async fn taken(&mut self) {
        // An error means that the stage is gone: nothing more is dispatched.
        let _ = (&mut self.held).await;
    }
}

impl<T> Drop for Hold<T> {
    fn drop(&mut self) {
        // A stage that is gone holds nothing.
        drop(self.mail.send(ToProducer::Release));
    }
}

/// Refers to the consuming side of a stage: to subscribe it to producers, and to
/// ask by hand.
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

    /// Subscribes the running stage to a further producer. The tag names the
    /// subscription until it ends.
    ///
    /// # Errors
    /// [`Gone`], with the consumer. A producer that is gone or does not take the
    /// subscription shows in the consumer, by its cancel mode.
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

    /// Cancels a subscription, if it is still there, and makes a new one, which
    /// has another tag.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// As [`subscribe`](Self::subscribe).
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
        self.ask_about(|done| ToConsumer::Subscribe { instead, producer, options, done }).await
    }

    /// Cancels a subscription: what was not started goes back, and the cancel
    /// mode says whether the consumer stops for this reason. Answers whether
    /// there was such a subscription.
    ///
    /// # Errors
    /// [`Gone`], with the consumer.
    ///
    /// # Cancel safety
    /// The subscription is cancelled even if the future is dropped.
    pub async fn cancel(&self, tag: Tag, reason: Reason) -> Result<bool, Gone> {
        self.ask_about(|done| ToConsumer::Cancel { tag, reason: Box::new(reason), done }).await
    }

    /// Asks for `n` more events of a [manual](SubscribeOptions::manual)
    /// subscription. Answers whether there is one with this tag; of others
    /// nothing is asked.
    ///
    /// # Errors
    /// [`Gone`], with the consumer.
    ///
    /// # Cancel safety
    /// The events are asked for even if the future is dropped.
    pub async fn ask(&self, tag: Tag, n: usize) -> Result<bool, Gone> {
        self.ask_about(|done| ToConsumer::Ask { tag, n, done }).await
    }

    /// Whom the stage is subscribed to.
    ///
    /// # Errors
    /// [`Gone`], with the consumer.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn producers(&self) -> Result<Vec<Peer>, Gone> {
        self.ask_about(|done| ToConsumer::Producers { done }).await
    }

    /// Runs the marker when its place has come: in a consumer when it has
    /// handled what came in before, so at once if it has nothing to do; in a
    /// producer-consumer when what came of that input has been dispatched.
    ///
    /// # Errors
    /// [`Gone`], with the stage.
    pub fn mark(&self, marker: Marker) -> Result<(), Gone> {
        self.tell(ToConsumer::Mark(marker))
    }

    pub(super) fn tell(&self, message: ToConsumer<T>) -> Result<(), Gone> {
        self.0.send(message).map_err(|_| Gone)
    }

    async fn ask_about<A>(
        &self,
        question: impl FnOnce(oneshot::Sender<A>) -> ToConsumer<T>,
    ) -> Result<A, Gone> {
        let (done, answer) = oneshot::channel();
        self.tell(question(done))?;
        answer.await.map_err(|_| Gone)
    }
}
