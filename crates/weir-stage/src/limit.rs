//! A limit on how many may be inside at once, which can change while they are.
//!
//! The pool's concurrency and the resource's own limit are the same thing, so they
//! share this type: tokio's fair semaphore, with a size that can grow and shrink,
//! a count of who is inside, and its peak.
//!
//! When a limit shrinks below what is inside, nobody is thrown out. The
//! difference is kept as a *debt*, and those who leave pay it off before anybody
//! new is let in.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, PoisonError};

/// Lets at most a number of holders in at once, first come, first served. Clones
/// share the limit.
#[derive(Debug, Clone)]
pub struct Limiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    semaphore: Semaphore,
    /// The permits that exist or are owed. The lock makes resizes take turns;
    /// entering and leaving do not touch it.
    limit: Mutex<usize>,
    /// Permits to be withdrawn as soon as they are given back.
    debt: AtomicUsize,
    in_use: AtomicUsize,
    peak: AtomicUsize,
    waiting: AtomicUsize,
}

/// Leave to be inside. Dropping it leaves.
#[derive(Debug)]
pub struct Permit(Arc<Inner>);

impl Limiter {
    /// At most `limit` inside, or any number with `None`.
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

    /// Enters if there is room and nobody is waiting for it.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.0.semaphore.try_acquire().ok()?.forget();
        Some(self.entered())
    }

    /// Waits for room, behind those who came before, and enters.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line and nothing else.
    pub async fn acquire(&self) -> Permit {
        if let Some(permit) = self.try_acquire() {
            return permit;
        }
        // Boxed: most enter without waiting, and should not carry what waiting takes.
        let _waiting = Box::pin(self.wait()).await;
        self.entered()
    }

    /// Takes a permit from the semaphore once there is one. Counts as waiting for as long
    /// as the future or its output exists.
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

    /// Changes the limit. Those inside stay, also beyond the new limit; nobody
    /// new enters until enough of them have left.
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
            // Whoever left between these two lines gave back a permit that is
            // owed; collect it.
            while inner.debt.load(Ordering::Acquire) > 0 && inner.semaphore.forget_permits(1) == 1 {
                if !inner.pay_debt() {
                    inner.semaphore.add_permits(1);
                }
            }
        }
        *old = new;
    }

    /// The limit, or `None` when there is none.
    pub fn limit(&self) -> Option<usize> {
        let limit = *self.0.limit.lock().unwrap_or_else(PoisonError::into_inner);
        (limit < Semaphore::MAX_PERMITS).then_some(limit)
    }

    /// How many are inside.
    pub fn in_use(&self) -> usize {
        self.0.in_use.load(Ordering::Acquire)
    }

    /// The most that were inside at once since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak(&self) -> usize {
        self.0.peak.load(Ordering::Acquire)
    }

    /// How many wait to enter.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Acquire)
    }

    /// Lets the peak start anew from what is inside now.
    pub fn reset_peak(&self) {
        self.0.peak.store(self.in_use(), Ordering::Release);
    }

    fn entered(&self) -> Permit {
        let now = self.0.in_use.fetch_add(1, Ordering::AcqRel) + 1;
        // Most entries set no record, and a read is cheaper than a write that
        // every core has to hear of.
        if now > self.0.peak.load(Ordering::Acquire) {
            self.0.peak.fetch_max(now, Ordering::AcqRel);
        }
        Permit(Arc::clone(&self.0))
    }
}

impl Inner {
    /// Takes one off the debt, if there is any.
    fn pay_debt(&self) -> bool {
        let less = |debt: usize| debt.checked_sub(1);
        self.debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    fn leave(&self) {
        // Counted out before anybody is let in, so that the count never shows
        // more than the limit.
        self.in_use.fetch_sub(1, Ordering::AcqRel);
        if !self.pay_debt() {
            self.semaphore.add_permits(1);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Counts one as waiting for as long as it lives, whether it gets in or gives up.
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

    /// A task of tokio's is aligned to 128 bytes, and where its size is 384 the system's
    /// allocator leaves a gap beside it that takes 97 to 104 bytes and nothing else. What
    /// an async event waits with goes there, and so costs nothing.
    #[test]
    fn waiting_fits_into_the_gap_beside_a_task() {
        let limiter = Limiter::new(Some(1));
        let size = size_of_val(&limiter.wait());
        assert!((97..=104).contains(&size), "{size} bytes");
    }

    #[test]
    fn a_full_limiter_lets_nobody_in_until_somebody_leaves() {
        let limiter = Limiter::new(Some(2));
        let (first, _second) = (limiter.try_acquire().unwrap(), limiter.try_acquire().unwrap());
        assert!(limiter.try_acquire().is_none());
        drop(first);
        assert!(limiter.try_acquire().is_some());
        assert_eq!((limiter.in_use(), limiter.peak()), (1, 2));
    }

    #[test]
    fn shrinking_below_what_is_inside_throws_nobody_out_and_lets_nobody_in() {
        let limiter = Limiter::new(Some(3));
        let mut inside: Vec<_> = (0..3).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(1));
        assert_eq!(limiter.in_use(), 3);
        inside.truncate(1);
        assert!(limiter.try_acquire().is_none());
        inside.clear();
        let _one = limiter.try_acquire().unwrap();
        assert!(limiter.try_acquire().is_none());
    }

    #[test]
    fn growing_pays_an_old_debt_before_it_makes_room() {
        let limiter = Limiter::new(Some(5));
        let inside: Vec<_> = (0..5).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(1));
        limiter.resize(Some(6));
        assert!(limiter.try_acquire().is_some());
        drop(inside);
        let all: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn lifting_and_setting_a_limit_again_loses_no_permits() {
        let limiter = Limiter::new(None);
        assert_eq!(limiter.limit(), None);
        let inside: Vec<_> = (0..10).map(|_| limiter.try_acquire().unwrap()).collect();
        limiter.resize(Some(4));
        assert_eq!(limiter.limit(), Some(4));
        drop(inside);
        let all: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
        assert_eq!(all.len(), 4);
        limiter.resize(None);
        assert!(limiter.try_acquire().is_some());
    }

    #[test]
    fn those_who_wait_enter_in_order_and_one_who_gives_up_blocks_nobody() {
        let limiter = Limiter::new(Some(1));
        let inside = limiter.try_acquire().unwrap();
        let mut first = Box::pin(limiter.acquire());
        let mut second = Box::pin(limiter.acquire());
        let mut third = Box::pin(limiter.acquire());
        for waiter in [&mut first, &mut second, &mut third] {
            assert!(waiter.now_or_never().is_none());
        }
        assert_eq!(limiter.waiting(), 3);
        drop(first);
        drop(inside);
        assert!(third.as_mut().now_or_never().is_none());
        let permit = second.now_or_never().expect("second is the first in line");
        drop(permit);
        assert!(third.now_or_never().is_some());
        assert_eq!(limiter.waiting(), 0);
    }
}
