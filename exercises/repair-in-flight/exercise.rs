// Repair the sum while jobs run: write the closed form, rehearse it, and swap it in.
//
// Two bodies are `todo!()`. `weir exercise watch repair-in-flight` checks your code every time
// you save. The code that runs is `jobs/sum.wat`; its comments show how to read the text format.

use weir_job_wasm::{Code, Jobs, RehearsalLimits};

/// The repaired module in the text format. It exports `run`, as `jobs/sum.wat` does.
///
/// `run` takes n and returns the sum of 1 to n, in a few instructions and not in a loop. It
/// refuses an n that has no answer with the instruction `(unreachable)`: n below 1, and n
/// above 4,294,967,295, whose sum does not fit into 64 bits.
pub(crate) fn repaired() -> &'static str {
    todo!("r#\"(module …)\"#: n * (n + 1) / 2, without an overflow on the way")
}

/// Rehearses new code on the latest inputs, and puts it in force if no input loses its
/// answer. Returns the number of the new version, or why the code was not swapped in.
pub(crate) async fn put_in_force(jobs: &Jobs, new: Code) -> Result<u32, String> {
    todo!("jobs.rehearse(&new, RehearsalLimits::default()), then broken(), then swap")
}
