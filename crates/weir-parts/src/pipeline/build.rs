//! Puts stages together in the order in which events go through them.

use std::fmt;

use super::Pipeline;
use weir_stage::dispatch::Dispatcher;
use weir_stage::pool::{Handler, PoolBuilder};
use weir_stage::stage::{
    Producer, ProducerBuilder, ProducerConsumer, ProducerConsumerBuilder, ProducerRef, Reason, Running,
    Status, SubscribeOptions,
};

/// A pipeline that still lacks its pool. Its stages run already and wait to be asked.
/// Dropping it ends them, because nothing refers to them any more.
#[must_use = "a pipeline handles nothing until it has a pool"]
pub struct PipelineBuilder<T> {
    pub(super) head: Box<dyn Head>,
    pub(super) stages: Vec<Box<dyn Part>>,
    pub(super) last: ProducerRef<T>,
}

/// A stage of a pipeline, without the type of its events.
pub(super) trait Part: Send + Sync {
    fn status(&self) -> Status;
    fn stop(&self, reason: Reason);
    /// Stops the stage, with as much time as a call in progress needs.
    fn finish(&self, reason: Reason);
    fn abort(&self);
}

impl<R: Send + Sync> Part for Running<R> {
    fn status(&self) -> Status {
        self.status()
    }

    fn stop(&self, reason: Reason) {
        self.stop_with(reason);
    }

    fn finish(&self, reason: Reason) {
        self.stop_until_aborted(reason);
    }

    fn abort(&self) {
        self.abort();
    }
}

/// The first stage of a pipeline, without the type of its events.
pub(super) trait Head: Send + Sync {
    fn pause(&self) -> futures::future::BoxFuture<'_, ()>;
    fn resume(&self);
}

impl<T: Send> Head for ProducerRef<T> {
    fn pause(&self) -> futures::future::BoxFuture<'_, ()> {
        // A stage that is gone dispatches nothing either.
        Box::pin(async { drop(self.pause().await) })
    }

    fn resume(&self) {
        drop(self.resume());
    }
}

impl<T: Send + 'static> PipelineBuilder<T> {
    /// Starts a source.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn from<P, D>(source: ProducerBuilder<P, D>) -> Self
    where
        P: Producer<Event = T>,
        D: Dispatcher<T>,
    {
        let source = source.spawn();
        let last = source.producer();
        Self { head: Box::new(last.clone()), stages: vec![Box::new(source)], last }
    }

    /// Starts a further stage, which every event goes through. It subscribes with `options`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn through<P, D>(
        mut self,
        stage: ProducerConsumerBuilder<P, D>,
        options: impl Into<SubscribeOptions<T>>,
    ) -> PipelineBuilder<P::Out>
    where
        P: ProducerConsumer<In = T>,
        D: Dispatcher<P::Out>,
    {
        let stage = stage.subscribe_to(&self.last, options).spawn();
        let last = stage.producer();
        self.stages.push(Box::new(stage));
        PipelineBuilder { head: self.head, stages: self.stages, last }
    }

    /// Starts the pool at the end, which begins to ask.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn into<H: Handler<T>>(self, pool: PoolBuilder<T, H>) -> Pipeline<T> {
        let pool = pool.spawn(&self.last);
        Pipeline { head: self.head, stages: self.stages, pool }
    }
}

impl<T> fmt::Debug for PipelineBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.stages.iter().map(|stage| stage.status())).finish()
    }
}
