//! The note of a node: the events whose work it has begun and not settled.
//!
//! Each node keeps one message in the stream `<stream>-begun`, under its own subject, with the number
//! and the delivery of each such event. A node that is given an event again reads the notes of the
//! others: a node that is named there and does not answer was lost while it worked on the event.
//!
//! No event waits for a note. An event that was delivered before is noted at once, and another one
//! with the next note, at most 20 ms later. Work that ends earlier is not noted. A node without such
//! an event keeps an empty note, so that other nodes know whom they can ask.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::TryStreamExt;
use tokio::time::{sleep, timeout};

use super::begun::{Begun, Note, read, text};
use super::inner::{AGAIN, Inner};
use crate::connection::REQUEST;
use crate::stores::{last, put};
use crate::trouble::NatsError;

/// The pause after a note, and what each event in it adds.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_EACH: Duration = Duration::from_micros(10);
/// The most events of a note, of at most 42 bytes each.
const MOST: usize = 20_000;

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
