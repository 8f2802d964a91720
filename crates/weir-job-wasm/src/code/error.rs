//! Reasons why code is refused, each with the place: function, line or offset.

use std::fmt;

use thiserror::Error;

/// A reason why code was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The code is larger than [`Code::MAX_BYTES`](crate::code::Code::MAX_BYTES).
    #[error("the code has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// Size of the code that was given.
        bytes: usize,
        /// Largest size that is accepted.
        limit: usize,
    },
    /// The bytes are neither a WebAssembly module nor text.
    #[error("neither WebAssembly nor text: the byte at offset {offset:#x} is not UTF-8")]
    NotText {
        /// Number of bytes before the first that is not UTF-8.
        offset: usize,
    },
    /// The text is not WebAssembly's text format, for example because it was cut off.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's message.
        message: String,
    },
    /// The module is malformed, or its types do not match.
    #[error("{at}: {message}")]
    Invalid {
        /// Where the module is invalid.
        at: Place,
        /// The validator's message.
        message: String,
    },
    /// The module is valid, but uses something that jobs may not use.
    #[error("{at}: {what}")]
    Unsupported {
        /// Where it is used.
        at: Place,
        /// What is used, and what is allowed instead.
        what: String,
    },
    /// The module has too many functions, locals, globals, memories, tables or parameters.
    #[error("{at}: {found} {what}; the limit is {limit}")]
    Limit {
        /// Where the limit is exceeded.
        at: Place,
        /// What there is too much of, in the plural.
        what: &'static str,
        /// The number in the module.
        found: u64,
        /// The largest number that is accepted.
        limit: u64,
    },
    /// No function is exported under the name of the entry.
    #[error("no function is exported as `run`; {exported}")]
    NoEntry {
        /// What is exported instead, as half a sentence.
        exported: String,
    },
    /// The entry has another signature than `(i64) -> (i64)`.
    #[error("{at}: `run` is {found}; it must be (i64) -> (i64)")]
    Signature {
        /// The function that is exported as `run`.
        at: Place,
        /// Its signature.
        found: String,
    },
    /// No instance can be made of the module within the memory limit.
    #[error("no instance can be made of the module: {message}")]
    Instance {
        /// What went wrong.
        message: String,
    },
}

/// A place in code: as much of function, line and offset as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the function, without the `$` of the text format.
    pub function: Option<String>,
    /// Line and column, both from 1, if the code was text.
    pub line: Option<(usize, usize)>,
    /// Offset in the binary module, in bytes, if the code was binary.
    pub offset: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.function.as_ref().map(|name| format!("function `{name}`"));
        let line = self.line.map(|(line, column)| format!("line {line}, column {column}"));
        let offset = self.offset.map(|offset| format!("offset {offset:#x}"));
        let parts: Vec<String> = [function, line, offset].into_iter().flatten().collect();
        if parts.is_empty() { f.write_str("module") } else { f.write_str(&parts.join(", ")) }
    }
}
