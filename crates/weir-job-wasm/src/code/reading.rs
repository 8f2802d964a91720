//! Reads a module: validates it, refuses what jobs may not use, and collects what the
//! rewriting and the messages need.
//!
//! Jobs only compute. They import nothing, so a module can only use up fuel and memory, which
//! are both limited. They have no start function, because it would run while
//! the instance is made, where it cannot be suspended.

use std::collections::{HashMap, HashSet};

use wasmparser::{
    BinaryReaderError, ElementItems, Export, ExternalKind, FuncToValidate, FuncValidatorAllocations,
    FunctionBody, KnownCustom, Name, Operator, Parser, Payload, ValType, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

use crate::code::error::CodeError;
use crate::code::limits;
use crate::code::outline::{ARGUMENTS, Fault, Function, Outline};

/// Longest name of a function that is kept, in characters.
const LONGEST_NAME: usize = 64;

/// The facts collected while sections are read.
#[derive(Default)]
pub(crate) struct Reading<'a> {
    outline: Outline,
    type_of: Vec<u32>,
    exports: Vec<Export<'a>>,
    referenced: HashSet<u32>,
    names: HashMap<u32, String>,
    calls_indirectly: bool,
    bodies: Vec<FunctionBody<'a>>,
    /// Parameters and locals of each function.
    locals: Vec<u32>,
}

/// Language features that a job may use. SIMD and 64-bit memories would cost compile time,
/// and the jobs of a workbench do not need them.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::WASM1
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
}

impl<'a> Reading<'a> {
    /// Validates and reads a whole module. The names are available even if it is faulty.
    pub(crate) fn read(&mut self, wasm: &'a [u8]) -> Result<(), Fault> {
        self.read_names(wasm);
        let mut validator = Validator::new_with_features(features());
        let mut to_validate = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(invalid(None))?;
            self.check(&payload)?;
            if let ValidPayload::Func(function, body) =
                validator.payload(&payload).map_err(invalid(None))?
            {
                self.bodies.push(body);
                to_validate.push(function);
            }
            self.section(payload).map_err(invalid(None))?;
        }
        self.functions(to_validate)?;
        self.entry()
    }

    /// Name of a function: of the name section, else of an export, else its index.
    pub(crate) fn name(&self, function: u32) -> String {
        let is_this = |export: &&Export<'_>| export.kind == ExternalKind::Func && export.index == function;
        let exported = || self.exports.iter().find(is_this).map(|export| clean(export.name));
        self.names.get(&function).cloned().or_else(exported).unwrap_or_else(|| format!("func[{function}]"))
    }

    /// Number of the instruction at an offset, counted from the function's first; `None`
    /// for an offset among its locals.
    pub(crate) fn instruction_at(&self, function: usize, offset: usize) -> Option<usize> {
        let mut operators = self.bodies.get(function)?.get_operators_reader().ok()?;
        if offset < operators.original_position() {
            return None;
        }
        let mut number = 0;
        while operators.original_position() < offset && operators.read().is_ok() {
            number += 1;
        }
        Some(number)
    }

    pub(crate) fn finish(mut self) -> Outline {
        for (index, body) in self.bodies.iter().enumerate() {
            let index = index as u32;
            let ty = &self.outline.types[self.type_of[index as usize] as usize];
            let referenced = self.calls_indirectly && self.referenced.contains(&index);
            let function = Function {
                name: self.name(index).into(),
                parameters: ty.params().iter().take(ARGUMENTS).copied().collect(),
                has_more: ty.params().len() > ARGUMENTS,
                locals: self.locals[index as usize],
                body: body.range(),
                is_referenced: referenced,
            };
            self.outline.functions.push(function);
        }
        self.outline
    }

    /// Refuses what jobs may not use before the validator sees it.
    fn check(&self, payload: &Payload<'a>) -> Result<(), Fault> {
        match payload {
            Payload::ImportSection(imports) => {
                let Some(Ok(import)) = imports.clone().into_iter().next() else { return Ok(()) };
                let name = format!("`{}` `{}`", clean(import.module), clean(import.name));
                let what = format!("{name} is imported; a job may import nothing");
                Err(unsupported(Some(imports.range().start), what))
            }
            Payload::StartSection { range, .. } => {
                let what = "a start function; a job begins at `run` alone".to_owned();
                Err(unsupported(Some(range.start), what))
            }
            Payload::FunctionSection(section) => limits::FUNCTIONS.check(section.count(), section.range()),
            Payload::GlobalSection(section) => limits::GLOBALS.check(section.count(), section.range()),
            Payload::MemorySection(section) => limits::MEMORIES.check(section.count(), section.range()),
            Payload::TableSection(section) => limits::TABLES.check(section.count(), section.range()),
            _ => Ok(()),
        }
    }

    /// Collects the needed facts of a valid section.
    fn section(&mut self, payload: Payload<'a>) -> Result<(), BinaryReaderError> {
        if let Some((id, range)) = payload.as_section() {
            self.outline.sections.push((id, range));
        }
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    self.outline.types.push(ty?);
                }
            }
            Payload::FunctionSection(functions) => {
                self.type_of = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::MemorySection(memories) => self.outline.memories = memories.count(),
            Payload::GlobalSection(globals) => {
                self.outline.globals = globals.count();
                for global in globals {
                    self.references(global?.init_expr.get_operators_reader())?;
                }
            }
            Payload::ExportSection(exports) => {
                self.exports = exports.into_iter().collect::<Result<_, _>>()?;
                let functions = self.exports.iter().filter(|export| export.kind == ExternalKind::Func);
                self.referenced.extend(functions.map(|export| export.index));
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    match element?.items {
                        ElementItems::Functions(functions) => {
                            for function in functions {
                                self.referenced.insert(function?);
                            }
                        }
                        ElementItems::Expressions(_, expressions) => {
                            for expression in expressions {
                                self.references(expression?.get_operators_reader())?;
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn references(
        &mut self,
        mut operators: wasmparser::OperatorsReader<'a>,
    ) -> Result<(), BinaryReaderError> {
        while !operators.eof() {
            if let Operator::RefFunc { function_index } = operators.read()? {
                self.referenced.insert(function_index);
            }
        }
        Ok(())
    }

    /// Validates all bodies, and looks for indirect calls.
    fn functions(&mut self, to_validate: Vec<FuncToValidate<ValidatorResources>>) -> Result<(), Fault> {
        let mut allocations = FuncValidatorAllocations::default();
        for (index, (function, body)) in to_validate.into_iter().zip(&self.bodies).enumerate() {
            let at = Some(index);
            let ty = &self.outline.types[function.ty as usize];
            let signature = ty.params().len().max(ty.results().len());
            limits::PARAMETERS.check_function(signature as u64, index, body)?;
            let mut locals = 0;
            for local in body.get_locals_reader().map_err(invalid(at))? {
                locals += u64::from(local.map_err(invalid(at))?.0);
            }
            limits::LOCALS.check_function(locals, index, body)?;
            let mut validator = function.into_validator(allocations);
            validator.validate(body).map_err(invalid(at))?;
            self.locals.push(validator.len_locals());
            allocations = validator.into_allocations();
            let mut operators = body.get_operators_reader().map_err(invalid(at))?;
            while !self.calls_indirectly && !operators.eof() {
                let operator = operators.read().map_err(invalid(at))?;
                self.calls_indirectly =
                    matches!(operator, Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. });
            }
        }
        Ok(())
    }

    /// Finds the function that is exported as `run`, and checks its signature.
    fn entry(&mut self) -> Result<(), Fault> {
        if let Some(export) = self.exports.iter().find(|export| export.name.starts_with("weir:")) {
            let what =
                format!("the export `{}`; names that begin with `weir:` are reserved", clean(export.name));
            return Err(unsupported(None, what));
        }
        let is_function = |export: &&Export<'_>| export.kind == ExternalKind::Func;
        let found = self.exports.iter().filter(is_function).find(|export| export.name == "run");
        let Some(entry) = found else {
            let names: Vec<String> =
                self.exports.iter().filter(is_function).map(|export| clean(export.name)).take(5).collect();
            let exported = match names.as_slice() {
                [] => "it exports no function".to_owned(),
                names => format!("it exports `{}`", names.join("`, `")),
            };
            return Err(Fault {
                function: None,
                offset: None,
                error: Box::new(move |_| CodeError::NoEntry { exported }),
            });
        };
        let ty = &self.outline.types[self.type_of[entry.index as usize] as usize];
        if ty.params() != [ValType::I64] || ty.results() != [ValType::I64] {
            let list =
                |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let found = format!("({}) -> ({})", list(ty.params()), list(ty.results()));
            return Err(Fault {
                function: Some(entry.index as usize),
                offset: None,
                error: Box::new(move |at| CodeError::Signature { at, found }),
            });
        }
        self.outline.entry = entry.index;
        Ok(())
    }

    /// Reads as much of the name section as is readable: it is never validated, and names are
    /// optional.
    fn read_names(&mut self, wasm: &'a [u8]) {
        for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            let KnownCustom::Name(names) = section.as_known() else { continue };
            for names in names.into_iter().map_while(Result::ok) {
                let Name::Function(functions) = names else { continue };
                let functions = functions.into_iter().map_while(Result::ok);
                self.names.extend(functions.map(|function| (function.index, clean(function.name))));
            }
        }
    }
}

/// A name that is safe to show: without control characters, and not too long.
fn clean(name: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut cleaned: String = name.chars().take(LONGEST_NAME).map(shown).collect();
    if name.chars().nth(LONGEST_NAME).is_some() {
        cleaned.push('…');
    }
    cleaned
}

fn invalid(function: Option<usize>) -> impl Fn(BinaryReaderError) -> Fault {
    move |error| {
        let message = error.message().to_owned();
        Fault {
            function,
            offset: Some(error.offset()),
            error: Box::new(move |at| CodeError::Invalid { at, message }),
        }
    }
}

fn unsupported(offset: Option<usize>, what: String) -> Fault {
    Fault { function: None, offset, error: Box::new(move |at| CodeError::Unsupported { at, what }) }
}
