// The closed form, refused where it has no answer, and a swap that a rehearsal decides.

use weir_job_wasm::{Code, Jobs, RehearsalLimits};

/// The repaired module in the text format. It exports `run`, as `jobs/sum.wat` does.
pub(crate) fn repaired() -> &'static str {
    r#"(module
  (func $sum (export "run") (param $n i64) (result i64)
    (if (i64.lt_s (local.get $n) (i64.const 1)) (then (unreachable)))
    (if (i64.gt_s (local.get $n) (i64.const 4294967295)) (then (unreachable)))
    ;; Halves the even one of n and n + 1, so that the product is the sum itself.
    (i64.mul
      (i64.div_s (i64.add (local.get $n) (i64.and (local.get $n) (i64.const 1))) (i64.const 2))
      (i64.sub (i64.add (local.get $n) (i64.const 1)) (i64.and (local.get $n) (i64.const 1))))))"#
}

/// Rehearses new code on the latest inputs, and puts it in force if no input loses its
/// answer. Returns the number of the new version, or why the code was not swapped in.
pub(crate) async fn put_in_force(jobs: &Jobs, new: Code) -> Result<u32, String> {
    let rehearsal = jobs.rehearse(&new, RehearsalLimits::default()).await;
    // An input that had a value and would get another one, or none.
    if rehearsal.broken() > 0 {
        return Err(rehearsal.to_string());
    }
    jobs.swap(new).map_err(|error| error.to_string())
}
