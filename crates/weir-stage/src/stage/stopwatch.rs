//! How long the author's code takes, for next to nothing.
//!
//! Reading a clock twice costs as much as moving a batch of a thousand events, so
//! a call is not simply timed. What a call *waits*, after its first poll, is
//! always timed: it has left the processor anyway. Of what calls do until then,
//! only some is: after one that took less than a microsecond, the next 31 are
//! taken to be like it. What takes longer is timed every time. The sum is an
//! estimate for handlers that return at once, and exact for those that wait or
//! work.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

/// A first poll shorter than this stands for others.
const SHORT: Duration = Duration::from_micros(1);
/// For how many, itself included.
const STANDS_FOR: u32 = 32;

/// The sum of the times. Usually one task adds to it; should several, nothing of
/// the sum is lost, and only which calls are timed is left to chance.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    nanos: AtomicU64,
    /// How many calls are still taken to be like the last one that was timed.
    skip: AtomicU32,
}

impl Stopwatch {
    /// The time so far.
    pub(crate) fn read(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        self.nanos.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Does the work, and adds the time it took.
    ///
    /// # Cancel safety
    /// As the work. The wait of work that is dropped is not counted.
    pub(crate) fn time<'a, F: Future>(&'a self, work: Pin<&'a mut F>) -> Timed<'a, F> {
        Timed { watch: self, work, waits_since: None }
    }

    /// Does what a call does until it first waits, and adds that time, or what it
    /// is taken to be.
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

/// Work that is being timed: by hand and not an async fn, as most work returns at
/// once, and is then done in one step.
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
    async fn work_that_takes_its_time_is_timed_every_time() {
        let watch = Stopwatch::default();
        for _ in 0..100 {
            watch.time(pin!(tokio::time::advance(Duration::from_millis(1)))).await;
        }
        assert_eq!(watch.read(), Duration::from_millis(100));
    }

    #[tokio::test]
    async fn of_calls_that_return_at_once_one_is_timed_and_stands_for_the_next() {
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
