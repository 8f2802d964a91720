//! The handle of a queue.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use weir_parts::engine::{
    Book, DeadEvent, Depth, Engine, EngineError, EventId, Leased, Refused, Safety, Settle,
};

use super::counts::StreamCounts;
use super::finishing::Finishing;
use super::inner::{AGAIN, IN_FLIGHT, Inner};
use super::options::StreamOptions;
use super::push::{Pushed, push};
use crate::connection::Nats;
use crate::trouble::NatsError;

/// How often an ask of a closed queue looks whether it is empty.
const CLOSED: Duration = Duration::from_millis(100);

/// A queue on a stream of JetStream, which all nodes that open it share.
///
/// # What is of the node, and what of the stream
/// [`Engine::book`] counts what this node has accepted, finished, given up and purged since it has
/// opened the queue; the books of all nodes and all their lives add up to
/// [`counts`](Self::counts), which are of the stream. [`Engine::depth`] is of the stream, and at
/// most a second old while it is asked for. A node sees which of its own events are delayed; those
/// of other nodes count as leased. [`Engine::purge`] drops what is ready and what the living nodes
/// have delayed. What a lost node has delayed stays until its delay is over.
///
/// # Numbers
/// An event's number is its sequence in the stream: they begin at 1, and none is given twice. If the
/// leader of a cluster changes while a push is on its way and the event is worked on before the push
/// is answered, version 2.9 of the server may name a wrong number to the client. Events that were
/// given back come first, in no promised order.
///
/// # Attempts
/// The server counts deliveries, also those of an event that was given back and of a node that had
/// not begun, so its count cannot be the attempts. They are kept in a stream beside the queue, under
/// the event's number, and written only when an attempt fails: an event that succeeds at once costs
/// nothing, its number stays the same, and the count survives the node. A delayed event waits at the
/// server; a change of the server that leads may cut its delay short, to no less than a lease.
///
/// # Lost nodes
/// An event whose work has begun ([`Engine::begin`]) and whose node is lost before it is settled has
/// lost an attempt; after the last one it is a dead letter whose reason says so, and
/// [`Engine::given_up`] counts it. What was only leased counts none. The evidence is a note: each node
/// keeps one message with the events that it has begun, written at most every 20 ms, so it costs a
/// fixed 50 messages a second at most and no event waits for it. A record for each event would cost two
/// more messages an event. The price is that the first work on an event is not noted if it ends the
/// process within 20 ms after another note. An event that was delivered before is noted at once, so
/// such an event ends one process more. Work that aborts in the microseconds before the note has left
/// the process counts no attempt. [`Engine::end`] removes the note; a handle that is only dropped
/// leaves it, as a killed process does.
///
/// # At least once
/// An event comes again if its node is silent for a lease, and if a server takes over that does not
/// know of an answer or of a delivery. A node does not hand out again what it holds, or is among the
/// last 65,536 events that it has settled. It asks the other nodes about an event that another node
/// had, and leaves it to the node that holds it; one that was settled it acknowledges.
///
/// It also asks about an event that is delivered as new if that is in doubt. Version 2.9 of the server
/// delivers an event twice as new if another one comes back while only pulls wait that are over, such
/// as those of a node that was just killed. And a cluster may store an event twice: if a push is sent
/// again, or if a server that was away leads before it has the newest state. So a node asks after an
/// election, a lost connection or a request without an answer, about what was stored until then; if the
/// numbers of events and deliveries show that an event has come again elsewhere; and about pushes that
/// were sent again. Copies have one message id, and one of them is worked on.
///
/// So an event is worked on twice only if a node is lost, has ended before a copy is delivered, or does
/// not answer for a second while it is connected (five after an outage). It then counts as done on both
/// if both finish it.
///
/// [`Leased::recovered`] marks each event that was, or may have been, delivered before, unless this
/// node has given it back itself, and each that was held when the queue was opened.
///
/// # Outages
/// While NATS is away, pushes are refused after [`StreamOptions::wait`], asks wait, and a node keeps
/// what it holds, also past its lease. The server gives all of it again when it is back. The nodes
/// then ask each other as above: each event stays with its node and counts no attempt.
///
/// Dropping the last handle ends the queue without waiting.
pub struct JetStreamQueue {
    inner: Arc<Inner>,
}

impl fmt::Debug for JetStreamQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamQueue").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Drop for JetStreamQueue {
    fn drop(&mut self) {
        self.inner.ending.cancel();
        self.inner.ended.cancel();
    }
}

impl JetStreamQueue {
    /// Opens a queue. Makes its streams and its consumer if they are missing.
    ///
    /// # Errors
    /// [`NatsError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    /// The streams may have been made.
    pub async fn open(nats: &Nats, options: StreamOptions) -> Result<Self, NatsError> {
        let (inner, heard) = Box::pin(Inner::open(nats, options)).await?;
        let inner = Arc::new(inner);
        let keeper = Arc::clone(&inner);
        tokio::spawn(async move {
            tokio::select! {
                () = keeper.keep(heard) => {}
                () = keeper.ended.cancelled() => {}
            }
        });
        Ok(Self { inner })
    }

    /// Returns the counts of the stream, at most a second old while they are asked for.
    pub fn counts(&self) -> StreamCounts {
        self.inner.counts.stream()
    }

    /// Reads the counts of the stream.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn read_counts(&self) -> Result<StreamCounts, NatsError> {
        self.inner.count().await
    }

    /// Returns the name of the server that leads the stream; `None` without a cluster.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn leader(&self) -> Result<Option<String>, NatsError> {
        self.inner.leader().await
    }

    /// Returns whether nothing is left to be asked for: nothing is ready, and this node holds
    /// nothing. Other nodes finish what they hold.
    fn is_over(&self) -> bool {
        let (leased, _, delayed, _) = self.inner.leases.counts();
        leased + delayed == 0
    }
}

impl Engine for JetStreamQueue {
    async fn push_with(
        &self,
        payload: Vec<u8>,
        accepted: impl FnOnce(EventId) + Send + 'static,
    ) -> Result<EventId, Refused> {
        let inner = Arc::clone(&self.inner);
        let bytes = payload.len();
        // A header with the id goes along.
        let max = inner.options.max_payload.min(inner.nats.client().max_payload().saturating_sub(256));
        if bytes > max {
            return Err(Refused::TooLong { bytes, max });
        }
        if inner.closed.is_cancelled() || inner.ended.is_cancelled() {
            return Err(Refused::Closed);
        }
        let until = Instant::now() + inner.options.wait;
        let tasks = self.inner.tasks.clone();
        // Finished in any case, so that an event whose push is dropped is counted all the same.
        Finishing::new(self.inner.tasks.track_future(async move {
            let Ok(Ok(_place)) = timeout_at(until, inner.in_flight.acquire()).await else {
                return Err(Refused::Away { why: format!("{IN_FLIGHT} other pushes wait for an answer") });
            };
            let (subject, message) = (inner.events_subject(), inner.message_id());
            let counting = Arc::clone(&inner);
            let accept = move |id: u64| {
                counting.counts.accepted.fetch_add(1, Ordering::AcqRel);
                accepted(EventId(id));
                EventId(id)
            };
            let payload = Bytes::from(payload);
            match push(&inner.nats, &inner.events, (&subject, &message), &payload, until).await {
                Pushed::Stored(id) => Ok(accept(id)),
                Pushed::Not { why } => Err(Refused::Away { why }),
                Pushed::Unknown { why } => {
                    let inner = Arc::clone(&inner);
                    tasks.spawn(async move {
                        let found = tokio::select! {
                            found = inner.find(&subject, &message) => found,
                            () = inner.ending.cancelled() => None,
                        };
                        found.map(accept);
                    });
                    Err(Refused::Away { why })
                }
            }
        }))
        .await
    }

    async fn ask(&self, demand: usize) -> Option<Vec<Leased>> {
        let (inner, demand) = (&self.inner, demand.max(1));
        loop {
            if inner.ending.is_cancelled() {
                return None;
            }
            let is_closed = inner.closed.is_cancelled();
            let was_over = self.is_over();
            let within = if is_closed { CLOSED } else { Duration::MAX };
            let pulled = tokio::select! {
                // A pull that is dropped gives back what it has.
                pulled = inner.take(demand, within) => pulled,
                () = inner.closed.cancelled(), if !is_closed => continue,
                () = inner.ending.cancelled() => return None,
            };
            match pulled {
                Ok(events) if !events.is_empty() => return Some(events),
                Ok(_) if is_closed && was_over => return None,
                Ok(_) => {}
                Err(error) => {
                    log::debug!("a pull of {}: {error}", inner.options.stream);
                    if is_closed && was_over {
                        return None;
                    }
                    inner.doubt.raise();
                    // No server leads the consumer, or there is no connection.
                    _ = timeout(CLOSED, inner.nats.connected()).await;
                    sleep(AGAIN).await;
                }
            }
        }
    }

    fn begin(&self, ids: &[EventId]) {
        self.inner.begin(ids.iter().map(|id| id.0));
    }

    fn given_up(&self) -> u64 {
        self.inner.counts.given_up.load(Ordering::Acquire)
    }

    async fn settle(&self, settled: Vec<(EventId, Settle)>) -> Result<(), EngineError> {
        let inner = Arc::clone(&self.inner);
        if inner.ended.is_cancelled() {
            return Err(EngineError::Ended);
        }
        let mut missing = None;
        let events = settled.into_iter().filter_map(|(EventId(id), how)| {
            let event = inner.leases.begin_settling(id);
            if event.is_none() {
                missing.get_or_insert(EventId(id));
            }
            Some((event?, how))
        });
        let events: Vec<_> = events.collect();
        // Finished in any case, so that the events are settled if this future is dropped.
        let settling = self.inner.tasks.track_future(async move { inner.settle(events).await });
        Finishing::new(settling).await.map_err(not_stored)?;
        missing.map_or(Ok(()), |id| Err(EngineError::NotLeased(id)))
    }

    async fn purge(&self) -> Result<u64, EngineError> {
        let inner = Arc::clone(&self.inner);
        // Finished in any case, so that no event stays leased if this future is dropped.
        let purging = self.inner.tasks.track_future(async move { inner.purge().await });
        Finishing::new(purging).await.map_err(not_stored)
    }

    async fn dead(&self, after: Option<EventId>, most: usize) -> Result<Vec<DeadEvent>, EngineError> {
        self.inner.read_letters(after.map(|EventId(id)| id), most).await.map_err(not_stored)
    }

    async fn retry_dead(&self, which: Option<EventId>) -> Result<u64, EngineError> {
        let inner = Arc::clone(&self.inner);
        let retried = self.inner.tasks.spawn(async move {
            let (retried, ended) = inner.retry_letters(which.map(|EventId(id)| id)).await;
            inner.counts.accepted.fetch_add(retried, Ordering::AcqRel);
            ended.map(|()| retried)
        });
        retried.await.map_err(|_| EngineError::Ended)?.map_err(not_stored)
    }

    async fn purge_dead(&self) -> Result<u64, EngineError> {
        self.inner.purge_letters().await.map_err(not_stored)
    }

    fn depth(&self) -> Depth {
        self.inner.counts.depth(&self.inner.leases)
    }

    fn book(&self) -> Book {
        self.inner.counts.book()
    }

    fn safety(&self) -> Safety {
        Safety::Process
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn close(&self) {
        self.inner.closed.cancel();
    }

    async fn end(&self) {
        self.close();
        self.inner.ending.cancel();
        self.inner.tasks.close();
        // Pushes and settlings end within their times; pulls are withdrawn.
        self.inner.tasks.wait().await;
        self.inner.end_notes().await;
        // What was given back is on its way.
        _ = timeout(CLOSED, self.inner.nats.client().flush()).await;
        self.inner.ended.cancel();
    }
}

fn not_stored(error: NatsError) -> EngineError {
    EngineError::NotStored(error.to_string())
}
