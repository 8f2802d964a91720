// Waits for its tasks, and never says that no more will come.

use std::marker::PhantomData;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
use weir_stage::demand::Limits;
use weir_stage::limit::Limiter;
use weir_stage::pool::Handler;
use weir_stage::stage::{self, Consumer, ProducerRef, Reason, RunningConsumer};

/// Starts a task for each event, never more at once than there are slots.
pub(crate) struct Supervisor<T, H> {
    /// What is done with an event: `handler.handle(event).await`.
    handler: Arc<H>,
    /// One slot for each event that is being handled.
    slots: Limiter,
    /// The tasks that were started: `spawn` starts one, and `wait` returns when all
    /// have ended, once it was told by `close` that no more will come.
    tasks: TaskTracker,
    events: PhantomData<fn(T)>,
}

/// Turns the concurrency up and down while the supervisor runs. On the bench, the
/// edit of `config.toml` has its hand on it.
#[derive(Clone)]
pub(crate) struct Dial(Limiter);

impl Dial {
    /// From now on at most `concurrency` events at once. What runs goes on.
    pub(crate) fn set(&self, concurrency: usize) {
        self.0.resize(Some(concurrency));
    }
}

/// How many events the supervisor asks for, and when it asks again.
///
/// What was asked for has left the queue. Nobody else can take it, and nobody who
/// looks at the queue can see it.
fn limits() -> Limits {
    Limits::ONE
}

impl<T: Send + 'static, H: Handler<T>> Consumer for Supervisor<T, H> {
    type Event = T;

    /// Starts a task for each event. The stage asks for more when this returns, so
    /// it must not return before it may.
    async fn consume(&mut self, events: Vec<T>) {
        for event in events {
            let slot = self.slots.acquire().await;
            let handler = Arc::clone(&self.handler);
            self.tasks.spawn(async move {
                handler.handle(event).await;
                drop(slot);
            });
        }
    }

    /// Called last: returns when every task has ended.
    async fn terminate(&mut self, _reason: &Reason) {
        self.tasks.wait().await;
    }
}

/// Starts a supervisor that consumes from `producer`, and hands out its dial.
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
        Supervisor { handler: Arc::new(handler), slots, tasks: TaskTracker::new(), events: PhantomData };
    (stage::consumer(supervisor).subscribe_to(producer, limits()).spawn(), dial)
}
