//! The mock resource: takes a while, lets so many in at once, fails now and then.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

use super::{Failed, Freeze, Full, Latency, timer};
use weir_stage::limit::{Limiter, Permit};

/// What to do with a visitor when every place is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Let it wait at the door, first come, first served.
    Wait,
    /// Send it away.
    Reject,
}

impl fmt::Display for OnFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "wait",
            Self::Reject => "reject",
        })
    }
}

/// What can be changed while the mock is in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MockSettings {
    /// How long the work takes. A change concerns work that begins after it.
    pub latency: Latency,
    /// How many may be inside at once; any number with `None`.
    pub max_concurrent: Option<usize>,
    /// What happens to the next one then.
    pub on_full: OnFull,
    /// The share of work that fails, from 0 to 1. Failing takes as long as
    /// succeeding.
    pub failure_rate: f64,
    /// When all work inside stands still, if ever.
    pub freeze: Option<Freeze>,
    /// Fixes what is drawn: the n-th piece of work since the last
    /// [`Mock::reset`] takes the same time with the same seed.
    pub seed: u64,
}

impl Default for MockSettings {
    fn default() -> Self {
        Self {
            latency: Latency::fixed(Duration::from_millis(500)),
            max_concurrent: None,
            on_full: OnFull::Wait,
            failure_rate: 0.0,
            freeze: None,
            seed: 1,
        }
    }
}

/// The use of a resource, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many are inside.
    pub in_use: usize,
    /// The most that were inside at once since the last reset.
    pub peak_in_use: usize,
    /// How many may be; any number with `None`.
    pub limit: Option<usize>,
    /// How many wait at the door.
    pub waiting: usize,
    /// Pieces of work begun since the last reset.
    pub calls: u64,
    /// Visitors sent away since the last reset.
    pub refused: u64,
    /// Pieces of work that failed since the last reset.
    pub failed: u64,
}

/// A resource that does nothing, and takes its time over it.
///
/// On a current-thread runtime it obeys `tokio::time`, and so runs under virtual
/// time. A multi-thread runtime has no virtual time. There the mock uses a timer of
/// its own, because tokio's has 1 ms resolution and would make 5 ms of work take 6.
/// That timer aims early by the lateness it measures: the mean is as drawn, and single
/// pieces of work may end up to 0.27 ms early. What each really took is measured as
/// service. A drawn latency of zero takes no time at all.
///
/// Clones are the same resource.
#[derive(Debug, Clone)]
pub struct Mock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Mutex<MockSettings>,
    /// What freezes are counted from.
    epoch: Instant,
    places: Limiter,
    calls: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// A visitor that was not sent away: it has a place, or may wait for one.
#[derive(Debug)]
pub struct Reservation {
    mock: Mock,
    place: Option<Permit>,
}

/// Admission to the resource. Dropping it leaves.
#[derive(Debug)]
pub struct Admission {
    mock: Mock,
    _place: Permit,
}

impl Mock {
    /// A mock that is not in use.
    pub fn new(settings: MockSettings) -> Self {
        Self(Arc::new(Inner {
            places: Limiter::new(settings.max_concurrent),
            settings: Mutex::new(settings),
            epoch: Instant::now(),
            calls: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    /// Applies new settings. Work that has begun goes on as it was.
    pub fn configure(&self, settings: MockSettings) {
        let old = std::mem::replace(&mut *self.lock(), settings);
        if old.max_concurrent != settings.max_concurrent {
            self.0.places.resize(settings.max_concurrent);
        }
        if old.seed != settings.seed {
            self.0.calls.store(0, Ordering::Relaxed);
        }
    }

    /// Asks whether a visitor may come in, at once or by waiting. This is the
    /// moment to accept the work or to refuse it.
    ///
    /// # Errors
    /// [`Full`] when every place is taken and the policy is [`OnFull::Reject`].
    pub fn reserve(&self) -> Result<Reservation, Full> {
        let place = self.0.places.try_acquire();
        if place.is_none() && self.settings().on_full == OnFull::Reject {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Full { limit: self.0.places.limit().unwrap_or_default() });
        }
        Ok(Reservation { mock: self.clone(), place })
    }

    /// The settings in force.
    pub fn settings(&self) -> MockSettings {
        *self.lock()
    }

    /// Who is inside, and what has happened since the last reset.
    pub fn usage(&self) -> Usage {
        Usage {
            in_use: self.0.places.in_use(),
            peak_in_use: self.0.places.peak(),
            limit: self.0.places.limit(),
            waiting: self.0.places.waiting(),
            calls: self.0.calls.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
        }
    }

    /// How long all work inside has stood still, while it does.
    pub fn frozen_for(&self) -> Option<Duration> {
        let freeze = self.settings().freeze?;
        freeze.frozen_for(self.0.epoch.elapsed())
    }

    /// Lets the peak start anew from what is inside now.
    pub fn reset_peak(&self) {
        self.0.places.reset_peak();
    }

    /// Zeroes what was counted, lets the peak start from what is inside now, and
    /// starts the drawing of latencies over.
    pub fn reset(&self) {
        self.0.places.reset_peak();
        for counter in [&self.0.calls, &self.0.refused, &self.0.failed] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// How long the next piece of work takes, and whether it fails.
    fn draw(&self) -> (Duration, bool) {
        let settings = self.settings();
        let n = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let mut random = nth_random(settings.seed, n);
        let fails = settings.failure_rate > 0.0 && random.f64() < settings.failure_rate;
        let latency = settings.latency.draw(&mut random);
        let took = match settings.freeze {
            Some(freeze) => freeze.stretch(self.0.epoch.elapsed(), latency),
            None => latency,
        };
        (took, fails)
    }

    fn lock(&self) -> MutexGuard<'_, MockSettings> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Waits for a place, if there was none, and goes in.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line and nothing else.
    pub async fn admission(self) -> Admission {
        let place = match self.place {
            Some(place) => place,
            None => self.mock.0.places.acquire().await,
        };
        Admission { mock: self.mock, _place: place }
    }
}

impl Admission {
    /// Does the work, and leaves.
    ///
    /// # Errors
    /// [`Failed`], as often as the failure rate says.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the work and leaves the resource.
    pub async fn work(self) -> Result<(), Failed> {
        let (took, fails) = self.mock.draw();
        if !took.is_zero() {
            Pause::new(took).await;
        }
        if fails {
            self.mock.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Failed);
        }
        Ok(())
    }
}

/// A sleep in the time of the runtime. Written by hand to be small: there may be
/// hundreds of thousands.
enum Pause {
    Real(timer::Sleep),
    /// Boxed, because a sleep of tokio's is several times larger.
    Tokio(Pin<Box<tokio::time::Sleep>>),
}

impl Pause {
    fn new(latency: Duration) -> Self {
        let real = match Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => None,
            _ => timer::sleep(latency).ok(),
        };
        real.map_or_else(|| Self::Tokio(Box::pin(tokio::time::sleep(latency))), Self::Real)
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.get_mut() {
            Self::Real(sleep) => Pin::new(sleep).poll(cx),
            Self::Tokio(sleep) => sleep.as_mut().poll(cx),
        }
    }
}

/// The generator for the n-th piece of work. One for each, rather than one for
/// all, needs no lock and gives the n-th the same latency whoever comes first.
fn nth_random(seed: u64, n: u64) -> fastrand::Rng {
    // Steele, Lea and Flood (2014), SplitMix64: nearby inputs, unrelated outputs.
    let mut z = seed.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    fastrand::Rng::with_seed(z ^ (z >> 31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Distribution;
    use futures::FutureExt;

    fn mock(change: impl FnOnce(&mut MockSettings)) -> Mock {
        let mut settings = MockSettings::default();
        change(&mut settings);
        Mock::new(settings)
    }

    async fn latencies(mock: &Mock, n: usize) -> Vec<Duration> {
        let mut all = Vec::new();
        for _ in 0..n {
            let start = Instant::now();
            mock.reserve().unwrap().admission().await.work().await.unwrap();
            all.push(start.elapsed());
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn work_takes_its_latency_and_is_counted_while_it_lasts() {
        let mock = mock(|_| ());
        let start = Instant::now();
        let work = mock.reserve().unwrap().admission().await.work();
        assert_eq!(mock.usage().in_use, 1);
        work.await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_millis(500));
        let usage = mock.usage();
        assert_eq!((usage.in_use, usage.peak_in_use, usage.calls), (0, 1, 1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn work_in_real_time_ends_at_most_a_quarter_of_a_millisecond_early() {
        let mock = mock(|settings| settings.latency = Latency::fixed(Duration::from_millis(3)));
        for latency in latencies(&mock, 50).await {
            assert!(latency >= Duration::from_micros(3000 - 250 - 15), "{latency:?}");
        }
    }

    #[test]
    fn the_future_of_work_is_small() {
        let mock = mock(|_| ());
        let visit = mock.reserve().unwrap().admission().now_or_never().unwrap();
        let size = size_of_val(&visit.work());
        assert!(size <= 96, "{size} bytes");
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_seed_draws_the_same_latencies() {
        let exponential = Latency {
            distribution: Distribution::Exponential,
            mean: Duration::from_millis(50),
            min: Duration::ZERO,
            max: Duration::from_secs(1),
        };
        let mock = mock(|settings| settings.latency = exponential);
        let first = latencies(&mock, 20).await;
        mock.reset();
        assert_eq!(latencies(&mock, 20).await, first);
        mock.configure(MockSettings { seed: 2, ..mock.settings() });
        assert_ne!(latencies(&mock, 20).await, first);
    }

    #[tokio::test]
    async fn a_full_resource_refuses_or_lets_wait_as_it_is_told() {
        let mock = mock(|settings| {
            settings.max_concurrent = Some(1);
            settings.on_full = OnFull::Reject;
        });
        let inside = mock.reserve().unwrap().admission().await;
        assert_eq!(mock.reserve().unwrap_err(), Full { limit: 1 });
        mock.configure(MockSettings { on_full: OnFull::Wait, ..mock.settings() });
        let mut waiting = Box::pin(mock.reserve().unwrap().admission());
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!((mock.usage().waiting, mock.usage().refused), (1, 1));
        drop(inside);
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn about_the_failure_rate_of_the_work_fails() {
        let mock = mock(|settings| settings.failure_rate = 0.2);
        let mut failed = 0;
        for _ in 0..1000 {
            failed += usize::from(mock.reserve().unwrap().admission().await.work().await.is_err());
        }
        // Four standard deviations of a binomial with p = 0.2 and n = 1000.
        assert!((149..=251).contains(&failed), "{failed} of 1000 failed");
        assert_eq!(mock.usage().failed, failed as u64);
    }
}
