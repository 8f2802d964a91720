//! A queue: its streams, its consumer, and what this node knows of its events.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Subscriber;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, RawMessageErrorKind, RetentionPolicy, StorageType, Stream};
use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::begun::{Begun, Notes, Silent};
use super::counts::{Counts, StreamCounts};
use super::delivery::{Attempts, Delivery};
use super::doubt::Doubt;
use super::leases::Leases;
use super::options::StreamOptions;
use super::pull::{Abandoned, Pulls, give_back};
use super::push::WINDOW;
use crate::connection::Nats;
use crate::stores::{last, put};
use crate::token::plain;
use crate::trouble::NatsError;

/// The consumer that all nodes share.
const CONSUMER: &str = "workers";
/// Pushes that are on their way at once. Others wait for a place.
pub(super) const IN_FLIGHT: usize = 512;
/// Asks that may wait at once, of all nodes.
const WAITING: i64 = 8_192;
/// How often counts of the stream are read while they are asked for.
const COUNTED: Duration = Duration::from_secs(1);
/// The pause before a request is sent again that was not answered.
pub(super) const AGAIN: Duration = Duration::from_millis(50);

/// What the keeper of a queue receives.
pub(super) struct Heard {
    abandoned: mpsc::UnboundedReceiver<Abandoned>,
    questions: Subscriber,
}

/// The parts of a queue.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) nats: Nats,
    pub(super) options: StreamOptions,
    pub(super) events: Stream,
    pub(super) tries: Stream,
    pub(super) dead: Stream,
    /// The notes of all nodes.
    pub(super) begun: Stream,
    pub(super) notes: Notes,
    pub(super) silent: Silent,
    /// Whether events that are delivered as new may have been delivered before.
    pub(super) doubt: Doubt,
    consumer: tokio::sync::Mutex<PullConsumer>,
    pub(super) pulls: Pulls,
    pub(super) leases: Leases,
    pub(super) counts: Counts,
    /// The first message of the stream when its counts were read last.
    pub(super) first: AtomicU64,
    pub(super) in_flight: Semaphore,
    /// No more events are accepted.
    pub(super) closed: CancellationToken,
    /// Nothing that is not needed is waited for any more.
    pub(super) ending: CancellationToken,
    /// The queue has ended.
    pub(super) ended: CancellationToken,
    /// Wakes asks that wait for the end of a closed queue.
    pub(super) news: Notify,
    /// Pushes and settlings that are on their way.
    pub(super) tasks: TaskTracker,
    /// Events below this number were held when the queue was opened.
    pub(super) recovered_below: u64,
    /// The name of this node's life in the queue. Begins the ids of its messages.
    pub(super) instance: String,
    pushed: AtomicU64,
}

impl Inner {
    pub(super) async fn open(nats: &Nats, options: StreamOptions) -> Result<(Self, Heard), NatsError> {
        let name = plain("a stream", &options.stream)?;
        let config = |name: String, subject: String| Config {
            name,
            subjects: vec![subject],
            num_replicas: options.replicas.max(1),
            storage: StorageType::File,
            ..Default::default()
        };
        let events = Config {
            retention: RetentionPolicy::WorkQueue,
            duplicate_window: WINDOW,
            ..config(name.clone(), format!("{name}.events"))
        };
        let events = nats.stream(events).await?;
        if events.cached_info().config.retention != RetentionPolicy::WorkQueue {
            let why = "it exists, and is no work queue".to_owned();
            return Err(NatsError::Stream { stream: name, why });
        }
        let one_each = |kind: &str| Config {
            max_messages_per_subject: 1,
            ..config(format!("{name}-{kind}"), format!("{name}.{kind}.*"))
        };
        let tries = nats.stream(one_each("tries")).await?;
        let dead = nats.stream(one_each("dead")).await?;
        let begun = nats.stream(one_each("begun")).await?;
        let consumer = events.create_consumer(pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: options.lease,
            // Attempts are counted here: the server counts deliveries, also those of a node that
            // was killed and of an event that was given back.
            max_deliver: -1,
            max_ack_pending: -1,
            max_waiting: WAITING,
            ..Default::default()
        });
        let consumer = consumer.await.map_err(NatsError::away)?;
        let doubt = Doubt::new(nats, &name, CONSUMER).await?;
        let state = events.get_info().await.map_err(NatsError::away)?.state;
        let tasks = TaskTracker::new();
        let (pulls, abandoned) = Pulls::new(nats, &name, CONSUMER, tasks.clone());
        let inner = Self {
            nats: nats.clone(),
            events,
            tries,
            dead,
            begun,
            notes: Notes::default(),
            silent: Silent::default(),
            doubt,
            consumer: tokio::sync::Mutex::new(consumer),
            pulls,
            leases: Leases::default(),
            counts: Counts::default(),
            first: AtomicU64::new(0),
            in_flight: Semaphore::new(IN_FLIGHT),
            closed: CancellationToken::new(),
            ending: CancellationToken::new(),
            ended: CancellationToken::new(),
            news: Notify::new(),
            tasks,
            recovered_below: state.last_sequence + 1,
            instance: nats.unique(),
            pushed: AtomicU64::new(0),
            options,
        };
        inner.count().await?;
        // First the subscription, so that a node whose note is stored can be asked.
        let questions = inner.hear_others().await?;
        inner.write_note(&Begun::new()).await?;
        Ok((inner, Heard { abandoned, questions }))
    }

    /// Returns the subject of events.
    pub(super) fn events_subject(&self) -> String {
        format!("{}.events", self.options.stream)
    }

    /// Returns the subject of an event's failed attempts.
    pub(super) fn tries_subject(&self, id: u64) -> String {
        format!("{}.tries.{id}", self.options.stream)
    }

    /// Returns an id for a message, which no other message has.
    pub(super) fn message_id(&self) -> String {
        format!("{}-{}", self.instance, self.pushed.fetch_add(1, Ordering::Relaxed))
    }

    /// Reads the counts of the stream.
    pub(super) async fn count(&self) -> Result<StreamCounts, NatsError> {
        let events = self.events.get_info().await.map_err(NatsError::away)?.state;
        let dead = self.dead.get_info().await.map_err(NatsError::away)?.state;
        let (ready, taken) = {
            let mut consumer = self.consumer.lock().await;
            let info = consumer.info().await.map_err(NatsError::away)?;
            (info.num_pending, info.num_ack_pending as u64)
        };
        // Not the messages of the stream, among which may be leftovers.
        let counts = StreamCounts {
            accepted: events.last_sequence,
            held: ready + taken,
            taken,
            dead: dead.messages,
        };
        self.counts.keep(counts, &self.leases);
        self.clear_leftovers(events.first_sequence).await?;
        Ok(counts)
    }

    /// Returns the number of the last event that was stored.
    pub(super) async fn last_number(&self) -> Result<u64, NatsError> {
        Ok(self.events.get_info().await.map_err(NatsError::away)?.state.last_sequence)
    }

    /// Returns the name of the server that leads the stream.
    pub(super) async fn leader(&self) -> Result<Option<String>, NatsError> {
        let info = self.events.get_info().await.map_err(NatsError::away)?;
        Ok(info.cluster.and_then(|cluster| cluster.leader))
    }

    /// Reads an event from the stream.
    pub(super) async fn payload(&self, id: u64) -> Result<Bytes, NatsError> {
        let message = self.events.get_raw_message(id).await.map_err(NatsError::away)?;
        Ok(message.payload)
    }

    /// Sends an answer to a delivery and waits until the server has taken it, at most until a time.
    pub(super) async fn answer(
        &self,
        delivery: &Delivery,
        what: Bytes,
        until: Instant,
    ) -> Result<(), NatsError> {
        loop {
            let sent = self.nats.client().request(delivery.reply.clone(), what.clone()).await;
            match sent {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() + AGAIN >= until => return Err(NatsError::away(error)),
                // No server leads the consumer, or there is no connection.
                Err(_) => {
                    self.doubt.raise();
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Reads the failed attempts of an event.
    pub(super) async fn read_attempts(&self, id: u64) -> Result<Attempts, NatsError> {
        let found = last(&self.tries, &self.tries_subject(id)).await?;
        let text = found.map(|message| String::from_utf8_lossy(&message.payload).into_owned());
        Ok(text.as_deref().map(Attempts::read).unwrap_or_default())
    }

    /// Stores the failed attempts of an event.
    pub(super) async fn write_attempts(&self, id: u64, attempts: Attempts) -> Result<(), NatsError> {
        put(&self.nats, self.tries_subject(id), attempts.text().into()).await.map(|_| ())
    }

    /// Returns whether an event is not in the stream any more.
    pub(super) async fn is_gone(&self, id: u64) -> bool {
        let found = self.events.get_raw_message(id).await;
        found.is_err_and(|error| error.kind() == RawMessageErrorKind::NoMessageFound)
    }

    /// Forgets the failed attempts of an event that is gone. A record that stays does no harm: the
    /// number is never given again.
    pub(super) async fn forget_attempts(&self, id: u64) {
        if let Err(error) = self.tries.purge().filter(self.tries_subject(id)).await {
            log::debug!("the attempts of event {id} are still kept: {error}");
        }
    }

    /// Extends leases, reads counts, gives back what was abandoned, writes the note of this node and
    /// answers the others, until the queue ends.
    pub(super) async fn keep(&self, heard: Heard) {
        let Heard { mut abandoned, questions } = heard;
        let extending = async {
            loop {
                sleep(self.options.lease / 6).await;
                // Without a connection they would only be sent later.
                if !self.nats.is_connected() {
                    continue;
                }
                for reply in self.leases.to_extend(self.options.lease / 4) {
                    _ = self.nats.client().publish(reply, "+WPI".into()).await;
                }
            }
        };
        let counting = async {
            loop {
                sleep(COUNTED).await;
                // A cluster may have leftovers.
                if self.counts.take_wanted() || self.options.replicas > 1 {
                    // The old ones stay until NATS answers again.
                    _ = self.count().await;
                }
            }
        };
        let giving_back = async {
            while let Some(left) = abandoned.recv().await {
                let (nats, ending) = (self.nats.clone(), self.ending.clone());
                self.tasks.spawn(async move { give_back(&nats, left, &ending).await });
            }
        };
        let answering = self.answer_others(questions);
        tokio::join!(extending, counting, giving_back, self.write_notes(), answering);
    }
}
