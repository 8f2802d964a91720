use weir_job_wasm::{Ending, Outcome, Settings, Trap};

use crate::support::{jobs, names, slices_of, with};

/// Counts down and then does something forbidden, or returns.
const FAULTY: &str = r#"(module
  (memory 1)
  (table 1 funcref)
  (type $nothing (func))
  (func $fail (param $n i64) (result i64)
    (block $b4 (block $b3 (block $b2 (block $b1 (block $b0
      (br_table $b0 $b1 $b2 $b3 $b4 (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 5)))))
      ;; 0
      unreachable)
      ;; 1
      (return (i64.div_s (local.get $n) (i64.const 0))))
      ;; 2
      (return (i64.load (i32.const 65530))))
      ;; 3
      (call_indirect (type $nothing) (i32.const 0)))
    ;; 4
    (return (i64.trunc_f64_s (f64.const nan))))
  (func $wait (param $n i64)
    (loop $again
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  (func $main (export "run") (param $n i64) (result i64)
    (call $wait (i64.add (local.get $n) (i64.const 1)))
    (call $fail (local.get $n))))"#;

#[tokio::test]
async fn a_trap_at_any_slice_is_named_with_its_stack() {
    let expected = [
        Trap::Unreachable,
        Trap::DivisionByZero,
        Trap::MemoryOutOfBounds,
        Trap::TableOutOfBounds,
        Trap::IntegerOverflow,
    ];
    for slice in [1, 2, 3, 10, 37, 50_000] {
        let jobs = with(FAULTY, slices_of(slice));
        for input in 0..40 {
            let Outcome::Trap { trap, stack } = jobs.run(input).await else { panic!("{input}") };
            assert_eq!(trap, expected[input as usize % 5], "{input}, slices of {slice}");
            let depth = names(&stack).len();
            assert_eq!(names(&stack)[depth - 2..], ["fail", "main"], "{input}, slices of {slice}");
        }
    }
}

/// Grows a memory by a page at a time, `n` times.
const GREEDY: &str = r#"(module
  (memory 1) (memory $other 1) (table $t 1 funcref)
  (func $grow (param $n i64) (result i64)
    (loop $again
      (if (i64.eqz (local.get $n)) (then (return (i64.extend_i32_u (memory.size)))))
      (drop (memory.grow (i32.const 1)))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br $again))
    (unreachable))
  (func $main (export "run") (param $n i64) (result i64) (call $grow (local.get $n))))"#;

#[tokio::test]
async fn memory_beyond_the_limit_ends_the_job_whatever_the_slice() {
    for slice in [1, 50_000] {
        let jobs = with(GREEDY, Settings { slice, max_memory: 5 << 16, ..Settings::default() });
        // Two pages from the start and 16 bytes of table: two more fit below five.
        assert_eq!(jobs.run(2).await, Outcome::Value(3));
        let Outcome::OutOfMemory { stack } = jobs.run(3).await else { panic!("it fits") };
        assert_eq!(names(&stack), ["grow", "main"]);
        jobs.configure(Settings { max_memory: (5 << 16) + 16, ..jobs.settings() }).unwrap();
        assert_eq!(jobs.run(3).await, Outcome::Value(4));
        assert_eq!(jobs.run(4).await.ending(), Ending::OutOfMemory);
    }
}

#[tokio::test]
async fn the_limit_can_be_lowered_while_a_job_runs_and_below_what_new_jobs_need() {
    let jobs = with(GREEDY, slices_of(1));
    let job = jobs.submit(3);
    jobs.configure(Settings { max_memory: 2 << 16, ..jobs.settings() }).unwrap();
    let finished = job.await;
    assert_eq!(finished.outcome.ending(), Ending::OutOfMemory);
    assert!(finished.outcome.stack().unwrap().functions().is_empty(), "it had no instance");
    assert_eq!(finished.outcome.to_string(), "out of memory");
}

#[tokio::test]
async fn a_memorys_own_maximum_is_no_fault_of_the_job() {
    let text = GREEDY.replace("(memory 1)", "(memory 1 2)");
    assert_eq!(jobs(&text).run(1_000).await, Outcome::Value(2));
}

#[tokio::test]
async fn tables_count_as_memory() {
    let jobs = jobs(
        r#"(module (table $t 1 funcref)
          (func $main (export "run") (param $n i64) (result i64)
            (i64.extend_i32_s (table.grow $t (ref.null func) (i32.wrap_i64 (local.get $n))))))"#,
    );
    assert_eq!(jobs.run(1_000).await, Outcome::Value(1));
    assert_eq!(jobs.run(70_000).await.ending(), Ending::OutOfMemory);
    // More elements than any table can have: the instruction returns -1.
    assert_eq!(jobs.run(-1).await, Outcome::Value(-1));
}

#[tokio::test]
async fn an_instruction_that_costs_more_than_a_slice_gets_what_it_needs() {
    let text = r#"(module (memory 16)
      (func $main (export "run") (param $n i64) (result i64)
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 1048576))
        (i64.load8_u (i32.wrap_i64 (local.get $n)))))"#;
    let jobs = with(text, slices_of(1));
    let finished = jobs.submit(1_048_575).await;
    assert_eq!(finished.outcome, Outcome::Value(7));
    assert!(finished.reductions >= 16_384, "64 bytes for a reduction: {}", finished.reductions);
    jobs.configure(Settings { max_reductions: Some(16_000), ..jobs.settings() }).unwrap();
    let finished = jobs.submit(0).await;
    assert_eq!(finished.outcome.ending(), Ending::OutOfReductions);
    assert!(finished.reductions <= 16_000, "{}", finished.reductions);
}

#[tokio::test]
async fn a_job_never_burns_more_than_its_limit() {
    for slice in [1, 7, 50_000] {
        let settings = Settings { slice, max_reductions: Some(5_000), ..Settings::default() };
        let jobs = with(FAULTY, settings);
        let finished = jobs.submit(1_000_000).await;
        let Outcome::OutOfReductions { stack } = &finished.outcome else { panic!("{finished:?}") };
        assert_eq!(names(stack), ["wait", "main"]);
        assert!((4_980..=5_000).contains(&finished.reductions), "{}", finished.reductions);
    }
}
