//! What an author writes to make a producer, and what may be relied on when it is
//! told to stop.

use std::future::{Future, ready};
use std::time::Duration;

use super::Reason;

/// How long a [`Producer::produce`] that is under way may go on when its stage is
/// told to stop, unless the producer says otherwise: one second.
pub const FINISH_WITHIN: Duration = Duration::from_secs(1);

/// Produces events when it is asked for them.
pub trait Producer: Send + 'static {
    /// What is produced.
    type Event: Send + 'static;

    /// Returns the next events: at least one, at most `demand`; or `None` when
    /// there will never be more. If there are none yet, wait for them here.
    ///
    /// `demand` is all that consumers want at the moment and is at least 1.
    /// What is not served is not lost: the stage asks for it again. Should more
    /// than `demand` be returned, the excess is buffered.
    ///
    /// After an empty batch the stage keeps the demand and calls again after 1 ms,
    /// then after twice as long each time, up to 100 ms. It logs one warning: a
    /// producer that waits here delivers at once and costs nothing meanwhile.
    ///
    /// # Cancel safety
    /// Not needed. The stage keeps the future alive while it answers its
    /// consumers. When it is told to stop, the future goes on, for it may have
    /// collected events: what it returns is delivered, and it is not called again.
    /// It is dropped only when it has not returned [in time](Self::finish_within),
    /// which is logged, or when the stage is aborted.
    ///
    /// ```
    /// use std::time::Duration;
    /// use weir_stage::stage::Producer;
    ///
    /// /// Waits long for an event, and collects up to ten. What it has collected is
    /// /// in its own hands and not in the future's, so that it stops at once.
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

    /// How long a [`produce`](Self::produce) that is under way may go on when its
    /// stage is told to stop; asked once, before `init`. By default [`FINISH_WITHIN`].
    /// Zero says that a `produce` that waits holds nothing, and is dropped at once.
    ///
    /// A caller with a deadline of its own, such as a pipeline that drains, waits
    /// until that deadline instead
    /// ([`stop_until_aborted`](super::Running::stop_until_aborted)), unless this is zero.
    fn finish_within(&self) -> Duration {
        FINISH_WITHIN
    }

    /// Called once when `produce` will not be called again, after an orderly end or
    /// a stop: what the producer still keeps is emitted last.
    ///
    /// # Cancel safety
    /// Dropped only when the stage is aborted.
    fn finish(&mut self) -> impl Future<Output = Vec<Self::Event>> + Send {
        ready(Vec::new())
    }

    /// Asked when [`produce`](Self::produce) has answered `None`: why there will
    /// never be more. A source that broke off says so here.
    fn over(&mut self) -> Reason {
        Reason::Finished
    }

    /// Called once, before anything else. A stage that is not to run says why:
    /// [`Reason::Declined`], or a failure.
    ///
    /// # Errors
    /// The reason with which the stage is to end at once.
    ///
    /// # Cancel safety
    /// Dropped only when the stage is aborted.
    fn init(&mut self) -> impl Future<Output = Result<(), Reason>> + Send {
        ready(Ok(()))
    }

    /// Called once, last, when everything was delivered and finished. Not called
    /// when the stage is aborted; what must happen even then belongs in `Drop`.
    ///
    /// # Cancel safety
    /// Dropped only when the stage is aborted.
    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        let _ = reason;
        ready(())
    }
}
