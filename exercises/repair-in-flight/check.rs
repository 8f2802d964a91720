//! Checks the answers of the repaired code, and how it is swapped in while jobs run.
#![allow(missing_docs, clippy::unwrap_used, reason = "a check, not an interface")]

#[cfg(not(feature = "solutions"))]
#[path = "exercise.rs"]
#[allow(clippy::todo, clippy::unused_async, unused, reason = "until it is written")]
mod answer;
#[cfg(feature = "solutions")]
mod answer {
    include!(env!("WEIR_ANSWER"));
}

use weir_job_wasm::{Code, Ending, Jobs, Settings};

use self::answer::{put_in_force, repaired};

/// The code that runs until it is repaired.
const BEFORE: &str = include_str!("../../jobs/sum.wat");

/// Code that is wrong for odd numbers.
const WORSE: &str = r#"(module
  (func $sum (export "run") (param $n i64) (result i64)
    (i64.mul (i64.div_s (local.get $n) (i64.const 2)) (i64.add (local.get $n) (i64.const 1)))))"#;

/// The most reductions that count as a few instructions.
const FEW: u64 = 1_000;

fn code(text: &str) -> Code {
    Code::new(text.as_bytes()).unwrap_or_else(|error| panic!("the module is not valid: {error}"))
}

fn jobs(text: &str) -> Jobs {
    // Endless code ends here with the limit.
    let settings = Settings { max_reductions: Some(10_000_000), ..Settings::default() };
    Jobs::new(code(text), settings).unwrap()
}

async fn sum(n: i64) -> Ending {
    jobs(repaired()).run(n).await.ending()
}

#[tokio::test]
async fn the_sum_is_exact_for_odd_and_even_numbers() {
    for n in [1, 2, 3, 4, 13, 99, 100, 1_001] {
        assert_eq!(sum(n).await, Ending::Value(n * (n + 1) / 2), "the sum of 1 to {n}");
    }
}

#[tokio::test]
async fn the_sum_is_exact_up_to_the_largest_that_fits() {
    for n in [65_536, 100_000, 999_999_999, 3_037_000_500, 4_000_000_000, 4_294_967_295] {
        let exact = i64::try_from(i128::from(n) * (i128::from(n) + 1) / 2).unwrap();
        assert_eq!(sum(n).await, Ending::Value(exact), "the sum of 1 to {n}");
    }
}

#[tokio::test]
async fn a_number_without_an_answer_is_refused_at_once() {
    for n in [0, -1, -13, i64::MIN] {
        let ending = sum(n).await;
        assert!(matches!(ending, Ending::Trap(_)), "below one: {n} gets {ending}; expected a trap");
    }
    for n in [4_294_967_296, 5_000_000_000, i64::MAX] {
        let ending = sum(n).await;
        assert!(matches!(ending, Ending::Trap(_)), "too large: {n} gets {ending}; expected a trap");
    }
}

#[tokio::test]
async fn a_large_number_takes_a_few_instructions() {
    let finished = jobs(repaired()).submit(999_999_999).await;
    let burnt = finished.reductions;
    assert!(burnt < FEW, "999,999,999 takes {burnt} reductions, more than {FEW}: is it still a loop?");
}

#[tokio::test]
async fn code_that_takes_away_an_answer_is_not_put_in_force() {
    let jobs = jobs(BEFORE);
    for n in 1..=9 {
        jobs.run(n).await;
    }
    let swapped = put_in_force(&jobs, code(WORSE)).await;
    let version = jobs.history()[0].number;
    assert_eq!(
        version, 1,
        "code that answers 0 to 1 is in use as version {version}: a rehearsal shows that before the swap"
    );
    assert!(swapped.is_err(), "{swapped:?}: expected an error for code that is not swapped in");
}

#[tokio::test]
async fn repaired_code_is_put_in_force_and_running_jobs_finish_on_the_code_they_began_with() {
    let jobs = jobs(BEFORE);
    for n in [7, 100, 13] {
        jobs.run(n).await;
    }
    let running = tokio::spawn(jobs.submit(1_000));
    let version = put_in_force(&jobs, code(repaired())).await;
    assert_eq!(version, Ok(2), "the repaired code keeps every answer, so it is version 2");
    let finished = running.await.unwrap();
    assert_eq!((finished.version, finished.outcome.value()), (1, Some(500_500)));
    assert_eq!(jobs.run(13).await.value(), Some(91), "13 has an answer now");
    assert!(matches!(jobs.run(-1).await.ending(), Ending::Trap(_)), "-1 is refused now");
}
