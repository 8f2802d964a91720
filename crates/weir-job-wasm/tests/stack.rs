use weir_job_wasm::{Ending, Jobs, Outcome, Trap};

use crate::support::{jobs, names, slices_of, start, with};

const FIB: &str = r#"(module
  (func $fib (param $n i64) (result i64)
    (if (i64.lt_s (local.get $n) (i64.const 2)) (then (return (local.get $n))))
    (i64.add
      (call $fib (i64.sub (local.get $n) (i64.const 1)))
      (call $one_less (i64.sub (local.get $n) (i64.const 1)))))
  (func $one_less (param $n i64) (result i64)
    (if (result i64) (i64.eqz (local.get $n))
      (then (i64.const 0))
      (else (call $fib (i64.sub (local.get $n) (i64.const 1))))))
  (func $main (export "run") (param $n i64) (result i64)
    (call $fib (local.get $n))))"#;

/// The stacks of FIB after each call, in their order, by a model.
fn model(
    path: &mut Vec<&'static str>,
    function: &'static str,
    n: i64,
    stacks: &mut Vec<Vec<&'static str>>,
) {
    path.insert(0, function);
    stacks.push(path.clone());
    let callees: Vec<(&'static str, i64)> = match function {
        "main" => vec![("fib", n)],
        "fib" if n >= 2 => vec![("fib", n - 1), ("one_less", n - 1)],
        "one_less" if n != 0 => vec![("fib", n - 1)],
        _ => vec![],
    };
    for (callee, n) in callees {
        model(path, callee, n, stacks);
    }
    path.remove(0);
}

/// Asks for the stack in every slice. The tasks take turns, so none is missed.
async fn all_stacks(jobs: &Jobs, input: i64) -> Vec<Vec<String>> {
    let (id, running) = start(jobs, input);
    let mut stacks = Vec::new();
    while let Ok(stack) = jobs.stack(id).await {
        stacks.push(names(&stack).into_iter().map(str::to_owned).collect());
    }
    let finished = running.await.unwrap();
    assert_eq!(stacks.len() as u64, finished.slices, "one stack in each slice");
    stacks
}

#[tokio::test]
async fn the_stack_is_exact_at_every_suspension() {
    let jobs = with(FIB, slices_of(1));
    let mut seen = all_stacks(&jobs, 7).await;
    seen.dedup();
    let mut expected = Vec::new();
    model(&mut Vec::new(), "main", 7, &mut expected);
    // Every call is seen, because fuel is charged before a function's first instruction.
    // No return is: the callers here go on without entering a block, which would charge.
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn functions_with_many_results_leave_the_stack_as_it_was() {
    let jobs = with(
        r#"(module
          (func $three (param $n i64) (result i64 i64 i64)
            (local.get $n) (local.get $n) (local.get $n))
          (func $none (nop))
          (func $main (export "run") (param $n i64) (result i64)
            (call $three (local.get $n)) (call $none) i64.add i64.add
            (if (i64.eqz (local.get $n)) (then unreachable))))"#,
        slices_of(1),
    );
    assert_eq!(jobs.run(5).await, Outcome::Value(15));
    let Outcome::Trap { stack, .. } = jobs.run(0).await else { panic!("0 has a value") };
    assert_eq!(names(&stack), ["main"]);
    let mut seen = all_stacks(&jobs, 5).await;
    seen.dedup();
    assert_eq!(seen[0], ["main"]);
    assert!(seen.contains(&vec!["three".into(), "main".into()]), "{seen:?}");
    assert!(seen.contains(&vec!["none".into(), "main".into()]), "{seen:?}");
}

#[tokio::test]
async fn an_indirect_call_is_a_question_mark_until_the_function_runs() {
    let jobs = with(
        r#"(module
          (table funcref (elem $even $odd))
          (type $step (func (param i64) (result i64)))
          (func $even (type $step)
            (if (i64.eqz (local.get 0)) (then (return (i64.const 1))))
            (call_indirect (type $step) (i64.sub (local.get 0) (i64.const 1)) (i32.const 1)))
          (func $odd (type $step)
            (if (i64.eqz (local.get 0)) (then unreachable))
            (return_call_indirect (type $step) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))
          (func $main (export "run") (type $step)
            (call_indirect (type $step) (local.get 0) (i32.const 0))))"#,
        slices_of(1),
    );
    assert_eq!(jobs.run(2).await, Outcome::Value(1));
    let Outcome::Trap { trap, stack } = jobs.run(3).await else { panic!("3 is even") };
    // `odd` made a tail call, so that it is not on the stack below the second `even`.
    assert_eq!((trap, names(&stack)), (Trap::Unreachable, vec!["odd", "even", "even", "main"]));
    let mut seen = all_stacks(&jobs, 1).await;
    seen.dedup();
    let begin: Vec<String> = seen.iter().map(|stack| stack.join(" < ")).collect();
    assert_eq!(begin, ["main", "? < main", "? < even < main", "odd < even < main"]);
}

#[tokio::test]
async fn a_tail_call_takes_the_place_of_its_caller() {
    let jobs = with(
        r#"(module
          (func $b (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then unreachable)) (local.get $n))
          (func $a (export "run") (param $n i64) (result i64) (return_call $b (local.get $n))))"#,
        slices_of(1),
    );
    let Outcome::Trap { stack, .. } = jobs.run(0).await else { panic!("0 has a value") };
    assert_eq!(names(&stack), ["b"]);
    assert_eq!(all_stacks(&jobs, 1).await.last().unwrap(), &["b"]);
}

#[tokio::test]
async fn a_stack_of_a_thousand_calls_is_seen_whole_and_one_more_is_a_trap() {
    let jobs = jobs(
        r#"(module
          (func $down (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (loop $forever (br $forever))))
            (i64.add (call $down (i64.sub (local.get $n) (i64.const 1))) (i64.const 1)))
          (func $main (export "run") (param $n i64) (result i64) (call $down (local.get $n))))"#,
    );
    let (id, running) = start(&jobs, 990);
    // The first answer comes before the first slice, the second after it.
    assert_eq!(names(&jobs.stack(id).await.unwrap()), ["main"]);
    let stack = jobs.stack(id).await.unwrap();
    assert_eq!(stack.functions().len(), 992);
    let shown = stack.to_string();
    assert!(shown.starts_with("down < ") && shown.ends_with(" < main"), "{shown}");
    assert!(shown.contains("… 976 more …"), "{shown}");
    assert_eq!(jobs.kill(id).await, Ok(Ending::Killed));
    running.await.unwrap();
    let Outcome::Trap { trap, stack } = jobs.run(100_000).await else { panic!("no overflow") };
    assert_eq!(trap, Trap::StackOverflow);
    assert!((1000..=1002).contains(&stack.functions().len()), "{}", stack.functions().len());
}
