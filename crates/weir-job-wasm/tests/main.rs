//! Tests of the crate from outside: one binary, a module a topic. Names are claims.
//!
//! Nothing here sleeps and nothing asserts a speed. Jobs burn a known number of reductions,
//! so tests drive them by slices.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

/// Code and settings of several modules.
mod support;

/// What is accepted as code, and what refusals say.
mod code;

/// The code of the demonstration: 13, a large number, an endless job, the repaired one.
mod sum;

/// The call stack at every suspension.
mod stack;

/// Traces: their calls, their bounds, their ends.
mod trace;

/// Kill, isolation, dropped jobs.
mod kill;

/// Traps, memory, stack overflow, reductions.
mod faults;

/// The instrumented module computes what the plain one does, at the same price each time.
mod same;

/// Mutated modules: no panic, no hang, and a place in each message.
mod hostile;

/// Versions and rehearsals.
mod versions;

/// What an operator sees: `top`, the totals, the settings.
mod top;
