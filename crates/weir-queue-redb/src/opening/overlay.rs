//! A read-only view of a file: writes by which the store checks or repairs it stay in memory.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use rustix::io::{Errno, pread};

/// The size of a block. A block that was written stays in memory.
const BLOCK: u64 = 4_096;

/// A file, and the blocks in memory that replace parts of it.
#[derive(Debug)]
pub(crate) struct Overlay {
    file: File,
    /// The length of the file.
    original: u64,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// Bytes of the file from here on were cut off.
    cut: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Opens a file, unless a process has it open for writing. The lock is that of the store.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, io::Error> {
        let file = File::open(path)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let original = file.metadata()?.len();
        let written = Written { len: original, cut: original, blocks: BTreeMap::new() };
        Ok(Some(Self { file, original, written: Mutex::new(written) }))
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from the file; bytes beyond its end are zero.
    fn original(&self, offset: u64, out: &mut [u8], cut: u64) -> io::Result<()> {
        out.fill(0);
        let end = self.original.min(cut).saturating_sub(offset).min(out.len() as u64) as usize;
        let mut read = 0;
        while read < end {
            match pread(&self.file, &mut out[read..end], offset + read as u64) {
                Ok(0) => break,
                Ok(bytes) => read += bytes,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The part of a request that lies in one block: the block, the offset in it, and the range of the
/// request's bytes.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < len).then(|| {
            let position = offset + at as u64;
            let within = (position % BLOCK) as usize;
            let bytes = (BLOCK as usize - within).min(len - at);
            let range = at..at + bytes;
            at += bytes;
            (position / BLOCK, within, range)
        })
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > written.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if written.blocks.is_empty() {
            return self.original(offset, out, written.cut);
        }
        for (block, within, range) in parts(offset, out.len()) {
            let bytes = range.len();
            match written.blocks.get(&block) {
                Some(data) => out[range].copy_from_slice(&data[within..within + bytes]),
                None => {
                    let position = block * BLOCK + within as u64;
                    self.original(position, &mut out[range], written.cut)?;
                }
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        if len < written.len {
            written.cut = written.cut.min(len);
            written.blocks.split_off(&len.div_ceil(BLOCK));
            let within = (len % BLOCK) as usize;
            if let Some(block) = written.blocks.get_mut(&(len / BLOCK)) {
                block[within..].fill(0);
            }
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        for (block, within, range) in parts(offset, data.len()) {
            if !written.blocks.contains_key(&block) {
                let mut bytes = vec![0; BLOCK as usize];
                self.original(block * BLOCK, &mut bytes, written.cut)?;
                written.blocks.insert(block, bytes);
            }
            if let Some(bytes) = written.blocks.get_mut(&block) {
                bytes[within..within + range.len()].copy_from_slice(&data[range]);
            }
        }
        Ok(())
    }
}
