use weir_job_wasm::{Answer, Outcome, Refusal, RehearsalLimits, Settings};

use crate::support::{SUM, code, jobs, with};

/// A constant: each is a version that can be told apart.
fn constant(value: i64) -> String {
    format!("(module (func $f (export \"run\") (param i64) (result i64) (i64.const {value})))")
}

#[tokio::test]
async fn swaps_are_numbered_and_taken_back_one_by_one() {
    let jobs = jobs(&constant(1));
    assert_eq!(jobs.back(), Err(Refusal::NoFormerVersion));
    assert_eq!(jobs.swap(code(&constant(2))), Ok(2));
    assert_eq!(jobs.swap(code(&constant(3))), Ok(3));
    assert_eq!(jobs.run(0).await, Outcome::Value(3));
    assert_eq!(jobs.back(), Ok(2));
    assert_eq!(jobs.run(0).await, Outcome::Value(2));
    assert_eq!(jobs.swap(code(&constant(4))), Ok(4));
    let numbers: Vec<u32> = jobs.history().iter().map(|version| version.number).collect();
    assert_eq!(numbers, [4, 2, 1]);
    assert_eq!((jobs.back(), jobs.back(), jobs.back()), (Ok(2), Ok(1), Err(Refusal::NoFormerVersion)));
    assert_eq!(jobs.run(0).await, Outcome::Value(1));
}

#[tokio::test]
async fn sixteen_swaps_can_be_taken_back() {
    let jobs = jobs(&constant(0));
    for value in 1..=20 {
        jobs.swap(code(&constant(value))).unwrap();
    }
    let back: Vec<u32> = std::iter::from_fn(|| jobs.back().ok()).collect();
    assert_eq!(back, (5..=20).rev().collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_rehearsal_takes_equal_inputs_once_and_names_what_breaks() {
    let jobs = jobs(SUM);
    for input in [1, 1, 1, 2, 13, 20, 20] {
        jobs.run(input).await;
    }
    let rehearsal = jobs.rehearse(&code(&constant(1)), RehearsalLimits::default()).await;
    assert_eq!((rehearsal.version, rehearsal.inputs, rehearsal.same), (1, 4, 1));
    assert_eq!(rehearsal.broken(), 2, "2 and 20 had another value");
    assert_eq!(
        rehearsal.to_string(),
        "1 of 4 inputs the same; 20 (2 times): 210 → 1; 2: 3 → 1; 13: trap: unreachable → 1"
    );
    assert_eq!(jobs.totals().submitted, 7, "trials are no jobs");
}

#[tokio::test]
async fn a_price_that_differs_tenfold_is_a_change() {
    let jobs = jobs(SUM);
    jobs.run(1_000).await;
    let rehearsal = jobs.rehearse(&code(crate::support::REPAIRED), RehearsalLimits::default()).await;
    let [change] = rehearsal.changes[..] else { panic!("{rehearsal}") };
    assert_eq!((change.old.answer, change.new.answer), (Answer::Value(500_500), Answer::Value(500_500)));
    assert!(change.old.reductions > 100 * change.new.reductions, "{rehearsal}");
    let shown = rehearsal.to_string();
    assert!(
        shown.starts_with("0 of 1 inputs the same; 1000: ") && shown.ends_with(" reductions"),
        "{shown}"
    );
    assert_eq!(rehearsal.broken(), 0);
}

#[tokio::test]
async fn what_a_job_found_when_it_ran_is_not_tried_again() {
    let jobs = jobs(SUM);
    let finished = jobs.submit(100_000).await;
    // No trial could come to this end within a thousand reductions.
    let limits = RehearsalLimits { each: 1_000, total: u64::MAX };
    let rehearsal = jobs.rehearse(&code(SUM), limits).await;
    let change = rehearsal.changes[0];
    assert_eq!(change.old.answer, Answer::Value(5_000_050_000));
    assert_eq!(change.old.reductions, finished.reductions);
    assert_eq!(change.new.answer, Answer::NoEnd);
    assert!(change.new.reductions <= 1_000);
    // Of another version it says nothing.
    jobs.swap(code(SUM)).unwrap();
    let rehearsal = jobs.rehearse(&code(SUM), limits).await;
    assert_eq!(rehearsal.to_string(), "1 of 1 inputs the same");
}

#[tokio::test]
async fn a_rehearsal_stops_at_its_limit_and_keeps_the_latest_inputs_only() {
    let jobs = with(SUM, Settings { keep_inputs: 3, max_reductions: Some(100), ..Settings::default() });
    for input in [-1, -2, -3, -4, -5] {
        jobs.run(input).await;
    }
    let limits = RehearsalLimits { each: 1_000, total: 1_500 };
    let rehearsal = jobs.rehearse(&code(SUM), limits).await;
    assert_eq!((rehearsal.inputs, rehearsal.same, rehearsal.skipped), (3, 1, 2));
    assert_eq!(rehearsal.to_string(), "1 of 3 inputs the same; 2 not tried");
    jobs.configure(Settings { keep_inputs: 0, ..jobs.settings() }).unwrap();
    assert_eq!(jobs.rehearse(&code(SUM), limits).await.inputs, 0);
}

#[tokio::test]
async fn a_load_of_equal_inputs_does_not_push_the_others_out() {
    let jobs = with(SUM, Settings { keep_inputs: 4, ..Settings::default() });
    jobs.run(13).await;
    jobs.run(7).await;
    for _ in 0..1_000 {
        jobs.run(5).await;
    }
    let shown = async || jobs.rehearse(&code(&constant(0)), RehearsalLimits::default()).await;
    let changes = shown().await.changes;
    let found: Vec<(i64, u64)> = changes.iter().map(|change| (change.input, change.times)).collect();
    assert_eq!(found, [(5, 1_000), (7, 1), (13, 1)]);
    // Distinct ones do, the one that was not submitted for the longest time first.
    for input in [1, 2, 5, 3] {
        jobs.run(input).await;
    }
    let mut inputs: Vec<i64> = shown().await.changes.iter().map(|change| change.input).collect();
    inputs.sort_unstable();
    assert_eq!(inputs, [1, 2, 3, 5]);
}
