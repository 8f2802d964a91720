//! The verbs on a file of the engine `disk`.
//!
//! A verb that only reads opens the file read-only. The others open the queue as a server does. All
//! fail while a process uses the file.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use weir_queue_redb::{
    DiskQueue, Exported, Inspected, OpenError, Options, Verified, export, inspect, verify,
};

use super::{DeadVerb, Verb, show};
use crate::clean;
use crate::cli::Exit;
use crate::cli::answers::queue::{Book, Deleted, Depth, Letter, Letters, Report, Retried};
use crate::cli::ask::Said;
use crate::cli::output::say;
use crate::engine::{self, DeadEvent, Engine, EngineError, EventId};
use crate::http::DeadLetter;
use crate::workbench::Purged;

/// A file, and the form of the output.
struct Open<'a> {
    file: &'a Path,
    as_json: bool,
    /// `queue.attempts`: opening counts a failed attempt of each event that a crash cut off.
    attempts: u32,
}

pub(super) fn run(verb: &Verb, file: &Path, as_json: bool, attempts: u64) -> Result<Exit, Said> {
    let open = Open { file, as_json, attempts: u32::try_from(attempts).unwrap_or(u32::MAX) };
    // Opening a queue would create the file.
    if !file.is_file() {
        let file = clean::path(file);
        return Err(no(format!("{file} does not exist; name the file of a server with the engine disk")));
    }
    match verb {
        Verb::Inspect { .. } => open.inspect(),
        Verb::Verify { .. } => open.verify(),
        Verb::Export { .. } => open.export(),
        Verb::Purge { .. } => {
            let purged = open.changed(async |queue| {
                let dropped = queue.purge().await?;
                Ok(Purged { dropped, held: queue.book().held() })
            })?;
            open.print(&purged, || purged.to_string());
            Ok(Exit::Success)
        }
        Verb::Dead { verb, .. } => open.dead(verb),
    }
}

impl Open<'_> {
    fn inspect(&self) -> Result<Exit, Said> {
        let Inspected { book, depth, begun, payload_bytes, bytes, .. } =
            inspect(self.file).map_err(|error| refused(&error))?;
        let report = Report {
            depth: depth.into(),
            begun: Some(begun),
            payload_bytes,
            ..self.report(book, depth.held(), bytes)
        };
        self.print(&report, || show::report(&clean::path(self.file), &report));
        Ok(Exit::Success)
    }

    /// Verifies the file. Fails if it has a problem.
    fn verify(&self) -> Result<Exit, Said> {
        let Verified { book, held, dead, delayed, bytes, problems } =
            verify(self.file).map_err(|error| refused(&error))?;
        let depth = Depth { ready: held.saturating_sub(delayed), delayed, dead, ..Depth::default() };
        let report = Report { depth, ..self.report(book, held, bytes) };
        let answer = json!({ "file": report.file, "whole": problems.is_empty(), "problems": problems,
            "book": report.book, "depth": report.depth, "file_bytes": bytes });
        self.print(&answer, || show::verified(&clean::path(self.file), &report, &problems));
        Ok(if problems.is_empty() { Exit::Success } else { Exit::Failure })
    }

    fn report(&self, book: engine::Book, held: u64, file_bytes: u64) -> Report {
        let engine::Book { accepted, done, failed, dropped } = book;
        Report {
            engine: "disk".to_owned(),
            safety: "power_loss".to_owned(),
            file: Some(self.file.display().to_string()),
            book: Some(Book { accepted, done, failed, dropped, held }),
            file_bytes: Some(file_bytes),
            ..Report::default()
        }
    }

    /// Prints each event as a line of JSON. One event at a time is in memory.
    fn export(&self) -> Result<Exit, Said> {
        let exported = export(self.file, |event| {
            let line = match event {
                Exported::Held { id, payload, tries, delay } => {
                    let event = DeadEvent { id: number(id), payload, tries, why: String::new() };
                    line(DeadLetter::new(event, usize::MAX), "held", delay)
                }
                Exported::Dead(event) => line(numbered(event, usize::MAX), "dead", None),
            };
            say(line);
            Ok::<_, OpenError>(())
        });
        exported.map_err(|error| refused(&error))?;
        Ok(Exit::Success)
    }

    fn list(&self, after: Option<u64>, most: usize) -> Result<(), Said> {
        let start = if self.as_json { usize::MAX } else { show::START };
        let (mut letters, mut dead) = (Vec::new(), 0);
        let exported = export(self.file, |event| {
            if let Exported::Dead(event) = event {
                dead += 1;
                let letter = numbered(event, start);
                if letters.len() < most && after.is_none_or(|after| letter.id > after) {
                    letters.push(letter);
                }
            }
            Ok::<_, OpenError>(())
        });
        exported.map_err(|error| refused(&error))?;
        let rows = letters.iter().map(|letter| Letter {
            id: letter.id,
            tries: letter.tries,
            why: letter.why.clone(),
            bytes: letter.bytes as u64,
            payload: letter.payload.clone(),
        });
        let rows = Letters { letters: rows.collect(), dead };
        self.print(&json!({ "letters": letters, "dead": dead }), || show::letters(&rows, most));
        Ok(())
    }

    fn dead(&self, verb: &DeadVerb) -> Result<Exit, Said> {
        match verb {
            DeadVerb::List { after, most } => self.list(*after, (*most).into())?,
            DeadVerb::Retry { id, .. } => {
                // Ids are those of the header `weir-event`, one above the engine's.
                if *id == Some(0) {
                    return Err(no("there is no dead letter 0".to_owned()));
                }
                let which = id.map(|id| EventId(id - 1));
                let retried = self.changed(async |queue| queue.retry_dead(which).await)?;
                if let (0, Some(id)) = (retried, id) {
                    return Err(no(format!("there is no dead letter {id}")));
                }
                self.print(&Retried { retried }, || show::retried(retried));
            }
            DeadVerb::Purge => {
                let purged = self.changed(async |queue| queue.purge_dead().await)?;
                self.print(&Deleted { purged }, || show::deleted(purged));
            }
        }
        Ok(Exit::Success)
    }

    /// Opens the queue, does something with it, and closes it.
    fn changed<T>(
        &self,
        change: impl AsyncFnOnce(&DiskQueue) -> Result<T, EngineError>,
    ) -> Result<T, Said> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Said::Nothing(error.into()))?;
        let options = Options { attempts: self.attempts, ..Options::default() };
        runtime.block_on(async {
            let queue = DiskQueue::open(self.file, options).map_err(|error| refused(&error))?;
            let changed = change(&queue).await;
            queue.end().await;
            changed.map_err(|error| no(format!("{}: {error}", clean::path(self.file))))
        })
    }

    fn print(&self, answer: &impl Serialize, text: impl FnOnce() -> String) {
        match self.as_json {
            true => say(json!(answer)),
            false => say(text().trim_end()),
        }
    }
}

/// Returns the number of an event in the header `weir-event`, which is one above the engine's.
fn number(EventId(id): EventId) -> EventId {
    EventId(id.saturating_add(1))
}

fn numbered(event: DeadEvent, most: usize) -> DeadLetter {
    DeadLetter::new(DeadEvent { id: number(event.id), ..event }, most)
}

/// Returns an exported event. Only a dead letter has a reason.
fn line(event: DeadLetter, state: &str, delay: Option<Duration>) -> Value {
    let mut line = json!(event);
    line["state"] = state.into();
    if state == "held" {
        line["delay_ms"] = delay.map(|delay| delay.as_millis() as u64).into();
        line.as_object_mut().map(|line| line.remove("why"));
    }
    line
}

/// Returns why a file cannot be opened, and what to do instead.
fn refused(error: &OpenError) -> Said {
    match error {
        OpenError::InUse { .. } => no(format!(
            "{error}; ask that server: `weir queue inspect` or `weir queue dead list`, with --url if it \
             does not listen at the configured address"
        )),
        _ => no(error.to_string()),
    }
}

fn no(words: String) -> Said {
    Said::No { exit: Exit::Failure, words: clean::line(&words).into_owned() }
}
