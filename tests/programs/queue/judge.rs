//! Holds what the clients heard against the file after each kill, and both against the snapshots.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;
use weir_queue_redb::{Exported, Inspected, OpenError, export, inspect, verify};

use super::client::{Heard, Told};
use super::{CLIENTS, CONCURRENCY};

/// The judge's own ledger, over all lives.
#[derive(Debug)]
pub(super) struct Judge {
    attempts: u32,
    /// The body of each event that was answered with 202, by its id.
    accepted: HashMap<u64, String>,
    sent: u64,
    /// The file after the last kill.
    file: Option<Inspected>,
    /// What the present life was seen to have done and failed.
    seen: (u64, u64),
    recovered: u64,
    /// Events whose work a kill has ended, as the file notes them: the most that can be done twice.
    twice: u64,
}

fn number(snapshot: &Value, pointer: &str) -> u64 {
    let found = snapshot.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("{pointer}: {}, {}", snapshot["ledger"], snapshot["queue"]))
}

/// The events that were held when the life began. A snapshot leaves out that there were none.
fn recovered(snapshot: &Value) -> u64 {
    snapshot["ledger"].get("recovered").map_or(0, |_| number(snapshot, "/ledger/recovered"))
}

/// The events that the server holds.
pub(super) fn held(snapshot: &Value) -> u64 {
    number(snapshot, "/ledger/held")
}

/// Checks that a snapshot's ledger adds up, and its book. The ledger is read while events move, so
/// those that change their place meanwhile are `unaccounted`: at most one for each worker, and one
/// for each client, whose event counts as accepted just before the queue holds it.
pub(super) fn adds_up(snapshot: &Value) {
    let ledger = |what: &str| number(snapshot, &format!("/ledger/{what}"));
    let out = ledger("done") + ledger("failed") + ledger("dropped") + ledger("held");
    let unaccounted = snapshot["ledger"]["unaccounted"].as_i64().unwrap();
    let accepted = (ledger("accepted") + recovered(snapshot)) as i64;
    assert_eq!(accepted, out as i64 + unaccounted, "{}", snapshot["ledger"]);
    assert!(unaccounted.unsigned_abs() <= CONCURRENCY + CLIENTS as u64, "{}", snapshot["ledger"]);
    let book = |what: &str| number(snapshot, &format!("/queue/book/{what}"));
    let out = book("done") + book("failed") + book("dropped");
    assert_eq!(book("accepted"), out + book("held"), "{}", snapshot["queue"]["book"]);
}

impl Judge {
    pub(super) fn new(attempts: u32) -> Self {
        let (accepted, sent, file, seen) = (HashMap::new(), 0, None, (0, 0));
        Self { attempts, accepted, sent, file, seen, recovered: 0, twice: 0 }
    }

    /// Checks the first snapshot of a life: it has recovered what the file held. An event whose last
    /// attempt the kill has ended is a dead letter now.
    pub(super) fn begun(&mut self, snapshot: &Value) {
        let recovered = recovered(snapshot);
        if let Some(file) = &self.file {
            let held = file.book.held();
            assert!(recovered <= held && recovered + file.begun >= held, "{recovered} of {held}");
            if file.tries.keys().all(|tries| tries + 1 < self.attempts) {
                assert_eq!(recovered, held, "no event can have died");
            }
        }
        self.recovered += recovered;
        self.seen = (0, 0);
        self.saw(snapshot);
    }

    /// Checks a snapshot of the present life.
    pub(super) fn saw(&mut self, snapshot: &Value) {
        adds_up(snapshot);
        self.seen = (number(snapshot, "/ledger/done"), number(snapshot, "/ledger/failed"));
    }

    /// Checks the file that a kill has left.
    pub(super) fn killed(&mut self, file: &Path, told: Told) {
        self.sent += told.sent;
        for Heard { id, body } in told.heard {
            let before = self.accepted.insert(id, body);
            assert!(before.is_none(), "id {id} was given twice: {before:?} and {}", self.accepted[&id]);
        }
        let now = self.read(file);
        let before = self.file.as_ref().map(|file| file.book).unwrap_or_default();
        // What the life was seen to have done is in the file, and no event is lost from its book.
        let (done, failed) = self.seen;
        assert!(now.book.done >= before.done + done, "{} after {before}, {done} seen", now.book);
        assert!(now.book.failed >= before.failed + failed, "{} after {before}, {failed} seen", now.book);
        assert!(now.begun <= CONCURRENCY, "{} events were worked on at once", now.begun);
        self.twice += now.begun;
        self.file = Some(now);
    }

    /// Checks the file after an orderly end.
    pub(super) fn ended(&mut self, file: &Path, last: &Value) {
        let before = self.file.as_ref().map(|file| file.book).unwrap_or_default();
        let now = self.read(file);
        let (done, failed) = (number(last, "/ledger/done"), number(last, "/ledger/failed"));
        assert_eq!(last["ledger"]["unaccounted"], 0, "at rest: {}", last["ledger"]);
        assert_eq!(now.book.done, before.done + done, "what the last life has done");
        // The rest has died when the file was opened: the kill had ended their last attempt.
        let died = now.book.failed - before.failed - failed;
        assert!(died <= CONCURRENCY, "{died} events have died at the start");
        assert_eq!((now.depth.ready, now.depth.delayed, now.begun), (0, 0, 0));
        self.file = Some(now);
    }

    /// Reads a file, and looks for every event of which a client has heard.
    fn read(&self, file: &Path) -> Inspected {
        assert_eq!(verify(file).unwrap().problems, Vec::<String>::new());
        let inspected = inspect(file).unwrap();
        let book = inspected.book;
        assert_eq!(book.dropped, 0);
        let (mut held, mut dead) = (0, 0);
        export::<OpenError>(file, |event| {
            let (id, payload) = match event {
                Exported::Held { id, payload, tries, .. } => {
                    held += 1;
                    assert!(tries < self.attempts, "{id:?} has {tries} failed attempts");
                    (id, payload)
                }
                Exported::Dead(letter) => {
                    dead += 1;
                    assert_eq!(letter.tries, self.attempts, "{letter:?}");
                    (letter.id, letter.payload)
                }
            };
            // An answer may have been on its way when the process was killed.
            if let Some(body) = self.accepted.get(&(id.0 + 1)) {
                assert_eq!(String::from_utf8_lossy(&payload), *body, "the body of {id:?}");
            }
            Ok(())
        })
        .unwrap();
        // Numbers have no gaps, so each event that was ever accepted is held, dead or done.
        assert_eq!(inspected.next, book.accepted);
        assert_eq!((book.held(), book.failed), (held, dead));
        let last = self.accepted.keys().max().copied().unwrap_or_default();
        assert!(last <= book.accepted, "event {last} is lost: the file has accepted {}", book.accepted);
        let heard = self.accepted.len() as u64;
        assert!(
            (heard..=self.sent).contains(&book.accepted),
            "{heard} heard of, {book}, {} sent",
            self.sent
        );
        inspected
    }

    /// Checks that the kills have met a server at work.
    pub(super) fn is_worth_it(&self, kills: usize) {
        assert!(self.accepted.len() > kills, "too few events");
        assert!(self.recovered > 0, "no kill has met an event that was held");
        assert!(self.twice <= CONCURRENCY * kills as u64);
    }
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, sent, file, recovered, twice, .. } = self;
        let book = file.as_ref().map(|file| file.book).unwrap_or_default();
        let heard = accepted.len();
        write!(f, "{sent} sent, {heard} answered, {book}, {recovered} recovered, {twice} may be done twice")
    }
}
