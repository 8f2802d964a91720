//! Code that jobs run: a module in the text or the binary format, checked, rewritten so
//! that its stack can be read, and compiled.

mod error;
mod frames;
mod instrument;
mod limits;
mod outline;
mod reading;
mod text;

use std::fmt;
use std::sync::Arc;

use wasmi::{CompilationMode, Config, Engine, Module};
use wasmparser::ValType;

pub use self::error::{CodeError, Place};
use self::outline::{Fault, Outline};
use self::reading::Reading;
use crate::probe;

/// Code that is ready to run. Cloning is cheap: clones share the compiled module.
///
/// The module must export a function `run` of type `(i64) -> (i64)`. It may import
/// nothing, may have no start function, and may use WebAssembly 2 without SIMD, and tail
/// calls, several memories and extended constant expressions besides.
///
/// ```
/// use weir_job_wasm::Code;
///
/// let code = Code::new(br#"(module
///     (func $double (export "run") (param $n i64) (result i64)
///         (i64.mul (local.get $n) (i64.const 2))))"#)?;
/// assert_eq!(code.functions().collect::<Vec<_>>(), ["double"]);
///
/// let wrong = Code::new(b"(module\n  (func $f (export \"run\")\n    i32.add drop))").unwrap_err();
/// let place = "function `f`, line 3, column 5: ";
/// assert!(wrong.to_string().starts_with(place), "{wrong}");
/// # Ok::<(), weir_job_wasm::CodeError>(())
/// ```
#[derive(Clone)]
pub struct Code(Arc<Compiled>);

/// A compiled module with its names.
pub(crate) struct Compiled {
    pub(crate) module: Module,
    pub(crate) functions: Vec<Signature>,
    /// Index of the function that is exported as `run`.
    pub(crate) entry: u32,
}

/// How a function and its arguments are shown.
pub(crate) struct Signature {
    pub(crate) name: Arc<str>,
    /// Types of the first parameters.
    pub(crate) parameters: Vec<ValType>,
    /// True if there are more parameters than those.
    pub(crate) has_more: bool,
}

impl Code {
    /// Largest size of a module, as text or as a binary: 1 MiB.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Checks, rewrites and compiles a module. Bytes that begin with `\0asm` are a binary
    /// module; all others are text.
    ///
    /// This takes about 0.1 ms for a small module. It is not metered and runs on the caller's
    /// thread; for large code from an untrusted source, use a blocking thread.
    ///
    /// # Errors
    ///
    /// A [`CodeError`] that names the function, and the line (of text) or the offset (of a
    /// binary module).
    pub fn new(bytes: &[u8]) -> Result<Self, CodeError> {
        let limit = Self::MAX_BYTES;
        if bytes.len() > limit {
            return Err(CodeError::TooLarge { bytes: bytes.len(), limit });
        }
        if bytes.starts_with(b"\0asm") {
            return Self::compile(bytes, None);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| CodeError::NotText { offset: error.valid_up_to() })?;
        let wasm = text::to_binary(text)?;
        if wasm.len() > limit {
            return Err(CodeError::TooLarge { bytes: wasm.len(), limit });
        }
        Self::compile(&wasm, Some(text))
    }

    /// Names of the functions, in the module's order.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.0.functions.iter().map(|function| &*function.name)
    }

    pub(crate) fn compiled(&self) -> &Arc<Compiled> {
        &self.0
    }

    fn compile(wasm: &[u8], text: Option<&str>) -> Result<Self, CodeError> {
        let mut reading = Reading::default();
        if let Err(fault) = reading.read(wasm) {
            let at = place(&fault, &reading, text);
            return Err((fault.error)(at));
        }
        let outline = reading.finish();
        let refused = |message: String| CodeError::Invalid { at: Place::default(), message };
        let rewritten =
            instrument::instrument(wasm, &outline).map_err(|error| refused(error.to_string()))?;
        let module =
            Module::new(&engine(), rewritten.as_slice()).map_err(|error| refused(error.to_string()))?;
        let Outline { functions, entry, .. } = outline;
        let functions = functions.into_iter().map(|function| Signature {
            name: function.name,
            parameters: function.parameters,
            has_more: function.has_more,
        });
        Ok(Self(Arc::new(Compiled { module, functions: functions.collect(), entry })))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("functions", &self.functions().collect::<Vec<_>>()).finish()
    }
}

/// The place of a fault, with the names and lines that are known.
fn place(fault: &Fault, reading: &Reading<'_>, text: Option<&str>) -> Place {
    let function = fault.function.map(|index| reading.name(index as u32));
    let Some(text) = text else {
        return Place { function, line: None, offset: fault.offset };
    };
    let line = fault.function.and_then(|index| {
        let instruction = fault.offset.and_then(|offset| reading.instruction_at(index, offset));
        text::line_of(text, index, instruction)
    });
    Place { function, line, offset: None }
}

/// An engine of its own for each module: an engine keeps the code of all its modules until
/// it is dropped itself.
///
/// Functions are translated when the module is compiled. Translating a function at its first
/// call would charge that job for it, and the same input would not burn the same reductions.
fn engine() -> Engine {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(CompilationMode::Eager)
        .set_max_recursion_depth(probe::MAX_DEPTH)
        .set_max_cached_stacks(64)
        .wasm_multi_memory(true)
        .wasm_custom_page_sizes(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .ignore_custom_sections(true);
    Engine::new(&config)
}
