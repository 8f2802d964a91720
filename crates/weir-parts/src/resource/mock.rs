//! The mock resource: work that only takes time, with a limit on concurrency and a failure
//! rate.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

use super::{Failed, Freeze, Full, Latency, Work, timer};
use weir_stage::limit::{Limiter, Permit};

/// The policy of a full resource: what it does with more work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Makes it wait for a place, in order of arrival.
    Wait,
    /// Refuses it.
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

/// The settings of a mock, which can change while it is in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MockSettings {
    /// The duration of the work. A change applies to work that begins after it.
    pub latency: Latency,
    /// The number of places; without a limit if `None`.
    pub max_concurrent: Option<usize>,
    /// What a full resource does with more work.
    pub on_full: OnFull,
    /// The share of work that fails, from 0 to 1. Failed work takes as long as other work.
    pub failure_rate: f64,
    /// The periods in which all work inside stands still.
    pub freeze: Option<Freeze>,
    /// The seed of latencies and failures: with the same seed, the n-th piece of work since the
    /// last [`Mock::reset`] takes the same time.
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

/// The use of a resource at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// The number of places in use.
    pub in_use: usize,
    /// The largest number in use at the same time since the last reset.
    pub peak_in_use: usize,
    /// The number of places; without a limit if `None`.
    pub limit: Option<usize>,
    /// The number of reservations that wait for a place.
    pub waiting: usize,
    /// Pieces of work begun since the last reset.
    pub calls: u64,
    /// Reservations refused since the last reset.
    pub refused: u64,
    /// Pieces of work that failed since the last reset.
    pub failed: u64,
}

/// A resource whose work only takes time. Clones are the same resource.
///
/// On a current-thread runtime it sleeps by `tokio::time`, and so runs in virtual time. A
/// multi-thread runtime has no virtual time. There the mock has its own timer, because tokio's
/// has 1 ms resolution and would make 5 ms of work take 6. That timer aims early by the
/// lateness it measures: the mean is as drawn, and a single piece of work may end up to
/// 0.27 ms early. The time it really took is measured as its service. A drawn latency of zero
/// takes no time at all.
#[derive(Debug, Clone)]
pub struct Mock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Mutex<MockSettings>,
    /// The moment from which the periods of freezes are counted.
    epoch: Instant,
    places: Limiter,
    calls: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// Accepted work, which has a place or may wait for one. Dropping it gives up the place.
#[derive(Debug)]
#[must_use = "a reservation that is dropped gives up its place"]
pub struct Reservation {
    mock: Mock,
    place: Option<Permit>,
}

/// A place in the resource. Dropping it frees the place.
#[derive(Debug)]
#[must_use = "the work is done by `work`; dropping an admission frees its place"]
pub struct Admission {
    mock: Mock,
    _place: Permit,
}

impl Mock {
    /// Creates a mock that is not in use.
    #[must_use]
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

    /// Applies new settings. Work that has begun is not changed.
    pub fn configure(&self, settings: MockSettings) {
        let old = std::mem::replace(&mut *self.lock(), settings);
        if old.max_concurrent != settings.max_concurrent {
            self.0.places.resize(settings.max_concurrent);
        }
        if old.seed != settings.seed {
            self.0.calls.store(0, Ordering::Relaxed);
        }
    }

    /// Takes a place, or a place in the line. This is the moment to accept the work or to refuse
    /// it.
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

    /// Returns the settings in force.
    pub fn settings(&self) -> MockSettings {
        *self.lock()
    }

    /// Returns the current use, and the counts since the last reset.
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

    /// Returns how long all work inside has stood still, or `None` outside of a freeze.
    pub fn frozen_for(&self) -> Option<Duration> {
        let freeze = self.settings().freeze?;
        freeze.frozen_for(self.0.epoch.elapsed())
    }

    /// Returns how long all work inside stood still within the last `time`, by the freezes
    /// that are configured now.
    pub fn frozen_in_last(&self, time: Duration) -> Duration {
        let Some(freeze) = self.settings().freeze else { return Duration::ZERO };
        let now = self.0.epoch.elapsed();
        freeze.time_within(now.saturating_sub(time), now)
    }

    /// Restarts the peak from the number in use now.
    pub fn reset_peak(&self) {
        self.0.places.reset_peak();
    }

    /// Zeroes the counts, restarts the peak from the number in use now, and draws the latencies
    /// from the first one again.
    pub fn reset(&self) {
        self.0.places.reset_peak();
        for counter in [&self.0.calls, &self.0.refused, &self.0.failed] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Draws the duration of the next piece of work, and whether it fails.
    fn draw(&self) -> (Duration, bool) {
        let settings = self.settings();
        let n = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let mut random = nth_random(settings.seed, n);
        let fails = settings.failure_rate > 0.0 && random.f64() < settings.failure_rate;
        let latency = settings.latency.draw(&mut random);
        let duration = match settings.freeze {
            Some(freeze) => freeze.time_to_finish(self.0.epoch.elapsed(), latency),
            None => latency,
        };
        (duration, fails)
    }

    fn lock(&self) -> MutexGuard<'_, MockSettings> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Waits for a place, unless the reservation has one.
    ///
    /// # Cancel safety
    /// The place, or the place in the line, is given up if the future is dropped.
    pub async fn admission(self) -> Admission {
        let place = match self.place {
            Some(place) => place,
            None => self.mock.0.places.acquire().await,
        };
        Admission { mock: self.mock, _place: place }
    }
}

impl Admission {
    /// Does the work, and frees the place.
    ///
    /// # Errors
    /// [`Failed::ByRate`], as often as the failure rate says.
    ///
    /// # Cancel safety
    /// The work is abandoned and the place freed if the future is dropped.
    pub async fn work(self) -> Result<(), Failed> {
        let (duration, fails) = self.mock.draw();
        if !duration.is_zero() {
            Pause::new(duration).await;
        }
        if fails {
            self.mock.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Failed::ByRate);
        }
        Ok(())
    }

    /// Lets `work` do the work in place of the mock, and frees the place. Latency, freezes and
    /// failure rate of the mock have no effect on it.
    ///
    /// # Errors
    /// The error of the work.
    ///
    /// # Cancel safety
    /// The work is abandoned and the place freed if the future is dropped.
    pub async fn work_by(self, work: &dyn Work, input: i64) -> Result<(), Failed> {
        self.mock.0.calls.fetch_add(1, Ordering::Relaxed);
        let result = work.work(input).await;
        if result.is_err() {
            self.mock.0.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

/// A sleep in the time of the runtime. Written by hand to be small, because there may be
/// hundreds of thousands.
enum Pause {
    Real(timer::Sleep),
    /// Boxed, because tokio's sleep is several times larger.
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

/// Returns the random generator of the n-th piece of work. A generator for each needs no lock,
/// and makes the n-th latency independent of which task draws first.
fn nth_random(seed: u64, n: u64) -> fastrand::Rng {
    // Steele, Lea and Flood (2014), SplitMix64: nearby inputs, unrelated outputs.
    let mut z = seed.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    fastrand::Rng::with_seed(z ^ (z >> 31))
}

#[cfg(test)]
mod tests;
