//! One instance of a module, which executes `run` in slices of fuel. Between two slices its
//! stack and its trace can be read.
//!
//! It uses no clock and no runtime: the same calls give the same results on every machine.

use std::fmt;
use std::sync::Arc;

use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{
    Error, Global, Instance, Memory, Store, TrapCode, TypedFunc, TypedResumableCall,
    TypedResumableCallOutOfFuel, Val,
};
use wasmparser::ValType;

use crate::code::Compiled;
use crate::limiter::Limiter;
use crate::outcome::Trap;
use crate::probe;
use crate::stack::{Argument, Call, Stack};

/// An instance, and the state of its call.
pub(crate) struct Machine {
    code: Arc<Compiled>,
    store: Store<Limiter>,
    instance: Instance,
    run: TypedFunc<i64, i64>,
    input: i64,
    paused: Option<TypedResumableCallOutOfFuel<i64>>,
}

/// The end of a slice.
pub(crate) enum Step {
    /// `run` returned.
    Done(i64),
    /// The slice's fuel is used up.
    Paused,
    /// The call failed; it cannot go on.
    Failed(Fault),
}

/// A failure of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Trap(Trap),
    OutOfMemory,
}

impl Machine {
    /// Makes an instance that will run `run(input)`. It burns no fuel.
    pub(crate) fn new(code: &Arc<Compiled>, input: i64, max_memory: usize) -> Result<Self, Fault> {
        let mut store = Store::new(code.module.engine(), Limiter::new(max_memory));
        store.limiter(|limiter| limiter);
        let made = Instance::new(&mut store, &code.module, &[]);
        let instance = made.map_err(|error| fault(&error, &store))?;
        let run = instance.get_typed_func(&store, "run").map_err(|_| Fault::Trap(Trap::Other))?;
        Ok(Self { code: Arc::clone(code), store, instance, run, input, paused: None })
    }

    /// The least fuel that the next slice needs: an instruction such as `memory.fill` is
    /// charged at once.
    pub(crate) fn required(&self) -> u64 {
        self.paused.as_ref().map_or(0, |paused| paused.required_fuel())
    }

    /// Limits the memory from now on.
    pub(crate) fn set_max_memory(&mut self, max_memory: usize) {
        self.store.data_mut().set_limit(max_memory);
    }

    /// Runs until `fuel` is used up or the call ends, and returns the fuel burnt. Do not call
    /// it after the call has ended: the call would begin again in the same instance.
    pub(crate) fn slice(&mut self, fuel: u64) -> (u64, Step) {
        // The engine meters fuel, so neither call can fail.
        let metered = self.store.set_fuel(fuel);
        debug_assert!(metered.is_ok(), "the engine meters fuel");
        let result = match self.paused.take() {
            None => self.run.call_resumable(&mut self.store, self.input),
            Some(paused) => paused.resume(&mut self.store),
        };
        let left = self.store.get_fuel().unwrap_or(0);
        debug_assert!(left <= fuel, "a slice cannot leave more fuel than it was given");
        let step = match result {
            Ok(TypedResumableCall::Finished(value)) => Step::Done(value),
            Ok(TypedResumableCall::OutOfFuel(paused)) => {
                self.paused = Some(paused);
                Step::Paused
            }
            Ok(TypedResumableCall::HostTrap(_)) => Step::Failed(Fault::Trap(Trap::Other)),
            Err(error) => Step::Failed(fault(&error, &self.store)),
        };
        (fuel.saturating_sub(left), step)
    }

    /// The call stack, the innermost function first.
    pub(crate) fn stack(&self) -> Stack {
        let name = |frame: u32| match frame {
            0 => self.name(self.code.entry),
            probe::UNKNOWN => "?".into(),
            frame => self.name(frame - 1),
        };
        let Some(memory) = self.memory() else { return Stack::default() };
        let depth = self.global(probe::DEPTH).map_or(0, |global| self.read(global));
        let bytes = memory.data(&self.store).get(..depth as usize + 4).unwrap_or_default();
        let frames = bytes.chunks_exact(4).map(|frame| u32_at(frame, 0));
        Stack { functions: frames.rev().map(name).collect() }
    }

    /// Begins a trace of at most `calls` calls; returns its position in the ring.
    pub(crate) fn begin_trace(&mut self, calls: u32) -> u32 {
        debug_assert!(calls < probe::RING, "a trace must not overwrite itself");
        self.write(probe::LEFT, calls);
        self.global(probe::RECORDED).map_or(0, |global| self.read(global))
    }

    /// Calls that the trace still takes.
    pub(crate) fn trace_left(&self) -> u32 {
        self.global(probe::LEFT).map_or(0, |global| self.read(global))
    }

    /// Ends the trace that began at a position in the ring; returns its calls.
    pub(crate) fn end_trace(&mut self, begin: u32) -> Vec<Call> {
        self.write(probe::LEFT, 0);
        let end = self.global(probe::RECORDED).map_or(begin, |global| self.read(global));
        let Some(memory) = self.memory() else { return Vec::new() };
        let data = memory.data(&self.store);
        let recorded = (0..end.wrapping_sub(begin)).map(|number| {
            let at = begin.wrapping_add(number) % probe::RING * probe::RECORD_BYTES;
            self.call(&data[(probe::STACK_BYTES + at) as usize..][..probe::RECORD_BYTES as usize])
        });
        recorded.collect()
    }

    /// Reads a recorded call.
    fn call(&self, record: &[u8]) -> Call {
        let Some(function) = self.code.functions.get(u32_at(record, 0) as usize) else {
            return Call { function: "?".into(), arguments: Vec::new(), has_more: false };
        };
        let argument = |(index, ty): (usize, &ValType)| {
            let low = u32_at(record, 8 + 8 * index);
            let bits = u64::from(low) | u64::from(u32_at(record, 12 + 8 * index)) << 32;
            match ty {
                ValType::I32 => Argument::I32(low.cast_signed()),
                ValType::I64 => Argument::I64(bits.cast_signed()),
                ValType::F32 => Argument::F32(f32::from_bits(low)),
                ValType::F64 => Argument::F64(f64::from_bits(bits)),
                ValType::V128 | ValType::Ref(_) => Argument::Reference,
            }
        };
        let arguments = function.parameters.iter().enumerate().map(argument).collect();
        Call { function: Arc::clone(&function.name), arguments, has_more: function.has_more }
    }

    fn name(&self, function: u32) -> Arc<str> {
        let function = self.code.functions.get(function as usize);
        function.map_or_else(|| "?".into(), |function| Arc::clone(&function.name))
    }

    fn memory(&self) -> Option<Memory> {
        self.instance.get_memory(&self.store, probe::MEMORY)
    }

    fn global(&self, name: &str) -> Option<Global> {
        self.instance.get_global(&self.store, name)
    }

    fn read(&self, global: Global) -> u32 {
        match global.get(&self.store) {
            Val::I32(value) => value.cast_unsigned(),
            _ => 0,
        }
    }

    fn write(&mut self, name: &str, value: u32) {
        if let Some(global) = self.global(name) {
            let written = global.set(&mut self.store, Val::I32(value.cast_signed()));
            debug_assert!(written.is_ok(), "the rewriting makes its globals mutable");
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => trap.fmt(f),
            Self::OutOfMemory => f.write_str("it needs more memory than allowed"),
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    u32::from_le_bytes(bytes.unwrap_or_default())
}

/// Translates the interpreter's error.
fn fault(error: &Error, store: &Store<Limiter>) -> Fault {
    if store.data().has_refused() {
        return Fault::OutOfMemory;
    }
    let code = match error.kind() {
        ErrorKind::Memory(MemoryError::OutOfSystemMemory)
        | ErrorKind::Instantiation(InstantiationError::FailedToInstantiateMemory(_))
        | ErrorKind::Table(TableError::OutOfSystemMemory) => return Fault::OutOfMemory,
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Some(TrapCode::TableOutOfBounds)
        }
        _ => error.as_trap_code(),
    };
    Fault::Trap(match code {
        Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds | TrapCode::IndirectCallToNull) => Trap::TableOutOfBounds,
        Some(TrapCode::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(TrapCode::IntegerOverflow | TrapCode::BadConversionToInteger) => Trap::IntegerOverflow,
        Some(TrapCode::StackOverflow) => Trap::StackOverflow,
        Some(TrapCode::BadSignature) => Trap::WrongSignature,
        Some(TrapCode::OutOfSystemMemory | TrapCode::GrowthOperationLimited) => return Fault::OutOfMemory,
        Some(TrapCode::OutOfFuel) | None => Trap::Other,
    })
}
