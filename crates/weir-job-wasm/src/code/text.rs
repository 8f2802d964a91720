//! WebAssembly's text format: its translation to a binary module, and the lines of its
//! functions and instructions, which a binary module does not keep.

use wast::core::{FuncKind, ModuleField, ModuleKind};
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{Error, Wat};

use crate::code::error::CodeError;

/// Translates text to a binary module.
///
/// # Errors
///
/// [`CodeError::Syntax`] with line and column.
pub(crate) fn to_binary(text: &str) -> Result<Vec<u8>, CodeError> {
    let buffer = ParseBuffer::new(text).map_err(|error| syntax(&error, text))?;
    let mut wat = parser::parse::<Wat<'_>>(&buffer).map_err(|error| syntax(&error, text))?;
    wat.encode().map_err(|error| syntax(&error, text))
}

/// Finds line and column of a function's instruction, counted from the function's first;
/// without an instruction, or where it has no place of its own, those of the function.
///
/// The text is parsed anew: only a message asks for lines.
pub(crate) fn line_of(text: &str, function: usize, instruction: Option<usize>) -> Option<(usize, usize)> {
    let mut buffer = ParseBuffer::new(text).ok()?;
    buffer.track_instr_spans(true);
    let wat = parser::parse::<Wat<'_>>(&buffer).ok()?;
    let Wat::Module(module) = wat else { return None };
    let ModuleKind::Text(fields) = module.kind else { return None };
    let mut functions = fields.iter().filter_map(|field| match field {
        ModuleField::Func(function) => Some(function),
        _ => None,
    });
    let function = functions.nth(function)?;
    let FuncKind::Inline { expression, .. } = &function.kind else { return None };
    let spans = expression.instr_spans.as_deref();
    let span = instruction.and_then(|at| spans.and_then(|spans| spans.get(at))).unwrap_or(&function.span);
    Some(place(*span, text))
}

fn syntax(error: &Error, text: &str) -> CodeError {
    let (line, column) = place(error.span(), text);
    CodeError::Syntax { line, column, message: error.message() }
}

/// Line and column of a span, both from 1.
fn place(span: Span, text: &str) -> (usize, usize) {
    let (line, column) = span.linecol_in(text);
    (line + 1, column + 1)
}
