//! Streams: any stream as a producer, and any subscription as a stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use futures::stream::{Fuse, FusedStream, StreamExt};

use super::inlet::{Inlet, Origin, TakenEvent};
use super::meter::Meter;
use super::{CancelMode, Kind, Producer, ProducerRef, Reason, SubscribeOptions};

/// The most events that are taken in one call. Without it, a stream that is always ready
/// would never satisfy a demand of `usize::MAX`.
const MOST_AT_ONCE: usize = 16_384;

/// A producer of the items of a stream. Made by
/// [`stage::from_stream`](super::from_stream).
pub struct FromStream<S>(Pin<Box<Fuse<S>>>);

impl<S: Stream> FromStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Box::pin(stream.fuse()))
    }

    /// Waits for one event, and takes the others that are ready.
    fn poll_events(&mut self, demand: usize, cx: &mut Context<'_>) -> Poll<Option<Vec<S::Item>>> {
        let mut events = Vec::new();
        while events.len() < demand.min(MOST_AT_ONCE) && !self.0.is_terminated() {
            match self.0.as_mut().poll_next(cx) {
                Poll::Ready(event) => events.extend(event),
                Poll::Pending if events.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready((!events.is_empty()).then_some(events))
    }
}

impl<S> Producer for FromStream<S>
where
    S: Stream<Item: Send> + Send + 'static,
{
    type Event = S::Item;

    async fn produce(&mut self, demand: usize) -> Option<Vec<S::Item>> {
        poll_fn(|cx| self.poll_events(demand, cx)).await
    }

    /// Returns zero: `produce` waits only while it has no event, and unfinished items stay in
    /// the stream.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}

impl<S> fmt::Debug for FromStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromStream")
    }
}

/// A subscription that is read as a stream. Made by [`ProducerRef::subscribe`].
///
/// An event counts as finished when the next one is polled; the subscription asks for more
/// according to its limits. Dropping the stream cancels the subscription and requeues the
/// events that were delivered and not read.
///
/// The stream ends when the producer has ended and everything is read.
/// [`reason`](Self::reason) returns the producer's exit reason, and
/// [`try_events`](Self::try_events) yields a failure as the last item. With
/// [`CancelMode::Resubscribe`] the stream continues with the successor of a failed producer.
#[must_use = "dropping a subscription cancels it"]
pub struct Subscription<T> {
    inlet: Inlet<T>,
    /// Decides which reasons are failures. The stream itself always ends with its producer.
    cancel: CancelMode,
    /// The origin of the event that the reader is working on.
    in_progress: Option<Origin>,
}

impl<T> Subscription<T> {
    pub(super) fn new(producer: ProducerRef<T>, options: SubscribeOptions<T>) -> Self {
        let mut inlet = Inlet::new(Meter::new(Some("stream".into()), Kind::Consumer, None), None);
        let cancel = options.cancel;
        let inner = match cancel {
            CancelMode::Resubscribe => CancelMode::Resubscribe,
            CancelMode::Permanent | CancelMode::Transient | CancelMode::Temporary => CancelMode::Permanent,
        };
        inlet.subscribe(producer, options.cancel(inner));
        Self { inlet, cancel, in_progress: None }
    }

    /// Returns the reason why the stream ended, once it has.
    pub fn reason(&self) -> Option<&Reason> {
        self.inlet.exit()
    }

    /// Turns this into a stream of results, for readers that must notice a failure. If a
    /// stage with this cancel mode would fail with its producer or with the subscription, the
    /// last item is that reason. After an orderly end, and with [`CancelMode::Temporary`],
    /// the stream just ends.
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use weir_stage::{demand::Limits, stage};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), stage::Reason> {
    /// let numbers = stage::from_iter(1..=3).spawn();
    /// let all: Vec<u32> = numbers.producer().subscribe(Limits::default()).try_events().try_collect().await?;
    /// assert_eq!(all, [1, 2, 3]);
    /// # Ok(()) }
    /// ```
    pub fn try_events(self) -> TryEvents<T> {
        TryEvents(Some(self))
    }

    fn failure(&self) -> Option<&Reason> {
        self.reason().filter(|reason| !reason.is_normal() && self.cancel.stops_on(reason))
    }
}

impl<T> Drop for Subscription<T> {
    /// Cancels the subscription: a reader that drops the stream was not aborted.
    fn drop(&mut self) {
        self.inlet.close(Reason::Cancelled);
    }
}

/// Events are moved in and out, and never pinned.
impl<T> Unpin for Subscription<T> {}

impl<T> Stream for Subscription<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        if let Some(from) = this.in_progress.take() {
            this.inlet.finished(from, 1);
        }
        loop {
            if let Some(TakenEvent { from, event, .. }) = this.inlet.take_one() {
                this.in_progress = Some(from);
                return Poll::Ready(Some(event));
            }
            if this.inlet.exit().is_some() {
                // The producer waits until everything it sent is accounted for, and a reader
                // may keep an ended stream without polling it again.
                this.inlet.close(Reason::Finished);
                return Poll::Ready(None);
            }
            let message = ready!(this.inlet.poll_recv(cx));
            this.inlet.handle(message);
        }
    }
}

/// A stream of a subscription's events, in which a failure is the last item. Made by
/// [`Subscription::try_events`].
#[must_use = "dropping a subscription cancels it"]
pub struct TryEvents<T>(Option<Subscription<T>>);

impl<T> Stream for TryEvents<T> {
    type Item = Result<T, Reason>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, Reason>>> {
        let Some(events) = &mut self.0 else { return Poll::Ready(None) };
        let event = ready!(events.poll_next_unpin(cx)).map(Ok);
        if event.is_some() {
            return Poll::Ready(event);
        }
        Poll::Ready(self.0.take().and_then(|events| events.failure().cloned()).map(Err))
    }
}

impl<T> FusedStream for TryEvents<T> {
    fn is_terminated(&self) -> bool {
        self.0.is_none()
    }
}

impl<T> fmt::Debug for TryEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryEvents").field(&self.0).finish()
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("reason", &self.reason()).finish_non_exhaustive()
    }
}
