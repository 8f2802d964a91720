//! Random scripts against a naive model, and threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use tokio::runtime::Builder;
use tokio::task::yield_now;
use weir::supervise::{ChildState, Strategy};

use super::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Fail(usize),
    Finish(usize),
    Terminate(usize),
    Restart(usize),
}

fn step() -> impl Generate<Value = Step> {
    let child = 0..NAMES.len();
    prop_oneof![
        4 => child.clone().prop_map(Step::Fail),
        2 => child.clone().prop_map(Step::Finish),
        1 => child.clone().prop_map(Step::Terminate),
        2 => child.prop_map(Step::Restart),
    ]
}

/// A model of a supervisor without backoff that never gives up.
struct Model {
    strategy: Strategy,
    restarts: [Restart; 4],
    up: [bool; 4],
    started: [u64; 4],
    log: Vec<String>,
}

impl Model {
    fn start(&mut self, at: usize) {
        self.up[at] = true;
        self.started[at] += 1;
        self.log.push(format!("+{}", NAMES[at]));
    }

    fn stop(&mut self, at: usize) {
        if std::mem::take(&mut self.up[at]) {
            self.log.push(format!("-{}", NAMES[at]));
        }
    }

    fn end(&mut self, at: usize, fails: bool) {
        self.stop(at);
        match self.restarts[at] {
            Restart::Permanent => {}
            Restart::Transient if fails => {}
            Restart::Transient | Restart::Temporary => return,
        }
        let first = match self.strategy {
            Strategy::OneForOne => return self.start(at),
            Strategy::OneForAll => 0,
            Strategy::RestForOne => at,
        };
        let back =
            |other: usize| other == at || self.up[other] && self.restarts[other] != Restart::Temporary;
        let back: Vec<usize> = (first..NAMES.len()).filter(|&other| back(other)).collect();
        (first..NAMES.len()).rev().for_each(|other| self.stop(other));
        back.into_iter().for_each(|other| self.start(other));
    }
}

async fn run(strategy: Strategy, restarts: [Restart; 4], script: Vec<Step>) {
    let crew = Crew::default();
    let supervisor = NAMES
        .iter()
        .zip(restarts)
        .fold(patient(strategy), |all, (name, restart)| all.child(crew.child(name).restart(restart)));
    let tree = supervisor.spawn().unwrap();
    let mut model = Model { strategy, restarts, up: [false; 4], started: [0; 4], log: Vec::new() };
    (0..NAMES.len()).for_each(|at| model.start(at));
    for step in script {
        match step {
            Step::Fail(at) if model.up[at] => {
                crew.end(NAMES[at], failed("no")).await;
                model.end(at, true);
            }
            Step::Finish(at) if model.up[at] => {
                crew.end(NAMES[at], Reason::Finished).await;
                model.end(at, false);
            }
            Step::Fail(_) | Step::Finish(_) => {}
            Step::Terminate(at) => {
                tree.terminate(NAMES[at]).await.unwrap();
                model.stop(at);
            }
            Step::Restart(at) => {
                tree.restart(NAMES[at]).await.unwrap();
                model.stop(at);
                model.start(at);
            }
        }
        assert_eq!(crew.log(), model.log.join(" "), "{step:?}");
        model.log.clear();
        for (at, child) in tree.list().iter().enumerate() {
            assert_eq!(child.state == ChildState::Running, model.up[at], "{child:?} after {step:?}");
            assert_eq!(child.restarts, model.started[at] - 1, "{child:?} after {step:?}");
        }
    }
    tree.stop();
    assert_eq!(tree.join().await, Reason::Stopped);
    (0..NAMES.len()).rev().for_each(|at| model.stop(at));
    assert_eq!(crew.log(), model.log.join(" "));
}

fn any_strategy() -> impl Generate<Value = Strategy> {
    prop::sample::select(vec![Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne])
}

fn any_restart() -> impl Generate<Value = Restart> {
    prop::sample::select(vec![Restart::Permanent, Restart::Transient, Restart::Temporary])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_script_agrees_with_a_naive_supervisor(
        strategy in any_strategy(),
        restarts in prop::array::uniform4(any_restart()),
        script in prop::collection::vec(step(), 0..30),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(strategy, restarts, script));
    }

    /// The crew panics if a child starts that still runs, which poisons its lock.
    #[test]
    fn children_that_fail_together_never_run_twice_and_are_all_back_after(
        strategy in any_strategy(),
        rounds in prop::collection::vec(prop::sample::subsequence(NAMES.to_vec(), 1..=4), 1..10),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let crew = Crew::default();
            let tree = crew.spawn(patient(strategy), &NAMES);
            for together in rounds {
                for name in &together {
                    let end = crew.0.lock().unwrap().ends[*name].clone();
                    end.send(failed("no")).expect("the child runs");
                }
                settle().await;
                assert_eq!(crew.alive(), "a b c d");
                // Starts and ends are equal in number, and each child runs at most once.
                let mut log: Vec<_> = crew.log().split(' ').map(str::to_owned).collect();
                log.sort_unstable();
                let (starts, ends) = log.split_at(log.len() / 2);
                assert!(starts.iter().zip(ends).all(|(start, end)| start[1..] == end[1..]), "{log:?}");
                assert!(starts.windows(2).all(|pair| pair[0] != pair[1]), "{log:?}");
            }
            assert_eq!(tree.count().running, 4);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_no_child_runs_twice_at_once() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let failures = Arc::new(AtomicUsize::new(0));
        let twice = Arc::new(AtomicUsize::new(0));
        let mut supervisor = patient(strategy).ends_with_last_child();
        for name in NAMES {
            let (failures, twice, running) = (failures.clone(), twice.clone(), Arc::new(()));
            let child = ChildSpec::task(name, move |_stop| {
                let (failures, life) = (failures.clone(), running.clone());
                // The closure has one clone, and the life that begins has another.
                twice.fetch_add(usize::from(Arc::strong_count(&running) > 2), Ordering::SeqCst);
                async move {
                    let _life = life;
                    yield_now().await;
                    if failures.fetch_add(1, Ordering::SeqCst) < 500 {
                        failed("no")
                    } else {
                        Reason::Finished
                    }
                }
            });
            supervisor = supervisor.child(child.restart(Restart::Transient));
        }
        let tree = supervisor.spawn().unwrap();
        assert_eq!(tree.join().await, Reason::Finished, "{strategy:?}");
        assert_eq!(twice.load(Ordering::SeqCst), 0, "{strategy:?}");
        assert!(failures.load(Ordering::SeqCst) >= 500);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_a_tree_aborted_during_a_restart_leaves_no_child() {
    for _ in 0..50 {
        let lives = Arc::new(());
        let inside = lives.clone();
        let nested = ChildSpec::supervisor("nested", move || {
            NAMES.iter().fold(patient(Strategy::OneForAll), |all, name| {
                let life = inside.clone();
                all.child(ChildSpec::task(*name, move |_stop| {
                    let life = life.clone();
                    async move {
                        let _life = life;
                        yield_now().await;
                        failed("no")
                    }
                }))
            })
        });
        let tree = Supervisor::new(Strategy::OneForOne).child(nested).spawn().unwrap();
        while tree.list().iter().all(|child| child.restarts < 3) {
            yield_now().await;
        }
        tree.abort();
        assert_eq!(tree.join().await, Reason::Aborted);
        assert_eq!((Arc::strong_count(&lives), tree.count().running), (1, 0));
    }
}
