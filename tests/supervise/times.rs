//! Delays before restarts, and the time a child has to stop.

use std::future::pending;

use tokio::time::timeout;
use weir::backoff::Backoff;
use weir::supervise::{Child, ChildState};

use super::*;

fn doubling() -> Supervisor {
    let backoff = Backoff::exponential(SECOND, 60 * SECOND).without_jitter();
    patient(Strategy::OneForOne).max_restarts(usize::MAX, 10 * SECOND).backoff(backoff)
}

/// Returns the time a child is down after it has failed.
async fn time_down(crew: &Crew, name: &str) -> Duration {
    let start = Instant::now();
    crew.end(name, failed("no")).await;
    while crew.alive().is_empty() {
        settle().await;
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_delay_of_a_restart_grows_with_each_end_in_a_row() {
    let crew = Crew::default();
    let _tree = crew.spawn(doubling(), &["a"]);
    let ms = Duration::from_millis(1);
    for wait in [1, 2, 4, 8] {
        let down = time_down(&crew, "a").await;
        // The test polls once a millisecond, and wakes before the supervisor does.
        assert!(down >= wait * SECOND && down <= wait * SECOND + ms, "{down:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_delay_starts_anew_for_a_child_that_has_lived_for_the_period() {
    let crew = Crew::default();
    let _tree = crew.spawn(doubling(), &["a"]);
    for (lived, wait) in [(0, 1), (9, 2), (10, 1), (0, 2)] {
        sleep(lived * SECOND).await;
        let down = time_down(&crew, "a").await;
        assert_eq!(down.as_secs(), wait, "after {lived} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_delay_starts_anew_for_a_child_restarted_by_hand() {
    let crew = Crew::default();
    let tree = crew.spawn(doubling(), &["a"]);
    for _ in 0..3 {
        assert_eq!(time_down(&crew, "a").await.as_secs(), 1);
        tree.restart("a").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn each_child_has_its_own_delay() {
    let crew = Crew::default();
    let tree = crew.spawn(doubling(), &["a", "b"]);
    crew.end("a", failed("no")).await;
    sleep(SECOND).await;
    crew.end("a", failed("no")).await;
    crew.end("b", failed("no")).await;
    sleep(SECOND).await;
    assert_eq!((crew.alive().as_str(), tree.count().restarting), ("b", 1));
    sleep(SECOND).await;
    assert_eq!((crew.alive().as_str(), tree.count().restarting), ("a b", 0));
}

#[tokio::test(start_paused = true)]
async fn a_group_is_down_during_the_delay_and_starts_together() {
    for (strategy, alive) in [(Strategy::OneForAll, ""), (Strategy::RestForOne, "a")] {
        let crew = Crew::default();
        let supervisor = Supervisor::new(strategy).backoff(Backoff::constant(SECOND));
        let _tree = crew.spawn(supervisor, &["a", "b", "c"]);
        crew.end("b", failed("no")).await;
        assert_eq!(crew.alive(), alive, "{strategy:?}");
        sleep(SECOND).await;
        assert_eq!(crew.alive(), "a b c", "{strategy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_end_in_a_group_does_not_shorten_the_delay_of_the_first() {
    let crew = Crew::default();
    let backoff = Backoff::exponential(4 * SECOND, 60 * SECOND).without_jitter();
    let supervisor = patient(Strategy::RestForOne).max_restarts(9, 60 * SECOND).backoff(backoff);
    let _tree = crew.spawn(supervisor, &["a", "b", "c"]);
    crew.end("b", failed("no")).await;
    sleep(4 * SECOND).await;
    // This one is due in 8 seconds now, and `a` in 4.
    crew.end("b", failed("no")).await;
    crew.end("a", failed("no")).await;
    crew.log();
    sleep(7 * SECOND).await;
    assert_eq!(crew.log(), "");
    sleep(SECOND).await;
    assert_eq!(crew.log(), "+a +b +c");
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_delay_works_at_once_and_may_be_repeated() {
    let crew = Crew::default();
    let tree = crew.spawn(doubling(), &["a"]);
    crew.end("a", failed("no")).await;
    let start = Instant::now();
    tree.stop();
    tree.stop();
    assert_eq!((tree.join().await, start.elapsed()), (Reason::Stopped, Duration::ZERO));
    tree.stop();
    assert_eq!(tree.list()[0].state, ChildState::Ended(Reason::Stopped));
}

#[tokio::test(start_paused = true)]
async fn each_grace_gives_a_child_exactly_its_time() {
    const HOUR: Duration = Duration::from_secs(3600);
    let cases = [
        (Grace::Kill, SECOND, Duration::ZERO, Reason::Aborted),
        (Grace::After(3 * SECOND), SECOND, SECOND, Reason::Stopped),
        (Grace::After(3 * SECOND), HOUR, 3 * SECOND, Reason::Aborted),
        (Grace::default(), HOUR, 5 * SECOND, Reason::Aborted),
        (Grace::Forever, HOUR, HOUR, Reason::Stopped),
    ];
    for (grace, needs, takes, reason) in cases {
        let crew = Crew::default();
        let tree = crew.spawn(patient(Strategy::OneForOne).child(crew.slow("a", needs).grace(grace)), &[]);
        settle().await;
        let start = Instant::now();
        tree.terminate("a").await.unwrap();
        assert_eq!((start.elapsed(), crew.log().as_str()), (takes, "-a"), "{grace:?}");
        assert_eq!(tree.list()[0].state, ChildState::Ended(reason), "{grace:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_child_is_not_told_to_stop() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let child = |name: &'static str, grace| {
        let told = Arc::clone(&told);
        let start = move || {
            let told = Arc::clone(&told);
            Child::new(tokio::spawn(pending()), move || told.lock().unwrap().push(name))
        };
        ChildSpec::new(name, start).grace(grace)
    };
    let tree = Supervisor::new(Strategy::OneForOne)
        .child(child("killed", Grace::Kill))
        .child(child("told", Grace::After(SECOND)))
        .spawn()
        .unwrap();
    tree.stop();
    tree.join().await;
    assert_eq!(*told.lock().unwrap(), ["told"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_function_that_panics_is_not_waited_for() {
    let start = || Child::new(tokio::spawn(pending()), || panic!("no"));
    let child = ChildSpec::new("a", start).grace(Grace::Forever);
    let tree = Supervisor::new(Strategy::OneForOne).child(child).spawn().unwrap();
    tree.stop();
    assert_eq!(tree.join().await, Reason::Stopped);
    assert_eq!(tree.list()[0].state, ChildState::Ended(Reason::Aborted));
}

#[tokio::test(start_paused = true)]
async fn an_abort_cuts_every_grace_short() {
    let crew = Crew::default();
    let stubborn = crew.slow("b", Duration::MAX).grace(Grace::Forever);
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne).child(crew.child("a")).child(stubborn), &[]);
    settle().await;
    tree.stop();
    assert!(timeout(SECOND, tree.join()).await.is_err());
    let start = Instant::now();
    tree.abort();
    assert_eq!((tree.join().await, start.elapsed()), (Reason::Aborted, Duration::ZERO));
    assert_eq!(crew.alive(), "");
}
