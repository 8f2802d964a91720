//! A cheap measurement of the time spent in the author's code.
//!
//! Reading a clock twice costs as much as moving a batch of a thousand events, so not every
//! call is timed. The time that a call *waits*, after its first poll, is always timed: the
//! task has left the processor anyway. The first poll is sampled: after one that took less
//! than a microsecond, the next 31 count the same. A longer first poll is timed every time.
//! The sum is an estimate for handlers that return at once, and exact for handlers that wait
//! or work.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

/// A first poll shorter than this also counts for the next ones.
const SHORT: Duration = Duration::from_micros(1);
/// How many polls it counts for, itself included.
const STANDS_FOR: u32 = 32;

/// The sum of the times. Usually one task adds to it. If several do, no time is lost, but
/// which calls are timed is arbitrary.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    nanos: AtomicU64,
    /// How many calls still count the same as the last timed one.
    skip: AtomicU32,
}

impl Stopwatch {
    /// Returns the time so far.
    pub(crate) fn read(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        self.nanos.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Runs the work and adds the time it took.
    ///
    /// # Cancel safety
    /// Cancel safe if the work is. If the work is dropped, its wait is not counted.
    pub(crate) fn time<'a, F: Future>(&'a self, work: Pin<&'a mut F>) -> Timed<'a, F> {
        Timed { watch: self, work, waits_since: None }
    }

    /// Runs the first poll, and adds its time or, if it is not timed, nothing: the last
    /// timed one has counted for it.
    fn first<T>(&self, poll: impl FnOnce() -> T) -> T {
        let skip = self.skip.load(Ordering::Relaxed);
        if skip > 0 {
            self.skip.store(skip - 1, Ordering::Relaxed);
            return poll();
        }
        let start = Instant::now();
        let output = poll();
        let took = start.elapsed();
        let skip = if took < SHORT { STANDS_FOR - 1 } else { 0 };
        self.add(took * (skip + 1));
        self.skip.store(skip, Ordering::Relaxed);
        output
    }
}

/// A future that is being timed. Written by hand instead of as an async fn, because most
/// work returns at its first poll.
pub(crate) struct Timed<'a, F> {
    watch: &'a Stopwatch,
    work: Pin<&'a mut F>,
    waits_since: Option<Instant>,
}

impl<F: Future> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { watch, work, waits_since } = &mut *self;
        if let Some(since) = waits_since {
            let output = ready!(work.as_mut().poll(cx));
            watch.add(since.elapsed());
            return Poll::Ready(output);
        }
        let first = watch.first(|| work.as_mut().poll(cx));
        if first.is_pending() {
            *waits_since = Some(Instant::now());
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test(start_paused = true)]
    async fn waiting_is_timed_exactly_and_every_time() {
        let watch = Stopwatch::default();
        for _ in 0..100 {
            watch.time(pin!(tokio::time::sleep(Duration::from_millis(7)))).await;
        }
        // The polls themselves take no virtual time.
        assert_eq!(watch.read(), Duration::from_millis(700));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_longer_than_a_microsecond_is_timed_every_time() {
        let watch = Stopwatch::default();
        for _ in 0..100 {
            watch.time(pin!(tokio::time::advance(Duration::from_millis(1)))).await;
        }
        assert_eq!(watch.read(), Duration::from_millis(100));
    }

    #[tokio::test]
    async fn one_of_the_calls_that_return_at_once_is_timed_and_counts_for_the_next() {
        let watch = Stopwatch::default();
        watch.time(pin!(std::future::ready(()))).await;
        let one = watch.read();
        let skipped = watch.skip.load(Ordering::Relaxed);
        for _ in 0..skipped {
            watch.time(pin!(std::future::ready(()))).await;
        }
        assert_eq!((watch.read(), watch.skip.load(Ordering::Relaxed)), (one, 0));
    }
}
