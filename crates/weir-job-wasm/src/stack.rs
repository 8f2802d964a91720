//! The view of a job from outside: its call stack, and a trace of its calls.

use std::fmt;
use std::sync::Arc;

/// Frames that are shown at each end of a long stack.
const SHOWN: usize = 8;

/// The call stack of a job, the innermost function first.
///
/// It is exact: the functions that have been called and have not returned, including one
/// that was suspended before its first instruction. A function that was called through a
/// table and was suspended before its first instruction is `?`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    pub(crate) functions: Vec<Arc<str>>,
}

/// A trace of a job's calls.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trace {
    /// The calls in their order, the earliest first.
    pub calls: Vec<Call>,
    /// True if the job ended before the trace was complete.
    pub ended: bool,
}

/// A call that was traced.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// Name of the function.
    pub function: Arc<str>,
    /// Its first three arguments.
    pub arguments: Vec<Argument>,
    /// True if it has more arguments than three.
    pub has_more: bool,
}

/// An argument of a traced call.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Argument {
    /// A 32-bit integer, shown as a signed one.
    I32(i32),
    /// A 64-bit integer, shown as a signed one.
    I64(i64),
    /// A 32-bit floating-point number.
    F32(f32),
    /// A 64-bit floating-point number.
    F64(f64),
    /// A reference, which has no value that could be shown.
    Reference,
}

impl Stack {
    /// Names of the functions, the innermost first. The last is `run`, unless it made a
    /// tail call. Empty if the job ended before it had an instance.
    pub fn functions(&self) -> &[Arc<str>] {
        &self.functions
    }
}

/// The innermost function first, then its callers: `calc_sum < sum`. Of a stack of more
/// than 16 functions, the first and last 8.
impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = self.functions.len();
        if depth <= 2 * SHOWN {
            return f.write_str(&self.functions.join(" < "));
        }
        let (first, last) = (&self.functions[..SHOWN], &self.functions[depth - SHOWN..]);
        write!(f, "{} < … {} more … < {}", first.join(" < "), depth - 2 * SHOWN, last.join(" < "))
    }
}

/// The call in one line, such as `calc_sum(1, 100, 0)`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function)?;
        for (index, argument) in self.arguments.iter().enumerate() {
            write!(f, "{}{argument}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.has_more { ", …)" } else { ")" })
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::F32(value) => value.fmt(f),
            Self::F64(value) => value.fmt(f),
            Self::Reference => f.write_str("ref"),
        }
    }
}
