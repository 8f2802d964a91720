//! The task of a producer.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;

use super::counter::{Counter, while_serving};
use super::front::{Front, producing_side};
use super::handle::stop_producer;
use super::meter::{Meter, short_name};
use super::observe::Observer;
use super::reason::panic_message;
use super::{Kind, Producer, Reason, Running, RunningProducer};
use crate::clean;
use crate::dispatch::{DemandDispatcher, Dispatcher};

/// A producer to be configured and spawned. Made by
/// [`stage::producer`](super::producer()).
pub struct ProducerBuilder<P: Producer, D = DemandDispatcher> {
    producer: P,
    name: Option<Arc<str>>,
    observer: Option<Observer>,
    front: Front<P::Event, D>,
}

impl<P: Producer> ProducerBuilder<P> {
    pub(super) fn new(producer: P) -> Self {
        Self { producer, name: None, observer: None, front: Front::default() }
    }
}

impl<P: Producer, D: Dispatcher<P::Event>> ProducerBuilder<P, D> {
    /// Dispatches with `dispatcher` instead of a [`DemandDispatcher`].
    pub fn dispatcher<E: Dispatcher<P::Event>>(self, dispatcher: E) -> ProducerBuilder<P, E> {
        let Self { producer, name, observer, front } = self;
        ProducerBuilder { producer, name, observer, front: front.dispatcher(dispatcher) }
    }

    producing_side!(P::Event);

    /// Starts the stage.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> RunningProducer<P::Event> {
        let Self { producer, name, observer, front } = self;
        let meter = Meter::new(name, Kind::Producer, Some(short_name::<D>()));
        let (counter, refers, address, seated) = Counter::new(front, meter.clone(), observer);
        let task = tokio::spawn(run(producer, counter, seated, meter.clone()));
        Running::new(refers, stop_producer(address), task, meter)
    }
}

async fn run<P, D>(
    mut producer: P,
    mut counter: Counter<P::Event, D>,
    seated: Result<(), Reason>,
    meter: Meter,
) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    let started = match seated {
        Ok(()) => contained(async { producer.init().await }).await,
        Err(taken) => Err(taken),
    };
    let reason = match started {
        Ok(()) => produce(&mut producer, &mut counter, &meter).await,
        Err(reason) => reason,
    };
    counter.end(&reason).await;
    terminate(async { producer.terminate(&reason).await }).await;
    reason
}

async fn produce<P, D>(producer: &mut P, counter: &mut Counter<P::Event, D>, meter: &Meter) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    loop {
        let demand = match counter.demand().await {
            Ok(demand) => demand,
            Err(reason) => return reason,
        };
        let produced = {
            // Inside of a block, so that a panic before there is a future is caught too.
            let produce = AssertUnwindSafe(async { producer.produce(demand).await }).catch_unwind();
            // The future lives across messages, so that its author need not make
            // it cancel-safe.
            while_serving(counter, meter.time(pin!(produce))).await
        };
        match produced {
            Ok(Ok(Some(events))) => counter.emit(events),
            Ok(Ok(None)) => return over(producer),
            Ok(Err(panic)) => return Reason::Panicked(panic_message(&*panic)),
            Err(reason) => return reason,
        }
    }
}

/// Why a source is dry. A panic in it is a reason like others.
fn over<P: Producer>(producer: &mut P) -> Reason {
    catch_unwind(AssertUnwindSafe(|| producer.over()))
        .unwrap_or_else(|panic| Reason::Panicked(panic_message(&*panic)))
}

/// Runs an author's `init`; a panic in it is a reason like others.
pub(super) async fn contained(init: impl Future<Output = Result<(), Reason>>) -> Result<(), Reason> {
    let outcome = AssertUnwindSafe(init).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Reason::Panicked(panic_message(&*panic))))
}

/// Runs an author's `terminate`. The stage ends as it was to, whatever it does.
pub(super) async fn terminate(last: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(last).catch_unwind().await {
        log::error!("a stage panicked while it terminated: {}", clean::line(&panic_message(&*panic)));
    }
}

impl<P: Producer, D> fmt::Debug for ProducerBuilder<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
