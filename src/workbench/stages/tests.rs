//! Stages that fail by themselves: no order can cause such a failure.

use std::sync::atomic::Ordering;

use tokio::time::sleep;

use super::*;
use crate::config::Sources;
use crate::workbench::{OrderError, Part, Word, Workbench};

const MS: Duration = Duration::from_millis(1);

fn bench(flags: &[&str]) -> Arc<Workbench> {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    let sources = Sources { file: None, flags };
    Workbench::start(sources.load().unwrap(), &sources)
}

/// Makes the queue's stage panic at its next event.
async fn panic_once(bench: &Arc<Workbench>) {
    bench.stages.gate.fuse.store(true, Ordering::SeqCst);
    bench.enqueue(bench.bench.clock.now()).await.unwrap();
    sleep(MS).await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_panics_is_replaced_loses_no_event_and_leaves_a_mark() {
    let bench = bench(&["resource.latency.mean=1ms", "resource.latency.max=1ms"]);
    sleep(MS).await;
    bench.sample();
    for _ in 0..3 {
        panic_once(&bench).await;
        sleep(2000 * MS).await;
        bench.sample();
    }
    let ledger = bench.ledger();
    assert_eq!((ledger.accepted, ledger.done, ledger.failed, ledger.unaccounted), (3, 3, 0, 0));
    let [queue, consumers] = &bench.components()[..] else { panic!("there are two stages") };
    assert_eq!((queue.restarts, queue.events_out), (3, 3), "its figures go on");
    assert_eq!((consumers.restarts, consumers.events_in), (0, 3));
    let tree = bench.component_tree().await;
    assert_eq!(tree.supervisor.stages[0].last_end.as_deref(), Some("panicked: the fuse has blown"));
    let marks: Vec<_> = bench.recent_history().marks.into_iter().map(|mark| mark.text).collect();
    assert_eq!(marks, ["queue panicked: the fuse has blown; started again"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_has_given_up_says_so_and_the_queue_keeps_its_events() {
    let bench = bench(&[]);
    for _ in 0..=MAX_RESTARTS {
        panic_once(&bench).await;
        sleep(1000 * MS).await;
    }
    let tree = bench.component_tree().await;
    assert_eq!(tree.supervisor.state, "ended");
    assert!(tree.supervisor.stages.iter().all(|stage| stage.component.state == "ended"), "{tree:?}");
    assert_eq!(bench.order("queue", Order::Kill).await, Err(OrderError::GivenUp));
    assert_eq!(bench.order("consumers", Order::Restart).await, Err(OrderError::GivenUp));
    bench.sample();
    bench.sample();
    let marks: Vec<_> = bench.recent_history().marks.into_iter().map(|mark| mark.text).collect();
    assert_eq!(marks.iter().filter(|mark| *mark == "the supervisor has given up").count(), 1, "{marks:?}");
    let verdict = bench.verdict();
    assert_eq!((verdict.word, verdict.blame), (Word::NoConsumers, Some(Part::Consumers)));
    assert!(verdict.cause.contains("given up"), "{}", verdict.cause);
    let ledger = bench.ledger();
    assert_eq!(ledger.unaccounted, 0);
    assert_eq!(ledger.accepted, ledger.done + ledger.failed + ledger.held, "{ledger:?}");
    let report = bench.drain(MS).await;
    assert_eq!(report.lost() as u64, ledger.held, "{report}");
}

#[tokio::test(start_paused = true)]
async fn orders_do_not_count_towards_the_failures_after_which_the_supervisor_gives_up() {
    let bench = bench(&[]);
    for _ in 0..10 * MAX_RESTARTS {
        bench.order("queue", Order::Kill).await.unwrap();
        bench.order("consumers", Order::Kill).await.unwrap();
    }
    bench.sample();
    assert_eq!(bench.component_tree().await.supervisor.state, "running");
    let marks = bench.recent_history().marks;
    assert!(marks.iter().all(|mark| mark.text.starts_with("killed ")), "{marks:?}");
}

#[tokio::test(start_paused = true)]
async fn paused_consumers_are_blamed_and_a_paused_queue_blames_the_gate() {
    let bench = bench(&[]);
    for (component, blame) in [("consumers", Part::Consumers), ("queue", Part::Gate)] {
        bench.pause_component(component, true).await.unwrap();
        bench.sample();
        let verdict = bench.verdict();
        assert_eq!((verdict.word, verdict.blame), (Word::Paused, Some(blame)), "{}", verdict.cause);
        bench.pause_component(component, false).await.unwrap();
    }
}
