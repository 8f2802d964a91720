//! Nested supervisors.

use weir::supervise::ChildState;

use super::*;

/// Specifies a supervisor of `inner1` and `inner2` that gives up at the second end.
fn inner(crew: &Crew) -> ChildSpec {
    let crew = crew.clone();
    ChildSpec::supervisor("inner", move || {
        Supervisor::new(Strategy::OneForOne)
            .max_restarts(1, SECOND)
            .child(crew.child("inner1"))
            .child(crew.child("inner2"))
    })
}

/// Spawns a supervisor with the inner one between two siblings.
fn outer(crew: &Crew, strategy: Strategy) -> SupervisorHandle {
    let supervisor = Supervisor::new(strategy).child(crew.child("first")).child(inner(crew));
    supervisor.child(crew.child("last")).spawn().unwrap()
}

fn paths(tree: &SupervisorHandle) -> Vec<String> {
    tree.list().iter().map(|child| child.path.join("/")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tree_starts_from_the_left_and_stops_from_the_right() {
    let crew = Crew::default();
    let tree = outer(&crew, Strategy::OneForOne);
    assert_eq!(crew.log(), "+first +inner1 +inner2 +last");
    tree.stop();
    assert_eq!(tree.join().await, Reason::Stopped);
    assert_eq!(crew.log(), "-last -inner2 -inner1 -first");
}

#[tokio::test(start_paused = true)]
async fn list_and_count_reach_all_depths() {
    let crew = Crew::default();
    let tree = outer(&crew, Strategy::OneForOne);
    assert_eq!(paths(&tree), ["first", "inner", "inner/inner1", "inner/inner2", "last"]);
    assert_eq!(
        tree.list().iter().map(weir::supervise::ChildInfo::depth).collect::<Vec<_>>(),
        [0, 0, 1, 1, 0]
    );
    assert_eq!((tree.count().running, tree.count().total), (5, 5));
    crew.end("inner2", failed("no")).await;
    assert_eq!(tree.list()[3].restarts, 1);
    tree.terminate("inner").await.unwrap();
    assert_eq!(paths(&tree), ["first", "inner", "last"]);
    assert_eq!((tree.count().running, tree.count().total), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_restarted_by_its_own() {
    let crew = Crew::default();
    let tree = outer(&crew, Strategy::RestForOne);
    crew.log();
    crew.end("inner2", failed("no")).await;
    assert_eq!(crew.log(), "-inner2 +inner2");
    crew.end("inner1", failed("no")).await;
    assert_eq!(crew.log(), "-inner1 -inner2 -last +inner1 +inner2 +last");
    assert_eq!(tree.list()[1].restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_beyond_every_limit_ends_the_tree_with_its_reason() {
    let crew = Crew::default();
    let tree = outer(&crew, Strategy::OneForOne);
    for _ in 0..8 {
        crew.end("inner1", failed("disk full")).await;
    }
    let text = "gave up on child \"inner\" (gave up on child \"inner1\" (disk full): \
                more than 1 restart within 1s): more than 3 restarts within 5s";
    assert_eq!(tree.join().await, failed(text));
    assert_eq!(crew.alive(), "");
}

#[tokio::test(start_paused = true)]
async fn an_abort_leaves_no_child_at_any_depth() {
    let crew = Crew::default();
    let tree = outer(&crew, Strategy::OneForOne);
    settle().await;
    tree.abort();
    assert_eq!(tree.join().await, Reason::Aborted);
    assert_eq!(crew.alive(), "");
}

#[tokio::test(start_paused = true)]
async fn a_killed_supervisor_has_ended_with_its_children_before_they_restart() {
    let crew = Crew::default();
    let killed = inner(&crew).grace(Grace::Kill);
    let tree = crew.spawn(Supervisor::new(Strategy::OneForAll).child(killed), &["a"]);
    settle().await;
    crew.end("a", failed("no")).await;
    // They are aborted together, in no particular order.
    let log = crew.log();
    assert!(log.starts_with("-a -inner") && log.ends_with("+inner1 +inner2 +a"), "{log}");
    assert_eq!(tree.count().running, 4);
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_with_a_duplicate_name_cannot_start() {
    let crew = Crew::default();
    let twice = crew.clone();
    let build =
        move || Supervisor::new(Strategy::OneForOne).child(twice.child("a")).child(twice.child("a"));
    let spec = ChildSpec::supervisor("inner", build).restart(Restart::Temporary);
    let tree = crew.spawn(Supervisor::new(Strategy::OneForOne).child(spec), &[]);
    let reason = failed("cannot add a child named \"a\": there is one already");
    assert_eq!(tree.list()[0].state, ChildState::Ended(reason));
}
