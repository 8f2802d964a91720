//! An append-only log: each event is appended with its length, each end with its number. It keeps
//! all events in memory and never gives space back, so nothing durable can be much faster.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::grouped::{Grouped, Store};

struct Log {
    file: File,
    buffer: Vec<u8>,
    next: u64,
    waiting: VecDeque<(u64, Vec<u8>)>,
}

pub(crate) fn open(path: &Path) -> Grouped {
    let file = File::create(path).expect("a file");
    Grouped::new(Log { file, buffer: Vec::new(), next: 0, waiting: VecDeque::new() })
}

impl Store for Log {
    fn commit(&mut self, pushed: Vec<Vec<u8>>, done: Vec<u64>) {
        self.buffer.clear();
        for payload in pushed {
            self.buffer.extend((payload.len() as u32).to_le_bytes());
            self.buffer.extend(&payload);
            self.waiting.push_back((self.next, payload));
            self.next += 1;
        }
        for id in done {
            self.buffer.extend(u32::MAX.to_le_bytes());
            self.buffer.extend(id.to_le_bytes());
        }
        self.file.write_all(&self.buffer).expect("it is written");
        self.file.sync_data().expect("it is synced");
    }

    fn take(&mut self, most: usize) -> Vec<(u64, Vec<u8>)> {
        let most = most.min(self.waiting.len());
        self.waiting.drain(..most).collect()
    }
}
