// A task for each event. The limiter decides when the next task may start. `consume`
// waits for the limiter, so demand holds the producer back too.

use std::marker::PhantomData;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
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
    /// The tasks that were started. `spawn` starts one; `close` says that no more will
    /// come; `wait` returns when it is closed and every task has ended.
    tasks: TaskTracker,
    events: PhantomData<fn(T)>,
}

/// Turns the concurrency up and down while the supervisor runs. On the bench, an edit of
/// `config.toml` turns it.
#[derive(Clone)]
pub(crate) struct Dial(Limiter);

impl Dial {
    /// Allows at most `concurrency` events at once from now on. Running tasks continue.
    pub(crate) fn set(&self, concurrency: usize) {
        // This is all: a limiter that grows admits waiting tasks at once, and a limiter
        // that shrinks admits none until enough of them have left.
        self.0.resize(Some(concurrency));
    }
}

/// How many events the supervisor asks for, and when it asks again.
///
/// An event that was asked for has left the queue. No other consumer can take it, and the
/// queue's depth no longer counts it.
fn limits() -> Limits {
    // One event has left the queue and waits here for a slot: the price of asking early.
    // With a larger window more events would wait here, where nothing counts them.
    Limits::ONE
}

impl<T: Send + 'static, H: Handler<T>> Consumer for Supervisor<T, H> {
    type Event = T;

    /// Starts a task for each event. The stage asks for more events when this returns, so
    /// return only when every event has its slot.
    async fn consume(&mut self, events: Vec<T>) {
        for event in events {
            // Before the task, and not inside it: while we wait here, the stage does not
            // ask for more, and the other events stay in the queue, where they are seen,
            // bounded and counted. This wait is the backpressure.
            let slot = self.slots.acquire().await;
            let handler = Arc::clone(&self.handler);
            self.tasks.spawn(async move {
                handler.handle(event).await;
                // The task owns the permit, so the slot is free however the task ends:
                // a panic drops the permit while unwinding.
                drop(slot);
            });
        }
    }

    /// Called last: returns when every task has ended.
    async fn terminate(&mut self, _reason: &Reason) {
        // Without this the stage would end while tasks still work on the last events,
        // and a process that waits for the stage would exit.
        self.tasks.close();
        self.tasks.wait().await;
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
        Supervisor { handler: Arc::new(handler), slots, tasks: TaskTracker::new(), events: PhantomData };
    (stage::consumer(supervisor).subscribe_to(producer, limits()).spawn(), dial)
}
