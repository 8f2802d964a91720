//! Thousands of schedules of a few threads each. A schedule fails if a
//! thread waits for ever, or if an assertion does not hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::future::block_on;
use shuttle::{check_pct, check_random, thread};
use weir_explore::limit::{Limiter, Permit};
use weir_explore::registration::{Lookup, Reason, Reserved};

const SCHEDULES: usize = 5000;

/// Under random schedules, and under those that look for bugs which need few
/// preemptions (Burckhardt et al., "A Randomized Scheduler with Probabilistic
/// Guarantees of Finding Bugs", 2010).
fn explore(scenario: fn()) {
    check_random(scenario, SCHEDULES);
    check_pct(scenario, SCHEDULES, 3);
}

/// How many more get in.
fn room(limiter: &Limiter) -> usize {
    let inside: Vec<Permit> = std::iter::from_fn(|| limiter.try_acquire()).collect();
    inside.len()
}

#[test]
fn resizing_while_others_come_and_go_neither_loses_nor_makes_a_permit() {
    explore(|| {
        let limiter = Limiter::new(Some(2));
        let visitors: Vec<_> = (0..3)
            .map(|_| {
                let limiter = limiter.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        drop(limiter.try_acquire());
                    }
                })
            })
            .collect();
        for limit in [1, 3, 0, 2] {
            limiter.resize(Some(limit));
        }
        for visitor in visitors {
            visitor.join().unwrap();
        }
        assert_eq!((limiter.in_use(), room(&limiter)), (0, 2));
    });
}

#[test]
fn two_who_resize_at_once_leave_the_limit_of_one_of_them() {
    explore(|| {
        let limiter = Limiter::new(Some(2));
        let held = limiter.try_acquire();
        let others: Vec<_> = [1, 3]
            .map(|limit| {
                let limiter = limiter.clone();
                thread::spawn(move || limiter.resize(Some(limit)))
            })
            .into();
        drop(held);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(Some(room(&limiter)), limiter.limit());
    });
}

#[test]
fn there_are_never_more_inside_than_the_limit_and_everybody_gets_in() {
    explore(|| {
        let limiter = Limiter::new(Some(1));
        let inside = Arc::new(AtomicUsize::new(0));
        let visitors: Vec<_> = (0..3)
            .map(|_| {
                let (limiter, inside) = (limiter.clone(), Arc::clone(&inside));
                thread::spawn(move || {
                    let permit = block_on(limiter.acquire());
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                })
            })
            .collect();
        for visitor in visitors {
            visitor.join().unwrap();
        }
        assert_eq!(limiter.waiting(), 0);
    });
}

#[test]
fn who_waits_gets_in_when_a_limit_of_nothing_is_lifted() {
    explore(|| {
        let limiter = Limiter::new(Some(0));
        let waiting = limiter.clone();
        let waits = thread::spawn(move || drop(block_on(waiting.acquire())));
        limiter.resize(Some(1));
        waits.join().unwrap();
        assert_eq!(room(&limiter), 1);
    });
}

#[test]
fn a_consumer_finds_the_stage_whether_it_looks_before_or_after_the_stage_registers() {
    explore(|| {
        let reserved = Reserved::new();
        let looking = reserved.clone();
        let finds = thread::spawn(move || block_on(looking.lookup()));
        let _stage = reserved.register();
        assert_eq!(finds.join().unwrap(), Lookup::Found);
    });
}

#[test]
fn a_waiting_consumer_is_told_when_no_stage_is_expected_any_more() {
    explore(|| {
        let reserved = Reserved::new();
        let looking = reserved.clone();
        let finds = thread::spawn(move || block_on(looking.lookup()));
        let waiting = reserved.clone();
        let waits = thread::spawn(move || block_on(waiting.gone()));
        let first = reserved.register();
        reserved.unregister(first, Reason::Aborted);
        let second = reserved.register();
        reserved.unregister(second, Reason::Finished);
        // Whichever stage it saw, it is not left waiting.
        finds.join().unwrap();
        waits.join().unwrap();
    });
}
