//! Rewrites a valid module so that its call stack and a trace of its calls can be read
//! from outside. [`probe`] has the layout.
//!
//! The interpreter charges fuel when a function is entered, so a function may be suspended
//! before its first instruction. For the stack to be exact even then, the *caller* writes
//! the frame: it pushes the callee's index before a call and pops it afterwards, and it
//! overwrites its own frame before a tail call. An indirect call pushes "unknown", and a
//! function that can be called that way writes its own index once it runs.
//!
//! A function that is entered while a trace is on records its index and first arguments.
//!
//! Everything is appended: no index of the module changes, and its own instructions are
//! copied byte for byte. The module cannot reach what is added, because it was valid
//! without it.

use wasm_encoder::{BlockType, Encode, InstructionSink, MemArg};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator, OperatorsReader, ValType};

use crate::code::outline::{ARGUMENTS, Function, Outline};
use crate::probe;

/// Identifiers of the sections, in the order in which a module has them.
mod section {
    pub(super) const TYPE: u8 = 1;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const TABLE: u8 = 4;
    pub(super) const MEMORY: u8 = 5;
    pub(super) const GLOBAL: u8 = 6;
    pub(super) const EXPORT: u8 = 7;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const DATA_COUNT: u8 = 12;
    pub(super) const CODE: u8 = 10;
    pub(super) const DATA: u8 = 11;
}

/// Indices of what is added.
struct Added {
    memory: u32,
    depth: u32,
    left: u32,
    recorded: u32,
    /// The function that records a call.
    record: u32,
}

/// Rewrites a module. Custom sections are left out.
///
/// # Errors
///
/// None for a module that was read into `outline`; the readers return results all the same.
pub(crate) fn instrument(wasm: &[u8], outline: &Outline) -> Result<Vec<u8>, BinaryReaderError> {
    let added = Added {
        memory: outline.memories,
        depth: outline.globals,
        left: outline.globals + 1,
        recorded: outline.globals + 2,
        record: outline.functions.len() as u32,
    };
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let contents = |id: u8| {
        let found = outline.sections.iter().find(|(section, _)| *section == id);
        found.map(|(_, range)| &wasm[range.clone()])
    };
    for id in [
        section::TYPE,
        section::FUNCTION,
        section::TABLE,
        section::MEMORY,
        section::GLOBAL,
        section::EXPORT,
        section::ELEMENT,
        section::DATA_COUNT,
        section::CODE,
        section::DATA,
    ] {
        let appended = match id {
            // (i32, i64, i64, i64) -> ()
            section::TYPE => Some((1, vec![0x60, 4, 0x7f, 0x7e, 0x7e, 0x7e, 0])),
            section::FUNCTION => Some((1, encoded(&(outline.types.len() as u32)))),
            section::MEMORY => Some((1, memory())),
            // Three mutable i32, each 0 at first.
            section::GLOBAL => Some((3, [0x7f, 1, 0x41, 0, 0x0b].repeat(3))),
            section::EXPORT => Some((4, exports(&added))),
            _ => None,
        };
        let new = match (id, contents(id), appended) {
            (section::CODE, ..) => code(wasm, outline, &added)?,
            (_, old, Some((count, items))) => append(old, count, &items)?,
            (_, Some(old), None) => old.to_vec(),
            (_, None, None) => continue,
        };
        module.push(id);
        new.encode(&mut module);
    }
    Ok(module)
}

/// Appends items to a section that is a count followed by items.
fn append(old: Option<&[u8]>, more: u32, items: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut reader = BinaryReader::new(old.unwrap_or(&[0]), 0);
    let count = reader.read_var_u32()?;
    let mut new = encoded(&(count + more));
    new.extend_from_slice(reader.read_bytes(reader.bytes_remaining())?);
    new.extend_from_slice(items);
    Ok(new)
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// A memory with pages of one byte: pages of 64 KiB would cost ten thousand live jobs
/// 640 MB.
fn memory() -> Vec<u8> {
    let bytes = u64::from(probe::MEMORY_BYTES);
    encoded(&wasm_encoder::MemoryType {
        minimum: bytes,
        maximum: Some(bytes),
        memory64: false,
        shared: false,
        page_size_log2: Some(0),
    })
}

fn exports(added: &Added) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (memory, global) = (2, 3);
    for (name, kind, index) in [
        (probe::MEMORY, memory, added.memory),
        (probe::DEPTH, global, added.depth),
        (probe::LEFT, global, added.left),
        (probe::RECORDED, global, added.recorded),
    ] {
        name.encode(&mut bytes);
        bytes.push(kind);
        index.encode(&mut bytes);
    }
    bytes
}

fn code(wasm: &[u8], outline: &Outline, added: &Added) -> Result<Vec<u8>, BinaryReaderError> {
    let mut section = encoded(&(outline.functions.len() as u32 + 1));
    for (index, function) in outline.functions.iter().enumerate() {
        body(wasm, index as u32, function, added)?.encode(&mut section);
    }
    record(added).encode(&mut section);
    Ok(section)
}

fn body(wasm: &[u8], index: u32, function: &Function, added: &Added) -> Result<Vec<u8>, BinaryReaderError> {
    let range = function.body.clone();
    let old = FunctionBody::new(BinaryReader::new(&wasm[range.clone()], range.start));
    let operators = old.get_operators_reader()?;
    let uses_depth = function.is_referenced || changes_frames(index, operators.clone())?;
    let mut locals = BinaryReader::new(&wasm[range.start..operators.original_position()], range.start);
    // One more local, of type i32, in a group of its own: the depth of this function.
    let more = u32::from(uses_depth);
    let mut new = encoded(&(locals.read_var_u32()? + more));
    new.extend_from_slice(locals.read_bytes(locals.bytes_remaining())?);
    if uses_depth {
        new.extend_from_slice(&[1, 0x7f]);
    }
    let mut code = InstructionSink::new(&mut new);
    if uses_depth {
        code.global_get(added.depth).local_set(function.locals);
    }
    if function.is_referenced {
        code.local_get(function.locals).i32_const(index as i32 + 1).i32_store(added.at(0, 2));
    }
    added.trace(index, function, &mut new);
    added.copy(index, function.locals, operators, wasm, &mut new)?;
    Ok(new)
}

/// True if a function writes frames: it calls, or ends with a call of another function.
fn changes_frames(index: u32, mut operators: OperatorsReader<'_>) -> Result<bool, BinaryReaderError> {
    while !operators.eof() {
        match operators.read()? {
            // The frame of a function that ends with a call of itself is right already.
            Operator::ReturnCall { function_index } if function_index == index => {}
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}

/// The function that records a call in the ring.
fn record(added: &Added) -> Vec<u8> {
    let (function, offset) = (0, 4);
    // One local of type i32 besides the parameters: the offset of the record.
    let mut body = vec![1, 1, 0x7f];
    let mut code = InstructionSink::new(&mut body);
    code.global_get(added.recorded).i32_const(probe::RING as i32 - 1).i32_and();
    code.i32_const(probe::RECORD_BYTES as i32).i32_mul().local_set(offset);
    code.local_get(offset).local_get(function).i32_store(added.at(probe::STACK_BYTES, 2));
    for argument in 0..ARGUMENTS as u32 {
        let place = added.at(probe::STACK_BYTES + 8 + 8 * argument, 3);
        code.local_get(offset).local_get(1 + argument).i64_store(place);
    }
    code.global_get(added.recorded).i32_const(1).i32_add().global_set(added.recorded);
    // The host may have ended the trace while this function was suspended at its entry:
    // `left` must not fall below 0.
    code.global_get(added.left).global_get(added.left).i32_const(0).i32_ne().i32_sub();
    code.global_set(added.left).end();
    body
}

impl Added {
    fn at(&self, offset: u32, align: u32) -> MemArg {
        MemArg { offset: u64::from(offset), align, memory_index: self.memory }
    }

    /// Records the call of a function, if a trace is on.
    fn trace(&self, index: u32, function: &Function, body: &mut Vec<u8>) {
        let mut code = InstructionSink::new(body);
        code.global_get(self.left).if_(BlockType::Empty).i32_const(index as i32);
        for argument in 0..ARGUMENTS {
            match function.parameters.get(argument) {
                Some(ValType::I32) => code.local_get(argument as u32).i64_extend_i32_s(),
                Some(ValType::I64) => code.local_get(argument as u32),
                Some(ValType::F32) => {
                    code.local_get(argument as u32).i32_reinterpret_f32().i64_extend_i32_u()
                }
                Some(ValType::F64) => code.local_get(argument as u32).i64_reinterpret_f64(),
                // A reference has no number.
                Some(ValType::V128 | ValType::Ref(_)) | None => code.i64_const(0),
            };
        }
        code.call(self.record).end();
    }

    /// Copies the instructions of a body, with the frames around its calls. The function's
    /// depth is in the local `depth`.
    fn copy(
        &self,
        index: u32,
        depth: u32,
        mut operators: OperatorsReader<'_>,
        wasm: &[u8],
        body: &mut Vec<u8>,
    ) -> Result<(), BinaryReaderError> {
        while !operators.eof() {
            let start = operators.original_position();
            let operator = operators.read()?;
            let own = &wasm[start..operators.original_position()];
            let (pushed, overwritten) = match operator {
                Operator::Call { function_index } => (Some(function_index + 1), None),
                Operator::CallIndirect { .. } => (Some(probe::UNKNOWN), None),
                Operator::ReturnCall { function_index } if function_index == index => (None, None),
                Operator::ReturnCall { function_index } => (None, Some(function_index + 1)),
                Operator::ReturnCallIndirect { .. } => (None, Some(probe::UNKNOWN)),
                _ => (None, None),
            };
            if let Some(frame) = pushed {
                let mut code = InstructionSink::new(body);
                code.local_get(depth).i32_const(frame as i32).i32_store(self.at(4, 2));
                code.local_get(depth).i32_const(4).i32_add().global_set(self.depth);
            }
            if let Some(frame) = overwritten {
                let mut code = InstructionSink::new(body);
                code.local_get(depth).i32_const(frame as i32).i32_store(self.at(0, 2));
            }
            body.extend_from_slice(own);
            if pushed.is_some() {
                InstructionSink::new(body).local_get(depth).global_set(self.depth);
            }
        }
        Ok(())
    }
}
