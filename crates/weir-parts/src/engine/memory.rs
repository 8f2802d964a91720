//! The engine in memory, with attempts, delays and dead letters. Its events are lost with the process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Book, DeadEvent, Depth, Engine, EngineError, EventId, Leased, Refused, Safety, Settle};

/// An engine in memory.
#[derive(Debug)]
pub struct MemoryEngine {
    state: Mutex<State>,
    /// Wakes askers.
    news: Notify,
    attempts: u32,
}

/// A held event: its payload and its failed attempts.
#[derive(Debug, Clone, Default)]
struct Held {
    payload: Vec<u8>,
    tries: u32,
}

#[derive(Debug, Default)]
struct State {
    book: Book,
    /// Events that were never leased.
    new: VecDeque<(u64, Vec<u8>)>,
    /// Ready events that were leased before.
    back: BTreeMap<u64, Held>,
    leased: BTreeMap<u64, Held>,
    delayed: BTreeSet<(Instant, u64)>,
    waiting: BTreeMap<u64, Held>,
    dead: BTreeMap<u64, DeadEvent>,
    is_closed: bool,
}

impl State {
    fn accept(&mut self, payload: Vec<u8>) -> EventId {
        let id = self.book.accepted;
        self.book.accepted += 1;
        self.new.push_back((id, payload));
        EventId(id)
    }

    /// Makes events ready whose delay is over. Returns when the next delay ends.
    fn wake(&mut self, now: Instant) -> Option<Instant> {
        while let Some((due, id)) = self.delayed.first().copied() {
            if due > now {
                return Some(due);
            }
            self.delayed.pop_first();
            if let Some(held) = self.waiting.remove(&id) {
                self.back.insert(id, held);
            }
        }
        None
    }

    fn take(&mut self, demand: usize) -> Vec<Leased> {
        let mut events = Vec::new();
        while events.len() < demand {
            let next = self
                .back
                .pop_first()
                .or_else(|| self.new.pop_front().map(|(id, payload)| (id, Held { payload, tries: 0 })));
            let Some((id, held)) = next else { break };
            let Held { payload, tries } = held.clone();
            self.leased.insert(id, held);
            events.push(Leased { id: EventId(id), payload, tries, recovered: false });
        }
        events
    }

    fn settle(&mut self, id: u64, how: Settle, attempts: u32, now: Instant) -> bool {
        let Some(mut held) = self.leased.remove(&id) else { return false };
        match how {
            Settle::Done => self.book.done += 1,
            Settle::Back => _ = self.back.insert(id, held),
            Settle::Again { after, .. } if held.tries + 1 < attempts => {
                held.tries += 1;
                // A delay beyond the range of the clock lasts for a century.
                let due = now.checked_add(after).unwrap_or_else(|| now + CENTURY);
                self.delayed.insert((due, id));
                self.waiting.insert(id, held);
            }
            Settle::Again { why, .. } | Settle::Dead { why } => {
                self.book.failed += 1;
                let Held { payload, tries } = held;
                self.dead.insert(id, DeadEvent { id: EventId(id), payload, tries: tries + 1, why });
            }
        }
        true
    }
}

/// The longest delay.
const CENTURY: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 3600);

impl MemoryEngine {
    /// Creates an empty engine. An event becomes a dead letter after this number of attempts, at
    /// least one.
    pub fn new(attempts: u32) -> Self {
        Self { state: Mutex::default(), news: Notify::new(), attempts: attempts.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    async fn push_with(
        &self,
        payload: Vec<u8>,
        accepted: impl FnOnce(EventId) + Send + 'static,
    ) -> Result<EventId, Refused> {
        let id = {
            let mut state = self.lock();
            if state.is_closed {
                return Err(Refused::Closed);
            }
            let id = state.accept(payload);
            accepted(id);
            id
        };
        self.news.notify_waiters();
        Ok(id)
    }

    async fn ask(&self, demand: usize) -> Option<Vec<Leased>> {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            // Registered before the look, so that nothing is missed.
            news.as_mut().enable();
            let due = {
                let mut state = self.lock();
                let due = state.wake(Instant::now());
                let events = state.take(demand.max(1));
                if !events.is_empty() {
                    return Some(events);
                }
                if state.is_closed && state.book.held() == 0 {
                    return None;
                }
                due
            };
            match due {
                // Whichever comes first, the next look finds it.
                Some(due) => _ = timeout_at(due, news).await,
                None => news.await,
            }
        }
    }

    async fn settle(&self, settled: Vec<(EventId, Settle)>) -> Result<(), EngineError> {
        let mut missing = None;
        {
            let (mut state, now) = (self.lock(), Instant::now());
            for (EventId(id), how) in settled {
                if !state.settle(id, how, self.attempts, now) {
                    missing.get_or_insert(EventId(id));
                }
            }
        }
        self.news.notify_waiters();
        missing.map_or(Ok(()), |id| Err(EngineError::NotLeased(id)))
    }

    async fn purge(&self) -> Result<u64, EngineError> {
        let purged = {
            let mut state = self.lock();
            let purged = (state.new.len() + state.back.len() + state.waiting.len()) as u64;
            state.new.clear();
            state.back.clear();
            state.waiting.clear();
            state.delayed.clear();
            state.book.dropped += purged;
            purged
        };
        self.news.notify_waiters();
        Ok(purged)
    }

    async fn dead(&self, after: Option<EventId>, most: usize) -> Result<Vec<DeadEvent>, EngineError> {
        let from = after.map_or(0, |EventId(id)| id.saturating_add(1));
        Ok(self.lock().dead.range(from..).take(most).map(|(_, letter)| letter.clone()).collect())
    }

    async fn retry_dead(&self, which: Option<EventId>) -> Result<u64, EngineError> {
        let retried = {
            let mut state = self.lock();
            let letters: Vec<DeadEvent> = match which {
                Some(EventId(id)) => state.dead.remove(&id).into_iter().collect(),
                None => std::mem::take(&mut state.dead).into_values().collect(),
            };
            let retried = letters.len() as u64;
            letters.into_iter().for_each(|letter| _ = state.accept(letter.payload));
            retried
        };
        self.news.notify_waiters();
        Ok(retried)
    }

    async fn purge_dead(&self) -> Result<u64, EngineError> {
        Ok(std::mem::take(&mut self.lock().dead).len() as u64)
    }

    fn depth(&self) -> Depth {
        let mut state = self.lock();
        state.wake(Instant::now());
        Depth {
            ready: (state.new.len() + state.back.len()) as u64,
            leased: state.leased.len() as u64,
            delayed: state.waiting.len() as u64,
            settling: 0,
            dead: state.dead.len() as u64,
        }
    }

    fn book(&self) -> Book {
        self.lock().book
    }

    fn safety(&self) -> Safety {
        Safety::Memory
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.news.notify_waiters();
    }

    async fn end(&self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::AnyEngine;
    use super::super::contract::{check, script};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_the_contract(numbers in prop::collection::vec(any::<(u8, u8)>(), 1..40)) {
            let script = script(&numbers);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(check(&MemoryEngine::new(3), 3, &script));
            runtime.block_on(check(&AnyEngine::new(MemoryEngine::new(3)), 3, &script));
        }
    }
}
