// Compares the number of tasks with the limit, and waits until a task has ended.

use std::marker::PhantomData;
use std::sync::Arc;

use tokio::task::JoinSet;
use weir_stage::demand::Limits;
use weir_stage::limit::Limiter;
use weir_stage::pool::Handler;
use weir_stage::stage::{self, Consumer, ProducerRef, Reason, RunningConsumer};

/// Starts a task for each event, never more at once than there are slots.
pub(crate) struct Supervisor<T, H> {
    /// Handles an event: `handler.handle(event).await`.
    handler: Arc<H>,
    /// One slot for each event that is being handled.
    slots: Limiter,
    /// The tasks that were started.
    tasks: JoinSet<()>,
    events: PhantomData<fn(T)>,
}

/// Turns the concurrency up and down while the supervisor runs. On the bench, an edit of
/// `config.toml` turns it.
#[derive(Clone)]
pub(crate) struct Dial(Limiter);

impl Dial {
    /// Allows at most `concurrency` events at once from now on. Running tasks continue.
    pub(crate) fn set(&self, concurrency: usize) {
        self.0.resize(Some(concurrency));
    }
}

/// How many events the supervisor asks for, and when it asks again.
///
/// An event that was asked for has left the queue. No other consumer can take it, and the
/// queue's depth no longer counts it.
fn limits() -> Limits {
    Limits::ONE
}

impl<T: Send + 'static, H: Handler<T>> Consumer for Supervisor<T, H> {
    type Event = T;

    /// Starts a task for each event. The stage asks for more events when this returns, so
    /// return only when every event has its slot.
    async fn consume(&mut self, events: Vec<T>) {
        for event in events {
            while self.tasks.len() >= self.slots.limit().map_or(usize::MAX, |limit| limit.max(1)) {
                self.tasks.join_next().await;
            }
            let handler = Arc::clone(&self.handler);
            self.tasks.spawn(async move { handler.handle(event).await });
        }
    }

    /// Called last: returns when every task has ended.
    async fn terminate(&mut self, _reason: &Reason) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts a supervisor that consumes from `producer`, and returns it with its dial.
pub(crate) fn supervise<T, H>(
    producer: &ProducerRef<T>,
    handler: H,
    concurrency: usize,
) -> (RunningConsumer<T>, Dial)
where
    T: Send + 'static,
    H: Handler<T>,
{
    let slots = Limiter::new(Some(concurrency));
    let dial = Dial(slots.clone());
    let supervisor =
        Supervisor { handler: Arc::new(handler), slots, tasks: JoinSet::new(), events: PhantomData };
    (stage::consumer(supervisor).subscribe_to(producer, limits()).spawn(), dial)
}
