//! The handle of a queue.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use weir_parts::engine::{
    Book, DeadEvent, Depth, Engine, EngineError, EventId, Leased, Refused, Safety, Settle,
};

use crate::commits::{self, OnAccept, Request};
use crate::error::{OpenError, StoreError};
use crate::index::Index;
use crate::options::{Options, Sync};
use crate::shared::Shared;
use crate::store::Store;
use crate::transaction::Change;

/// Requests that may wait for the thread that commits. Further callers wait for a place.
const WAITING: usize = 4_096;

/// A durable queue. Dropping it ends it.
#[derive(Debug)]
pub struct DiskQueue {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    thread: Mutex<Option<JoinHandle<()>>>,
    options: Options,
}

/// Marks the one asker that also sleeps until the next delay is over; the others sleep only until
/// there are new events. When it leaves, another asker takes over.
struct Watch<'a> {
    shared: &'a Shared,
    is_set: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.is_set {
            self.shared.wake();
        }
    }
}

/// What an ask has found.
enum Found {
    Events(Vec<Leased>),
    /// No event, until there are new ones or the next delay is over.
    Nothing(Option<Instant>),
    Over,
}

impl DiskQueue {
    /// Opens the queue in a file, which is created if it is missing.
    ///
    /// # Errors
    /// [`OpenError`]. A file whose book does not add up is refused.
    ///
    /// # Panics
    /// If no thread can be started.
    pub fn open(file: &Path, options: Options) -> Result<Self, OpenError> {
        let (store, index) = Store::open(file, options)?;
        let shared = Arc::new(Shared::new(store, index));
        let (requests, receiver) = mpsc::channel(WAITING);
        let thread = {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("queue".to_owned());
            thread.spawn(move || commits::run(&shared, receiver, options)).expect("a thread starts")
        };
        Ok(Self { shared, requests, thread: Mutex::new(Some(thread)), options })
    }

    /// Tells the thread to end after the requests before this one. Returns the thread, the first
    /// time.
    fn begin_end(&self) -> Option<JoinHandle<()>> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let mut end = Request::End;
        // The thread takes requests all the time, so a place is free soon.
        while let Err(mpsc::error::TrySendError::Full(request)) = self.requests.try_send(end) {
            end = request;
            std::thread::yield_now();
        }
        Some(thread)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<u64, EngineError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.send(Request::Change(changes, answer)).await;
        sent.map_err(|_| EngineError::Ended)?;
        answered.await.unwrap_or(Err(EngineError::Ended))
    }

    /// Leases what is ready.
    fn take(&self, demand: usize) -> Result<Found, StoreError> {
        let mut index = self.shared.index();
        if index.has_ended {
            return Ok(Found::Over);
        }
        let due = index.wake(Instant::now());
        let mut back = Vec::new();
        while back.len() < demand {
            let Some(id) = index.next_back() else { break };
            back.push(id);
        }
        let read = self.read(&mut index, &back, demand).inspect_err(|_| {
            // They are still there, and the next ask finds them.
            back.iter().for_each(|id| index.give_back(*id));
        });
        let events = read?;
        if events.is_empty() {
            let is_over = index.is_closed && index.live == 0;
            return Ok(if is_over { Found::Over } else { Found::Nothing(due) });
        }
        let recovered_below = index.recovered_below;
        let lease = |(id, payload)| {
            let tries = index.lease(id);
            Leased { id: EventId(id), payload, tries, recovered: id < recovered_below }
        };
        let events = events.into_iter().map(lease).collect();
        if index.live > index.leased() {
            self.shared.news.notify_one();
        }
        Ok(Found::Events(events))
    }

    /// Reads at most `demand` events: first those that were given back, then those never leased.
    /// Moves the cursor behind them.
    fn read(
        &self,
        index: &mut Index,
        back: &[u64],
        demand: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        // Those that are back may lie before the cursor as well as behind it.
        let is_new = |index: &Index, id| index.is_new(id) && back.binary_search(&id).is_err();
        let copy = |(id, payload): (&u64, &Arc<Vec<u8>>)| (*id, payload.to_vec());
        let (fresh, stored): (Vec<u64>, Vec<u64>) =
            back.iter().partition(|id| index.fresh.contains_key(id));
        let mut events = self.shared.store.payloads(&stored)?;
        events.extend(fresh.iter().filter_map(|id| index.fresh.get_key_value(id)).map(copy));
        let mut cursor = index.cursor;
        if events.len() < demand && cursor < index.committed {
            let to = index.committed;
            self.shared.store.range(cursor, to, |id, payload| {
                cursor = id + 1;
                if is_new(index, id) {
                    events.push((id, payload.to_vec()));
                }
                events.len() < demand
            })?;
            if events.len() < demand {
                cursor = to;
            }
        }
        if events.len() < demand && !index.fresh.is_empty() {
            for (id, payload) in index.fresh.range(cursor.max(index.committed)..) {
                cursor = id + 1;
                if is_new(index, *id) {
                    events.push((*id, payload.to_vec()));
                }
                if events.len() == demand {
                    break;
                }
            }
        }
        index.cursor = cursor;
        Ok(events)
    }
}

impl Engine for DiskQueue {
    async fn push_with(
        &self,
        payload: Vec<u8>,
        accepted: impl FnOnce(EventId) + Send + 'static,
    ) -> Result<EventId, Refused> {
        let (bytes, max) = (payload.len(), self.options.max_payload);
        if bytes > max {
            return Err(Refused::TooLong { bytes, max });
        }
        let (answer, answered) = oneshot::channel();
        let push = Request::Push(payload, OnAccept(Box::new(accepted)), answer);
        let sent = self.requests.send(push).await;
        sent.map_err(|_| Refused::Closed)?;
        answered.await.unwrap_or(Err(Refused::Closed))
    }

    async fn ask(&self, demand: usize) -> Option<Vec<Leased>> {
        let mut watch = Watch { shared: &self.shared, is_set: false };
        loop {
            let mut news = std::pin::pin!(self.shared.news.notified());
            // Registered before the look, so that nothing is missed.
            news.as_mut().enable();
            let due = match self.take(demand.max(1)) {
                Ok(Found::Events(events)) => return Some(events),
                Ok(Found::Over) => return None,
                Ok(Found::Nothing(due)) => due,
                Err(error) => {
                    log::error!("the queue {} was not read: {error}", self.shared.store.file().display());
                    None
                }
            };
            match due {
                // Whichever comes first, the next look finds it.
                Some(due) => {
                    watch.is_set = true;
                    _ = timeout_at(due, news).await;
                }
                None => news.await,
            }
        }
    }

    fn begin(&self, ids: &[EventId]) {
        let mut index = self.shared.index();
        ids.iter().for_each(|EventId(id)| index.begin(*id));
    }

    async fn settle(&self, settled: Vec<(EventId, Settle)>) -> Result<(), EngineError> {
        let mut missing = None;
        let changes: Vec<Change> = {
            let mut index = self.shared.index();
            let mut change = |(EventId(id), how)| {
                let lease = index.lease_of(id).filter(|_| index.begin_settling(id));
                let Some(lease) = lease else {
                    missing.get_or_insert(EventId(id));
                    return None;
                };
                Some(Change::Settle { id, tries: lease.tries, is_noted: lease.is_noted, how })
            };
            settled.into_iter().filter_map(&mut change).collect()
        };
        if !changes.is_empty() {
            self.change(changes).await?;
        }
        missing.map_or(Ok(()), |id| Err(EngineError::NotLeased(id)))
    }

    async fn purge(&self) -> Result<u64, EngineError> {
        let changes: Vec<Change> = {
            let mut index = self.shared.index();
            let mut live = Vec::new();
            let read = self.shared.store.range(0, index.committed, |id, _| {
                if !index.gone.contains(&id) {
                    live.push(id);
                }
                true
            });
            read.map_err(|error| EngineError::NotStored(error.to_string()))?;
            live.extend(index.fresh.range(index.committed..).map(|(id, _)| *id));
            index.take_all(live.into_iter()).into_iter().map(Change::Purge).collect()
        };
        if changes.is_empty() { Ok(0) } else { self.change(changes).await }
    }

    async fn dead(&self, after: Option<EventId>, most: usize) -> Result<Vec<DeadEvent>, EngineError> {
        let from = after.map_or(0, |EventId(id)| id.saturating_add(1));
        self.shared.store.dead(from, most).map_err(|error| EngineError::NotStored(error.to_string()))
    }

    async fn retry_dead(&self, which: Option<EventId>) -> Result<u64, EngineError> {
        self.change(vec![Change::Retry(which)]).await
    }

    async fn purge_dead(&self) -> Result<u64, EngineError> {
        self.change(vec![Change::PurgeDead]).await
    }

    fn depth(&self) -> Depth {
        self.shared.index().depth(Instant::now())
    }

    fn book(&self) -> Book {
        self.shared.index().book
    }

    /// With [`Sync::Every`], an event is in memory when its push resolves.
    fn safety(&self) -> Safety {
        match self.options.sync {
            Sync::Always => Safety::PowerLoss,
            Sync::Every(_) => Safety::Memory,
        }
    }

    fn close(&self) {
        self.shared.index().is_closed = true;
        self.shared.news.notify_waiters();
    }

    async fn end(&self) {
        let Some(thread) = self.begin_end() else { return };
        // It ends soon, and blocks meanwhile.
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            log::error!("the thread of the queue {} panicked", self.shared.store.file().display());
        }
    }
}

impl Drop for DiskQueue {
    /// Blocks until all earlier requests are stored.
    fn drop(&mut self) {
        if let Some(Err(_)) = self.begin_end().map(JoinHandle::join) {
            log::error!("the thread of the queue {} panicked", self.shared.store.file().display());
        }
    }
}
