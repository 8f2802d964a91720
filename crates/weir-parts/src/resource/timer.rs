//! Sleeps with microsecond resolution: one thread wakes the tasks whose deadline has come.
//!
//! tokio's timers have 1 ms resolution and round up, so 5 ms would take 6. Here the
//! thread sleeps until the earliest deadline of a heap. A new sleep notifies the thread only
//! if it is due before that. Usually later sleeps are due later, and cost no system call.
//!
//! A wake-up takes time: the system's timer, the switch to the thread, and the switch
//! to the task. The timer measures that lateness and aims earlier by its mean, so that
//! a sleep takes as long as asked *on average*. It aims at most 0.25 ms early. On a machine
//! without a free core the lateness is larger, and shows in the measured times.

mod heap;
mod lateness;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use heap::Heap;
use lateness::Lateness;

/// Deadlines this close together are woken together, in nanoseconds.
const TOGETHER: u64 = 15_000;
/// The largest number of tasks woken between two readings of the clock, which a new sleep may
/// have to wait for.
const BATCH: usize = 256;

/// The timer of the process. Its thread starts with the first sleep.
static TIMER: LazyLock<Timer> = LazyLock::new(Timer::new);

#[derive(Debug)]
struct Timer {
    /// Deadlines count from here.
    epoch: Instant,
    state: Mutex<State>,
    /// Notified when a deadline comes before the one the thread waits for.
    earlier: Condvar,
}

#[derive(Debug)]
struct State {
    heap: Heap<Waker>,
    /// The moment the thread wakes up by itself: 0 while it is awake, [`NEVER`] without a
    /// deadline.
    wakes_at: u64,
    /// True once the thread runs.
    started: bool,
    lateness: Lateness,
}

/// No deadline.
const NEVER: u64 = u64::MAX;

/// A sleep in real time; see [`sleep`].
///
/// # Cancel safety
/// Dropping it removes its deadline from the timer.
#[derive(Debug)]
pub(super) struct Sleep {
    start: u64,
    length: u64,
    /// Set by the first poll.
    set: Option<Set>,
}

#[derive(Debug, Clone, Copy)]
struct Set {
    slot: usize,
    /// The deadline in the heap.
    aim: u64,
}

/// The error of a timer whose thread the system refused to start.
#[derive(Debug)]
pub(super) struct NoThread;

/// Starts a sleep of `length`. The mean of many is `length`; one sleep may end up to 0.27 ms
/// early.
///
/// # Errors
/// [`NoThread`] when the system refuses to start the timer's thread. The next call
/// tries again.
pub(super) fn sleep(length: Duration) -> Result<Sleep, NoThread> {
    TIMER.start()?;
    let length = u64::try_from(length.as_nanos()).unwrap_or(NEVER);
    Ok(Sleep { start: TIMER.now(), length, set: None })
}

impl Timer {
    fn new() -> Self {
        let state = State { heap: Heap::new(), wakes_at: 0, started: false, lateness: Lateness::default() };
        Self { epoch: Instant::now(), state: Mutex::new(state), earlier: Condvar::new() }
    }

    /// Returns the nanoseconds since the epoch.
    fn now(&self) -> u64 {
        // 2^64 nanoseconds are 584 years.
        self.epoch.elapsed().as_nanos() as u64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread if it does not run yet.
    fn start(&'static self) -> Result<(), NoThread> {
        let mut state = self.lock();
        if !state.started {
            let thread = std::thread::Builder::new().name("weir-timer".to_owned());
            // The thread lives as long as the process; there is nothing to join.
            thread.spawn(move || self.run()).map_err(|error| {
                static LOGGED: Once = Once::new();
                LOGGED.call_once(|| {
                    log::warn!("cannot start the timer's thread ({error}): work takes up to 2 ms longer");
                });
                NoThread
            })?;
            state.started = true;
        }
        Ok(())
    }

    /// Wakes tasks when they are due, until the process ends.
    fn run(&self) {
        let mut due = Vec::with_capacity(BATCH);
        let mut state = self.lock();
        loop {
            let now = self.now();
            while due.len() < BATCH
                && let Some(waker) = state.heap.take_due(now.saturating_add(TOGETHER))
            {
                due.push(waker);
            }
            if !due.is_empty() {
                drop(state);
                for waker in due.drain(..) {
                    // A waker that panics must not stop the sleeps of all others.
                    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
                }
                state = self.lock();
                continue;
            }
            state.wakes_at = state.heap.earliest().unwrap_or(NEVER);
            state = match state.wakes_at {
                NEVER => self.earlier.wait(state).unwrap_or_else(PoisonError::into_inner),
                at => {
                    let left = Duration::from_nanos(at.saturating_sub(now));
                    self.earlier.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.wakes_at = 0;
        }
    }

    /// Adds a sleep to the heap.
    fn set(&self, start: u64, length: u64, waker: Waker) -> Set {
        let mut state = self.lock();
        // No earlier than now: a sleep shorter than the usual lateness is due at once.
        let aim = start.saturating_add(length.saturating_sub(state.lateness.early()));
        let slot = state.heap.insert(aim, waker);
        let notify = aim < state.wakes_at;
        if notify {
            // The next sleep need not notify again, unless it is due even earlier.
            state.wakes_at = aim;
        }
        drop(state);
        if notify {
            self.earlier.notify_one();
        }
        Set { slot, aim }
    }

    /// Returns true once the sleep was woken, and frees its slot. Before that, makes `waker` the
    /// one to wake.
    fn poll(&self, set: Set, waker: &Waker) -> bool {
        let mut state = self.lock();
        if let Some(kept) = state.heap.value(set.slot) {
            if !kept.will_wake(waker) {
                let old = std::mem::replace(kept, waker.clone());
                drop(state);
                drop(old);
            }
            return false;
        }
        state.lateness.add(set.aim, self.now());
        state.heap.remove(set.slot);
        true
    }

    /// Removes a sleep that has not ended.
    fn cancel(&self, set: Set) {
        // Dropping a waker may drop its task, and with it another sleep, which takes the lock.
        // Wakers are therefore dropped after the lock is released.
        let waker = self.lock().heap.remove(set.slot);
        drop(waker);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.set {
            None => {
                self.set = Some(TIMER.set(self.start, self.length, cx.waker().clone()));
                Poll::Pending
            }
            Some(set) if TIMER.poll(set, cx.waker()) => {
                self.set = None;
                Poll::Ready(())
            }
            Some(_) => Poll::Pending,
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(set) = self.set {
            TIMER.cancel(set);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;

    use futures::FutureExt;
    use futures::task::noop_waker;

    use super::*;

    const MS: u64 = 1_000_000;

    /// Creates a timer without a thread, which the test may start.
    fn timer() -> &'static Timer {
        Box::leak(Box::new(Timer::new()))
    }

    /// A waker that sends its number when it is woken.
    struct Bell(u32, Mutex<Sender<u32>>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            assert!(self.0 != 0, "this waker panics on purpose");
            let sender = self.1.lock().unwrap();
            // The test may have ended.
            let _ = sender.send(self.0);
        }
    }

    fn bell(number: u32, sender: &Sender<u32>) -> Waker {
        Arc::new(Bell(number, Mutex::new(sender.clone()))).into()
    }

    #[test]
    fn only_an_earlier_sleep_notifies_the_thread() {
        let timer = timer();
        timer.lock().wakes_at = 20 * MS;
        timer.set(0, 30 * MS, noop_waker());
        assert_eq!(timer.lock().wakes_at, 20 * MS);
        timer.set(0, 10 * MS, noop_waker());
        assert_eq!(timer.lock().wakes_at, 10 * MS);
        // The thread is awake, and reads the heap before it sleeps.
        timer.lock().wakes_at = 0;
        timer.set(0, 5 * MS, noop_waker());
        assert_eq!(timer.lock().wakes_at, 0);
    }

    #[test]
    fn a_cancelled_sleep_leaves_nothing_behind() {
        let timer = timer();
        let sleeps: Vec<Set> = (0..100_000).map(|n| timer.set(0, n * MS, noop_waker())).collect();
        for set in sleeps {
            timer.cancel(set);
        }
        assert_eq!(timer.lock().heap.earliest(), None);
    }

    #[test]
    fn a_sleep_wakes_the_waker_of_its_last_poll() {
        let (sender, woken) = channel();
        let timer = timer();
        let set = timer.set(timer.now(), 0, bell(1, &sender));
        assert!(!timer.poll(set, &bell(2, &sender)));
        timer.start().unwrap();
        assert_eq!(woken.recv().unwrap(), 2);
        assert!(timer.poll(set, &noop_waker()));
    }

    #[test]
    fn a_waker_that_panics_stops_no_other_sleep() {
        let (sender, woken) = channel();
        let timer = timer();
        timer.set(0, 0, bell(0, &sender));
        timer.set(0, MS, bell(1, &sender));
        timer.start().unwrap();
        assert_eq!(woken.recv().unwrap(), 1);
        timer.set(timer.now(), MS, bell(2, &sender));
        assert_eq!(woken.recv().unwrap(), 2);
    }

    #[test]
    fn sleeps_end_in_the_order_of_their_deadlines() {
        let (sender, woken) = channel();
        let timer = timer();
        for n in [3, 1, 2] {
            timer.set(0, u64::from(n) * MS, bell(n, &sender));
        }
        timer.start().unwrap();
        assert_eq!(woken.iter().take(3).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn sleeps_of_many_tasks_all_end_and_none_ends_too_early() {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20_000 {
            tasks.spawn(async move {
                // Half of them are dropped early.
                if n % 2 == 0 {
                    assert_eq!(sleep(Duration::from_secs(3600)).unwrap().now_or_never(), None);
                }
                let (began, length) = (Instant::now(), Duration::from_micros(n % 5000));
                sleep(length).unwrap().await;
                let least = length.saturating_sub(Duration::from_micros(265));
                assert!(began.elapsed() >= least, "{length:?} took {:?}", began.elapsed());
            });
        }
        tasks.join_all().await;
        let in_fifty_minutes = TIMER.now() + 3000 * 1000 * MS;
        assert_eq!(TIMER.lock().heap.later_than(in_fifty_minutes), 0);
    }
}
