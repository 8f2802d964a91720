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
//! copied byte for byte. The module cannot reach the additions, because it was valid without
//! them.

use wasm_encoder::Encode;
use wasmparser::{BinaryReader, BinaryReaderError};

use crate::code::frames::{self, Added};
use crate::code::outline::Outline;
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

/// A memory with pages of one byte. With pages of 64 KiB, ten thousand live jobs would take
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
        frames::body(wasm, index as u32, function, added)?.encode(&mut section);
    }
    frames::record(added).encode(&mut section);
    Ok(section)
}
