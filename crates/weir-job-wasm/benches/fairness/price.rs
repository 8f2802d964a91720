//! The cost of rewriting, and of a job.

use tokio::runtime::Builder;
use tokio::time::Instant;
use wasmi::{Config, Engine, Instance, Module, Store};
use weir_job_wasm::{Code, Jobs, Settings};

use crate::SUM;

const ROUNDS: usize = 5;

const LOOP: &str = r#"(module (func $sum (export "run") (param $n i64) (result i64)
  (local $i i64) (local $s i64)
  (loop $l
    (local.set $i (i64.add (local.get $i) (i64.const 1)))
    (local.set $s (i64.add (local.get $s) (local.get $i)))
    (br_if $l (i64.ne (local.get $i) (local.get $n))))
  (local.get $s)))"#;

const FIB: &str = r#"(module (func $fib (export "run") (param $n i64) (result i64)
  (if (i64.lt_s (local.get $n) (i64.const 2)) (then (return (local.get $n))))
  (i64.add
    (call $fib (i64.sub (local.get $n) (i64.const 1)))
    (call $fib (i64.sub (local.get $n) (i64.const 2))))))"#;

/// Calls of a function whose locals have to be zeroed: the most that a reduction can cost.
fn locals() -> String {
    format!(
        r#"(module (func $f (local {}) (nop))
          (func $main (export "run") (param $n i64) (result i64)
            (loop $l (call $f)
              (br_if $l (i64.ne (i64.const 0)
                (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
            (i64.const 0)))"#,
        "i64 ".repeat(1_000)
    )
}

pub(crate) fn rows() {
    println!("the price of the rewriting          plain s  instrumented s  ratio  µs a slice");
    for (name, text, input) in [
        ("a loop of 20 M rounds", LOOP, 20_000_000),
        ("10 M tail calls", SUM, 10_000_000),
        ("fib(30): 1.3 M calls", FIB, 30),
        ("1 M calls of 1,000 locals", &locals(), 1_000_000),
    ] {
        let (mut plain, mut ours, mut slice) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..ROUNDS {
            plain.push(of_plain(text, input));
            let (seconds, of_slice) = of_jobs(text, input);
            ours.push(seconds);
            slice = of_slice;
        }
        let (plain, ours) = (median(&mut plain), median(&mut ours));
        println!("{name:<34} {plain:>8.3} {ours:>15.3} {:>6.2} {slice:>11.1}", ours / plain);
    }
    let (jobs, runtime) = (jobs(SUM), Builder::new_current_thread().build().expect("a runtime"));
    let (number, begin) = (50_000, Instant::now());
    runtime.block_on(async {
        for _ in 0..number {
            jobs.run(100).await;
        }
    });
    println!(
        "a job from submission to end, sum(100): {:.2} µs",
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(number)
    );
    let begin = Instant::now();
    for _ in 0..1_000 {
        Code::new(SUM.as_bytes()).expect("the sum is valid");
    }
    println!("text to code: {:.0} µs\n", begin.elapsed().as_secs_f64() * 1e3);
}

fn jobs(text: &str) -> Jobs {
    Jobs::new(Code::new(text.as_bytes()).expect("valid code"), Settings::default()).expect("valid settings")
}

/// Seconds for a job in slices, and microseconds of one slice.
fn of_jobs(text: &str, input: i64) -> (f64, f64) {
    let (jobs, runtime) = (jobs(text), Builder::new_current_thread().build().expect("a runtime"));
    let begin = Instant::now();
    let finished = runtime.block_on(jobs.submit(input));
    let seconds = begin.elapsed().as_secs_f64();
    assert!(finished.outcome.value().is_some(), "{finished:?}");
    (seconds, seconds * 1e6 / finished.slices as f64)
}

/// Seconds for the original module, metered, in one go.
fn of_plain(text: &str, input: i64) -> f64 {
    let buffer = wast::parser::ParseBuffer::new(text).expect("valid text");
    let wasm = wast::parser::parse::<wast::Wat<'_>>(&buffer).and_then(|mut wat| wat.encode());
    let engine = Engine::new(Config::default().consume_fuel(true));
    let module = Module::new(&engine, &wasm.expect("valid text")[..]).expect("a valid module");
    let mut store = Store::new(&engine, ());
    store.set_fuel(u64::MAX).expect("a metered engine");
    let instance = Instance::new(&mut store, &module, &[]).expect("no imports");
    let run = instance.get_typed_func::<i64, i64>(&store, "run").expect("the entry");
    let begin = Instant::now();
    run.call(&mut store, input).expect("a value");
    begin.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
