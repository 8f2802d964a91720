//! Stages and workers that are killed, restarted and paused: what it costs, and what survives.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use weir::record::Mode;
use weir::shutdown::Drained;
use weir::workbench::{Order, OrderError, Workbench, WorkerNode};

use super::{HALF, drained, enqueue, request};
use crate::support::{bench, reconfigure};

/// Kills a stage, and returns how many events failed and how many were requeued.
async fn kill(bench: &Workbench, component: &str) -> (u64, u64) {
    let report = bench.order(component, Order::Kill).await.unwrap();
    (report.failed, report.requeued)
}

async fn workers(bench: &Workbench) -> Vec<WorkerNode> {
    bench.component_tree().await.supervisor.stages.remove(1).workers
}

fn restarts(bench: &Workbench) -> Vec<u64> {
    bench.components().iter().map(|stage| stage.restarts).collect()
}

#[tokio::test(start_paused = true)]
async fn killed_consumers_fail_what_they_have_in_hand_and_give_back_the_rest() {
    for (mode, cost) in [("workers", (2, 4)), ("per_event", (2, 0))] {
        let bench = bench(&[
            "consumers.concurrency=2",
            "consumers.max_demand=3",
            &format!("consumers.mode={mode}"),
        ]);
        enqueue(&bench, 20).await;
        sleep(HALF / 2).await;
        assert_eq!(kill(&bench, "consumers").await, cost, "{mode}");
        let ledger = bench.ledger();
        assert_eq!((ledger.failed, ledger.held, ledger.unaccounted), (2, 18, 0), "{mode}");
        sleep(HALF / 2).await;
        let snapshot = bench.snapshot();
        assert_eq!((snapshot.consumers.busy, snapshot.resource.in_use), (2, 2), "its successor works");
        let ledger = drained(&bench, HALF).await.ledger;
        assert_eq!((ledger.done, ledger.failed, ledger.unaccounted), (18, 2, 0), "{mode}");
        assert_eq!(restarts(&bench), [0, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_queue_costs_no_event_and_its_successor_keeps_the_order() {
    let bench = bench(&["consumers.max_demand=3"]);
    sleep(HALF).await;
    bench.pause().await;
    enqueue(&bench, 10).await;
    sleep(HALF).await;
    assert_eq!(bench.snapshot().queue.at_gate, 3);
    // What was asked for before the pause waits at the gate.
    assert_eq!(kill(&bench, "queue").await, (0, 3));
    let snapshot = bench.snapshot();
    assert!(snapshot.paused && snapshot.components[0].state == "paused", "the pause survives");
    assert_eq!((snapshot.queue.depth, snapshot.queue.at_gate, snapshot.ledger.unaccounted), (10, 3, 0));
    bench.resume();
    sleep(HALF / 2).await;
    let begun = |nodes: &[WorkerNode]| (nodes[0].event, nodes[0].prefetched.clone());
    assert_eq!(begun(&workers(&bench).await), (Some(1), vec![2, 3]));
    // Killed while its consumer holds events of it: the consumer finishes them first.
    assert_eq!(kill(&bench, "queue").await, (0, 0));
    sleep(3 * HALF).await;
    assert_eq!(begun(&workers(&bench).await), (Some(4), vec![5, 6]));
    let ledger = drained(&bench, HALF).await.ledger;
    assert_eq!((ledger.done, ledger.failed, ledger.unaccounted), (10, 0, 0));
    assert_eq!(restarts(&bench), [2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_lets_consumers_finish_what_they_have_in_hand() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    enqueue(&bench, 20).await;
    sleep(HALF / 2).await;
    let report = bench.order("consumers", Order::Restart).await.unwrap();
    assert_eq!((report.failed, report.requeued, report.took_ms), (0, 4, 250.0));
    assert_eq!(report.said, "restarted consumers: no event failed, 4 requeued; running again after 250 ms");
    assert_eq!(bench.ledger().done, 2);
    // What takes longer than the grace is dropped.
    reconfigure(&bench, &["resource.latency.mean=1h", "resource.latency.max=1h"]).await;
    sleep(HALF * 2).await;
    let report = bench.order("consumers", Order::Restart).await.unwrap();
    assert_eq!((report.failed, report.took_ms), (1, 3000.0));
}

#[tokio::test(start_paused = true)]
async fn a_killed_worker_fails_its_event_and_the_others_go_on() {
    for mode in ["workers", "per_event"] {
        let bench = bench(&[
            "consumers.concurrency=3",
            "consumers.max_demand=2",
            &format!("consumers.mode={mode}"),
        ]);
        enqueue(&bench, 12).await;
        sleep(HALF / 2).await;
        let before = workers(&bench).await;
        assert_eq!(before.len(), 3);
        let WorkerNode { id, event, age_ms, held, .. } = before[1].clone();
        assert_eq!(age_ms, Some(250.0));
        let report = bench.kill_worker("consumers", &id.to_string()).await.unwrap();
        assert_eq!((report.worker, report.failed, report.requeued), (Some(id), 1, held as u64), "{mode}");
        let again = bench.kill_worker("consumers", &id.to_string()).await.unwrap_err();
        assert_eq!(again, OrderError::NoWorker { component: "consumers", worker: id.to_string() });
        sleep(HALF / 4).await;
        let after = workers(&bench).await;
        assert_eq!(after.iter().filter(|worker| worker.event.is_some()).count(), 3, "{mode}");
        assert!(after.iter().all(|worker| worker.event != event && worker.id != id));
        let ledger = drained(&bench, HALF).await.ledger;
        assert_eq!((ledger.done, ledger.failed, ledger.unaccounted), (11, 1, 0), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn paused_consumers_begin_nothing_and_a_kill_does_not_wake_them() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    enqueue(&bench, 20).await;
    sleep(HALF / 2).await;
    bench.pause_component("consumers", true).await.unwrap();
    sleep(10 * HALF).await;
    let seen = || {
        let snapshot = bench.snapshot();
        (snapshot.paused, snapshot.ledger.done, snapshot.queue.depth, snapshot.consumers.concurrency)
    };
    assert_eq!(seen(), (true, 2, 18, 2), "the setting stays");
    assert_eq!(kill(&bench, "consumers").await, (0, 0));
    // A change of the settings is for later.
    bench.set("consumers.concurrency", "4").await.unwrap();
    sleep(10 * HALF).await;
    assert_eq!(seen(), (true, 2, 18, 4));
    bench.pause_component("consumers", false).await.unwrap();
    sleep(HALF / 2).await;
    assert_eq!(bench.snapshot().consumers.busy, 4);
    assert_eq!(drained(&bench, HALF).await.ledger.done, 20);
}

#[tokio::test(start_paused = true)]
async fn settings_changed_before_and_after_a_kill_are_in_force() {
    let bench = bench(&[]);
    bench.set("consumers.concurrency", "3").await.unwrap();
    kill(&bench, "consumers").await;
    enqueue(&bench, 20).await;
    sleep(HALF / 2).await;
    assert_eq!(bench.snapshot().consumers.busy, 3);
    bench.set("consumers.concurrency", "7").await.unwrap();
    sleep(HALF).await;
    assert_eq!(bench.snapshot().consumers.busy, 7);
}

#[tokio::test(start_paused = true)]
async fn unknown_names_are_refused_and_a_draining_bench_takes_no_orders() {
    let bench = bench(&[]);
    let error = bench.order("pool", Order::Kill).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no component \"pool\"; there are queue and consumers");
    for (component, worker) in [("queue", "1"), ("consumers", "0"), ("consumers", "\u{1b}[2J")] {
        let error = bench.kill_worker(component, worker).await.unwrap_err();
        assert!(matches!(error, OrderError::NoWorker { .. }), "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
    enqueue(&bench, 3).await;
    let draining = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.drain(10 * HALF).await })
    };
    bench.shutdown().stopping().await;
    assert_eq!(bench.order("queue", Order::Kill).await, Err(OrderError::Draining));
    assert_eq!(bench.pause_component("consumers", true).await, Err(OrderError::Draining));
    let report = draining.await.unwrap();
    assert_eq!((report.drained, report.counts.done, report.lost()), (Drained::Completely, 3, 0));
    assert_eq!(bench.component_tree().await.supervisor.state, "ended");
}

#[tokio::test(start_paused = true)]
async fn the_tree_says_when_a_stage_was_started_and_why_it_last_ended() {
    let bench = bench(&[]);
    sleep(4 * HALF).await;
    kill(&bench, "consumers").await;
    sleep(HALF).await;
    bench.order("queue", Order::Restart).await.unwrap();
    let supervisor = bench.component_tree().await.supervisor;
    let of = |at: usize| {
        let stage = &supervisor.stages[at];
        (stage.component.name.clone(), stage.since_s, stage.last_end.clone())
    };
    assert_eq!(of(0), ("queue".into(), Some(2.5), Some("restarted".into())));
    assert_eq!(of(1), ("consumers".into(), Some(2.0), Some("killed".into())));
    assert_eq!((supervisor.state.as_str(), supervisor.strategy.as_str()), ("running", "one for one"));
    let marks: Vec<_> = bench.recent_history().marks.into_iter().map(|mark| mark.text).collect();
    assert_eq!(marks, ["killed consumers", "restarted queue"]);
}

#[tokio::test(start_paused = true)]
async fn above_sixty_workers_those_with_the_oldest_events_are_listed_and_the_rest_summed() {
    let bench = bench(&["consumers.concurrency=100"]);
    enqueue(&bench, 50).await;
    sleep(HALF / 4).await;
    enqueue(&bench, 40).await;
    sleep(HALF / 4).await;
    let stage = bench.component_tree().await.supervisor.stages.remove(1);
    let ages: Vec<_> = stage.workers.iter().map(|worker| worker.age_ms.unwrap_or(-1.0)).collect();
    assert_eq!(ages.len(), 60);
    assert!(ages.is_sorted_by(|a, b| a >= b) && ages[0] == 250.0, "{ages:?}");
    let rest = stage.rest.unwrap();
    let busy = bench.snapshot().consumers.busy;
    assert_eq!((busy, rest.workers, rest.busy, rest.held), (90, 40, 30, 0));
}

/// Gives an order at random. Which one, and what it was about, is left to `random`.
async fn strike(bench: &Workbench, random: &mut fastrand::Rng) -> u64 {
    let stage = ["queue", "consumers"][random.usize(..2)];
    let report = match random.u8(..10) {
        0..3 => bench.order(stage, Order::Kill).await,
        3 => bench.order(stage, Order::Restart).await,
        4..8 => {
            let workers = workers(bench).await;
            let Some(worker) = random.choice(workers) else { return 0 };
            bench.kill_worker("consumers", &worker.id.to_string()).await
        }
        8 => {
            bench.set("consumers.concurrency", &random.u8(0..20).to_string()).await.unwrap();
            return 0;
        }
        _ => {
            bench.pause_component(stage, true).await.unwrap();
            bench.pause_component(stage, false).await.unwrap();
            return 0;
        }
    };
    match report {
        Ok(report) => report.failed,
        // It had finished its event, or was retired.
        Err(OrderError::NoWorker { .. }) => 0,
        Err(error) => panic!("{error}"),
    }
}

async fn under_many_orders(mode: &str, seed: u64, events: usize, orders: usize, pause: Duration) {
    let bench = bench(&[
        "consumers.concurrency=8",
        "consumers.max_demand=4",
        // An event is in hand at most moments, and not only at the ticks of the clock.
        "resource.latency.mean=3ms",
        "queue.capacity=100000",
        &format!("consumers.mode={mode}"),
    ]);
    let mut random = fastrand::Rng::with_seed(seed);
    let sending = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move {
            for n in 0..events {
                request(&bench, Mode::Pipelined).await.unwrap();
                if n % 20 == 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            }
        })
    };
    let mut failed = 0;
    for _ in 0..orders {
        failed += strike(&bench, &mut random).await;
        sleep(pause.mul_f64(random.f64())).await;
        let ledger = bench.ledger();
        assert!(ledger.unaccounted.unsigned_abs() <= 40, "{ledger:?}");
    }
    sending.await.unwrap();
    bench.set("consumers.concurrency", "8").await.unwrap();
    let report = bench.drain(Duration::from_secs(60)).await;
    let counts = report.counts;
    assert_eq!((report.drained, report.lost()), (Drained::Completely, 0), "{report}");
    assert_eq!((counts.accepted, counts.done + counts.failed), (events as u64, events as u64), "{report}");
    assert_eq!(counts.failed, failed, "each event that failed is in the report of an order");
    assert!(failed > 0, "no order of seed {seed} hit an event with {mode}");
    assert_eq!(bench.ledger().unaccounted, 0);
}

#[tokio::test(start_paused = true)]
async fn under_hundreds_of_kills_each_of_thousands_of_events_is_done_or_counted_as_failed() {
    for mode in ["workers", "per_event"] {
        for seed in 0..3 {
            under_many_orders(mode, seed, 5000, 150, Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_kills_on_many_threads_each_event_is_done_or_counted_as_failed() {
    for mode in ["workers", "per_event"] {
        let play = under_many_orders(mode, 7, 4000, 120, Duration::from_millis(4));
        timeout(Duration::from_secs(60), play).await.expect("the flow goes on");
    }
}
