//! An engine whose kind is chosen while the program runs.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Book, DeadEvent, Depth, Engine, EngineError, EventId, Leased, Refused, Safety, Settle};

/// An engine of any kind. Each async call costs one allocation more than a call of the engine
/// inside. Clones share the engine.
#[derive(Clone)]
pub struct AnyEngine(Arc<dyn Boxed>);

impl AnyEngine {
    /// Wraps an engine.
    pub fn new(engine: impl Engine) -> Self {
        Self(Arc::new(engine))
    }
}

impl fmt::Debug for AnyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyEngine").field("depth", &self.0.depth()).finish_non_exhaustive()
    }
}

/// The callback of an accepted event.
type OnAccept = Box<dyn FnOnce(EventId) + Send>;

/// [`Engine`] with boxed futures.
trait Boxed: Send + Sync {
    fn push_with(&self, payload: Vec<u8>, accepted: OnAccept) -> BoxFuture<'_, Result<EventId, Refused>>;
    fn ask(&self, demand: usize) -> BoxFuture<'_, Option<Vec<Leased>>>;
    fn begin(&self, ids: &[EventId]);
    fn given_up(&self) -> u64;
    fn settle(&self, settled: Vec<(EventId, Settle)>) -> BoxFuture<'_, Result<(), EngineError>>;
    fn purge(&self) -> BoxFuture<'_, Result<u64, EngineError>>;
    fn dead(
        &self,
        after: Option<EventId>,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadEvent>, EngineError>>;
    fn retry_dead(&self, which: Option<EventId>) -> BoxFuture<'_, Result<u64, EngineError>>;
    fn purge_dead(&self) -> BoxFuture<'_, Result<u64, EngineError>>;
    fn depth(&self) -> Depth;
    fn book(&self) -> Book;
    fn safety(&self) -> Safety;
    fn is_shared(&self) -> bool;
    fn close(&self);
    fn end(&self) -> BoxFuture<'_, ()>;
}

impl<E: Engine> Boxed for E {
    fn push_with(&self, payload: Vec<u8>, accepted: OnAccept) -> BoxFuture<'_, Result<EventId, Refused>> {
        Box::pin(Engine::push_with(self, payload, accepted))
    }

    fn ask(&self, demand: usize) -> BoxFuture<'_, Option<Vec<Leased>>> {
        Box::pin(Engine::ask(self, demand))
    }

    fn begin(&self, ids: &[EventId]) {
        Engine::begin(self, ids);
    }

    fn given_up(&self) -> u64 {
        Engine::given_up(self)
    }

    fn settle(&self, settled: Vec<(EventId, Settle)>) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(Engine::settle(self, settled))
    }

    fn purge(&self) -> BoxFuture<'_, Result<u64, EngineError>> {
        Box::pin(Engine::purge(self))
    }

    fn dead(
        &self,
        after: Option<EventId>,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadEvent>, EngineError>> {
        Box::pin(Engine::dead(self, after, most))
    }

    fn retry_dead(&self, which: Option<EventId>) -> BoxFuture<'_, Result<u64, EngineError>> {
        Box::pin(Engine::retry_dead(self, which))
    }

    fn purge_dead(&self) -> BoxFuture<'_, Result<u64, EngineError>> {
        Box::pin(Engine::purge_dead(self))
    }

    fn depth(&self) -> Depth {
        Engine::depth(self)
    }

    fn book(&self) -> Book {
        Engine::book(self)
    }

    fn safety(&self) -> Safety {
        Engine::safety(self)
    }

    fn is_shared(&self) -> bool {
        Engine::is_shared(self)
    }

    fn close(&self) {
        Engine::close(self);
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        Box::pin(Engine::end(self))
    }
}

impl Engine for AnyEngine {
    async fn push_with(
        &self,
        payload: Vec<u8>,
        accepted: impl FnOnce(EventId) + Send + 'static,
    ) -> Result<EventId, Refused> {
        self.0.push_with(payload, Box::new(accepted)).await
    }

    async fn ask(&self, demand: usize) -> Option<Vec<Leased>> {
        self.0.ask(demand).await
    }

    fn begin(&self, ids: &[EventId]) {
        self.0.begin(ids);
    }

    fn given_up(&self) -> u64 {
        self.0.given_up()
    }

    async fn settle(&self, settled: Vec<(EventId, Settle)>) -> Result<(), EngineError> {
        self.0.settle(settled).await
    }

    async fn purge(&self) -> Result<u64, EngineError> {
        self.0.purge().await
    }

    async fn dead(&self, after: Option<EventId>, most: usize) -> Result<Vec<DeadEvent>, EngineError> {
        self.0.dead(after, most).await
    }

    async fn retry_dead(&self, which: Option<EventId>) -> Result<u64, EngineError> {
        self.0.retry_dead(which).await
    }

    async fn purge_dead(&self) -> Result<u64, EngineError> {
        self.0.purge_dead().await
    }

    fn depth(&self) -> Depth {
        self.0.depth()
    }

    fn book(&self) -> Book {
        self.0.book()
    }

    fn safety(&self) -> Safety {
        self.0.safety()
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    fn close(&self) {
        self.0.close();
    }

    async fn end(&self) {
        self.0.end().await;
    }
}
