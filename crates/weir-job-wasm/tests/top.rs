use weir_job_wasm::{Ending, Isolation, Settings, SettingsError};

use crate::support::{SUM, jobs, slices_of, start, with};

#[tokio::test]
async fn top_lists_live_jobs_with_their_counters_the_busiest_first() {
    let jobs = with(SUM, slices_of(1_000));
    let waiting = jobs.submit(5);
    let (rogue, running) = start(&jobs, -1);
    for _ in 0..5 {
        jobs.stack(rogue).await.unwrap();
    }
    let rows = jobs.top();
    let ids: Vec<u64> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [rogue, waiting.id()]);
    let row = &rows[0];
    assert_eq!((row.input, row.version, row.isolation), (-1, 1, Isolation::Fuel));
    // The fifth answer came before the fifth slice, which has run by now.
    assert_eq!(row.slices, 5);
    assert!((4_800..=5_000).contains(&row.reductions), "{row:?}");
    assert!(row.reductions_per_s > 0.0 && (0.0..=1.0).contains(&row.share), "{row:?}");
    assert!(row.age >= row.longest_slice, "{row:?}");
    assert_eq!((rows[1].reductions, rows[1].slices), (0, 0));
    jobs.kill(rogue).await.unwrap();
    running.await.unwrap();
    assert_eq!(waiting.await.outcome.value(), Some(15));
    assert!(jobs.top().is_empty());
}

#[tokio::test]
async fn every_job_is_counted_once() {
    let jobs = with(SUM, Settings { max_reductions: Some(10_000), ..Settings::default() });
    for input in [1, 2, 13, -1] {
        jobs.run(input).await;
    }
    drop(jobs.submit(1));
    let job = jobs.submit(-1);
    let (killed, finished) = tokio::join!(jobs.kill(job.id()), job);
    assert_eq!((killed, finished.id), (Ok(Ending::Killed), 6));
    let waiting = jobs.submit(3);
    let totals = jobs.totals();
    assert_eq!((totals.submitted, totals.values, totals.traps), (7, 2, 1));
    assert_eq!((totals.killed, totals.cancelled, totals.out_of_reductions), (1, 1, 1));
    assert_eq!((totals.live, totals.out_of_memory), (1, 0));
    drop(waiting);
    assert_eq!(jobs.totals().live, 0);
}

#[tokio::test]
async fn the_slice_and_the_limit_change_for_running_jobs() {
    let jobs = with(SUM, slices_of(100));
    let (id, running) = start(&jobs, -1);
    let burnt = async || {
        let before = jobs.top()[0].reductions;
        jobs.stack(id).await.unwrap();
        jobs.top()[0].reductions - before
    };
    jobs.stack(id).await.unwrap();
    assert!(burnt().await <= 100);
    jobs.configure(slices_of(20_000)).unwrap();
    burnt().await;
    let slice = burnt().await;
    assert!((19_900..=20_000).contains(&slice), "{slice}");
    jobs.configure(Settings { max_reductions: Some(1), ..jobs.settings() }).unwrap();
    assert_eq!(running.await.unwrap().outcome.ending(), Ending::OutOfReductions);
}

#[tokio::test]
async fn a_change_of_isolation_is_for_new_jobs() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    jobs.configure(Settings { isolation: Isolation::Task, ..jobs.settings() }).unwrap();
    assert_eq!(jobs.kill(id).await, Ok(Ending::Killed));
    running.await.unwrap();
    let finished = jobs.submit(100_000).await;
    assert_eq!(finished.slices, 1);
}

#[test]
fn settings_out_of_bounds_are_refused_and_change_nothing() {
    let jobs = jobs(SUM);
    let refused = jobs.configure(Settings { slice: 0, ..Settings::default() }).unwrap_err();
    let expected = SettingsError { key: "slice", found: 0, least: 1, most: 1_000_000_000 };
    assert_eq!(refused, expected);
    assert_eq!(refused.to_string(), "0 is out of bounds for `slice`: 1 to 1000000000 are allowed");
    let settings = Settings { max_reductions: Some(0), ..Settings::default() };
    assert_eq!(jobs.configure(settings).unwrap_err().key, "max_reductions");
    let settings = Settings { keep_inputs: 100_001, ..Settings::default() };
    assert_eq!(jobs.configure(settings).unwrap_err().key, "keep_inputs");
    assert_eq!(jobs.settings(), Settings::default());
}

#[test]
fn a_task_that_waits_for_its_next_job_carries_a_pointer_and_no_machine() {
    let jobs = jobs(SUM);
    assert!(size_of_val(&jobs.submit(1)) <= 24);
    // The future of `run` has room for the job, the input and its own state.
    assert!(size_of_val(&jobs.run(1)) <= 64, "{}", size_of_val(&jobs.run(1)));
}
