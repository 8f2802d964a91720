//! Writing: one watcher, or all of them in turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::Instant;
use weir_stage::stage::Reason;

use super::super::command::Command;
use super::super::seat::{Life, Parts};
use super::super::sink::Sink;
use super::super::watcher::LeftReason;
use super::super::{Encode, Encoding};
use super::Source;

/// The time after which a walk lets other tasks run. By time and not by count: a busy worker
/// may take many milliseconds to come back to a task that has yielded.
const CHUNK: Duration = Duration::from_micros(500);

/// How many watchers are written to before the clock is read again.
const BETWEEN_CLOCKS: u32 = 16;

impl<E: Send + Sync + 'static, S: Sink> Life<E, S> {
    /// Walks over the watchers once, if there is anything that one of them may not have. One
    /// watcher costs one write, whatever number of events it carries. A watcher that was passed
    /// before an event came in is behind the head afterwards: the task walks again.
    pub(super) async fn walk(&mut self, events: &mut Source<E>) -> Result<(), Reason> {
        let (head, begin) = (self.shard.head(), Instant::now());
        if self.walked == head {
            return Ok(());
        }
        self.shard.begin_walk();
        let (mut chunk, mut written) = (begin, 0);
        while let Some(slot) = self.shard.next_in_walk() {
            self.write(slot);
            written += 1;
            if written % BETWEEN_CLOCKS == 0 && chunk.elapsed() >= CHUNK {
                yield_now().await;
                self.take_waiting(events)?;
                chunk = Instant::now();
            }
        }
        self.walked = head;
        self.shard.count_walk(begin.elapsed());

        Ok(())
    }

    /// Writes to one watcher what it is due, until it has everything or takes no more.
    pub(super) fn write(&mut self, slot: u32) {
        let next = self.tracing.is_some().then(|| self.shard.next_of(slot)).flatten();
        let encoder = Arc::clone(&self.seat.encoder);
        loop {
            match try_write(&mut **self, &*encoder, slot) {
                None => break,
                Some(Ok(0)) => self.shard.remove(slot, LeftReason::Failed(io::ErrorKind::WriteZero)),
                Some(Ok(n)) => self.shard.wrote(slot, n),
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => self.wait(slot),
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Some(Err(error)) => self.shard.remove(slot, LeftReason::Failed(error.kind())),
            }
        }
        if !self.flushes.is_empty() {
            self.tell_flushed(slot);
        }
        if let Some(next) = next {
            let now_next = self.shard.next_of(slot);
            let tracing = self.tracing.as_mut();
            let tracing = tracing.filter(|tracing| {
                next <= tracing.seq && now_next.is_some_and(|now_next| now_next > tracing.seq)
            });
            if let Some(tracing) = tracing {
                tracing.delivered();
            }
        }
    }

    /// Waits, in a task of its own, until a blocked watcher takes bytes again. Only blocked
    /// watchers have such a task.
    fn wait(&mut self, slot: u32) {
        let Some(due) = self.shard.due(slot) else { return };
        let (sink, id) = (Arc::clone(due.sink), self.shard.id_of(slot));
        self.shard.block(slot);
        self.blocked_since.insert(id, Instant::now());
        let commands = self.seat.commands.downgrade();
        tokio::spawn(async move {
            // An error is reported by the next write.
            _ = sink.writable().await;
            drop(sink);
            if let Some(commands) = commands.upgrade() {
                _ = commands.send(Command::Writable(id));
            }
        });
    }

    /// Answers the callers that wait until a watcher's own bytes are written.
    fn tell_flushed(&mut self, slot: u32) {
        if self.shard.has_own(slot) {
            return;
        }
        let id = self.shard.id_of(slot);
        for done in self.flushes.remove(&id).into_iter().flatten() {
            _ = done.send(());
        }
    }
}

/// Writes some of what a watcher is due. `None` if there is nothing to write.
fn try_write<E: 'static, S: Sink>(
    parts: &mut Parts<E, S>,
    encoder: &dyn Encode<E>,
    slot: u32,
) -> Option<io::Result<usize>> {
    let due = parts.shard.due(slot)?;
    if let Some(seq) = due.event.filter(|_| parts.shard.settings().encoding == Encoding::Each) {
        let mut own_copy = Vec::with_capacity(due.bytes.len());
        let events = parts.recent.iter().skip_while(|(number, _)| *number < seq);
        parts.is_encoding = true;
        for (number, event) in events {
            if own_copy.len() >= due.bytes.len() {
                break;
            }
            encoder.event(event, *number, &mut own_copy);
        }
        parts.is_encoding = false;
        own_copy.truncate(due.bytes.len());
        if own_copy == due.bytes {
            return Some(due.sink.try_write(&own_copy));
        }
    }
    Some(due.sink.try_write(due.bytes))
}
