//! Checks a guard that refuses beyond its places: in virtual time, with the mock behind
//! it, and with clients that hang up and work that panics.
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

/// One use of the resource: 500 ms in virtual time.
async fn use_it(mock: Mock) -> Result<(), Failed> {
    mock.reserve().unwrap().admission().await.work().await
}

/// A guard, and a resource that itself would let everybody in.
fn both() -> (Arc<Shed>, Mock) {
    (Arc::new(Shed::new(PLACES)), Mock::new(MockSettings::default()))
}

/// That many clients at once, whose requests go on in the background.
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
fn done_is_200_and_everything_else_500() {
    let statuses = [Answer::Done, Answer::Failed, Answer::Refused].map(Answer::status);
    assert_eq!(statuses, [200, 500, 500], "the statuses of done, failed and refused");
}

#[tokio::test(start_paused = true)]
async fn a_single_request_is_served_and_then_nobody_is_inside() {
    let (shed, mock) = both();
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
    assert_eq!(shed.counts(), (0, 0), "inside and refused, when all is done");
}

#[tokio::test(start_paused = true)]
async fn the_sixteenth_is_refused_at_once() {
    let (shed, mock) = both();
    let inside = crowd(&shed, &mock, PLACES).await;
    let sixteenth = shed.handle(use_it(mock.clone())).now_or_never();
    assert_eq!(
        sixteenth,
        Some(Answer::Refused),
        "15 are inside, and the sixteenth was not sent away. `None` says that it waits: for a place, or inside \
         for its work, and a refusal waits for nothing"
    );
    assert_eq!(mock.usage().calls, 15, "who is refused does not get to the resource");
    assert_eq!(shed.counts(), (15, 1), "inside and refused");
    assert_eq!(inside.join_all().await, [Answer::Done; PLACES], "nobody inside is disturbed by it");
}

#[tokio::test(start_paused = true)]
async fn never_are_more_than_fifteen_inside() {
    let (shed, mock) = both();
    let answers = crowd(&shed, &mock, 50).await.join_all().await;
    let done = answers.iter().filter(|answer| **answer == Answer::Done).count();
    assert_eq!(
        mock.usage().peak_in_use,
        15,
        "50 have come at once, and so many were in the resource. A place has to be kept while the work is on"
    );
    assert_eq!((done, shed.counts()), (15, (0, 35)), "done; inside and refused at the end");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_uses_up_no_place() {
    let (shed, mock) = both();
    drop(crowd(&shed, &mock, 50).await.join_all().await);
    let again = crowd(&shed, &mock, PLACES).await.join_all().await;
    assert_eq!(
        again,
        [Answer::Done; PLACES],
        "35 were refused, then all was quiet, and now there is room for 15: nobody may keep a place who never had one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_gives_its_place_back() {
    let (shed, mock) = both();
    for _ in 0..PLACES {
        let request = shed.handle(use_it(mock.clone()));
        // The client has lost its patience: the handler is dropped in the middle.
        assert!(timeout(Duration::from_millis(100), request).await.is_err());
    }
    assert_eq!(shed.counts().0, 0, "inside, after 15 clients have hung up: nobody told them out");
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_gives_its_place_back() {
    let (shed, mock) = both();
    let mut all = JoinSet::new();
    for _ in 0..PLACES {
        let shed = Arc::clone(&shed);
        // `resume_unwind` panics without a word in the terminal.
        all.spawn(
            async move { shed.handle(async { std::panic::resume_unwind(Box::new("broken")) }).await },
        );
    }
    while let Some(ended) = all.join_next().await {
        assert!(ended.is_err(), "a panic is not for the guard to swallow");
    }
    assert_eq!(shed.counts().0, 0, "inside, after 15 have panicked: nobody came back to count them out");
    assert_eq!(shed.handle(use_it(mock)).await, Answer::Done);
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_gives_its_place_back_and_is_no_refusal() {
    let shed = Shed::new(PLACES);
    for _ in 0..2 * PLACES {
        assert_eq!(shed.handle(async { Err(Failed) }).await, Answer::Failed);
    }
    assert_eq!(shed.counts(), (0, 0), "inside and refused");
}

/// Fifty clients with 3000 requests in all, as `ab -n 3000 -c 50` makes them. The way
/// there and back takes a millisecond.
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
    assert_eq!(done, 15, "successes of 3000: all other requests are burned before a place is free again");
    assert_eq!(shed.counts(), (0, 2985), "inside and refused");
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_come_at_once_do_not_share_a_place() {
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
                        "others inside a guard of one place"
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
    assert_eq!(shed.counts().0, 0, "inside, when all have left");
}

/// Only another thread comes between a look and a taking, so this needs threads, and real
/// time. Who looks and takes in one step never waits, however long this goes on. Who looks
/// first is found out within 0.1 s, also on one busy core, and there is ten times as much.
#[test]
#[allow(clippy::disallowed_methods, reason = "threads know no virtual time")]
fn nobody_waits_even_if_another_thread_takes_the_last_place() {
    const LONG: Duration = Duration::from_secs(1);
    let shed = Shed::new(1);
    let waited = AtomicBool::new(false);
    let began = std::time::Instant::now();
    // The work needs no time, so there is nothing but a place to wait for.
    let waits = |_| shed.handle(async { Ok(()) }).now_or_never().is_none();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !waited.load(Ordering::Relaxed) && began.elapsed() < LONG {
                    if (0..100).any(waits) {
                        waited.store(true, Ordering::Relaxed);
                    }
                    // Who wakes up interrupts another anywhere, even where there is
                    // only one core.
                    std::thread::sleep(Duration::from_micros(20));
                }
            });
        }
    });
    assert!(
        !waited.into_inner(),
        "handle waited although it should refuse: there was a place when it looked, another thread took \
         it, and then it waited for the next. Looking and taking have to be one step"
    );
}
