//! The note of a node: the events whose work it has begun and not settled.
//!
//! Each node keeps one message in the stream `<stream>-begun`, under its own subject, with the number
//! and the delivery of each such event. A node that is given an event again reads the notes of the
//! others: a node that is named there and does not answer was lost while it worked on the event.
//!
//! No event waits for a note. An event that was delivered before is noted at once, and another one
//! with the next note, at most 20 ms later. Work that ends earlier is not noted. A node without such
//! an event keeps an empty note, so that other nodes know whom they can ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::inner::{AGAIN, Inner};
use crate::connection::REQUEST;
use crate::stores::{last, put};
use crate::trouble::NatsError;

/// The pause after a note, and what each event in it adds.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_EACH: Duration = Duration::from_micros(10);
/// The most events of a note, of at most 42 bytes each.
const MOST: usize = 20_000;

/// Events with the number of the delivery whose work has begun.
pub(super) type Begun = BTreeMap<u64, u64>;

/// What the writer of this node's note waits for.
#[derive(Debug, Default)]
pub(super) struct Notes {
    changed: Notify,
    /// A note must not wait for the pause.
    hurried: Notify,
    /// The sequence of the stored note. `None` after the last one.
    stored: tokio::sync::Mutex<Option<u64>>,
    has_ended: AtomicBool,
}

/// The note of another node.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) instance: String,
    sequence: u64,
    pub(super) begun: Begun,
}

#[cfg(test)]
impl Note {
    pub(super) fn new(instance: &str, begun: Begun) -> Self {
        Self { instance: instance.to_owned(), sequence: 1, begun }
    }
}

fn text(begun: &Begun) -> String {
    begun.iter().map(|(id, count)| format!("{id} {count}\n")).collect()
}

fn read(text: &str) -> Begun {
    let line = |line: &str| {
        let (id, count) = line.split_once(' ')?;
        Some((id.parse().ok()?, count.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

impl Inner {
    fn begun_subject(&self, instance: &str) -> String {
        format!("{}.begun.{instance}", self.options.stream)
    }

    /// Notes that the work on events begins.
    pub(super) fn begin(&self, ids: impl Iterator<Item = u64>) {
        let (any, again) = self.leases.begin(ids);
        if any {
            self.notes.changed.notify_one();
        }
        if again {
            self.notes.hurried.notify_one();
        }
    }

    /// The settling of an event begins or has failed, of which a note may be stored.
    pub(super) fn renew_note(&self) {
        self.notes.changed.notify_one();
    }

    /// Writes the note whenever it has changed. Never ends.
    pub(super) async fn write_notes(&self) {
        let mut written = Begun::new();
        loop {
            self.notes.changed.notified().await;
            let begun = loop {
                let begun = self.leases.note_begun(MOST);
                if begun == written || self.write_note(&begun).await.is_ok() {
                    break begun;
                }
                sleep(AGAIN).await;
            };
            let pause = PAUSE + PAUSE_EACH * u32::try_from(begun.len()).unwrap_or(u32::MAX);
            written = begun;
            tokio::select! {
                () = sleep(pause) => {}
                () = self.notes.hurried.notified() => {}
            }
        }
    }

    /// Stores the note of this node.
    pub(super) async fn write_note(&self, begun: &Begun) -> Result<(), NatsError> {
        let mut stored = self.notes.stored.lock().await;
        if !self.notes.has_ended.load(Ordering::Acquire) {
            *stored = Some(put(&self.nats, self.begun_subject(&self.instance), text(begun).into()).await?);
        }
        Ok(())
    }

    /// Removes the note of this node for good: an orderly end counts no attempt.
    pub(super) async fn end_notes(&self) {
        self.notes.has_ended.store(true, Ordering::Release);
        let removed = timeout(REQUEST, async {
            if let Some(sequence) = self.notes.stored.lock().await.take() {
                _ = self.begun.delete_message(sequence).await;
            }
        });
        if removed.await.is_err() {
            log::debug!("the note of {} is still kept", self.instance);
        }
    }

    /// Reads the notes of the other nodes, lost ones included.
    pub(super) async fn read_notes(&self) -> Result<Vec<Note>, NatsError> {
        let subjects = self.begun.info_with_subjects(self.begun_subject("*")).await;
        let subjects = subjects.map_err(NatsError::away)?.try_collect::<Vec<_>>().await;
        let mut notes = Vec::new();
        for (subject, _) in subjects.map_err(NatsError::away)? {
            let instance = subject.rsplit('.').next().unwrap_or_default().to_owned();
            if instance == self.instance {
                continue;
            }
            // One that was removed meanwhile is missing.
            if let Some(message) = last(&self.begun, &subject).await? {
                let begun = read(&String::from_utf8_lossy(&message.payload));
                notes.push(Note { instance, sequence: message.sequence, begun });
            }
        }
        Ok(notes)
    }

    /// Removes the note of a lost node once all its events are gone or accounted for.
    pub(super) async fn tidy(&self, note: Note) {
        // The last events come last, so most notes are left after a look at one.
        for (id, count) in note.begun.iter().rev() {
            let is_accounted = self.read_attempts(*id).await.is_ok_and(|attempts| attempts.upto >= *count);
            if !is_accounted && !self.is_gone(*id).await {
                return;
            }
        }
        // A note that its node has written since has another sequence, and stays.
        if let Err(error) = self.begun.delete_message(note.sequence).await {
            log::debug!("the note of {} is still kept: {error}", note.instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let begun = Begun::from([(7, 1), (u64::MAX, u64::MAX)]);
        assert_eq!(read(&text(&begun)), begun);
        assert!(text(&begun).lines().all(|line| line.len() < 42));
        assert_eq!(read("7\n8 x\n9 1\n"), Begun::from([(9, 1)]));
    }
}
