//! Supervisors. The log of children has `+name` for a start and `-name` for an end, in the
//! order in which they happen.

/// The limit on restarts, and starts that fail.
mod limits;

/// Delays before restarts, and the time a child has to stop.
mod times;

/// Requests to a running supervisor, and its list of children.
mod orders;

/// Nested supervisors.
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

/// Children that log their starts and ends, and end when the test says.
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
    /// Makes a child that stops on request.
    fn child(&self, name: &str) -> ChildSpec {
        self.slow(name, Duration::ZERO)
    }

    /// Makes a child that takes `time` to stop.
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

    /// Ends a child, and waits for everything that follows at once.
    async fn end(&self, name: &str, reason: Reason) {
        let end = self.0.lock().unwrap().ends[name].clone();
        end.send(reason).expect("the child runs");
        settle().await;
    }

    /// Takes the log since the last call.
    fn log(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap().log).join(" ")
    }

    fn alive(&self) -> String {
        let inside = self.0.lock().unwrap();
        inside.alive.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Spawns a supervisor with such children, and empties the log.
    fn spawn(&self, supervisor: Supervisor, names: &[&str]) -> SupervisorHandle {
        let supervisor = names.iter().fold(supervisor, |all, name| all.child(self.child(name)));
        let tree = supervisor.spawn().expect("different names");
        self.log();
        tree
    }
}

/// Waits until everything has happened that takes no time, with the clock paused.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Makes a supervisor that never gives up.
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
    // Before the first await, because the tree is up when `spawn` returns.
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
async fn a_child_that_ended_for_good_or_is_temporary_is_not_restarted_with_its_group() {
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
