//! How long the author's code takes, for next to nothing.
//!
//! Reading a clock twice costs as much as moving a batch of a thousand events, so
//! a call is not simply timed. What a call *waits*, after its first poll, is
//! always timed: it has left the processor anyway. Of what calls do until then,
//! only some is: after one that took less than a microsecond, the next 31 are
//! taken to be like it. What takes longer is timed every time. The sum is an
//! estimate for handlers that return at once, and exact for those that wait or
//! work.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
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
    pub(crate) async fn time<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let skip = self.skip.load(Ordering::Relaxed);
        let start = (skip == 0).then(Instant::now);
        let first = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        let skip = match start {
            Some(start) => {
                let took = start.elapsed();
                let skip = if took < SHORT { STANDS_FOR - 1 } else { 0 };
                self.add(took * (skip + 1));
                skip
            }
            None => skip - 1,
        };
        self.skip.store(skip, Ordering::Relaxed);
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => {
                let waiting = Instant::now();
                let output = work.await;
                self.add(waiting.elapsed());
                output
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_is_timed_exactly_and_every_time() {
        let watch = Stopwatch::default();
        for _ in 0..100 {
            watch.time(tokio::time::sleep(Duration::from_millis(7))).await;
        }
        // The polls themselves take no virtual time.
        assert_eq!(watch.read(), Duration::from_millis(700));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_its_time_is_timed_every_time() {
        let watch = Stopwatch::default();
        for _ in 0..100 {
            watch.time(tokio::time::advance(Duration::from_millis(1))).await;
        }
        assert_eq!(watch.read(), Duration::from_millis(100));
    }

    #[tokio::test]
    async fn of_calls_that_return_at_once_one_is_timed_and_stands_for_the_next() {
        let watch = Stopwatch::default();
        watch.time(std::future::ready(())).await;
        let one = watch.read();
        let skipped = watch.skip.load(Ordering::Relaxed);
        for _ in 0..skipped {
            watch.time(std::future::ready(())).await;
        }
        assert_eq!((watch.read(), watch.skip.load(Ordering::Relaxed)), (one, 0));
    }
}
