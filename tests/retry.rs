//! Events that fail: attempts, backoff, time limits, dead letters.

/// Random scripts, against a naive model.
mod model;
/// Events that fail by a script.
mod play;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use weir::backoff::Backoff;
use weir::demand::Limits;
use weir::pool::{self, AttemptError, DeadLetter, Handler, Pool, PoolSettings, RetryCounts, Spread};
use weir::stage::{self, Reason};

use Goes::{Mad, Never, Well, Wrong};
use play::{Goes, Play, WORK, ms, settings, spawn};

use crate::support::{Numbers, Seen};

#[tokio::test(start_paused = true)]
async fn three_attempts_take_three_times_the_work_and_two_delays() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let play = Play::of(vec![vec![Wrong; 9]]);
        play.run(play.retry(), 1, spread).await;
        assert_eq!(play.now(), WORK + 10 + WORK + 20 + WORK, "{spread:?}");
        let last_error = AttemptError::Error("attempt 3 went wrong".to_owned());
        assert_eq!(play.dead.all(), [DeadLetter { event: 0, attempts: 3, last_error }], "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_succeeds_at_the_last_attempt_is_no_dead_letter() {
    let play = Play::of(vec![vec![Wrong, Well, Wrong]]);
    let retry = play.retry();
    let account = retry.account();
    play.run(retry, 1, Spread::Workers).await;
    assert_eq!((play.done.all(), play.dead.len()), (vec![(0, WORK + 10 + WORK)], 0));
    assert_eq!(account.counts(), RetryCounts { attempts: 2, retries: 1, errors: 1, ..Default::default() });
}

#[tokio::test(start_paused = true)]
async fn zero_attempts_count_as_one() {
    for attempts in [0, 1] {
        let play = Play::of(vec![vec![Wrong, Well]]);
        assert_eq!(play.clone().times_of_one(play.retry().attempts(attempts)).await, [0]);
        assert_eq!(
            play.dead.all()[0].to_string(),
            "gave up an event after 1 attempt: attempt 1 went wrong"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_attempt() {
    let play = Play::of(vec![vec![Mad, Mad, Well], vec![Wrong, Wrong, Mad]]);
    let retry = play.retry();
    let account = retry.account();
    play.run(retry, 1, Spread::Workers).await;
    assert_eq!(play.done.all(), [(0, 3 * WORK + 30)]);
    let last_error = AttemptError::Panicked("attempt 3 went mad".to_owned());
    assert_eq!(play.dead.all(), [DeadLetter { event: 1, attempts: 3, last_error }]);
    assert_eq!((account.counts().panics, account.counts().errors), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_future_or_in_its_drop_fails_the_attempt() {
    struct Trap;
    impl Drop for Trap {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }
    let dead = Seen::nothing();
    let buried = dead.clone();
    let handler = |event: u64| {
        assert!(event > 0, "before the future");
        async {
            let _trap = Trap;
            std::future::pending::<Result<(), String>>().await
        }
    };
    let retry =
        pool::retry(handler).timeout(ms(WORK)).dead_letter(move |letter| buried.add(letter.last_error));
    let pool = spawn(2, retry, 1, Spread::Workers);
    assert_eq!((pool.ended().await, pool.panics()), (Reason::Finished, 0));
    assert_eq!(
        dead.all(),
        ["before the future", "in the drop"].map(|said| AttemptError::Panicked(said.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_stopped_exactly_at_its_time_limit_unless_it_is_ready_then() {
    let play = Play::of(vec![vec![Never, Never, Well]]);
    let retry = play.retry().timeout(ms(WORK));
    let account = retry.account();
    play.run(retry, 1, Spread::Workers).await;
    assert_eq!(play.begun.all(), [(0, 0), (0, WORK + 10), (0, WORK + 10 + WORK + 20)]);
    assert_eq!(play.done.all(), [(0, 3 * WORK + 30)]);
    let counts = RetryCounts { attempts: 3, retries: 2, timeouts: 2, ..Default::default() };
    assert_eq!(account.counts(), counts);
}

#[tokio::test(start_paused = true)]
async fn the_dead_letter_of_a_slow_event_names_the_time_limit() {
    let play = Play::of(vec![vec![Never; 2]]);
    play.run(play.retry().attempts(2).timeout(ms(50)), 1, Spread::PerEvent).await;
    assert_eq!(play.now(), 50 + 10 + 50);
    assert_eq!(play.dead.all()[0].to_string(), "gave up an event after 2 attempts: not done within 50ms");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_backs_off_keeps_its_slot_and_others_go_on_in_theirs() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let script = vec![vec![Wrong, Wrong], vec![], vec![]];
        let alone = Play::of(script.clone());
        alone.run(alone.retry(), 1, spread).await;
        let first = 3 * WORK + 30;
        assert_eq!(alone.begun.all()[3..], [(1, first), (2, first + WORK)], "{spread:?}");

        let beside = Play::of(script);
        beside.run(beside.retry(), 2, spread).await;
        let mut done = beside.done.all();
        done.sort_unstable();
        assert_eq!(done, [(0, first), (1, WORK), (2, 2 * WORK)], "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn prefetched_events_wait_behind_an_event_that_backs_off() {
    let play = Play::of(vec![vec![Wrong, Wrong], vec![], vec![]]);
    let numbers = stage::producer(Numbers::below(3)).spawn();
    let prefetch = PoolSettings { limits: Limits::new(2, 0).unwrap(), ..settings(2, Spread::Workers) };
    Pool::spawn(numbers.producer(), play.retry(), prefetch).ended().await;
    let first = 3 * WORK + 30;
    // The first worker holds events 0 and 1, the second holds 2.
    assert_eq!(play.done.all(), [(2, WORK), (0, first), (1, first + WORK)]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_delays() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let play = Play::of(vec![vec![Wrong; 9]]);
        let jittered = Backoff::exponential(ms(1000), ms(60_000));
        runs.push(play.clone().times_of_one(play.retry().attempts(9).backoff(jittered).seed(seed)).await);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_dead_letter_function_is_caught() {
    let play = Play::of(vec![vec![Wrong], vec![]]);
    let retry = play.retry().attempts(1).dead_letter(|letter| panic!("no place for {}", letter.event));
    let account = retry.account();
    play.run(retry, 1, Spread::Workers).await;
    assert_eq!((play.done.len(), account.counts().dead_letters), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_feed_a_second_pool_that_ends_with_the_first() {
    let (sender, mut letters) = mpsc::unbounded_channel();
    let play = Play::of(vec![vec![Wrong, Well]; 10]);
    let first = play.retry().attempts(1).dead_letter(move |letter| sender.send(letter.event).unwrap());
    let first = spawn(10, first, 2, Spread::Workers);
    let failed = stage::from_stream(stream::poll_fn(move |cx| letters.poll_recv(cx))).spawn();
    let second = Pool::spawn(failed.producer(), play.retry(), settings(2, Spread::Workers));
    assert_eq!((first.ended().await, second.ended().await), (Reason::Finished, Reason::Finished));
    assert_eq!((play.begun.len(), play.done.len()), (20, 10));
}

/// An event that counts its clones.
#[derive(Debug, Default)]
struct Copied(Arc<AtomicU64>);

impl Clone for Copied {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_cloned_once_per_attempt_and_its_error_need_not_be_send() {
    let event = Copied::default();
    let clones = Arc::clone(&event.0);
    let retry =
        pool::retry(|_: Copied| async { Err(Rc::<str>::from("an error that stays on its thread")) });
    tokio::spawn(async move { retry.attempts(4).handle(event).await }).await.unwrap();
    assert_eq!(clones.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn retries_without_delay_let_other_tasks_run() {
    let retry = pool::retry(|_: u64| async { Err("at once") }).attempts(u32::MAX).backoff(Backoff::NONE);
    let account = retry.account();
    let pool = spawn(1, retry, 1, Spread::Workers);
    while account.counts().attempts < 100 {
        tokio::task::yield_now().await;
    }
    pool.abort();
    pool.ended().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_pool_drops_events_that_back_off_and_requeues_those_not_begun() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let play = Play::of(vec![vec![Wrong; 9]; 10]);
        let numbers = stage::producer(Numbers::below(10)).spawn();
        let retry = play.retry();
        let account = retry.account();
        let prefetch = PoolSettings { limits: Limits::new(2, 0).unwrap(), ..settings(2, spread) };
        let pool = Pool::spawn(numbers.producer(), retry, prefetch);
        sleep(ms(WORK + 1)).await;
        drop(pool);
        // The tasks end when the runtime polls them next.
        sleep(ms(1)).await;
        let rest: Vec<u64> = numbers.producer().subscribe(Limits::default()).collect().await;
        let mut all = play.begun.all().into_iter().map(|(event, _)| event).chain(rest).collect::<Vec<_>>();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>(), "{spread:?}");
        let begun = RetryCounts { attempts: 2, errors: 2, ..Default::default() };
        assert_eq!((account.counts(), play.dead.len()), (begun, 0), "{spread:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_threads_every_event_ends_once_and_is_counted() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let (done, dead) = (Seen::nothing(), Seen::nothing());
        let (noted, buried) = (done.clone(), dead.clone());
        // Events 0, 3, … fail. Events 1, 4, … are done at the second attempt, the rest at the first.
        let firsts = Arc::new((0..3000).map(|_| AtomicU64::new(0)).collect::<Vec<_>>());
        let handler = move |event: u64| {
            let again = firsts[event as usize].fetch_add(1, Ordering::SeqCst) > 0;
            let noted = noted.clone();
            async move {
                tokio::task::yield_now().await;
                match event % 3 {
                    0 => return Err("never"),
                    1 if !again => return Err("not yet"),
                    _ => noted.add(event),
                }
                Ok(())
            }
        };
        let bury = move |letter: DeadLetter<u64>| buried.add(letter.event);
        let retry = pool::retry(handler).backoff(Backoff::NONE).dead_letter(bury);
        let account = retry.account();
        let pool = spawn(3000, retry, 8, spread);
        assert_eq!(pool.ended().await, Reason::Finished);
        let mut all = [done.all(), dead.all()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..3000).collect::<Vec<_>>(), "{spread:?}");
        let errors = 3 * 1000 + 1000;
        let expected = RetryCounts {
            attempts: errors + 2000,
            retries: 3000,
            errors,
            dead_letters: 1000,
            ..Default::default()
        };
        assert_eq!(account.counts(), expected, "{spread:?}");
    }
}
