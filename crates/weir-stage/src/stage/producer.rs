//! The task of a producer.

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::coop::consume_budget;
use tokio::time::sleep;

use super::empty_batch::EmptyBatches;
use super::handle::stop_producer;
use super::mail::StopLimit;
use super::meter::{Meter, short_name};
use super::observe::Observer;
use super::output::options::{OutputOptions, output_options};
use super::output::{OutputSide, while_serving};
use super::{Kind, Producer, Reason, Running, RunningProducer};
use crate::clean;
use crate::dispatch::{DemandDispatcher, Dispatcher};
use crate::panics;

/// A builder that configures and spawns a producer. Made by
/// [`stage::producer`](super::producer()).
#[must_use = "a builder does nothing until `spawn`"]
pub struct ProducerBuilder<P: Producer, D = DemandDispatcher> {
    producer: P,
    name: Option<Arc<str>>,
    observer: Option<Observer>,
    finish_within: Duration,
    output: OutputOptions<P::Event, D>,
}

impl<P: Producer> ProducerBuilder<P> {
    pub(super) fn new(producer: P) -> Self {
        let finish_within = producer.finish_within();
        Self { producer, name: None, observer: None, finish_within, output: OutputOptions::default() }
    }
}

impl<P: Producer, D: Dispatcher<P::Event>> ProducerBuilder<P, D> {
    /// Dispatches with `dispatcher` instead of a [`DemandDispatcher`].
    pub fn dispatcher<E: Dispatcher<P::Event>>(self, dispatcher: E) -> ProducerBuilder<P, E> {
        let Self { producer, name, observer, finish_within, output } = self;
        ProducerBuilder { producer, name, observer, finish_within, output: output.dispatcher(dispatcher) }
    }

    /// Limits how long a pending `produce` may continue after the stage was asked to stop.
    /// Replaces the limit of [`Producer::finish_within`].
    pub fn finish_within(mut self, limit: Duration) -> Self {
        self.finish_within = limit;
        self
    }

    output_options!(P::Event);

    /// Spawns the stage as a tokio task.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn spawn(self) -> RunningProducer<P::Event> {
        let Self { producer, name, observer, finish_within, output } = self;
        let meter = Meter::new(name, Kind::Producer, Some(short_name::<D>()));
        let (output, refers, address, registered) = OutputSide::new(output, meter.clone(), observer);
        let task = tokio::spawn(run(producer, output, registered, finish_within, meter.clone()));
        Running::new(refers, stop_producer(address), task, meter)
    }
}

async fn run<P, D>(
    mut producer: P,
    mut output: OutputSide<P::Event, D>,
    registered: Result<(), Reason>,
    finish_within: Duration,
    meter: Meter,
) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    let life = async {
        let started = match registered {
            Ok(()) => contained(async { producer.init().await }).await,
            Err(error) => Err(error),
        };
        let reason = match started {
            Ok(()) => {
                let reason = produce(&mut producer, &mut output, finish_within, &meter).await;
                finish(&mut producer, &mut output, reason).await
            }
            Err(reason) => reason,
        };
        output.end(&reason).await;
        reason
    };
    // Panics of the author's methods are caught where they are called. The dispatcher, and
    // the closures that it calls, can still panic here.
    let lived = AssertUnwindSafe(life).catch_unwind().await;
    let reason = lived.unwrap_or_else(|panic| output.dispatcher_panicked(&*panic));
    terminate(async { producer.terminate(&reason).await }).await;
    reason
}

async fn produce<P, D>(
    producer: &mut P,
    output: &mut OutputSide<P::Event, D>,
    finish_within: Duration,
    meter: &Meter,
) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    let mut empty = EmptyBatches::default();
    loop {
        // Without this, a source that always has events would never yield to other tasks
        // while demand lasts.
        consume_budget().await;
        let demand = match output.demand().await {
            Ok(demand) => demand,
            Err(reason) => return reason,
        };
        let (produced, stopped) = {
            // In an async block, so that a panic before the future exists is caught too.
            let produce = pin!(AssertUnwindSafe(async { producer.produce(demand).await }).catch_unwind());
            // The future lives across messages, so that its author need not make it cancel
            // safe.
            let mut produce = pin!(meter.time(produce));
            match while_serving(output, produce.as_mut()).await {
                Ok(produced) => (Some(produced), None),
                Err(reason) => (last(output, produce, finish_within, meter).await, Some(reason)),
            }
        };
        match produced {
            Some(Ok(Some(events))) if events.is_empty() && stopped.is_none() => {
                if let Err(reason) = while_serving(output, empty.wait(meter, demand)).await {
                    return reason;
                }
            }
            Some(Ok(Some(events))) => {
                empty.reset();
                output.emit(events);
            }
            Some(Ok(None)) if stopped.is_none() => return exit_reason(producer),
            Some(Err(panic)) => return Reason::Panicked(panics::message(&*panic)),
            Some(Ok(None)) | None => {}
        }
        if let Some(reason) = stopped {
            return reason;
        }
    }
}

/// Waits for a pending `produce` after a stop, while answering consumers. Returns `None` if
/// the future must be dropped.
async fn last<T, D, F>(
    output: &mut OutputSide<T, D>,
    mut produce: Pin<&mut F>,
    within: Duration,
    meter: &Meter,
) -> Option<F::Output>
where
    T: Send + 'static,
    D: Dispatcher<T>,
    F: Future,
{
    if within.is_zero() {
        return None;
    }
    let mut late = pin!(sleep(within));
    poll_fn(|cx| {
        if let Poll::Ready(produced) = produce.as_mut().poll(cx) {
            return Poll::Ready(Some(produced));
        }
        output.poll_mail(cx, &mut None);
        // No consumer can take the events.
        if output.is_unreachable() {
            return Poll::Ready(None);
        }
        if output.stop_limit == StopLimit::Configured && late.as_mut().poll(cx).is_ready() {
            log::warn!(
                "{}: `produce` had not returned {within:?} after the stop and is dropped; \
                 events that it had collected are lost",
                meter.name()
            );
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// Emits the events that the producer still keeps, after an orderly end. Returns the exit
/// reason.
async fn finish<P, D>(producer: &mut P, output: &mut OutputSide<P::Event, D>, reason: Reason) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    if !reason.is_normal() {
        return reason;
    }
    let mut finish = pin!(AssertUnwindSafe(async { producer.finish().await }).catch_unwind());
    let finished = poll_fn(|cx| {
        let finished = finish.as_mut().poll(cx);
        if finished.is_pending() {
            output.poll_mail(cx, &mut None);
        }
        finished
    })
    .await;
    match finished {
        Ok(events) if events.is_empty() => reason,
        Ok(events) => {
            output.emit(events);
            reason
        }
        Err(panic) => Reason::Panicked(panics::message(&*panic)),
    }
}

/// Asks the producer for its exit reason; a panic in it becomes the reason.
fn exit_reason<P: Producer>(producer: &mut P) -> Reason {
    catch_unwind(AssertUnwindSafe(|| producer.exit_reason()))
        .unwrap_or_else(|panic| Reason::Panicked(panics::message(&*panic)))
}

/// Runs an author's `init`; a panic in it becomes the exit reason.
pub(super) async fn contained(init: impl Future<Output = Result<(), Reason>>) -> Result<(), Reason> {
    let outcome = AssertUnwindSafe(init).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Reason::Panicked(panics::message(&*panic))))
}

/// Runs an author's `terminate`. A panic in it is logged and does not change the exit
/// reason.
pub(super) async fn terminate(last: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(last).catch_unwind().await {
        log::error!("a stage panicked while it terminated: {}", clean::line(&panics::message(&*panic)));
    }
}

impl<P: Producer, D> fmt::Debug for ProducerBuilder<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
