//! The three traits that an author implements: [`Producer`], [`ProducerConsumer`] and
//! [`Consumer`].

use std::future::{Future, ready};
use std::time::Duration;

use super::Reason;

/// The default of [`Producer::finish_within`]: one second.
pub const FINISH_WITHIN: Duration = Duration::from_secs(1);

/// A source of events that produces only on demand.
pub trait Producer: Send + 'static {
    /// The events that it produces.
    type Event: Send + 'static;

    /// Returns the next events: at least one and at most `demand`. Waits here if there
    /// are none yet, and returns `None` if there will never be more.
    ///
    /// `demand` is the total that consumers want at the moment, and at least 1. Unserved
    /// demand is not lost: the stage asks for it again. If more than `demand` events are
    /// returned, the excess is buffered.
    ///
    /// After an empty batch the stage keeps the demand and calls again after 1 ms, then
    /// after twice as long each time, up to 100 ms. It logs one warning, because a
    /// producer that waits inside `produce` delivers at once and costs nothing meanwhile.
    ///
    /// # Cancel safety
    /// The future need not be cancel safe: the stage keeps it alive while it answers its
    /// consumers. When the stage is asked to stop, the future may have collected events, so
    /// it continues; its events are delivered, and `produce` is not called again. The
    /// stage drops the future only when the stage is aborted, or when the future has not
    /// returned [in time](Self::finish_within), which is logged.
    ///
    /// ```
    /// use std::time::Duration;
    /// use weir_stage::stage::Producer;
    ///
    /// /// Waits long for an event, and collects up to ten. The collected events are in
    /// /// the producer and not in the future, so that it can stop at once.
    /// struct Batches { source: tokio::sync::mpsc::Receiver<u64>, batch: Vec<u64> }
    ///
    /// impl Producer for Batches {
    ///     type Event = u64;
    ///     async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
    ///         while self.batch.len() < 10 && let Some(event) = self.source.recv().await {
    ///             self.batch.push(event);
    ///         }
    ///         Some(std::mem::take(&mut self.batch)).filter(|batch| !batch.is_empty())
    ///     }
    ///     fn finish_within(&self) -> Duration { Duration::ZERO }
    ///     async fn finish(&mut self) -> Vec<u64> { std::mem::take(&mut self.batch) }
    /// }
    /// ```
    fn produce(&mut self, demand: usize) -> impl Future<Output = Option<Vec<Self::Event>>> + Send;

    /// Returns how long a pending [`produce`](Self::produce) may continue after its stage
    /// was asked to stop. The default is [`FINISH_WITHIN`]. Zero means that a pending
    /// `produce` holds no events, so the stage drops it at once. Called once, before
    /// `init`.
    ///
    /// A caller with a deadline of its own, such as a pipeline that drains, waits until
    /// that deadline instead
    /// ([`stop_until_aborted`](super::Running::stop_until_aborted)), unless this is zero.
    fn finish_within(&self) -> Duration {
        FINISH_WITHIN
    }

    /// Returns the events that the producer still keeps; they are emitted last. Called
    /// once, after an orderly end or a stop, when `produce` will not be called again.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn finish(&mut self) -> impl Future<Output = Vec<Self::Event>> + Send {
        ready(Vec::new())
    }

    /// Returns the exit reason of the stage, once [`produce`](Self::produce) has returned
    /// `None`. The default is [`Reason::Finished`]; a source that broke off returns a
    /// failure.
    fn exit_reason(&mut self) -> Reason {
        Reason::Finished
    }

    /// Prepares the producer. Called once, before any other method of the running stage.
    ///
    /// # Errors
    /// The reason why the stage must end at once: [`Reason::Declined`] if it should not
    /// run, or a failure.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn init(&mut self) -> impl Future<Output = Result<(), Reason>> + Send {
        ready(Ok(()))
    }

    /// Cleans up. Called once, last, when everything is delivered and finished. It is not
    /// called when the stage is aborted; cleanup that must happen even then belongs in
    /// `Drop`.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        let _ = reason;
        ready(())
    }
}

/// A stage that turns events into other events.
pub trait ProducerConsumer: Send + 'static {
    /// The events that it consumes.
    type In: Send + 'static;
    /// The events that it produces.
    type Out: Send + 'static;

    /// Handles one batch and returns its output: any number of events, including none.
    ///
    /// The stage calls it only while there is demand downstream, with at most
    /// `max_demand - min_demand` events.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted. The batch is then dropped
    /// with it, which is logged and counted in [`Status::dropped`](super::Status::dropped).
    /// A stage that is asked to stop finishes the batch and delivers its output.
    fn process(&mut self, events: Vec<Self::In>) -> impl Future<Output = Vec<Self::Out>> + Send;

    /// Returns the events that the stage still keeps, such as an incomplete batch; they
    /// are emitted last. Called once, when no more input will come.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn finish(&mut self) -> impl Future<Output = Vec<Self::Out>> + Send {
        ready(Vec::new())
    }

    /// Prepares the stage; see [`Producer::init`].
    ///
    /// # Errors
    /// The reason why the stage must end at once.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn init(&mut self) -> impl Future<Output = Result<(), Reason>> + Send {
        ready(Ok(()))
    }

    /// Cleans up; see [`Producer::terminate`].
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        let _ = reason;
        ready(())
    }
}

/// A handler of events. It returns nothing, so a consumer cannot emit:
///
/// ```compile_fail
/// # use weir_stage::stage::Consumer;
/// struct Echo;
/// impl Consumer for Echo {
///     type Event = u64;
///     async fn consume(&mut self, events: Vec<u64>) -> Vec<u64> { events }
/// }
/// ```
pub trait Consumer: Send + 'static {
    /// The events that it consumes.
    type Event: Send + 'static;

    /// Handles one batch of at least one and at most `max_demand - min_demand` events.
    /// The stage asks for more when this returns.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted. The batch is then dropped
    /// with it, which is logged and counted in [`Status::dropped`](super::Status::dropped).
    fn consume(&mut self, events: Vec<Self::Event>) -> impl Future<Output = ()> + Send;

    /// Returns a reason if the stage must end now. Called after each batch. Events that
    /// were not started go back to their producer.
    fn exit_reason(&mut self) -> Option<Reason> {
        None
    }

    /// Prepares the consumer; see [`Producer::init`].
    ///
    /// # Errors
    /// The reason why the stage must end at once.
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn init(&mut self) -> impl Future<Output = Result<(), Reason>> + Send {
        ready(Ok(()))
    }

    /// Cleans up; see [`Producer::terminate`].
    ///
    /// # Cancel safety
    /// The future is dropped only when the stage is aborted.
    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        let _ = reason;
        ready(())
    }
}
