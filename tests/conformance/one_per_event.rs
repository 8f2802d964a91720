//! L: one worker per event.
//!
//! GenStage's `ConsumerSupervisor` is two things here. That each event gets a task
//! of its own, within a limit, is the pool in [`Spread::PerEvent`]; trying an event
//! again is [`pool::retry`]. Restart kinds, intensity, graces and lists are those
//! of [`weir::supervise`], for whatever lives longer than an event.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir::backoff::Backoff;
use weir::demand::Limits;
use weir::pool::{self, Handler, Pool, PoolSettings, Spread};
use weir::stage::{self, Kind, Reason, RunningProducer};
use weir::supervise::{
    ChildCounts, ChildSpec, ChildState, Grace, Restart, Strategy, Supervisor, SupervisorError,
};

use super::Rows;
use crate::support::{Numbers, Seen};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (91, "each_event_starts_one_task_with_that_event_and_none_is_started_again_once_done"),
    (92, "there_are_never_more_tasks_than_the_limit"),
    (92, "with_a_limit_of_one_the_next_starts_when_the_previous_ends"),
    (93, "a_task_that_fails_to_start_counts_as_ended_and_frees_its_slot"),
    (94, "new_demand_goes_out_when_min_have_ended"),
    (94, "with_a_min_of_nought_two_that_run_ask_for_nothing_and_each_end_asks_for_one"),
    (95, "an_event_that_waits_to_be_tried_again_keeps_its_slot_until_it_is_given_up"),
    (96, "tasks_survive_the_loss_of_their_producer"),
    (96, "an_event_started_by_hand_takes_no_slot_and_counts_towards_no_demand"),
    (97, "temporary_children_never_restart_and_transient_ones_do_unless_they_ended_normally"),
    (97, "an_event_is_tried_again_with_its_arguments_unless_it_ended_well"),
    (98, "one_restart_too_many_within_the_period_ends_the_supervisor"),
    (98, "events_that_fail_for_good_end_nothing_but_themselves"),
    (99, "a_child_is_killed_or_waited_for_as_long_as_its_grace_says"),
    (99, "terminating_a_stranger_says_that_there_is_none"),
    (100, "list_and_count_show_what_runs_what_restarts_and_what_there_is"),
];

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// `max` tasks, and new demand when `min` of them have ended.
fn per_event(max: usize, min: usize) -> PoolSettings {
    PoolSettings {
        concurrency: max,
        spread: Spread::PerEvent,
        limits: Limits::new(max, min).unwrap(),
        requeue: true,
    }
}

/// A pool over the numbers below `end`.
fn over(end: u64, handler: impl Handler<u64>, settings: PoolSettings) -> Pool<u64> {
    Pool::spawn(stage::producer(Numbers::below(end)).spawn().producer(), handler, settings)
}

/// Events, and after how many milliseconds.
type Times = Seen<(u64, u128)>;

/// Notes when it begins, takes as many milliseconds as `time` says, notes when it
/// is done.
fn timed(time: fn(u64) -> u32) -> (impl Handler<u64>, Times, Times) {
    let (begun, done, start) = (Seen::nothing(), Seen::nothing(), Instant::now());
    let (begins, ends) = (begun.clone(), done.clone());
    let handler = move |event| {
        let (begun, done) = (begun.clone(), done.clone());
        async move {
            begun.add((event, start.elapsed().as_millis()));
            sleep(time(event) * MS).await;
            done.add((event, start.elapsed().as_millis()));
        }
    };
    (handler, begins, ends)
}

#[tokio::test(start_paused = true)]
async fn each_event_starts_one_task_with_that_event_and_none_is_started_again_once_done() {
    // GenStage refuses `permanent` workers. Here there is nothing to refuse: what
    // went well is not tried again, however many attempts are allowed.
    let tried = Seen::nothing();
    let noted = tried.clone();
    let handler = move |event: u64| {
        noted.add((event, tokio::task::id()));
        async { Ok::<_, String>(()) }
    };
    let pool = over(50, pool::retry(handler).attempts(u32::MAX), per_event(5, 0));
    assert_eq!(pool.ended().await, Reason::Finished);
    let (events, tasks): (Vec<_>, HashSet<_>) = tried.all().into_iter().unzip();
    assert_eq!(events, (0..50).collect::<Vec<_>>());
    assert_eq!(tasks.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_tasks_than_the_limit() {
    for min in 0..7 {
        let (handler, begun, done) = timed(|event| 1 + (event * 7 % 5) as u32);
        let pool = over(200, handler, per_event(7, min));
        let mut most = 0;
        while begun.len() < 200 {
            // In the order in which they happened, so never more ends than starts.
            let running = begun.len() - done.len();
            assert_eq!(running, pool.busy());
            most = most.max(running);
            sleep(MS).await;
        }
        assert_eq!((pool.ended().await, done.len(), most), (Reason::Finished, 200, 7), "min {min}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_limit_of_one_the_next_starts_when_the_previous_ends() {
    let (handler, begun, done) = timed(|event| 10 * (event as u32 + 1));
    over(3, handler, per_event(1, 0)).ended().await;
    assert_eq!(begun.all(), [(0, 0), (1, 10), (2, 30)]);
    assert_eq!(done.all(), [(0, 10), (1, 30), (2, 60)]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_to_start_counts_as_ended_and_frees_its_slot() {
    // Before there is a future, in its first poll, by an error, and by having
    // nothing to do.
    let done = Seen::nothing();
    let noted = done.clone();
    let start = Instant::now();
    let handler = move |event: u64| {
        assert_ne!(event, 0, "no future");
        let noted = noted.clone();
        async move {
            match event {
                1 => panic!("in the first poll"),
                2 => return Err("not today"),
                3 => {}
                _ => {
                    sleep(MS).await;
                    noted.add(event);
                }
            }
            Ok(())
        }
    };
    let retry = pool::retry(handler).attempts(1).dead_letter(drop);
    let account = retry.account();
    let pool = over(5, retry, per_event(1, 0));
    assert_eq!(pool.ended().await, Reason::Finished);
    assert_eq!((done.all(), start.elapsed()), (vec![4], MS));
    assert_eq!((account.counts().panics, account.counts().errors), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn new_demand_goes_out_when_min_have_ended() {
    let (handler, _, _) = timed(|event| 10 * (event as u32 + 1));
    let numbers = Numbers::below(1000);
    let demands = numbers.demands.clone();
    let pool = Pool::spawn(stage::producer(numbers).spawn().producer(), handler, per_event(3, 2));
    // The events end after 10, 20 and 30 ms.
    for expected in [vec![3], vec![3], vec![3, 2]] {
        sleep(5 * MS).await;
        assert_eq!(demands.all(), expected);
        sleep(5 * MS).await;
    }
    drop(pool);
}

/// Has two events, and then none for ever.
fn two_and_no_more() -> RunningProducer<u64> {
    let mut events = Some(vec![0, 1]);
    stage::producer_fn(move |_demand| {
        let events = events.take();
        async move {
            match events {
                Some(events) => Some(events),
                None => std::future::pending().await,
            }
        }
    })
    .spawn()
}

#[tokio::test(start_paused = true)]
async fn with_a_min_of_nought_two_that_run_ask_for_nothing_and_each_end_asks_for_one() {
    let (handler, _, _) = timed(|event| 10 * (event as u32 + 1));
    let source = two_and_no_more();
    let pool = Pool::spawn(source.producer(), handler, per_event(3, 0));
    for (asked, running) in [(1, 2), (2, 1), (3, 0)] {
        sleep(5 * MS).await;
        assert_eq!((pool.status().asked, pool.busy()), (asked, running));
        assert_eq!(source.status().demand, asked, "and the producer knows of it");
        sleep(5 * MS).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_waits_to_be_tried_again_keeps_its_slot_until_it_is_given_up() {
    let (begun, start) = (Seen::nothing(), Instant::now());
    let noted = begun.clone();
    let handler = move |event: u64| {
        noted.add((event, start.elapsed().as_millis()));
        async move { if event == 0 { Err("never") } else { Ok(()) } }
    };
    let retry = pool::retry(handler).backoff(Backoff::constant(10 * MS)).dead_letter(drop);
    let pool = over(2, retry, per_event(1, 0));
    sleep(15 * MS).await;
    assert_eq!((pool.busy(), pool.status().held), (1, 1));
    pool.ended().await;
    assert_eq!(begun.all(), [(0, 0), (0, 10), (0, 20), (1, 20)]);
}

#[tokio::test(start_paused = true)]
async fn tasks_survive_the_loss_of_their_producer() {
    let (handler, _, done) = timed(|event| if event == 100 { 1 } else { 10 });
    let source = two_and_no_more();
    let pool = Pool::spawn(source.producer(), handler, per_event(3, 0));
    // One started by hand has nothing to say about why the producer ends.
    pool.start(100).unwrap();
    sleep(5 * MS).await;
    source.abort();
    assert_eq!(source.join().await, Reason::Aborted);
    assert_eq!(pool.ended().await, Reason::Aborted);
    assert_eq!(done.all(), [(100, 1), (0, 10), (1, 10)]);
}

#[tokio::test(start_paused = true)]
async fn an_event_started_by_hand_takes_no_slot_and_counts_towards_no_demand() {
    let (handler, begun, done) = timed(|_| 10);
    let source = two_and_no_more();
    let pool = Pool::spawn(source.producer(), handler, per_event(2, 0));
    sleep(5 * MS).await;
    pool.start(100).unwrap();
    sleep(MS).await;
    // All three run, and nothing was asked for beyond the first two.
    assert_eq!((begun.len(), pool.busy(), pool.status().asked), (3, 2, 0));
    sleep(5 * MS).await;
    assert_eq!((done.len(), pool.busy(), pool.status().asked), (2, 0, 2));
    // It is finished like the others when the pool is to end.
    pool.stop();
    assert_eq!(pool.ended().await, Reason::Stopped);
    assert_eq!(done.all(), [(0, 10), (1, 10), (100, 15)]);
    assert!(pool.start(101).is_err());
}

#[tokio::test(start_paused = true)]
async fn temporary_children_never_restart_and_transient_ones_do_unless_they_ended_normally() {
    let normal = [Reason::Finished, Reason::Stopped, Reason::Cancelled, Reason::Declined];
    let failures = [Reason::failed("no"), Reason::Panicked("no".to_owned()), Reason::Aborted];
    for (reason, back) in normal.map(|reason| (reason, 0)).into_iter().chain(failures.map(|r| (r, 1))) {
        for (restart, restarts) in [(Restart::Temporary, 0), (Restart::Transient, back)] {
            // The arguments are what the closure holds, so each life has them.
            let (lives, kept) = (Arc::new(AtomicU64::new(0)), Seen::nothing());
            let (noted, first_end) = (kept.clone(), reason.clone());
            let child = ChildSpec::task("child", move |stop| {
                noted.add("arguments");
                let end = (lives.fetch_add(1, Ordering::SeqCst) == 0).then(|| first_end.clone());
                async move {
                    let Some(reason) = end else {
                        stop.cancelled().await;
                        return Reason::Stopped;
                    };
                    reason
                }
            });
            let tree = Supervisor::new(Strategy::OneForOne).child(child.restart(restart)).spawn().unwrap();
            sleep(SECOND).await;
            assert_eq!(tree.list()[0].restarts, restarts, "{restart:?} after {reason}");
            assert_eq!(kept.all(), vec!["arguments"; 1 + restarts as usize]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_tried_again_with_its_arguments_unless_it_ended_well() {
    let tried = Seen::nothing();
    let noted = tried.clone();
    let handler = move |event: u64| {
        noted.add(event);
        let attempt = noted.all().iter().filter(|&&other| other == event).count() as u64;
        // The first ends well at once, the second at its second attempt, …
        async move { if attempt > event { Ok(()) } else { Err("not yet") } }
    };
    over(3, pool::retry(handler).backoff(Backoff::NONE), per_event(1, 0)).ended().await;
    assert_eq!(tried.all(), [0, 1, 1, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn one_restart_too_many_within_the_period_ends_the_supervisor() {
    let failing = || {
        ChildSpec::task("failing", |_stop| async {
            sleep(SECOND).await;
            Reason::failed("no")
        })
    };
    let tree =
        Supervisor::new(Strategy::OneForOne).max_restarts(2, 5 * SECOND).child(failing()).spawn().unwrap();
    let text = "gave up on child \"failing\" (no): more than 2 restarts within 5s";
    assert_eq!(tree.join().await, Reason::failed(text));
    assert_eq!(tree.count(), ChildCounts { total: 1, ..ChildCounts::default() });

    // Never three of them in any second and a half.
    let tree = Supervisor::new(Strategy::OneForOne)
        .max_restarts(2, 3 * SECOND / 2)
        .child(failing())
        .spawn()
        .unwrap();
    sleep(60 * SECOND).await;
    assert!(tree.list()[0].restarts >= 59);
}

#[tokio::test(start_paused = true)]
async fn events_that_fail_for_good_end_nothing_but_themselves() {
    // Here we differ: GenStage's supervisor gives up on all of its workers.
    let handler = |event: u64| async move { if event < 999 { Err("no") } else { Ok(()) } };
    let retry = pool::retry(handler).backoff(Backoff::NONE).dead_letter(drop);
    let account = retry.account();
    assert_eq!(over(1000, retry, per_event(10, 0)).ended().await, Reason::Finished);
    assert_eq!((account.counts().dead_letters, account.counts().attempts), (999, 3 * 999 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_killed_or_waited_for_as_long_as_its_grace_says() {
    let cases = [
        (Grace::Kill, 0, Reason::Aborted),
        (Grace::After(2 * SECOND), 2, Reason::Aborted),
        (Grace::After(9 * SECOND), 5, Reason::Stopped),
        (Grace::Forever, 5, Reason::Stopped),
    ];
    for (grace, takes, reason) in cases {
        let slow = ChildSpec::task("slow", |stop| async move {
            stop.cancelled().await;
            sleep(5 * SECOND).await;
            Reason::Stopped
        });
        let tree = Supervisor::new(Strategy::OneForOne).child(slow.grace(grace)).spawn().unwrap();
        sleep(SECOND).await;
        let start = Instant::now();
        tree.terminate("slow").await.unwrap();
        assert_eq!(start.elapsed(), takes * SECOND, "{grace:?}");
        assert_eq!(tree.list()[0].state, ChildState::Ended(reason), "{grace:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn terminating_a_stranger_says_that_there_is_none() {
    let tree = Supervisor::new(Strategy::OneForOne).spawn().unwrap();
    assert_eq!(
        tree.terminate("stranger").await,
        Err(SupervisorError::NotFound { name: "stranger".to_owned() })
    );
}

#[tokio::test(start_paused = true)]
async fn list_and_count_show_what_runs_what_restarts_and_what_there_is() {
    let child = |name: &'static str| {
        let mut lives = 0;
        ChildSpec::new(name, move || {
            let source = two_and_no_more();
            lives += 1;
            // Its first life is lost with its producer.
            if (name, lives) == ("bad", 1) {
                source.abort();
            }
            pool::builder(|_event| sleep(10 * MS), per_event(2, 0)).named(name).spawn(&source.producer())
        })
    };
    let tree = Supervisor::new(Strategy::OneForOne)
        .backoff(Backoff::constant(SECOND))
        .child(child("good"))
        .child(child("bad"))
        .spawn()
        .unwrap();
    let counts = |running, restarting| ChildCounts { running, restarting, total: 2 };
    assert_eq!(tree.count(), counts(2, 0));
    sleep(5 * MS).await;
    assert_eq!(tree.count(), counts(1, 1));
    let [good, bad] = &tree.list()[..] else { panic!("two children") };
    assert_eq!((good.name(), &good.state, good.restarts), ("good", &ChildState::Running, 0));
    let status = good.status.as_ref().unwrap();
    assert_eq!((status.kind, status.events_in, status.held), (Kind::Pool, 2, 2));
    assert_eq!((bad.name(), &bad.state, bad.status.as_ref()), ("bad", &ChildState::Restarting, None));

    tree.terminate("bad").await.unwrap();
    assert_eq!(tree.count(), counts(1, 0));
    tree.restart("bad").await.unwrap();
    assert_eq!((tree.count(), tree.list()[1].restarts), (counts(2, 0), 1));
    tree.delete("bad").await.unwrap();
    assert_eq!(tree.count(), ChildCounts { running: 1, restarting: 0, total: 1 });
}
