//! The recorder: where one run ends and the next begins, and what is in it.
//!
//! The bench is asked to look every quarter of a second, as it does by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir::record::{ByMode, LedgerState, MarkKind, Mode, Origin, Run, Validity, now};
use weir::runs::Store;
use weir::workbench::{HISTORY_INTERVAL, Workbench};

use crate::binary::Folder;
use crate::support::{bench, reconfigure};

/// Runs over HTTP and on the command line.
mod faces;
/// Runs on disk: kept, removed, read again.
mod kept;
/// A stretch of the history, kept as a run.
mod window;

/// A tenth of a second each, one at a time.
const FLAGS: [&str; 1] = ["resource.latency.mean=100ms"];

/// A bench, and a folder for its runs.
struct Recorded {
    bench: Arc<Workbench>,
    store: Store,
    folder: Folder,
}

impl Recorded {
    /// Quiet for three seconds.
    async fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let store = Store::new(folder.0.join("runs"));
        let recorded = Self { bench: bench(&FLAGS), store, folder };
        recorded.pass(3000).await;
        recorded
    }

    /// Lets `ms` milliseconds pass, and samples every 250.
    async fn pass(&self, ms: u64) {
        let (mut left, tick) = (Duration::from_millis(ms), HISTORY_INTERVAL);
        while !left.is_zero() {
            let step = left.min(tick);
            sleep(step).await;
            left -= step;
            if step == tick {
                self.bench.sample();
            }
        }
    }

    fn enqueue(&self, count: usize) {
        for _ in 0..count {
            let request = self.bench.request(Mode::Pipelined);
            let answer = futures::FutureExt::now_or_never(self.bench.enqueue(request.arrived()));
            request.answered(answer.expect("there is room").is_ok());
        }
    }

    /// The runs that were kept since the last call.
    async fn kept(&self) -> Vec<Run> {
        self.bench.keep_finished(Some(&self.store)).await;
        let listing = self.store.list().unwrap();
        assert!(listing.skipped.is_empty(), "{listing:?}");
        let take = |id: String| {
            let run = self.store.load(&id).unwrap();
            self.store.delete(&id).unwrap();
            run
        };
        listing.runs.into_iter().map(|listed| take(listed.id)).collect()
    }

    async fn only(&self) -> Run {
        let kept = self.kept().await;
        let [run] = <[Run; 1]>::try_from(kept).unwrap_or_else(|runs| panic!("{} runs", runs.len()));
        run
    }
}

fn counts(ledger: &LedgerState) -> [u64; 4] {
    assert_eq!((ledger.failed + ledger.dropped, ledger.unaccounted), (0, 0), "{ledger:?}");
    [ledger.accepted, ledger.done, ledger.held, ledger.rejected]
}

#[tokio::test(start_paused = true)]
async fn a_run_is_from_the_first_request_after_quiet_until_the_last_event_is_done() {
    let recorded = Recorded::start("run").await;
    // In the middle between two looks.
    recorded.pass(130).await;
    recorded.enqueue(5);
    recorded.pass(1250).await;
    assert!(recorded.kept().await.is_empty(), "it has not been quiet for a second");
    recorded.pass(750).await;
    let run = recorded.only().await;
    assert_eq!(run.audit.validity(), Validity::Valid, "{:?}", run.audit);
    assert_eq!(
        (run.origin, run.target.as_str(), run.load.is_some()),
        (Origin::Recorded, "pipelined", false)
    );
    let side = run.bench.as_ref().unwrap();
    assert_eq!(counts(&side.ledger), [5, 5, 0, 0]);
    assert!((run.seconds - 0.5).abs() < 1e-9 && (side.drain_s - 0.5).abs() < 1e-9, "{} s", run.seconds);
    let mode = &side.modes["pipelined"];
    assert_eq!(
        (mode.requests, mode.done, mode.http.count(), mode.response.count()),
        (5, 5, Some(5), Some(5))
    );
    assert!((mode.done_rate - 10.0).abs() < 1e-6, "{}", mode.done_rate);
    recorded.pass(5000).await;
    assert!(recorded.kept().await.is_empty(), "quiet is no run");
}

#[tokio::test(start_paused = true)]
async fn two_bursts_are_two_runs_if_there_is_more_than_a_second_between_them() {
    let recorded = Recorded::start("bursts").await;
    for (pause, expected) in [(700, &[4][..]), (1500, &[2, 2])] {
        recorded.enqueue(2);
        recorded.pass(250).await;
        recorded.pass(pause).await;
        recorded.enqueue(2);
        recorded.pass(2000).await;
        let accepted: Vec<u64> =
            recorded.kept().await.iter().map(|run| run.bench.as_ref().unwrap().ledger.accepted).collect();
        assert_eq!(accepted, expected, "after {pause} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_in_the_middle_is_marked_and_loses_nothing() {
    let recorded = Recorded::start("marks").await;
    let bench = &recorded.bench;
    for second in 0..8 {
        for _ in 0..10 {
            recorded.enqueue(1);
            recorded.pass(100).await;
        }
        match second {
            1 => bench.reset(),
            2 => bench.pause().await,
            4 => bench.resume(),
            5 => reconfigure(bench, &[FLAGS[0], "consumers.concurrency=3"]).await,
            _ => {}
        }
    }
    recorded.pass(10_000).await;
    let run = recorded.only().await;
    let side = run.bench.as_ref().unwrap();
    assert_eq!(counts(&side.ledger), [80, 80, 0, 0]);
    let mode = &side.modes["pipelined"];
    let times = [&mode.http, &mode.wait, &mode.service, &mode.response];
    assert_eq!(times.map(|times| times.count()), [Some(80); 4]);
    let column: f64 = side.series.columns["pipelined.done"].iter().flatten().sum();
    assert_eq!((mode.requests, mode.accepted, column), (80, 80, 80.0));
    let marks: Vec<_> = side.marks.iter().map(|mark| (mark.kind, mark.t.round())).collect();
    let expected =
        [(MarkKind::Reset, 2.0), (MarkKind::Pause, 3.0), (MarkKind::Pause, 5.0), (MarkKind::Reload, 6.0)];
    assert_eq!(marks, expected);
    assert!(!run.audit.is_invalid(), "{:?}", run.audit);
    // The snapshot counts from the reset on, with the one that was held then.
    let since_reset = counts(&bench.snapshot().ledger);
    assert!([[60, 60, 0, 0], [61, 61, 0, 0]].contains(&since_reset), "{since_reset:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_when_a_run_is_cut_is_accepted_anew_by_the_next() {
    let recorded = Recorded::start("cut").await;
    let bench = &recorded.bench;
    let first = bench.begin_run();
    recorded.enqueue(10);
    recorded.pass(450).await;
    assert_eq!(bench.run_is_drained(first), Some(false));
    let second = bench.begin_run();
    assert_eq!((bench.run_is_drained(first), bench.take_run(first)), (None, None));
    // The last is done after 550 ms.
    recorded.pass(560).await;
    assert_eq!(bench.run_is_drained(second), Some(true));
    let taken = bench.take_run(second).unwrap().bench;
    let cut = recorded.only().await.bench.unwrap();
    assert_eq!((counts(&cut.ledger), cut.drained), ([10, 4, 6, 0], false));
    assert_eq!((counts(&taken.ledger), taken.drained), ([6, 6, 0, 0], true));
    // The second run's figures are mostly of events that it did not send.
    let early = |bench: &weir::record::BenchSide| {
        let run = Run { bench: Some(bench.clone()), ..Run::new(Origin::Recorded, "pipelined", now()) };
        let audit = run.audited().audit;
        audit.remarks().any(|check| check.name == "it began with nothing") && audit.is_invalid()
    };
    assert_eq!((early(&cut), early(&taken)), (false, true));
    // Little's law, to the event: inside were 10, 9, 8 and 7 for 100 ms each and 6
    // for 50; then 6 for 50 ms, and 5, 4, 3, 2 and 1 for 100.
    let inside = |side: &weir::record::BenchSide| side.modes["pipelined"].in_system;
    assert!((inside(&cut) - (1.0 + 0.9 + 0.8 + 0.7 + 0.3) / 0.45).abs() < 1e-9, "{}", inside(&cut));
    assert!(
        (inside(&taken) - (0.3 + 0.5 + 0.4 + 0.3 + 0.2 + 0.1) / 0.55).abs() < 1e-9,
        "{}",
        inside(&taken)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_right_after_another_begins_with_its_own_first_request() {
    let recorded = Recorded::start("after").await;
    let claim = recorded.bench.begin_run();
    recorded.enqueue(20);
    recorded.pass(2000).await;
    recorded.enqueue(1);
    recorded.pass(250).await;
    let taken = recorded.bench.take_run(claim).unwrap().bench;
    assert!((taken.seconds - 2.1).abs() < 1e-9, "{} s", taken.seconds);
    // Less than a second after the last request.
    recorded.pass(300).await;
    recorded.enqueue(5);
    recorded.pass(3000).await;
    let run = recorded.only().await;
    assert!((run.seconds - 0.5).abs() < 1e-9, "{} s", run.seconds);
    let mode = &run.bench.as_ref().unwrap().modes["pipelined"];
    assert!((mode.done_rate - 10.0).abs() < 1e-6 && (mode.in_system - 3.0).abs() < 1e-6, "{mode:?}");
}

#[tokio::test(start_paused = true)]
async fn peaks_are_those_of_the_run_and_in_the_snapshot_those_since_the_reset() {
    let recorded = Recorded::start("peaks").await;
    let peaks = |recorded: &Recorded| {
        let snapshot = recorded.bench.snapshot();
        (snapshot.queue.peak_depth, snapshot.resource.peak_in_use)
    };
    for (burst, so_far) in [(3, 3), (10, 10), (2, 10)] {
        recorded.enqueue(burst);
        recorded.pass(4000).await;
        let side = recorded.only().await.bench.unwrap();
        assert_eq!((side.peak_depth, side.peak_in_use), (burst, 1));
        assert_eq!(side.modes["pipelined"].peak_in_use, 1);
        assert_eq!(peaks(&recorded), (so_far, 1));
    }
    recorded.bench.reset();
    assert_eq!(peaks(&recorded), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_run_takes_no_points_of_the_history() {
    let recorded = Recorded::start("points").await;
    let points = || recorded.bench.recent_history().points;
    let before = points().len();
    let claim = recorded.bench.begin_run();
    recorded.enqueue(2);
    sleep(HISTORY_INTERVAL / 2).await;
    assert_eq!((recorded.bench.run_is_drained(claim), points().len()), (Some(false), before));
    sleep(HISTORY_INTERVAL / 2).await;
    recorded.bench.sample();
    // The one that was done before the question is in the point after it.
    let point = points().pop().unwrap();
    assert_eq!(
        (points().len(), point.finished),
        (before + 1, ByMode { pipelined: 2, ..ByMode::default() })
    );
    let [p50, p99] = point.response_ms.pipelined.unwrap();
    assert!((p50 / 100.0 - 1.0).abs() < 1e-3 && (p99 / 200.0 - 1.0).abs() < 1e-3, "{p50} {p99}");
}

#[tokio::test(start_paused = true)]
async fn a_claimed_run_goes_on_as_long_as_its_client_is_heard_of() {
    let recorded = Recorded::start("held").await;
    let claim = recorded.bench.begin_run();
    recorded.enqueue(3);
    for _ in 0..9 {
        recorded.pass(10_000).await;
        assert!(recorded.bench.hold_run(claim));
    }
    recorded.enqueue(2);
    recorded.pass(10_000).await;
    let taken = recorded.bench.take_run(claim).unwrap();
    assert_eq!(counts(&taken.bench.ledger), [5, 5, 0, 0]);
    assert!(recorded.kept().await.is_empty() && !recorded.bench.hold_run(claim));
}

#[tokio::test(start_paused = true)]
async fn a_claimed_run_that_its_client_never_takes_is_kept_after_half_a_minute() {
    let recorded = Recorded::start("orphan").await;
    let claim = recorded.bench.begin_run();
    recorded.enqueue(3);
    recorded.pass(29_000).await;
    assert!(recorded.kept().await.is_empty());
    assert_eq!(recorded.bench.run_is_drained(claim), Some(true));
    recorded.pass(2000).await;
    let run = recorded.only().await;
    assert_eq!(counts(&run.bench.as_ref().unwrap().ledger), [3, 3, 0, 0]);
    assert!((run.seconds - 0.3).abs() < 1e-9, "the waiting is not part of it: {} s", run.seconds);
    assert_eq!(recorded.bench.take_run(claim), None);
}
