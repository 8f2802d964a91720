//! The limit on restarts, and starts that fail.

use weir::supervise::Child;

use super::*;

#[tokio::test(start_paused = true)]
async fn one_restart_more_than_allowed_within_the_period_ends_the_supervisor() {
    let crew = Crew::default();
    let tree =
        crew.spawn(Supervisor::new(Strategy::OneForOne).max_restarts(2, 5 * SECOND), &["a", "b", "c"]);
    for _ in 0..2 {
        crew.end("b", failed("no")).await;
    }
    assert_eq!(crew.log(), "-b +b -b +b");
    crew.end("a", failed("connection refused")).await;
    let text = "gave up on child \"a\" (connection refused): more than 2 restarts within 5s";
    assert_eq!(tree.join().await, failed(text));
    assert_eq!(crew.log(), "-a -c -b");
}

#[tokio::test(start_paused = true)]
async fn restarts_further_apart_than_the_period_never_end_the_supervisor() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForAll).max_restarts(1, 5 * SECOND), &["a", "b"]);
    for restarts in 1..=10 {
        crew.end("a", failed("no")).await;
        assert_eq!(tree.list()[0].restarts, restarts);
        sleep(5 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_panics_counts_as_an_end() {
    let crew = Crew::default();
    let mut attempts = 0;
    let inner = crew.clone();
    let shaky = ChildSpec::task("b", move |_stop| {
        attempts += 1;
        assert!(attempts > 2, "no luck");
        let (life, _) = inner.begin("b");
        async move {
            let _life = life;
            std::future::pending().await
        }
    });
    let tree = Supervisor::new(Strategy::RestForOne)
        .child(crew.child("a"))
        .child(shaky)
        .child(crew.child("c"))
        .spawn()
        .unwrap();
    // The child after it waits for it.
    assert_eq!(crew.log(), "+a");
    settle().await;
    assert_eq!((crew.log().as_str(), tree.list()[1].restarts), ("+b +c", 2));

    tree.start(never()).await.unwrap();
    let text = "gave up on child \"never\" (panicked: never): more than 3 restarts within 5s";
    assert_eq!(tree.join().await, failed(text));
}

fn never() -> ChildSpec {
    ChildSpec::new("never", || -> Child { panic!("never") })
}

#[tokio::test(start_paused = true)]
async fn one_for_one_a_child_that_cannot_start_delays_no_other() {
    let crew = Crew::default();
    let supervisor = Supervisor::new(Strategy::OneForOne).child(never()).child(crew.child("a"));
    let tree = supervisor.spawn().unwrap();
    assert_eq!((crew.log().as_str(), tree.count().running), ("+a", 1));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_can_never_be_started_leaves_the_thread_to_others() {
    let tree = patient(Strategy::OneForAll).child(never()).spawn().unwrap();
    while tree.list()[0].restarts < 10 {
        tokio::task::yield_now().await;
    }
    tree.abort();
    assert_eq!(tree.join().await, Reason::Aborted);
}
