//! Pulls: requests for at most n events, each on an inbox that is used again.
//!
//! A pull that does not wait takes what is ready, and the server says when that was all. A pull that
//! waits is for one event: it leaves no demand behind when it is answered, so a node never gets more
//! than it has asked for.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_nats::{Message, Subject, Subscriber};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::delivery::Delivery;
use crate::connection::{Nats, REQUEST};
use crate::trouble::NatsError;

/// How long the server keeps a pull that waits. A server that has lost the pull, because another
/// one leads now, costs at most this time.
const WAITS: Duration = Duration::from_secs(2);

/// An event as it was delivered.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) delivery: Delivery,
    pub(super) payload: bytes::Bytes,
}

/// How a pull has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulled {
    /// With as many events as were asked for, or with all that were ready.
    Events,
    /// The server has not answered.
    Silence,
}

/// An inbox.
#[derive(Debug)]
struct Inbox {
    subject: Subject,
    messages: Subscriber,
}

/// The inboxes of a queue, and the subject of its pulls.
#[derive(Debug)]
pub(super) struct Pulls {
    nats: Nats,
    next: Subject,
    idle: Mutex<Vec<Inbox>>,
    /// Deliveries that no ask waits for any more.
    abandoned: mpsc::UnboundedSender<Abandoned>,
    /// The end of the queue waits for pulls.
    tasks: TaskTracker,
}

/// What an ask leaves behind that is dropped before it ends.
#[derive(Debug)]
pub(super) struct Abandoned {
    deliveries: Vec<Subject>,
    /// An inbox in which more may arrive.
    inbox: Option<Inbox>,
    _token: TaskTrackerToken,
}

/// A pull, with what has arrived of it. What it has when it is dropped goes back to the server.
#[derive(Debug)]
pub(super) struct Pull<'a> {
    pulls: &'a Pulls,
    inbox: Option<Inbox>,
    /// True while the server may still send.
    is_open: bool,
    pub(super) arrived: Vec<Delivered>,
    token: TaskTrackerToken,
}

impl Pulls {
    pub(super) fn new(
        nats: &Nats,
        stream: &str,
        consumer: &str,
        tasks: TaskTracker,
    ) -> (Self, mpsc::UnboundedReceiver<Abandoned>) {
        let (abandoned, receiver) = mpsc::unbounded_channel();
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}").into();
        (Self { nats: nats.clone(), next, idle: Mutex::default(), abandoned, tasks }, receiver)
    }

    /// Begins to pull.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn begin(&self) -> Result<Pull<'_>, NatsError> {
        // A pull that waits for the connection would be sent with it, also when its ask is long gone.
        // Its events would wait for the end of a lease that no node has.
        if !self.nats.is_connected() {
            return Err(NatsError::Away { why: "there is no connection".to_owned() });
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let inbox = match idle {
            Some(inbox) => inbox,
            None => {
                let subject = Subject::from(self.nats.client().new_inbox());
                let messages = self.nats.client().subscribe(subject.clone()).await;
                Inbox { subject, messages: messages.map_err(NatsError::away)? }
            }
        };
        let token = self.tasks.token();
        Ok(Pull { pulls: self, inbox: Some(inbox), is_open: false, arrived: Vec::new(), token })
    }
}

impl Pull<'_> {
    /// Takes at most `most` events that are ready, and does not wait for others.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn ready(&mut self, most: usize) -> Result<Pulled, NatsError> {
        self.send(format!("{{\"batch\":{most},\"no_wait\":true}}")).await?;
        self.receive(most, Instant::now() + REQUEST).await
    }

    /// Waits for one event.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn one(&mut self, within: Duration) -> Result<Pulled, NatsError> {
        let within = within.min(WAITS);
        self.send(format!("{{\"batch\":1,\"expires\":{}}}", within.as_nanos())).await?;
        self.receive(1, Instant::now() + within + REQUEST).await
    }

    async fn send(&mut self, request: String) -> Result<(), NatsError> {
        let Some(inbox) = &mut self.inbox else { return Ok(()) };
        self.is_open = true;
        let (next, reply) = (self.pulls.next.clone(), inbox.subject.clone());
        let sent = self.pulls.nats.client().publish_with_reply(next, reply, request.into()).await;
        sent.map_err(NatsError::away)
    }

    async fn receive(&mut self, most: usize, until: Instant) -> Result<Pulled, NatsError> {
        let Some(inbox) = &mut self.inbox else { return Ok(Pulled::Silence) };
        let mut left = most;
        while left > 0 {
            let Ok(Some(message)) = timeout_at(until, inbox.messages.next()).await else {
                return Ok(Pulled::Silence);
            };
            match delivered(message) {
                Ok(delivered) => {
                    self.arrived.push(delivered);
                    left -= 1;
                }
                // Only a heartbeat.
                Err(100) => {}
                // Nothing is ready; the time is over.
                Err(404 | 408) => break,
                Err(status) => {
                    self.is_open = false;
                    let why = format!("a pull ended with status {status}");
                    return Err(NatsError::Away { why });
                }
            }
        }
        self.is_open = false;
        Ok(Pulled::Events)
    }

    /// Ends the pull and returns what has arrived.
    pub(super) fn take(mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.arrived)
    }
}

/// Returns an event, or the status of a message that is none.
fn delivered(message: Message) -> Result<Delivered, u16> {
    if let Some(status) = message.status {
        return Err(status.as_u16());
    }
    let delivery = Delivery::of(&message).ok_or(0_u16)?;
    Ok(Delivered { delivery, payload: message.payload })
}

impl Drop for Pull<'_> {
    fn drop(&mut self) {
        let inbox = self.inbox.take();
        let deliveries: Vec<Subject> =
            self.arrived.drain(..).map(|delivered| delivered.delivery.reply).collect();
        let open = match (self.is_open, inbox) {
            (false, Some(inbox)) => {
                self.pulls.idle.lock().unwrap_or_else(PoisonError::into_inner).push(inbox);
                None
            }
            (_, inbox) => inbox,
        };
        if open.is_some() || !deliveries.is_empty() {
            // Nothing receives it after the end, and then the leases end by themselves.
            let abandoned = Abandoned { deliveries, inbox: open, _token: self.token.clone() };
            _ = self.pulls.abandoned.send(abandoned);
        }
    }
}

/// Gives back what was abandoned: what has arrived, and what still arrives while the server knows
/// the pull. At the end of the queue the pull is withdrawn.
pub(super) async fn give_back(nats: &Nats, abandoned: Abandoned, ending: &CancellationToken) {
    let nak = |reply: Subject| async move {
        // If it fails, the lease ends by itself.
        _ = nats.client().publish(reply, "-NAK".into()).await;
    };
    let Abandoned { deliveries, inbox, _token } = abandoned;
    for reply in deliveries {
        nak(reply).await;
    }
    let Some(mut inbox) = inbox else { return };
    let until = Instant::now() + WAITS + REQUEST;
    let mut is_withdrawn = false;
    loop {
        let message = tokio::select! {
            message = timeout_at(until, inbox.messages.next()) => message,
            () = ending.cancelled(), if !is_withdrawn => {
                is_withdrawn = true;
                // What has arrived by then is still read.
                _ = inbox.messages.unsubscribe().await;
                continue;
            }
        };
        match message.ok().flatten().map(delivered) {
            Some(Ok(delivered)) => nak(delivered.delivery.reply).await,
            Some(Err(100)) => {}
            Some(Err(_)) | None => break,
        }
    }
}
