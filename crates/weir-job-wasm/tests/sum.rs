use weir_job_wasm::{Ending, Outcome, RehearsalLimits, Trap};

use crate::support::{REPAIRED, SUM, code, jobs, names, start};

#[tokio::test]
async fn the_sum_is_computed_and_13_is_a_trap_with_its_stack() {
    let jobs = jobs(SUM);
    assert_eq!(jobs.run(100).await, Outcome::Value(5050));
    let Outcome::Trap { trap, stack } = jobs.run(13).await else { panic!("13 has a value") };
    assert_eq!((trap, names(&stack)), (Trap::Unreachable, vec!["sum"]));
    assert_eq!(jobs.run(12).await, Outcome::Value(78));
}

#[tokio::test]
async fn a_large_number_runs_in_slices_while_others_get_their_turn() {
    let jobs = jobs(SUM);
    let (large, running) = start(&jobs, 999_999_999);
    for number in 1..=20 {
        // 13 traps; it is left out.
        let number = if number < 13 { number } else { number + 1 };
        assert_eq!(jobs.run(number).await, Outcome::Value(number * (number + 1) / 2));
        tokio::task::yield_now().await;
    }
    let row = &jobs.top()[0];
    assert_eq!((row.id, row.input), (large, 999_999_999));
    assert!(row.slices >= 20 && row.reductions >= 20 * 49_000, "{row:?}");
    assert_eq!(jobs.kill(large).await, Ok(Ending::Killed));
    assert!(matches!(running.await.unwrap().outcome, Outcome::Killed { .. }));
}

#[tokio::test]
async fn an_endless_job_is_listed_seen_traced_and_killed_and_its_submitter_is_answered() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    assert_eq!(jobs.top()[0].id, id);
    let stack = jobs.stack(id).await.unwrap();
    assert_eq!(names(&stack).last(), Some(&"sum"));
    let trace = jobs.trace(id, 3, weir_job_wasm::Jobs::MAX_TRACE).await.unwrap();
    assert_eq!(trace.calls.len(), 3);
    assert!(trace.calls.iter().all(|call| &*call.function == "calc_sum"), "{trace:?}");
    assert_eq!(jobs.kill(id).await, Ok(Ending::Killed));
    let finished = running.await.unwrap();
    let Outcome::Killed { stack } = finished.outcome else { panic!("{finished:?}") };
    assert_eq!(names(&stack), ["calc_sum", "sum"]);
    assert_eq!((finished.id, finished.input, jobs.top().len()), (id, -1, 0));
}

#[tokio::test]
async fn the_repaired_code_is_exact_beyond_2_to_the_53() {
    let jobs = jobs(REPAIRED);
    for (input, sum) in [
        (1, 1),
        (2, 3),
        (13, 91),
        (999_999_999, 499_999_999_500_000_000),
        (4_294_967_294, 9_223_372_030_412_324_865),
        (4_294_967_295, 9_223_372_034_707_292_160),
    ] {
        assert_eq!(jobs.run(input).await, Outcome::Value(sum), "{input}");
    }
    for input in [0, -1, i64::MIN, 4_294_967_296, i64::MAX] {
        assert!(matches!(jobs.run(input).await, Outcome::Trap { trap: Trap::Unreachable, .. }), "{input}");
    }
}

#[tokio::test]
async fn the_repair_is_rehearsed_swapped_under_load_and_taken_back() {
    let jobs = jobs(SUM);
    for input in [5, 5, 5, 13, 7] {
        jobs.run(input).await;
    }
    let (endless, running) = start(&jobs, -1);
    jobs.stack(endless).await.unwrap();
    let limits = RehearsalLimits { each: 100_000, total: u64::MAX };
    let rehearsal = jobs.rehearse(&code(REPAIRED), limits).await;
    assert_eq!((rehearsal.inputs, rehearsal.same, rehearsal.broken()), (4, 2, 0));
    assert_eq!(
        rehearsal.to_string(),
        "2 of 4 inputs the same; -1: no end → trap: unreachable; 13: trap: unreachable → 91"
    );
    assert_eq!(jobs.swap(code(REPAIRED)), Ok(2));
    assert_eq!(jobs.run(13).await, Outcome::Value(91));
    assert_eq!(jobs.top()[0].version, 1, "a running job stays on the code that it began with");
    assert_eq!(jobs.back(), Ok(1));
    assert!(matches!(jobs.run(13).await, Outcome::Trap { .. }));
    assert_eq!(jobs.kill(endless).await, Ok(Ending::Killed));
    assert_eq!(running.await.unwrap().version, 1);
}
