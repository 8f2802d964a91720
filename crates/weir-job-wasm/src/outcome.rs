//! How a job ends.

use std::fmt;
use std::time::Duration;

use crate::stack::Stack;

/// How a job ended, for its submitter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// `run` returned.
    Value(i64),
    /// The code did something that WebAssembly forbids.
    Trap {
        /// What it did.
        trap: Trap,
        /// Where.
        stack: Stack,
    },
    /// An operator killed the job.
    Killed {
        /// Where it was.
        stack: Stack,
    },
    /// The job asked for more memory than `max_memory`.
    OutOfMemory {
        /// Where it asked; empty if the instance itself did not fit.
        stack: Stack,
    },
    /// The job used up `max_reductions`.
    OutOfReductions {
        /// Where it was.
        stack: Stack,
    },
}

/// How a job ended, without its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// `run` returned this value.
    Value(i64),
    /// The code did something that WebAssembly forbids.
    Trap(Trap),
    /// An operator killed the job.
    Killed,
    /// The job asked for more memory than `max_memory`.
    OutOfMemory,
    /// The job used up `max_reductions`.
    OutOfReductions,
    /// The submitter dropped the job before it had ended.
    Cancelled,
}

/// A forbidden operation that ended a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// The instruction `unreachable`: the code gave up.
    Unreachable,
    /// A read or write outside of the memory.
    MemoryOutOfBounds,
    /// An access outside of a table, or an empty element of it was called.
    TableOutOfBounds,
    /// A division by zero.
    DivisionByZero,
    /// An integer division, or a conversion to an integer, whose result does not fit.
    IntegerOverflow,
    /// An indirect call of a function with another signature.
    WrongSignature,
    /// Nested calls took too much of the stack: more than 1,000 calls, or 1 MB of locals.
    StackOverflow,
    /// The interpreter reported something else.
    Other,
}

/// A job that has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finished {
    /// Identifier of the job.
    pub id: u64,
    /// The input that was submitted.
    pub input: i64,
    /// Version of the code that it ran.
    pub version: u32,
    /// Fuel burnt. The same code and input burn the same fuel, whatever the size of the
    /// slices, unless the job was traced, killed or stopped by a limit.
    pub reductions: u64,
    /// Number of slices.
    pub slices: u64,
    /// Longest slice.
    pub longest_slice: Duration,
    /// Time from submission to the end.
    pub age: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Outcome {
    /// Returns how the job ended, without its stack.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Value(value) => Ending::Value(*value),
            Self::Trap { trap, .. } => Ending::Trap(*trap),
            Self::Killed { .. } => Ending::Killed,
            Self::OutOfMemory { .. } => Ending::OutOfMemory,
            Self::OutOfReductions { .. } => Ending::OutOfReductions,
        }
    }

    /// Returns the value, if `run` returned one.
    pub fn value(&self) -> Option<i64> {
        match self {
            Self::Value(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the call stack at the end, if the job ended inside its code.
    pub fn stack(&self) -> Option<&Stack> {
        match self {
            Self::Value(_) => None,
            Self::Trap { stack, .. }
            | Self::Killed { stack }
            | Self::OutOfMemory { stack }
            | Self::OutOfReductions { stack } => Some(stack),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stack() {
            Some(stack) if !stack.functions().is_empty() => write!(f, "{} in {stack}", self.ending()),
            _ => write!(f, "{}", self.ending()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Trap(trap) => write!(f, "trap: {trap}"),
            Self::Killed => f.write_str("killed"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::OutOfReductions => f.write_str("out of reductions"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "memory access out of bounds",
            Self::TableOutOfBounds => "table access out of bounds",
            Self::DivisionByZero => "division by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::WrongSignature => "indirect call with the wrong signature",
            Self::StackOverflow => "stack overflow",
            Self::Other => "failure of the interpreter",
        })
    }
}
