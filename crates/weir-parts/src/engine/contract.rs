//! Compares an engine with a model of the contract, step by step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Book, DeadEvent, Depth, Engine, EngineError, EventId, Leased, Refused, Settle};

/// A step of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Pushes an event with a payload of this many bytes.
    Push(u8),
    /// Asks for at most this number of events, if any are ready.
    Ask(u8),
    /// Settles a leased event, chosen by this number.
    Done(u8),
    /// Fails an attempt; the event is ready again at once.
    Again(u8),
    /// Fails an attempt; the event is not ready again within the script.
    Later(u8),
    /// Makes an event a dead letter.
    Dead(u8),
    /// Gives an event back, unworked.
    Back(u8),
    /// Settles an event that is not leased.
    Twice,
    /// Purges.
    Purge,
    /// Accepts a dead letter again, chosen by this number.
    Retry(u8),
    /// Accepts all dead letters again.
    RetryAll,
    /// Removes all dead letters.
    PurgeDead,
}

/// Makes a script of arbitrary numbers: of each pair, the first chooses the step.
pub fn script(numbers: &[(u8, u8)]) -> Vec<Step> {
    let step = |&(kind, choice): &(u8, u8)| match kind % 24 {
        0..=5 => Step::Push(choice % 20),
        6..=10 => Step::Ask(choice % 5 + 1),
        11..=13 => Step::Done(choice),
        14..=15 => Step::Again(choice),
        16 => Step::Later(choice),
        17 => Step::Dead(choice),
        18 => Step::Back(choice),
        19 => Step::Twice,
        20 => Step::Purge,
        21 => Step::Retry(choice),
        22 => Step::RetryAll,
        _ => Step::PurgeDead,
    };
    numbers.iter().map(step).collect()
}

/// A delay that outlasts every script.
const LATER: Duration = Duration::from_secs(100_000);
/// Why attempts fail in a script.
const FAILED: &str = "refused";
/// Why events become dead letters in a script.
const UNREADABLE: &str = "unreadable";

/// The model: the state that the contract demands. Its numbers begin at 0, without a gap.
#[derive(Debug, Default)]
struct Model {
    /// The engine is shared by machines, and promises less about numbers and order.
    is_shared: bool,
    /// The engine's number of each event, if the engine is shared. The number of a retried dead letter
    /// is unknown until the event is leased.
    given: Vec<Option<u64>>,
    book: Book,
    /// Ready events that were leased before, in the order of their numbers.
    back: BTreeSet<u64>,
    new: VecDeque<u64>,
    leased: BTreeMap<u64, u32>,
    delayed: BTreeSet<u64>,
    tries: BTreeMap<u64, u32>,
    /// Dead letters: attempts, and why.
    dead: BTreeMap<u64, (u32, &'static str)>,
    /// The length of each event's payload.
    bytes: BTreeMap<u64, u8>,
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
        if !goes_on {
            self.die(id, tries, FAILED);
        }
        goes_on
    }

    fn die(&mut self, id: u64, tries: u32, why: &'static str) {
        self.book.failed += 1;
        self.dead.insert(id, (tries, why));
    }

    fn accept(&mut self, bytes: u8) {
        self.new.push_back(self.book.accepted);
        self.bytes.insert(self.book.accepted, bytes);
        self.book.accepted += 1;
        self.given.push(None);
    }

    /// Returns the engine's number of an event.
    fn id_of(&self, event: u64) -> EventId {
        match self.is_shared {
            true => EventId(self.given[event as usize].expect("an event that was leased has a number")),
            false => EventId(event),
        }
    }

    /// Notes the engine's number of an event. Numbers rise in the order of acceptance.
    fn give(&mut self, event: u64, EventId(id): EventId) {
        let (before, after) = self.given.split_at(event as usize);
        let rises = before.iter().flatten().all(|earlier| *earlier < id)
            && after[1..].iter().flatten().all(|later| id < *later);
        assert!(rises, "number {id} of event {event} among {:?}", self.given);
        self.given[event as usize] = Some(id);
    }

    /// Takes the events that a shared engine has leased: those that were given back in any order, new
    /// ones in the order of their numbers.
    fn ask_shared(&mut self, leased: &[Leased]) -> Vec<u64> {
        let mut events = Vec::new();
        for Leased { id, .. } in leased {
            let back = self.back.iter().copied().find(|event| self.given[*event as usize] == Some(id.0));
            let event = match back {
                Some(event) => event,
                None => {
                    let event = self.new.pop_front().expect("an event that is ready");
                    match self.given[event as usize] {
                        Some(given) => assert_eq!(given, id.0, "new events come in order"),
                        None => self.give(event, *id),
                    }
                    event
                }
            };
            self.back.remove(&event);
            self.leased.insert(event, self.tries.get(&event).copied().unwrap_or(0));
            events.push(event);
        }
        events
    }
}

/// Runs a script on a new, empty engine with this number of `attempts`, and compares it with the
/// model after each step. Then closes the engine and takes the remaining events.
///
/// # Panics
/// Where the engine differs from the model.
pub async fn check(engine: &impl Engine, attempts: u32, script: &[Step]) {
    check_model(engine, Model::default(), attempts, script).await;
}

/// Like [`check`], for an engine that several machines share. Its numbers may begin anywhere and have
/// gaps. It may lease fewer events than are ready, lease events that were given back in any order, and
/// report a stale depth. Numbers still rise, and new events come in their order.
///
/// # Panics
/// Where the engine differs from the model.
pub async fn check_shared(engine: &impl Engine, attempts: u32, script: &[Step]) {
    assert!(engine.is_shared());
    check_model(engine, Model { is_shared: true, ..Model::default() }, attempts, script).await;
}

async fn check_model(engine: &impl Engine, mut model: Model, attempts: u32, script: &[Step]) {
    for step in script {
        run(engine, &mut model, attempts, *step).await;
        let (book, depth) = (engine.book(), engine.depth());
        assert_eq!(book, model.book, "the book after {step:?}");
        assert_eq!(book.held(), model.held(), "held after {step:?}");
        let ready = (model.back.len() + model.new.len()) as u64;
        let (leased, delayed) = (model.leased.len() as u64, model.delayed.len() as u64);
        let dead = model.dead.len() as u64;
        let expected = Depth { ready, leased, delayed, settling: 0, dead };
        assert!(model.is_shared || depth == expected, "{depth:?} is not {expected:?} after {step:?}");
    }
    check_dead(engine, &model).await;
    engine.close();
    assert_eq!(engine.push(Vec::new()).await, Err(Refused::Closed));
    let leased: Vec<EventId> = model.leased.keys().map(|event| model.id_of(*event)).collect();
    settle(engine, leased, Settle::Done).await;
    engine.purge().await.expect("it purges");
    assert_eq!(engine.ask(10).await, None, "closed and empty");
    assert_eq!(engine.book().held(), 0);
}

async fn settle(engine: &impl Engine, ids: Vec<EventId>, how: Settle) {
    let settled = ids.into_iter().map(|id| (id, how.clone())).collect();
    engine.settle(settled).await.expect("it is leased");
}

async fn run(engine: &impl Engine, model: &mut Model, attempts: u32, step: Step) {
    match step {
        Step::Push(bytes) => {
            let called = Arc::new(Mutex::new(None));
            let call = Arc::clone(&called);
            let accepted = move |id| *call.lock().expect("it did not panic") = Some(id);
            let id = engine.push_with(payload_of(bytes), accepted).await;
            if !model.is_shared {
                assert_eq!(id, Ok(EventId(model.book.accepted)));
            }
            assert_eq!(*called.lock().expect("it did not panic"), id.clone().ok(), "the call of a push");
            model.accept(bytes);
            model.give(model.book.accepted - 1, id.expect("it is accepted"));
        }
        Step::Ask(demand) if model.is_shared => {
            if !model.back.is_empty() || !model.new.is_empty() {
                let leased = engine.ask(demand as usize).await.expect("events are ready");
                assert!((1..=demand as usize).contains(&leased.len()), "{step:?}: {leased:?}");
                let events = model.ask_shared(&leased);
                check_leased(model, &events, leased);
            }
        }
        Step::Ask(demand) => {
            let expected = model.ask(demand as usize);
            if !expected.is_empty() {
                let leased = engine.ask(demand as usize).await.expect("events are ready");
                let found: Vec<u64> = leased.iter().map(|leased| leased.id.0).collect();
                assert_eq!(found, expected, "the order of {step:?}");
                check_leased(model, &expected, leased);
            }
        }
        Step::Done(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![model.id_of(id)], Settle::Done).await;
                model.leased.remove(&id);
                model.book.done += 1;
            }
        }
        Step::Again(choice) | Step::Later(choice) => {
            if let Some(id) = model.pick(choice) {
                let is_later = matches!(step, Step::Later(_));
                let after = if is_later { LATER } else { Duration::ZERO };
                settle(engine, vec![model.id_of(id)], Settle::Again { after, why: FAILED.to_owned() })
                    .await;
                if model.again(id, attempts) {
                    let waits = if is_later { &mut model.delayed } else { &mut model.back };
                    waits.insert(id);
                }
            }
        }
        Step::Dead(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![model.id_of(id)], Settle::Dead { why: UNREADABLE.to_owned() }).await;
                let tries = model.leased.remove(&id).unwrap_or(0);
                model.die(id, tries + 1, UNREADABLE);
            }
        }
        Step::Back(choice) => {
            if let Some(id) = model.pick(choice) {
                settle(engine, vec![model.id_of(id)], Settle::Back).await;
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
        Step::Retry(choice) => {
            let id = model.dead.keys().nth(choice as usize % model.dead.len().max(1)).copied();
            // A letter that does not exist is no error.
            let letter = id.map_or(EventId(u64::MAX), |id| model.id_of(id));
            let retried = engine.retry_dead(Some(letter)).await;
            assert_eq!(retried, Ok(u64::from(id.is_some())));
            if let Some(id) = id {
                model.dead.remove(&id);
                model.accept(model.bytes[&id]);
            }
        }
        Step::RetryAll => {
            let dead = std::mem::take(&mut model.dead);
            assert_eq!(engine.retry_dead(None).await, Ok(dead.len() as u64));
            dead.keys().for_each(|id| model.accept(model.bytes[id]));
        }
        Step::PurgeDead => {
            check_dead(engine, model).await;
            assert_eq!(engine.purge_dead().await, Ok(model.dead.len() as u64));
            model.dead.clear();
        }
    }
}

fn check_leased(model: &Model, events: &[u64], leased: Vec<Leased>) {
    for (event, Leased { id, payload, tries, recovered }) in events.iter().zip(leased) {
        assert_eq!(tries, model.leased[event], "the attempts of {id:?}");
        assert_eq!(payload, payload_of(model.bytes[event]), "the payload of {id:?}");
        assert!(!recovered, "{id:?} was pushed in this life");
    }
}

fn payload_of(bytes: u8) -> Vec<u8> {
    vec![bytes; bytes as usize]
}

/// Compares the dead letters, read two at a time.
async fn check_dead(engine: &impl Engine, model: &Model) {
    let mut found: Vec<DeadEvent> = Vec::new();
    loop {
        let after = found.last().map(|letter| letter.id);
        let mut page = engine.dead(after, 2).await.expect("it lists its dead letters");
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        found.append(&mut page);
    }
    let letter = |(id, (tries, why)): (&u64, &(u32, &str))| DeadEvent {
        id: model.id_of(*id),
        payload: payload_of(model.bytes[id]),
        tries: *tries,
        why: (*why).to_owned(),
    };
    assert_eq!(found, model.dead.iter().map(letter).collect::<Vec<_>>(), "the dead letters");
}
