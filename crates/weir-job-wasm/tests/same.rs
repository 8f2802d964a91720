use fastrand::Rng;
use weir_job_wasm::{Code, Ending, Jobs, Settings};

use crate::code::binary;
use crate::support::{REPAIRED, SUM, slices_of, with};

/// What the interpreter makes of a module that was not rewritten: a value, or a trap.
fn plain(text: &str, input: i64) -> Option<i64> {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, &binary(text)[..]).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i64, i64>(&store, "run").unwrap();
    run.call(&mut store, input).ok()
}

/// A random expression of type i64 over the parameters of function `function`.
fn expression(rng: &mut Rng, function: usize, depth: usize) -> String {
    let sub = |rng: &mut Rng| expression(rng, function, depth - 1);
    if depth == 0 {
        return match rng.u8(..3) {
            0 => format!("(i64.const {})", rng.i64(-3..100)),
            _ => format!("(local.get {})", rng.u8(..2)),
        };
    }
    match rng.u8(..12) {
        0..5 => {
            let operator = ["add", "sub", "mul", "xor", "div_s", "rem_u", "shl"][rng.usize(..7)];
            format!("(i64.{operator} {} {})", sub(rng), sub(rng))
        }
        5 | 6 => format!(
            "(if (result i64) (i64.lt_s {} {}) (then {}) (else {}))",
            sub(rng),
            sub(rng),
            sub(rng),
            sub(rng)
        ),
        7 | 8 if function > 0 => {
            format!("(call $f{} {} {})", rng.usize(..function), sub(rng), sub(rng))
        }
        9 if function > 0 => {
            let index = rng.usize(..function);
            format!("(call_indirect (type $t) {} {} (i32.const {index}))", sub(rng), sub(rng))
        }
        10 if function > 0 => {
            format!("(return_call $f{} {} {})", rng.usize(..function), sub(rng), sub(rng))
        }
        11 => format!(
            "(block (result i64) (i64.store (i32.const {}) {}) (i64.load (i32.const {})))",
            rng.u8(..64),
            sub(rng),
            rng.u8(..64)
        ),
        _ => sub(rng),
    }
}

/// A random module: each function calls functions before it, so that all of them end.
fn module(rng: &mut Rng) -> String {
    let functions = rng.usize(1..7);
    let mut text = String::from("(module (type $t (func (param i64 i64) (result i64))) (memory 1)\n");
    text.push_str("(table funcref (elem");
    for function in 0..functions {
        text.push_str(&format!(" $f{function}"));
    }
    text.push_str("))\n");
    for function in 0..functions {
        let body = expression(rng, function, 4);
        text.push_str(&format!("(func $f{function} (type $t) {body})\n"));
    }
    text.push_str("(func $main (export \"run\") (param i64) (result i64)\n");
    text.push_str(&format!("  (call $f{} (local.get 0) (i64.const 7))))", functions - 1));
    text
}

async fn compare(jobs: &Jobs, text: &str, input: i64) {
    match (jobs.run(input).await.ending(), plain(text, input)) {
        (Ending::Value(ours), Some(plain)) => assert_eq!(ours, plain, "{input} in {text}"),
        (Ending::Trap(_), None) => {}
        (ours, plain) => panic!("{input}: {ours} instead of {plain:?} in {text}"),
    }
}

#[tokio::test]
async fn random_modules_compute_what_they_do_without_the_rewriting() {
    let mut rng = Rng::with_seed(14);
    let (mut values, mut traps) = (0, 0);
    for _ in 0..150 {
        let text = module(&mut rng);
        let jobs = with(&text, slices_of(rng.u64(1..200)));
        for input in [-1, 0, 1, rng.i64(..), rng.i64(-100..100)] {
            compare(&jobs, &text, input).await;
        }
        values += jobs.totals().values;
        traps += jobs.totals().traps;
    }
    assert!(values > 100 && traps > 20, "{values} values and {traps} traps are too few to compare");
}

#[tokio::test]
async fn the_sums_compute_what_they_do_without_the_rewriting() {
    for text in [SUM, REPAIRED] {
        let jobs = with(text, slices_of(100));
        for input in [1, 2, 12, 13, 14, 999] {
            compare(&jobs, text, input).await;
        }
    }
}

#[tokio::test]
async fn the_same_input_burns_the_same_reductions_whatever_the_slice_and_the_format() {
    let mut rng = Rng::with_seed(41);
    for _ in 0..20 {
        let text = module(&mut rng);
        let input = rng.i64(..);
        let mut seen = Vec::new();
        for slice in [1, 7, 1_000, 50_000] {
            let jobs = Jobs::new(Code::new(&binary(&text)).unwrap(), slices_of(slice)).unwrap();
            for _ in 0..2 {
                let finished = jobs.submit(input).await;
                seen.push((finished.reductions, finished.outcome));
            }
        }
        let jobs = with(&text, Settings::default());
        let finished = jobs.submit(input).await;
        seen.push((finished.reductions, finished.outcome));
        assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?} in {text}");
    }
}
