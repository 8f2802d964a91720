//! Requests to a running supervisor, and its list of children.

use futures::FutureExt;
use weir::backoff::Backoff;
use weir::supervise::{ChildCounts, ChildState, SupervisorError};

use super::*;

fn states(tree: &SupervisorHandle) -> Vec<ChildState> {
    tree.list().into_iter().map(|child| child.state).collect()
}

fn not_found(name: &str) -> Result<(), SupervisorError> {
    Err(SupervisorError::NotFound { name: name.to_owned() })
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_not_found() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]);
    assert_eq!(tree.terminate("b").await, not_found("b"));
    assert_eq!(tree.restart("b").await, not_found("b"));
    assert_eq!(tree.kill("b").await, not_found("b"));
    assert_eq!(tree.delete("b").await, not_found("b"));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused() {
    let crew = Crew::default();
    let taken = SupervisorError::NameTaken { name: "a".to_owned() };
    let twice = Supervisor::new(Strategy::OneForOne).child(crew.child("a")).child(crew.child("a"));
    assert_eq!(twice.spawn().unwrap_err(), taken);
    assert_eq!(crew.log(), "", "nothing was started");

    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]);
    assert_eq!(tree.start(crew.child("a")).await, Err(taken.clone()));
    tree.terminate("a").await.unwrap();
    assert_eq!(tree.start(crew.child("a")).await, Err(taken), "its place is kept");
    tree.delete("a").await.unwrap();
    assert_eq!(tree.start(crew.child("a")).await, Ok(()));
    assert_eq!(crew.log(), "-a +a");
}

#[tokio::test(start_paused = true)]
async fn a_terminated_child_stays_down_until_it_is_restarted() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForAll), &["a", "b"]);
    tree.terminate("a").await.unwrap();
    tree.terminate("a").await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(crew.log(), "-a");
    tree.restart("a").await.unwrap();
    assert_eq!(crew.log(), "+a");
    settle().await;
    tree.restart("a").await.unwrap();
    assert_eq!(crew.log(), "-a +a", "one that runs is stopped first, and its siblings are left alone");
}

#[tokio::test(start_paused = true)]
async fn a_restart_by_hand_counts_towards_no_limit() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne).max_restarts(0, SECOND), &["a"]);
    for _ in 0..9 {
        tree.restart("a").await.unwrap();
    }
    assert_eq!(tree.list()[0].restarts, 9);
    crew.end("a", failed("no")).await;
    assert!(!tree.join().await.is_normal());
}

#[tokio::test(start_paused = true)]
async fn a_kill_takes_no_grace_counts_towards_no_limit_and_leaves_the_siblings_alone() {
    let crew = Crew::default();
    let supervisor =
        Supervisor::new(Strategy::OneForAll).max_restarts(0, SECOND).child(crew.slow("slow", SECOND));
    let tree = crew.spawn(supervisor, &["b"]);
    settle().await;
    let start = Instant::now();
    for _ in 0..3 {
        tree.kill("slow").await.unwrap();
    }
    assert_eq!(
        (crew.log().as_str(), start.elapsed()),
        ("-slow +slow -slow +slow -slow +slow", Duration::ZERO)
    );
    let child = &tree.list()[0];
    assert_eq!((child.restarts, child.since), (3, Some(Instant::now())));
    assert_eq!((&child.last_exit, &tree.list()[1].last_exit), (&Some(Reason::Aborted), &None));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_has_ended_can_be_started_by_killing_it() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]);
    tree.terminate("a").await.unwrap();
    assert_eq!(tree.list()[0].since, None);
    tree.kill("a").await.unwrap();
    assert_eq!((states(&tree), crew.log().as_str()), (vec![ChildState::Running], "-a +a"));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_can_be_terminated_or_restarted() {
    let crew = Crew::default();
    let backoff = Backoff::exponential(8 * SECOND, 60 * SECOND).without_jitter();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne).backoff(backoff), &["a", "b"]);
    crew.end("a", failed("no")).await;
    crew.end("b", failed("no")).await;
    assert_eq!(states(&tree), [ChildState::Restarting, ChildState::Restarting]);
    tree.terminate("a").await.unwrap();
    tree.restart("b").await.unwrap();
    assert_eq!(states(&tree), [ChildState::Ended(Reason::Stopped), ChildState::Running]);
    sleep(60 * SECOND).await;
    assert_eq!(crew.log(), "-a -b +b");
}

#[tokio::test(start_paused = true)]
async fn list_and_count_are_up_to_date_after_every_change() {
    let crew = Crew::default();
    let supervisor = Supervisor::new(Strategy::OneForOne).backoff(Backoff::constant(SECOND));
    let tree = crew.spawn(supervisor, &["a", "b"]);
    let counts = |running, restarting, total| ChildCounts { running, restarting, total };
    assert_eq!((states(&tree), tree.count()), (vec![ChildState::Running; 2], counts(2, 0, 2)));

    tree.start(crew.slow("c", SECOND).restart(Restart::Temporary)).await.unwrap();
    assert_eq!((states(&tree), tree.count()), (vec![ChildState::Running; 3], counts(3, 0, 3)));
    let names: Vec<_> = tree.list().iter().map(|child| (child.name().to_owned(), child.restart)).collect();
    let kinds = [("a", Restart::Permanent), ("b", Restart::Permanent), ("c", Restart::Temporary)];
    assert_eq!(names, kinds.map(|(name, restart)| (name.to_owned(), restart)));

    crew.end("a", failed("no")).await;
    assert_eq!((&states(&tree)[0], tree.count()), (&ChildState::Restarting, counts(2, 1, 3)));
    assert_eq!(tree.list()[0].restarts, 0, "it is counted when it happens");
    sleep(SECOND).await;
    assert_eq!((&states(&tree)[0], tree.count()), (&ChildState::Running, counts(3, 0, 3)));
    assert_eq!(tree.list()[0].restarts, 1);

    let mut terminated = Box::pin(tree.terminate("c"));
    assert_eq!(terminated.as_mut().now_or_never(), None);
    settle().await;
    assert_eq!((&states(&tree)[2], tree.count()), (&ChildState::Stopping, counts(3, 0, 3)));
    terminated.await.unwrap();
    assert_eq!((&states(&tree)[2], tree.count()), (&ChildState::Ended(Reason::Stopped), counts(2, 0, 3)));

    tree.delete("c").await.unwrap();
    assert_eq!((states(&tree), tree.count()), (vec![ChildState::Running; 2], counts(2, 0, 2)));

    tree.stop();
    tree.join().await;
    let stopped = vec![ChildState::Ended(Reason::Stopped); 2];
    assert_eq!((states(&tree), tree.count()), (stopped, counts(0, 0, 2)));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_carried_out_even_if_its_future_is_dropped() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]);
    assert_eq!(tree.start(crew.child("b")).now_or_never(), None);
    settle().await;
    assert_eq!(crew.log(), "+b");
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_has_ended_refuses_requests() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]);
    let waiting = tree.clone();
    tree.stop();
    assert_eq!(waiting.restart("a").await, Err(SupervisorError::Ended));
    assert_eq!(tree.start(crew.child("b")).await, Err(SupervisorError::Ended));
    assert_eq!(crew.log(), "-a");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_leaves_the_children_running_and_supervised() {
    let crew = Crew::default();
    drop(crew.spawn(Supervisor::new(Strategy::OneForOne), &["a"]));
    crew.end("a", failed("no")).await;
    assert_eq!(crew.log(), "-a +a");
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_keeps_running_without_children_unless_it_ends_with_the_last() {
    for ends in [false, true] {
        let crew = Crew::default();
        let supervisor = Supervisor::new(Strategy::OneForOne)
            .child(crew.child("a").restart(Restart::Transient))
            .child(crew.child("b").restart(Restart::Temporary));
        let supervisor = if ends { supervisor.ends_with_last_child() } else { supervisor };
        let tree = crew.spawn(supervisor, &["by hand"]);
        crew.end("a", Reason::Finished).await;
        tree.terminate("by hand").await.unwrap();
        assert_eq!(tree.join().now_or_never(), None);
        crew.end("b", failed("no")).await;
        assert_eq!(tree.join().now_or_never(), ends.then_some(Reason::Finished));
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_terminated_by_hand_does_not_end_the_supervisor() {
    let crew = Crew::default();
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne).ends_with_last_child(), &["a"]);
    tree.terminate("a").await.unwrap();
    settle().await;
    tree.restart("a").await.unwrap();
    assert_eq!(crew.log(), "-a +a");
}
