//! When watchers connect: by the clock, or as others get their snapshot.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::Waker;
use tokio::time::Instant;

/// How much later than requested a parked thread wakes up, approximately.
const OVERSLEPT: Duration = Duration::from_micros(55);

/// The due times of connects.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ramp {
    /// Connects per second.
    Open(f64),
    /// The most handshakes in flight.
    Closed(usize),
}

impl Ramp {
    /// Returns when connect `n` is due, in microseconds since the beginning. In a closed
    /// load it is due at once.
    pub(super) fn due(self, n: usize) -> Option<u64> {
        match self {
            Self::Open(rate) => Some((n as f64 / rate * 1e6) as u64),
            Self::Closed(_) => None,
        }
    }

    /// True if connect `n` may begin at `now`, while others are in flight.
    pub(super) fn allows(self, n: usize, in_flight: usize, now: u64) -> bool {
        match self {
            Self::Open(_) => self.due(n).is_some_and(|due| due <= now),
            Self::Closed(most) => in_flight < most,
        }
    }
}

/// A thread that wakes the engine when a connect is due. `epoll` counts whole milliseconds,
/// and a connect that is a millisecond late would add that to its ART.
#[derive(Debug)]
pub(super) struct Pacer {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pacer {
    /// Wakes at the due time of each of `watchers` connects.
    pub(super) fn start(ramp: Ramp, watchers: usize, began: Instant, waker: Waker) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let Ramp::Open(_) = ramp else { return Ok(Self { over, thread: None }) };
        let ended = Arc::clone(&over);
        let pace = move || {
            let mut n = 0;
            while n < watchers && !ended.load(Ordering::Relaxed) {
                let due = Duration::from_micros(ramp.due(n).unwrap_or_default());
                match due.checked_sub(began.elapsed()) {
                    // Parking may also end early, so the time is read again.
                    Some(early) if early > OVERSLEPT => thread::park_timeout(early - OVERSLEPT),
                    _ => {
                        let now = began.elapsed().as_micros() as u64;
                        while n < watchers && ramp.allows(n, 0, now + OVERSLEPT.as_micros() as u64) {
                            n += 1;
                        }
                        // A waker fails only without its poll, which then is over.
                        if waker.wake().is_err() {
                            return;
                        }
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("weir-watch-pacer".to_owned()).spawn(pace)?;
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_goes_by_the_clock_and_a_closed_load_by_its_handshakes() {
        let open = Ramp::Open(1000.0);
        assert_eq!((open.due(0), open.due(5)), (Some(0), Some(5000)));
        assert!(open.allows(5, 9999, 5000) && !open.allows(5, 0, 4999));
        let closed = Ramp::Closed(2);
        assert!(closed.allows(5, 1, 0) && !closed.allows(5, 2, u64::MAX));
    }

    #[test]
    fn a_pacer_ends_when_its_load_does() {
        let poll = mio::Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), mio::Token(0)).unwrap();
        // The second connect would be due after a day.
        let pacer = Pacer::start(Ramp::Open(1.0 / 86_400.0), 2, Instant::now(), waker).unwrap();
        assert!(pacer.thread.is_some());
        drop(pacer);
    }
}
