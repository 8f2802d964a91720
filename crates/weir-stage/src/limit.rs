//! A limit on the number of holders, which can change while they hold.
//!
//! The pool's concurrency and the resource's own limit use it: tokio's fair semaphore, with a
//! size that can grow and shrink, the number of permits in use, and its peak.
//!
//! When a limit shrinks below the number in use, every holder keeps its permit. The difference
//! is kept as a *debt*. Released permits pay it off before new holders are admitted.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, PoisonError};

/// A semaphore with a limit that can change. It admits in the order of arrival. Clones share
/// the limit.
#[derive(Debug, Clone)]
pub struct Limiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    semaphore: Semaphore,
    /// The limit in force. The lock makes resizes take turns; acquiring and releasing do not
    /// touch it.
    limit: Mutex<usize>,
    /// Permits in use beyond the limit: withdrawn as they are released.
    debt: AtomicUsize,
    in_use: AtomicUsize,
    peak: AtomicUsize,
    waiting: AtomicUsize,
}

/// A permit of a [`Limiter`]. Dropping it releases it.
#[derive(Debug)]
#[must_use = "a permit is released when it is dropped"]
pub struct Permit(Arc<Inner>);

impl Limiter {
    /// Creates a limiter with `limit` permits, or without a limit for `None`.
    #[must_use]
    pub fn new(limit: Option<usize>) -> Self {
        let permits = permits(limit);
        Self(Arc::new(Inner {
            semaphore: Semaphore::new(permits),
            limit: Mutex::new(permits),
            debt: AtomicUsize::new(0),
            in_use: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// Takes a permit if one is free and no caller waits for it.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.0.semaphore.try_acquire().ok()?.forget();
        Some(self.admitted())
    }

    /// Waits for a permit, behind the callers that came before.
    ///
    /// # Cancel safety
    /// The place in the line is lost if the future is dropped, and nothing else.
    pub async fn acquire(&self) -> Permit {
        if let Some(permit) = self.try_acquire() {
            return permit;
        }
        // Boxed, because most callers do not wait and should not carry the space for it.
        let _waiting = Box::pin(self.wait()).await;
        self.admitted()
    }

    /// Takes a permit from the semaphore once there is one. The caller counts as waiting while
    /// the future or its output exists.
    fn wait(&self) -> impl Future<Output = Waiting<'_>> {
        let waiting = Waiting::new(&self.0);
        async move {
            // Fails only after `Semaphore::close`, which nothing calls.
            if let Ok(permit) = waiting.0.semaphore.acquire().await {
                permit.forget();
            }
            waiting
        }
    }

    /// Changes the limit. Holders keep their permits, even beyond the new limit. New holders
    /// are admitted once enough permits were released.
    pub fn resize(&self, limit: Option<usize>) {
        let inner = &self.0;
        let new = permits(limit);
        let mut old = inner.limit.lock().unwrap_or_else(PoisonError::into_inner);
        if new >= *old {
            let mut grow = new - *old;
            while grow > 0 && inner.pay_debt() {
                grow -= 1;
            }
            inner.semaphore.add_permits(grow);
        } else {
            let shrink = *old - new;
            let gone = inner.semaphore.forget_permits(shrink);
            inner.debt.fetch_add(shrink - gone, Ordering::AcqRel);
            // A permit released between these two lines is owed: collect it.
            while inner.debt.load(Ordering::Acquire) > 0 && inner.semaphore.forget_permits(1) == 1 {
                if !inner.pay_debt() {
                    inner.semaphore.add_permits(1);
                }
            }
        }
        *old = new;
    }

    /// Returns the limit, or `None` without one.
    pub fn limit(&self) -> Option<usize> {
        let limit = *self.0.limit.lock().unwrap_or_else(PoisonError::into_inner);
        (limit < Semaphore::MAX_PERMITS).then_some(limit)
    }

    /// Returns the number of permits in use.
    pub fn in_use(&self) -> usize {
        self.0.in_use.load(Ordering::Acquire)
    }

    /// Returns the largest number of permits in use at the same time since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak(&self) -> usize {
        self.0.peak.load(Ordering::Acquire)
    }

    /// Returns the number of callers that wait for a permit.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Acquire)
    }

    /// Restarts the peak from the number in use now.
    pub fn reset_peak(&self) {
        self.0.peak.store(self.in_use(), Ordering::Release);
    }

    fn admitted(&self) -> Permit {
        let now = self.0.in_use.fetch_add(1, Ordering::AcqRel) + 1;
        // Most permits set no new peak, and a read is cheaper than a write that every core
        // has to see.
        if now > self.0.peak.load(Ordering::Acquire) {
            self.0.peak.fetch_max(now, Ordering::AcqRel);
        }
        Permit(Arc::clone(&self.0))
    }
}

impl Inner {
    /// Reduces the debt by one. Returns false if there is none.
    fn pay_debt(&self) -> bool {
        let less = |debt: usize| debt.checked_sub(1);
        self.debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    fn release(&self) {
        // Before the next holder is admitted, so that the number in use never exceeds the
        // limit.
        let before = self.in_use.fetch_sub(1, Ordering::AcqRel);
        debug_assert!(before > 0, "a permit is released twice");
        if !self.pay_debt() {
            self.semaphore.add_permits(1);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Counts its caller as waiting while it exists, whether the caller is admitted or gives up.
struct Waiting<'a>(&'a Inner);

impl<'a> Waiting<'a> {
    fn new(inner: &'a Inner) -> Self {
        inner.waiting.fetch_add(1, Ordering::AcqRel);
        Self(inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn permits(limit: Option<usize>) -> usize {
    limit.map_or(Semaphore::MAX_PERMITS, |limit| limit.min(Semaphore::MAX_PERMITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    /// A tokio task is aligned to 128 bytes. With a size of 384 bytes, the system's allocator
    /// leaves a gap beside it that fits only 97 to 104 bytes. The future that an async event
    /// waits with goes there, and so takes no memory of its own.
    #[test]
    fn waiting_fits_into_the_gap_beside_a_task() {
        let limiter = Limiter::new(Some(1));
        let size = size_of_val(&limiter.wait());
        assert!((97..=104).contains(&size), "{size} bytes");
    }

    #[test]
    fn a_full_limiter_admits_after_a_release() {
        let limiter = Limiter::new(Some(2));
        let (first, _second) = (limiter.try_acquire().unwrap(), limiter.try_acquire().unwrap());
        assert!(limiter.try_acquire().is_none());
        drop(first);
        assert!(limiter.try_acquire().is_some());
        assert_eq!((limiter.in_use(), limiter.peak()), (1, 2));
    }

    #[test]
    fn a_limit_shrunk_below_the_number_in_use_keeps_holders_and_admits_none() {
        let limiter = Limiter::new(Some(3));
        let mut held: Vec<_> = (0..3).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(1));
        assert_eq!(limiter.in_use(), 3);
        held.truncate(1);
        assert!(limiter.try_acquire().is_none());
        held.clear();
        let _one = limiter.try_acquire().unwrap();
        assert!(limiter.try_acquire().is_none());
    }

    #[test]
    fn growing_pays_an_old_debt_before_it_admits() {
        let limiter = Limiter::new(Some(5));
        let held: Vec<_> = (0..5).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(1));
        limiter.resize(Some(6));
        assert!(limiter.try_acquire().is_some());
        drop(held);
        let all: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn lifting_and_setting_a_limit_again_loses_no_permits() {
        let limiter = Limiter::new(None);
        assert_eq!(limiter.limit(), None);
        let held: Vec<_> = (0..10).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(4));
        assert_eq!(limiter.limit(), Some(4));
        drop(held);
        let all: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
        assert_eq!(all.len(), 4);
        limiter.resize(None);
        assert!(limiter.try_acquire().is_some());
    }

    #[test]
    fn waiting_callers_are_admitted_in_order_and_a_dropped_one_blocks_no_other() {
        let limiter = Limiter::new(Some(1));
        let held = limiter.try_acquire().unwrap();
        let mut first = Box::pin(limiter.acquire());
        let mut second = Box::pin(limiter.acquire());
        let mut third = Box::pin(limiter.acquire());
        for waiter in [&mut first, &mut second, &mut third] {
            assert!(waiter.now_or_never().is_none());
        }
        assert_eq!(limiter.waiting(), 3);
        drop(first);
        drop(held);
        assert!(third.as_mut().now_or_never().is_none());
        let permit = second.now_or_never().expect("second is the first in line");
        drop(permit);
        assert!(third.now_or_never().is_some());
        assert_eq!(limiter.waiting(), 0);
    }
}
