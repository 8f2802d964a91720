//! Checks a guard that refuses requests when all its places are taken: in virtual time, in
//! front of the mock resource, with clients that hang up and with work that panics.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a check, not an interface")]

#[cfg(not(feature = "solutions"))]
#[path = "exercise.rs"]
#[allow(clippy::todo, unused, reason = "until it is written")]
mod answer;
#[cfg(feature = "solutions")]
mod answer {
    include!(env!("WEIR_ANSWER"));
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use answer::{Answer, Shed};
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use weir_parts::resource::{Failed, Mock, MockSettings};

const PLACES: usize = 15;

/// Uses the resource once: 500 ms in virtual time.
async fn use_it(mock: Mock) -> Result<(), Failed> {
    mock.reserve().unwrap().admission().await.work().await
}

/// A guard, and a resource that has no limit of its own.
fn both() -> (Arc<Shed>, Mock) {
    (Arc::new(Shed::new(PLACES)), Mock::new(MockSettings::default()))
}

/// Sends requests of `clients` clients at once, which continue in the background.
async fn crowd(shed: &Arc<Shed>, mock: &Mock, clients: usize) -> JoinSet<Answer> {
    let mut all = JoinSet::new();
    for _ in 0..clients {
        let (shed, mock) = (Arc::clone(shed), mock.clone());
        all.spawn(async move { shed.handle(use_it(mock)).await });
    }
    sleep(Duration::from_millis(1)).await;
    all
}

#[test]
fn done_is_200_and_failed_and_refused_are_500() {
    let statuses = [Answer::Done, Answer::Failed, Answer::Refused].map(Answer::status);
    assert_eq!(statuses, [200, 500, 500], "the statuses of done, failed and refused");
}

#[tokio::test(start_paused = true)]
async fn a_single_request_is_served_and_then_no_request_is_inside() {
    let (shed, mock) = both();
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
    assert_eq!(shed.counts(), (0, 0), "inside and refused, when the request is done");
}

#[tokio::test(start_paused = true)]
async fn the_sixteenth_is_refused_at_once() {
    let (shed, mock) = both();
    let inside = crowd(&shed, &mock, PLACES).await;
    let sixteenth = shed.handle(use_it(mock.clone())).now_or_never();
    assert_eq!(
        sixteenth,
        Some(Answer::Refused),
        "15 requests are inside, and the sixteenth was not refused at once. `None` says that \
         it waits, for a place or for its work; a refusal does not wait"
    );
    assert_eq!(mock.usage().calls, 15, "calls of the resource: a refused request does not reach it");
    assert_eq!(shed.counts(), (15, 1), "inside and refused");
    assert_eq!(
        inside.join_all().await,
        [Answer::Done; PLACES],
        "a refusal does not disturb the requests inside"
    );
}

#[tokio::test(start_paused = true)]
async fn at_most_fifteen_requests_are_inside() {
    let (shed, mock) = both();
    let answers = crowd(&shed, &mock, 50).await.join_all().await;
    let done = answers.iter().filter(|answer| **answer == Answer::Done).count();
    assert_eq!(
        mock.usage().peak_in_use,
        15,
        "requests in the resource at once, of 50 that arrived together. Each \
         must keep its place until its work ends"
    );
    assert_eq!((done, shed.counts()), (15, (0, 35)), "done, then inside and refused, at the end");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_takes_no_place() {
    let (shed, mock) = both();
    drop(crowd(&shed, &mock, 50).await.join_all().await);
    let again = crowd(&shed, &mock, PLACES).await.join_all().await;
    assert_eq!(
        again,
        [Answer::Done; PLACES],
        "35 requests were refused and the others have left, so 15 places are free: \
         a refused request must not occupy a place"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_gives_its_place_back() {
    let (shed, mock) = both();
    for _ in 0..PLACES {
        let request = shed.handle(use_it(mock.clone()));
        // The client hangs up: the server drops the handler's future half-way.
        assert!(timeout(Duration::from_millis(100), request).await.is_err());
    }
    assert_eq!(
        shed.counts().0,
        0,
        "inside, after 15 clients hung up: these requests were never counted out"
    );
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_gives_its_place_back() {
    let (shed, mock) = both();
    let mut all = JoinSet::new();
    for _ in 0..PLACES {
        let shed = Arc::clone(&shed);
        // `resume_unwind` panics without printing a message.
        all.spawn(
            async move { shed.handle(async { std::panic::resume_unwind(Box::new("broken")) }).await },
        );
    }
    while let Some(ended) = all.join_next().await {
        assert!(ended.is_err(), "the guard must pass a panic on");
    }
    assert_eq!(shed.counts().0, 0, "inside, after 15 have panicked: no code has counted them out");
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_gives_its_place_back_and_counts_as_no_refusal() {
    let shed = Shed::new(PLACES);
    for _ in 0..2 * PLACES {
        assert_eq!(shed.handle(async { Err(Failed::ByRate) }).await, Answer::Failed);
    }
    assert_eq!(shed.counts(), (0, 0), "inside and refused");
}

/// Fifty clients send 3000 requests in total, as with `ab -n 3000 -c 50`. Each round trip
/// takes a millisecond.
#[tokio::test(start_paused = true)]
async fn of_3000_in_a_closed_loop_fifteen_succeed() {
    let (shed, mock) = both();
    let left = Arc::new(AtomicU32::new(3000));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let (shed, mock, left) = (Arc::clone(&shed), mock.clone(), Arc::clone(&left));
        clients.spawn(async move {
            let one_less = |left: u32| left.checked_sub(1);
            let mut done = 0;
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                sleep(Duration::from_millis(1)).await;
                done += usize::from(shed.handle(use_it(mock.clone())).await == Answer::Done);
            }
            done
        });
    }
    let done: usize = clients.join_all().await.iter().sum();
    assert_eq!(
        done, 15,
        "successes of 3000: all other requests were refused before a place was free again"
    );
    assert_eq!(shed.counts(), (0, 2985), "inside and refused");
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_never_share_a_place() {
    let shed = Arc::new(Shed::new(1));
    let inside = Arc::new(AtomicU32::new(0));
    let mut threads = JoinSet::new();
    for _ in 0..4 {
        let (shed, inside) = (Arc::clone(&shed), Arc::clone(&inside));
        threads.spawn(async move {
            for _ in 0..1000 {
                let work = async {
                    assert_eq!(
                        inside.fetch_add(1, Ordering::SeqCst),
                        0,
                        "other requests inside a guard with one place"
                    );
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                shed.handle(work).await;
            }
        });
    }
    threads.join_all().await;
    assert_eq!(shed.counts().0, 0, "inside, when all requests have left");
}

/// Needs threads and real time, because only another thread can take the place between
/// `handle`'s check and its acquire. An answer that checks and takes in one step never
/// waits. An answer that checks first is caught within 0.1 s, even on one busy core, and
/// the test runs for ten times as long.
#[test]
#[allow(clippy::disallowed_methods, reason = "virtual time does not reach other threads")]
fn no_request_waits_even_if_another_thread_takes_the_last_place() {
    const LONG: Duration = Duration::from_secs(1);
    let shed = Shed::new(1);
    let waited = AtomicBool::new(false);
    let began = std::time::Instant::now();
    // The work takes no time, so a request can wait only for a place.
    let waits = |_| shed.handle(async { Ok(()) }).now_or_never().is_none();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !waited.load(Ordering::Relaxed) && began.elapsed() < LONG {
                    if (0..100).any(waits) {
                        waited.store(true, Ordering::Relaxed);
                    }
                    // A thread that wakes up interrupts another one at any point, even
                    // on a single core.
                    std::thread::sleep(Duration::from_micros(20));
                }
            });
        }
    });
    assert!(
        !waited.into_inner(),
        "handle waited although it should refuse: it found a free place, another thread took that place, \
         and `handle` waited for the next one. Checking and taking must be one step"
    );
}
