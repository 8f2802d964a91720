//! Refuses a combination of compiler settings with which the interpreter would overflow the
//! native stack, and so abort the process.
//!
//! From `opt-level` 2 on, wasmi dispatches by tail calls and relies on the compiler to make
//! jumps of them. With debug assertions the compiler does not: each instruction that is
//! interpreted takes native stack. Below level 2, wasmi uses a loop.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let level = env::var("OPT_LEVEL").unwrap_or_default();
    let is_optimised = matches!(level.as_str(), "2" | "3" | "s" | "z");
    let has_assertions = env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    let is_portable = env::var_os("CARGO_FEATURE_PORTABLE_DISPATCH").is_some();
    if is_optimised && has_assertions && !is_portable {
        println!(
            "cargo::error=opt-level {level} with debug assertions overflows the native stack in wasmi: \
             enable the feature `portable-dispatch` of weir-job-wasm, or set opt-level = 1 for \
             weir-job-wasm and wasmi"
        );
    }
}
