//! Facts about a valid module, and a fault of an invalid one.

use std::ops::Range;
use std::sync::Arc;

use wasmparser::{FuncType, ValType};

use crate::code::error::{CodeError, Place};

/// Number of arguments that a trace shows of each call.
pub(crate) const ARGUMENTS: usize = 3;

/// A function of the module.
#[derive(Debug)]
pub(crate) struct Function {
    /// From the name section, else from an export, else `func[7]`.
    pub(crate) name: Arc<str>,
    /// Types of the first parameters, at most [`ARGUMENTS`].
    pub(crate) parameters: Vec<ValType>,
    /// True if there are more parameters than those.
    pub(crate) has_more: bool,
    /// Number of parameters and locals: the index of the first local that is added.
    pub(crate) locals: u32,
    /// Place of the body in the module: locals and instructions, without the size.
    pub(crate) body: Range<usize>,
    /// True if a reference to the function exists, so it can be called indirectly.
    pub(crate) is_referenced: bool,
}

/// Facts about a valid module.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Sections by their identifier, with the place of their contents.
    pub(crate) sections: Vec<(u8, Range<usize>)>,
    pub(crate) types: Vec<FuncType>,
    pub(crate) functions: Vec<Function>,
    pub(crate) memories: u32,
    pub(crate) globals: u32,
    /// Index of the function that is exported as `run`.
    pub(crate) entry: u32,
}

/// A fault and where it is: a function, from 0, and an offset in the binary module.
pub(crate) struct Fault {
    pub(crate) function: Option<usize>,
    pub(crate) offset: Option<usize>,
    /// Makes the error from the place once names and lines are known.
    pub(crate) error: Box<dyn FnOnce(Place) -> CodeError>,
}
