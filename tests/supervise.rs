//! Supervision. What happens to children is written as `+name` for a start and
//! `-name` for an end, in the order in which it happens.

/// When a supervisor gives up, and starts that fail.
mod limits;

/// Waits before restarts, and times to stop.
mod times;

/// What a supervisor is asked to do while it runs, and what it says of itself.
mod orders;

/// Supervisors below supervisors.
mod nested;

/// Stages and pools as children, under names that outlive them.
mod stages;

/// Random scripts against a naive model, and threads.
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use weir::stage::Reason;
use weir::supervise::{ChildSpec, Grace, Restart, Strategy, Supervisor, SupervisorHandle};

const SECOND: Duration = Duration::from_secs(1);

fn failed(text: &str) -> Reason {
    Reason::Failed(text.to_owned())
}

/// Children that note what happens to them, and end as the test says.
#[derive(Clone, Default)]
struct Crew(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    log: Vec<String>,
    alive: BTreeSet<String>,
    ends: BTreeMap<String, mpsc::UnboundedSender<Reason>>,
}

/// One life of a child.
struct Life(Crew, String);

impl Drop for Life {
    fn drop(&mut self) {
        let mut inside = self.0.0.lock().unwrap();
        inside.alive.remove(&self.1);
        inside.log.push(format!("-{}", self.1));
    }
}

impl Crew {
    /// A child that stops when it is told.
    fn child(&self, name: &str) -> ChildSpec {
        self.slow(name, Duration::ZERO)
    }

    /// A child that takes its time to stop.
    fn slow(&self, name: &str, time: Duration) -> ChildSpec {
        let (crew, owned) = (self.clone(), name.to_owned());
        ChildSpec::task(name, move |stop| {
            let (life, mut ends) = crew.begin(&owned);
            async move {
                let _life = life;
                tokio::select! {
                    Some(reason) = ends.recv() => match reason {
                        Reason::Panicked(text) => panic!("{text}"),
                        reason => reason,
                    },
                    () = stop.cancelled() => {
                        sleep(time).await;
                        Reason::Stopped
                    }
                }
            }
        })
    }

    fn begin(&self, name: &str) -> (Life, mpsc::UnboundedReceiver<Reason>) {
        let (end, ends) = mpsc::unbounded_channel();
        let mut inside = self.0.lock().unwrap();
        assert!(inside.alive.insert(name.to_owned()), "{name} runs twice");
        inside.log.push(format!("+{name}"));
        inside.ends.insert(name.to_owned(), end);
        (Life(self.clone(), name.to_owned()), ends)
    }

    /// Ends a child, and lets everything happen that follows at once.
    async fn end(&self, name: &str, reason: Reason) {
        let end = self.0.lock().unwrap().ends[name].clone();
        end.send(reason).expect("the child runs");
        settle().await;
    }

    /// What has happened since the last time.
    fn log(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap().log).join(" ")
    }

    fn alive(&self) -> String {
        let inside = self.0.lock().unwrap();
        inside.alive.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// A running supervisor with such children, and the log empty.
    fn spawn(&self, supervisor: Supervisor, names: &[&str]) -> SupervisorHandle {
        let supervisor = names.iter().fold(supervisor, |all, name| all.child(self.child(name)));
        let tree = supervisor.spawn().expect("different names");
        self.log();
        tree
    }
}

/// Under paused time: everything that can happen without a wait has happened.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// A supervisor that never gives up.
fn patient(strategy: Strategy) -> Supervisor {
    Supervisor::new(strategy).max_restarts(usize::MAX, SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_is_always_restarted() {
    let crew = Crew::default();
    let _tree = crew.spawn(patient(Strategy::OneForOne), &["a"]);
    for reason in [Reason::Finished, Reason::Stopped, failed("no"), Reason::Panicked("boom".to_owned())] {
        crew.end("a", reason).await;
        assert_eq!(crew.log(), "-a +a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_is_restarted_only_when_it_failed() {
    let crew = Crew::default();
    let supervisor = patient(Strategy::OneForOne).child(crew.child("a").restart(Restart::Transient));
    let tree = crew.spawn(supervisor, &[]);
    for reason in [failed("no"), Reason::Panicked("boom".to_owned()), Reason::Aborted] {
        crew.end("a", reason).await;
        assert_eq!(crew.log(), "-a +a");
    }
    for reason in [Reason::Finished, Reason::Cancelled, Reason::Stopped, Reason::Declined] {
        crew.end("a", reason).await;
        assert_eq!(crew.log(), "-a");
        tree.restart("a").await.unwrap();
        assert_eq!(crew.log(), "+a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_is_never_restarted() {
    let crew = Crew::default();
    let supervisor = patient(Strategy::OneForOne).child(crew.child("a").restart(Restart::Temporary));
    let tree = crew.spawn(supervisor, &[]);
    for reason in [Reason::Finished, failed("no"), Reason::Panicked("boom".to_owned())] {
        crew.end("a", reason).await;
        assert_eq!(crew.log(), "-a");
        tree.restart("a").await.unwrap();
        assert_eq!(crew.log(), "+a");
    }
}

#[tokio::test(start_paused = true)]
async fn children_start_in_order_and_stop_in_reverse_one_after_another() {
    let crew = Crew::default();
    let tree = Supervisor::new(Strategy::OneForOne)
        .child(crew.slow("a", SECOND))
        .child(crew.slow("b", 2 * SECOND))
        .child(crew.slow("c", 3 * SECOND))
        .spawn()
        .unwrap();
    // Before the first await: the tree is up when it is returned.
    assert_eq!(crew.log(), "+a +b +c");
    settle().await;
    let start = Instant::now();
    tree.stop();
    assert_eq!(tree.join().await, Reason::Stopped);
    assert_eq!((crew.log().as_str(), start.elapsed()), ("-c -b -a", 6 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn each_strategy_restarts_its_group_stopping_in_reverse_and_starting_in_order() {
    let cases = [
        (Strategy::OneForOne, "-b +b"),
        (Strategy::OneForAll, "-b -d -c -a +a +b +c +d"),
        (Strategy::RestForOne, "-b -d -c +b +c +d"),
    ];
    for (strategy, expected) in cases {
        let crew = Crew::default();
        let tree = crew.spawn(Supervisor::new(strategy), &["a", "b", "c", "d"]);
        settle().await;
        crew.end("b", failed("no")).await;
        assert_eq!(crew.log(), expected, "{strategy:?}");
        tree.stop();
        tree.join().await;
        assert_eq!(crew.log(), "-d -c -b -a", "{strategy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_had_ended_for_good_or_is_temporary_does_not_come_back_with_its_group() {
    let crew = Crew::default();
    let supervisor = Supervisor::new(Strategy::OneForAll)
        .child(crew.child("temporary").restart(Restart::Temporary))
        .child(crew.child("done").restart(Restart::Transient))
        .child(crew.child("transient").restart(Restart::Transient));
    let tree = crew.spawn(supervisor, &["terminated", "a"]);
    crew.end("done", Reason::Finished).await;
    tree.terminate("terminated").await.unwrap();
    assert_eq!(crew.log(), "-done -terminated");
    crew.end("a", failed("no")).await;
    assert_eq!(crew.log(), "-a -transient -temporary +transient +a");
}
