//! The layout of the memory and the three globals that the rewriting adds to a module. From
//! them the host reads the call stack and a trace between two slices.
//!
//! ```text
//!   memory  0 .. 4096        shadow stack: 4 bytes a frame, the function's index + 1
//!           4096 .. 6144     ring of 64 recorded calls: 32 bytes each
//!   depth                    offset of the current frame in the shadow stack
//!   left                     calls that are still recorded; 0: no trace is on
//!   recorded                 calls recorded since the instance was made, modulo 2^32
//! ```
//!
//! A frame that holds 0 was never written: it belongs to `run`, which the host itself calls.

/// Size of the shadow stack. The interpreter's limit on recursion ([`MAX_DEPTH`]) keeps
/// all frames inside.
pub(crate) const STACK_BYTES: u32 = 4096;

/// Nested calls that the interpreter allows; one more is a trap.
pub(crate) const MAX_DEPTH: usize = 1000;

/// Recorded calls in the ring: a power of two.
pub(crate) const RING: u32 = 64;

/// Size of a recorded call: the function's index, four bytes unused, three arguments.
pub(crate) const RECORD_BYTES: u32 = 32;

/// Size of the added memory.
pub(crate) const MEMORY_BYTES: u32 = STACK_BYTES + RING * RECORD_BYTES;

/// Written in place of a function's index by an indirect call; the function that is called
/// overwrites it.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// Names of the added exports. No module may use names with the same prefix.
pub(crate) const MEMORY: &str = "weir:memory";
pub(crate) const DEPTH: &str = "weir:depth";
pub(crate) const LEFT: &str = "weir:left";
pub(crate) const RECORDED: &str = "weir:recorded";

const _: () = assert!((MAX_DEPTH as u32 + 2) * 4 <= STACK_BYTES && RING.is_power_of_two());
