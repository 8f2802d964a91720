//! Holds an engine against a model of the contract, step by step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::{Book, Engine, EngineError, EventId, Leased, Refused, Settle};

/// A step of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Pushes an event with a payload of this many bytes.
    Push(u8),
    /// Asks for at most this number of events, if any are ready.
    Ask(u8),
    /// Settles a leased event, chosen by this number.
    Done(u8),
    /// Gives one up for this attempt; it is ready again at once.
    Again(u8),
    /// Gives one up for this attempt; it is not ready again within the script.
    Later(u8),
    /// Makes one a dead letter.
    Dead(u8),
    /// Gives one back unworked.
    Back(u8),
    /// Settles an event that is not leased.
    Twice,
    /// Purges.
    Purge,
}

/// A delay that outlasts every script.
const LATER: Duration = Duration::from_secs(100_000);

/// What the contract says the engine has.
#[derive(Debug, Default)]
struct Model {
    book: Book,
    /// Ready events that were leased before, in the order of their numbers.
    back: BTreeSet<u64>,
    new: VecDeque<u64>,
    leased: BTreeMap<u64, u32>,
    delayed: BTreeSet<u64>,
    tries: BTreeMap<u64, u32>,
}

impl Model {
    fn held(&self) -> u64 {
        (self.back.len() + self.new.len() + self.leased.len() + self.delayed.len()) as u64
    }

    fn ask(&mut self, demand: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        while ids.len() < demand {
            let Some(id) = self.back.pop_first().or_else(|| self.new.pop_front()) else { break };
            self.leased.insert(id, self.tries.get(&id).copied().unwrap_or(0));
            ids.push(id);
        }
        ids
    }

    fn pick(&self, choice: u8) -> Option<u64> {
        let count = self.leased.len();
        if count == 0 { None } else { self.leased.keys().nth(choice as usize % count).copied() }
    }

    /// Counts a failed attempt. Returns false if it was the last one.
    fn again(&mut self, id: u64, attempts: u32) -> bool {
        let tries = self.leased.remove(&id).unwrap_or(0) + 1;
        self.tries.insert(id, tries);
        let goes_on = tries < attempts;
        self.book.failed += u64::from(!goes_on);
        goes_on
    }
}

/// Runs a script on a new, empty engine that gives an event up after `attempts`, and compares it
/// with the model after each step. Closes it and takes what is left.
///
/// # Panics
/// Where the engine differs from the model.
pub async fn check(engine: &impl Engine, attempts: u32, script: &[Step]) {
    let mut model = Model::default();
    for step in script {
        run(engine, &mut model, attempts, *step).await;
        let (book, depth) = (engine.book(), engine.depth());
        assert_eq!(book, model.book, "the book after {step:?}");
        assert_eq!(book.held(), model.held(), "held after {step:?}");
        let ready = (model.back.len() + model.new.len()) as u64;
        let expected = (ready, model.leased.len() as u64, model.delayed.len() as u64, 0);
        let found = (depth.ready, depth.leased, depth.delayed, depth.settling);
        assert_eq!(found, expected, "ready, leased, delayed and settling after {step:?}");
    }
    engine.close();
    assert_eq!(engine.push(Vec::new()).await, Err(Refused::Closed));
    let leased: Vec<u64> = model.leased.keys().copied().collect();
    settle(engine, leased, Settle::Done).await;
    engine.purge().await.expect("it purges");
    assert_eq!(engine.ask(10).await, None, "closed and empty");
    assert_eq!(engine.book().held(), 0);
}

async fn settle(engine: &impl Engine, ids: Vec<u64>, how: Settle) {
    let settled = ids.into_iter().map(|id| (EventId(id), how.clone())).collect();
    engine.settle(settled).await.expect("it is leased");
}

async fn run(engine: &impl Engine, model: &mut Model, attempts: u32, step: Step) {
    match step {
        Step::Push(bytes) => {
            let id = engine.push(vec![bytes; bytes as usize]).await;
            assert_eq!(id, Ok(EventId(model.book.accepted)));
            model.new.push_back(model.book.accepted);
            model.book.accepted += 1;
        }
        Step::Ask(demand) => {
            let expected = model.ask(demand as usize);
            if !expected.is_empty() {
                let leased = engine.ask(demand as usize).await.expect("events are ready");
                let found: Vec<u64> = leased.iter().map(|leased| leased.id.0).collect();
                assert_eq!(found, expected, "the order of {step:?}");
                for Leased { id, payload, tries, recovered } in leased {
                    assert_eq!(tries, model.leased[&id.0], "the attempts of {id:?}");
                    assert!(payload.iter().all(|byte| *byte as usize == payload.len()) && !recovered);
                }
            }
        }
        Step::Done(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![id], Settle::Done).await;
                model.leased.remove(&id);
                model.book.done += 1;
            }
        }
        Step::Again(choice) | Step::Later(choice) => {
            if let Some(id) = model.pick(choice) {
                let is_later = matches!(step, Step::Later(_));
                let after = if is_later { LATER } else { Duration::ZERO };
                settle(engine, vec![id], Settle::Again { after }).await;
                if model.again(id, attempts) {
                    let waits = if is_later { &mut model.delayed } else { &mut model.back };
                    waits.insert(id);
                }
            }
        }
        Step::Dead(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![id], Settle::Dead { why: "unreadable".to_owned() }).await;
                model.leased.remove(&id);
                model.book.failed += 1;
            }
        }
        Step::Back(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![id], Settle::Back).await;
                model.leased.remove(&id);
                model.back.insert(id);
            }
        }
        Step::Twice => {
            let id = EventId(model.book.accepted + 7);
            let twice = engine.settle(vec![(id, Settle::Done)]).await;
            assert_eq!(twice, Err(EngineError::NotLeased(id)));
        }
        Step::Purge => {
            let purged = (model.back.len() + model.new.len() + model.delayed.len()) as u64;
            assert_eq!(engine.purge().await, Ok(purged));
            model.book.dropped += purged;
            model.back.clear();
            model.new.clear();
            model.delayed.clear();
        }
    }
}
