// A wrong answer: it computes with 32 bits.

use weir_job_wasm::{Code, Jobs, RehearsalLimits};

/// The repaired module in the text format. It exports `run`, as `jobs/sum.wat` does.
pub(crate) fn repaired() -> &'static str {
    r#"(module
  (func $sum (export "run") (param $n i64) (result i64) (local $m i32)
    (if (i64.lt_s (local.get $n) (i64.const 1)) (then (unreachable)))
    (if (i64.gt_s (local.get $n) (i64.const 4294967295)) (then (unreachable)))
    (local.set $m (i32.wrap_i64 (local.get $n)))
    (i64.extend_i32_s
      (i32.div_s
        (i32.mul (local.get $m) (i32.add (local.get $m) (i32.const 1)))
        (i32.const 2)))))"#
}

/// Rehearses new code on the latest inputs, and puts it in force if no input loses its
/// answer. Returns the number of the new version, or why the code was not swapped in.
pub(crate) async fn put_in_force(jobs: &Jobs, new: Code) -> Result<u32, String> {
    let rehearsal = jobs.rehearse(&new, RehearsalLimits::default()).await;
    if rehearsal.broken() > 0 {
        return Err(rehearsal.to_string());
    }
    jobs.swap(new).map_err(|error| error.to_string())
}
