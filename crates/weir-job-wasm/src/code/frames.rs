//! Rewrites function bodies: the frames around calls, and the recording of calls.

use wasm_encoder::{BlockType, Encode, InstructionSink, MemArg};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator, OperatorsReader, ValType};

use crate::code::outline::{ARGUMENTS, Function};
use crate::probe;

/// Indices of what is added.
pub(crate) struct Added {
    pub(crate) memory: u32,
    pub(crate) depth: u32,
    pub(crate) left: u32,
    pub(crate) recorded: u32,
    /// The function that records a call.
    pub(crate) record: u32,
}

/// Rewrites the body of a function.
pub(crate) fn body(
    wasm: &[u8],
    index: u32,
    function: &Function,
    added: &Added,
) -> Result<Vec<u8>, BinaryReaderError> {
    let range = function.body.clone();
    let old = FunctionBody::new(BinaryReader::new(&wasm[range.clone()], range.start));
    let operators = old.get_operators_reader()?;
    let uses_depth = function.is_referenced || changes_frames(index, operators.clone())?;
    let mut locals = BinaryReader::new(&wasm[range.start..operators.original_position()], range.start);
    // One more local, of type i32, in a group of its own: the depth of this function.
    let more = u32::from(uses_depth);
    let mut new = Vec::new();
    (locals.read_var_u32()? + more).encode(&mut new);
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
            // The frame of a function that tail-calls itself is already right.
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
pub(crate) fn record(added: &Added) -> Vec<u8> {
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
