//! The task of a producer-consumer.
//!
//! It asks upstream like any consumer, but handles a batch only while there is demand
//! downstream. Output beyond that demand is buffered, so the buffer holds at most the
//! output of one batch. (GenStage handles a whole delivery once there is any demand, and
//! buffers the rest of the output.)
//!
//! When it is asked to stop, it requeues what it has not begun, finishes its current batch
//! and delivers the output. Its producers wait until that is done.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;

use super::handle::stop_producer;
use super::inlet::{Inlet, TakenBatch};
use super::meter::{Meter, short_name};
use super::observe::Observer;
use super::options::Intended;
use super::output::options::{OutputOptions, output_options};
use super::output::{OutputSide, while_serving};
use super::producer::{contained, terminate};
use super::{
    ConsumerRef, Kind, ProducerConsumer, ProducerRef, Reason, Running, RunningProducerConsumer,
    SubscribeOptions,
};
use crate::dispatch::{DemandDispatcher, Dispatcher};
use crate::panics;

/// A builder that configures and spawns a producer-consumer. Made by
/// [`stage::producer_consumer`](super::producer_consumer()).
#[must_use = "a builder does nothing until `spawn`"]
pub struct ProducerConsumerBuilder<P: ProducerConsumer, D = DemandDispatcher> {
    stage: P,
    name: Option<Arc<str>>,
    observer: Option<Observer>,
    subscriptions: Intended<P::In>,
    output: OutputOptions<P::Out, D>,
}

impl<P: ProducerConsumer> ProducerConsumerBuilder<P> {
    pub(super) fn new(stage: P) -> Self {
        Self {
            stage,
            name: None,
            observer: None,
            subscriptions: Vec::new(),
            output: OutputOptions::default(),
        }
    }
}

impl<P: ProducerConsumer, D: Dispatcher<P::Out>> ProducerConsumerBuilder<P, D> {
    /// Subscribes the stage to a producer. Call it once for each producer.
    pub fn subscribe_to(
        mut self,
        producer: &ProducerRef<P::In>,
        options: impl Into<SubscribeOptions<P::In>>,
    ) -> Self {
        self.subscriptions.push((producer.clone(), options.into()));
        self
    }

    /// Dispatches with `dispatcher` instead of a [`DemandDispatcher`].
    pub fn dispatcher<E: Dispatcher<P::Out>>(self, dispatcher: E) -> ProducerConsumerBuilder<P, E> {
        let Self { stage, name, observer, subscriptions, output } = self;
        ProducerConsumerBuilder {
            stage,
            name,
            observer,
            subscriptions,
            output: output.dispatcher(dispatcher),
        }
    }

    output_options!(P::Out);

    /// Spawns the stage as a tokio task.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn spawn(self) -> RunningProducerConsumer<P::In, P::Out> {
        let Self { stage, name, observer, subscriptions, output } = self;
        let meter = Meter::new(name, Kind::ProducerConsumer, Some(short_name::<D>()));
        let mut inlet = Inlet::new(meter.clone(), observer.clone()).logging_drops();
        for (producer, options) in subscriptions {
            inlet.subscribe(producer, options);
        }
        let consumer = ConsumerRef::new(inlet.address());
        let (output, producer, address, registered) = OutputSide::new(output, meter.clone(), observer);
        let task = tokio::spawn(run(stage, inlet, output, registered, meter.clone()));
        Running::new((consumer, producer), stop_producer(address), task, meter)
    }
}

async fn run<P, D>(
    mut stage: P,
    mut inlet: Inlet<P::In>,
    mut output: OutputSide<P::Out, D>,
    registered: Result<(), Reason>,
    meter: Meter,
) -> Reason
where
    P: ProducerConsumer,
    D: Dispatcher<P::Out>,
{
    let life = live(&mut stage, &mut inlet, &mut output, registered, &meter);
    let lived = AssertUnwindSafe(life).catch_unwind().await;
    let reason = lived.unwrap_or_else(|panic| output.dispatcher_panicked(&*panic));
    inlet.close(reason.clone());
    terminate(async { stage.terminate(&reason).await }).await;
    reason
}

/// Runs the stage from `init` to its end. Panics of the author's methods are caught where
/// they are called. The dispatcher, and the closures that it calls, can still panic here.
async fn live<P, D>(
    stage: &mut P,
    inlet: &mut Inlet<P::In>,
    output: &mut OutputSide<P::Out, D>,
    registered: Result<(), Reason>,
    meter: &Meter,
) -> Reason
where
    P: ProducerConsumer,
    D: Dispatcher<P::Out>,
{
    let started = match registered {
        Ok(()) => contained(async { stage.init().await }).await,
        Err(error) => Err(error),
    };
    let mut reason = match started {
        Ok(()) => process(stage, inlet, output, meter).await,
        Err(reason) => reason,
    };
    inlet.stop(reason.clone());
    while let Some(marker) = inlet.take_due() {
        output.mark(marker);
    }
    if reason.is_normal() {
        let finish = async { stage.finish().await };
        // A stop during `finish` does not interrupt it.
        let mut stopped = None;
        match work(finish, inlet, output, &mut stopped).await {
            Ok(events) if events.is_empty() => {}
            Ok(events) => output.emit(events),
            Err(panic) => stopped = Some(Reason::Panicked(panics::message(&*panic))),
        }
        reason = stopped.unwrap_or(reason);
    }
    deliver(inlet, output, &reason).await;
    reason
}

async fn process<P, D>(
    stage: &mut P,
    inlet: &mut Inlet<P::In>,
    output: &mut OutputSide<P::Out, D>,
    meter: &Meter,
) -> Reason
where
    P: ProducerConsumer,
    D: Dispatcher<P::Out>,
{
    loop {
        while let Some(marker) = inlet.take_due() {
            output.mark(marker);
        }
        if let Some(reason) = inlet.exit() {
            return reason.clone();
        }
        if !inlet.has_waiting() {
            match while_serving(output, inlet.recv()).await {
                Ok(message) => inlet.handle(message),
                Err(reason) => return reason,
            }
            continue;
        }
        if !output.has_demand() {
            // Handles upstream messages while waiting for demand.
            let message = tokio::select! {
                biased;
                demand = output.demand() => match demand {
                    Ok(_) => continue,
                    Err(reason) => return reason,
                },
                message = inlet.recv() => message,
            };
            inlet.handle(message);
            continue;
        }
        let Some(TakenBatch { from, events }) = inlet.take() else { continue };
        let n = events.len();
        let mut stopped = None;
        let process = pin!(async { stage.process(events).await });
        match work(meter.time(process), inlet, output, &mut stopped).await {
            Ok(events) => {
                if !events.is_empty() {
                    output.emit(events);
                }
                inlet.finished(from, n);
            }
            Err(panic) => return Reason::Panicked(panics::message(&*panic)),
        }
        if let Some(reason) = stopped {
            return reason;
        }
    }
}

/// Runs the author's work to its end while answering producers and consumers. On a stop,
/// the reason goes into `stopped`, and events that were not begun are requeued at once.
async fn work<F, I, O, D>(
    work: F,
    inlet: &mut Inlet<I>,
    output: &mut OutputSide<O, D>,
    stopped: &mut Option<Reason>,
) -> Result<F::Output, Box<dyn Any + Send>>
where
    F: Future,
    O: Send + 'static,
    D: Dispatcher<O>,
{
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    poll_fn(|cx| {
        // In the order of `while_serving`: messages that have arrived go first, and a waker
        // for more is registered only if the work is pending.
        if stopped.is_none()
            && let ControlFlow::Break(reason) = output.handle_mail()
        {
            inlet.stop(reason.clone());
            *stopped = Some(reason);
        }
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        let before = stopped.is_some();
        output.poll_mail(cx, stopped);
        if let Some(reason) = stopped.as_ref().filter(|_| !before) {
            inlet.stop(reason.clone());
        }
        while let Poll::Ready(message) = inlet.poll_recv(cx) {
            inlet.handle(message);
        }
        Poll::Pending
    })
    .await
}

/// Delivers what is left and waits until the consumers have finished. Meanwhile, events
/// that were under way to this stage are requeued.
async fn deliver<I, O, D: Dispatcher<O>>(
    inlet: &mut Inlet<I>,
    output: &mut OutputSide<O, D>,
    reason: &Reason,
) {
    let mut end = pin!(output.end(reason));
    poll_fn(|cx| {
        while let Poll::Ready(message) = inlet.poll_recv(cx) {
            inlet.handle(message);
        }
        end.as_mut().poll(cx)
    })
    .await;
}

impl<P: ProducerConsumer, D> fmt::Debug for ProducerConsumerBuilder<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerConsumerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
