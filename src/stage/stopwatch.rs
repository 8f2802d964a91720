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
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::meter::Meter;

/// A first poll shorter than this stands for others.
const SHORT: Duration = Duration::from_micros(1);
/// For how many, itself included.
const STANDS_FOR: u32 = 32;

pub(crate) struct Stopwatch {
    meter: Meter,
    /// How many calls are still taken to be like the last one that was timed.
    skip: u32,
}

impl Stopwatch {
    pub(crate) fn new(meter: Meter) -> Self {
        Self { meter, skip: 0 }
    }

    /// Does the work, and adds the time it took to the stage's busy time.
    ///
    /// # Cancel safety
    /// As the work. The wait of work that is dropped is not counted.
    pub(crate) async fn time<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        let mut start = None;
        if self.skip == 0 {
            start = Some(Instant::now());
        } else {
            self.skip -= 1;
        }
        let first = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Some(start) = start {
            let took = start.elapsed();
            self.skip = if took < SHORT { STANDS_FOR - 1 } else { 0 };
            self.meter.worked(took * (self.skip + 1));
        }
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => {
                let waiting = Instant::now();
                let output = work.await;
                self.meter.worked(waiting.elapsed());
                output
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Kind;

    #[tokio::test(start_paused = true)]
    async fn waiting_is_timed_exactly_and_every_time() {
        let meter = Meter::new(None, Kind::Consumer, None);
        let mut watch = Stopwatch::new(meter.clone());
        for _ in 0..100 {
            watch.time(tokio::time::sleep(Duration::from_millis(7))).await;
        }
        assert_eq!(meter.read().busy, Duration::from_millis(700));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_its_time_is_timed_every_time() {
        let meter = Meter::new(None, Kind::Consumer, None);
        let mut watch = Stopwatch::new(meter.clone());
        for _ in 0..100 {
            // Virtual time passes inside the first poll.
            let advance = tokio::time::advance(Duration::from_millis(1));
            watch.time(async { advance.await }).await;
        }
        assert_eq!(meter.read().busy, Duration::from_millis(100));
    }
}
