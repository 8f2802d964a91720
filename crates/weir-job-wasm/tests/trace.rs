use std::time::Duration;

use weir_job_wasm::{Argument, Ending, Jobs, Refusal};

use crate::support::{SUM, jobs, slices_of, start, with};

#[tokio::test]
async fn a_trace_has_consecutive_calls_with_their_arguments() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    // The first slice begins with `sum`.
    jobs.stack(id).await.unwrap();
    jobs.stack(id).await.unwrap();
    for _ in 0..3 {
        let trace = jobs.trace(id, 50, Jobs::MAX_TRACE).await.unwrap();
        assert_eq!((trace.calls.len(), trace.ended), (50, false));
        let from = |index: usize| match trace.calls[index].arguments[..] {
            [Argument::I64(from), Argument::I64(-1), Argument::I64(sum)] => {
                assert_eq!(sum, (from - 1) * from / 2, "the sum of the numbers before {from}");
                from
            }
            ref other => panic!("{other:?}"),
        };
        for index in 1..50 {
            assert_eq!(from(index), from(index - 1) + 1);
        }
    }
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn arguments_of_all_types_are_shown_and_more_than_three_are_left_out() {
    let jobs = with(
        r#"(module
          (func $mixed (param f32 f64 i32 i64))
          (func $reference (param funcref))
          (func $main (export "run") (param $n i64) (result i64)
            (loop $forever
              (call $mixed (f32.const 1.5) (f64.const -0.25) (i32.const -7) (i64.const 1))
              (call $reference (ref.null func))
              (br_if $forever (i64.ne (local.get $n) (i64.const 0))))
            (i64.const 0)))"#,
        slices_of(1),
    );
    let (id, running) = start(&jobs, 1);
    let trace = jobs.trace(id, 3, Jobs::MAX_TRACE).await.unwrap();
    let shown: Vec<String> = trace.calls.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["main(1)", "mixed(1.5, -0.25, -7, …)", "reference(ref)"]);
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_trace_ends_with_its_time_although_the_job_makes_no_calls() {
    let jobs = jobs(
        r#"(module (func $main (export "run") (param i64) (result i64)
            (loop $forever (br $forever)) (i64.const 0)))"#,
    );
    let (id, running) = start(&jobs, 1);
    let trace = jobs.trace(id, 50, Duration::ZERO).await.unwrap();
    assert!(trace.calls.len() <= 1 && !trace.ended, "{trace:?}");
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_trace_of_a_job_that_ends_in_the_slice_has_its_last_calls() {
    let jobs = jobs(SUM);
    // Submitted and asked before its first slice, in which it ends.
    let job = jobs.submit(3);
    let id = job.id();
    let (trace, finished) = tokio::join!(jobs.trace(id, 50, Jobs::MAX_TRACE), job);
    let trace = trace.unwrap();
    assert_eq!(finished.outcome.value(), Some(6));
    let shown: Vec<String> = trace.calls.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["sum(3)", "calc_sum(1, 3, 0)", "calc_sum(2, 3, 1)", "calc_sum(3, 3, 3)"]);
    assert!(trace.ended);
}

#[tokio::test]
async fn a_job_that_is_killed_while_it_is_traced_answers_both() {
    let jobs = with(SUM, slices_of(1));
    let (id, running) = start(&jobs, -1);
    let (trace, killed) = tokio::join!(jobs.trace(id, 50, Jobs::MAX_TRACE), async {
        jobs.stack(id).await.unwrap();
        jobs.kill(id).await
    });
    assert_eq!(killed, Ok(Ending::Killed));
    let trace = trace.unwrap();
    assert!(trace.ended && trace.calls.len() < 50, "{trace:?}");
    assert_eq!(running.await.unwrap().outcome.ending(), Ending::Killed);
}

#[tokio::test]
async fn traces_of_one_job_take_turns() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    let trace = || jobs.trace(id, 5, Jobs::MAX_TRACE);
    let (first, second) = tokio::join!(trace(), trace());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.calls.len(), second.calls.len()), (5, 5));
    assert_ne!(first, second, "the second begins after the first");
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_requester_that_has_left_ends_its_trace() {
    let jobs = with(SUM, slices_of(1));
    let (id, running) = start(&jobs, -1);
    {
        let abandoned = jobs.trace(id, 50, Jobs::MAX_TRACE);
        let mut abandoned = std::pin::pin!(abandoned);
        let once = std::future::poll_fn(|context| std::task::Poll::Ready(abandoned.as_mut().poll(context)));
        assert!(once.await.is_pending());
    }
    let trace = jobs.trace(id, 2, Jobs::MAX_TRACE).await.unwrap();
    assert_eq!(trace.calls.len(), 2);
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_trace_has_1_to_50_calls_and_takes_a_second_at_most() {
    let jobs = jobs(SUM);
    let (id, running) = start(&jobs, -1);
    for calls in [0, 51, u32::MAX] {
        let refused = jobs.trace(id, calls, Jobs::MAX_TRACE).await;
        assert_eq!(refused, Err(Refusal::Calls { calls }));
    }
    let refused = jobs.trace(id, 1, Duration::from_millis(1001)).await.unwrap_err();
    assert_eq!(refused.to_string(), "a trace of 1001 ms was asked for; at most 1000 are allowed");
    jobs.kill(id).await.unwrap();
    running.await.unwrap();
}
