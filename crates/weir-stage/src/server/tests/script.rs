//! Random scripts of senders, held against a model of the mailbox.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use futures::FutureExt;
use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use super::support::{Add, Log, Numbers};
use crate::server::{CallError, CastError, Place, spawn};
use crate::stage::Reason;

const CAPACITY: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Cast,
    Call,
    Reserve,
    /// Uses the oldest reserved place.
    Use,
    /// Gives the oldest reserved place back.
    GiveBack,
    /// Drops the call with this number, modulo the open ones.
    GiveUp(usize),
    /// Lets the server handle one message.
    Handle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Cast),
        4 => Just(Step::Call),
        1 => Just(Step::Reserve),
        1 => Just(Step::Use),
        1 => Just(Step::GiveBack),
        2 => (0..8usize).prop_map(Step::GiveUp),
        4 => Just(Step::Handle),
    ]
}

/// A sender in the model.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waiting {
    Call(u32),
    Reserve(u32),
}

/// The model: what is in the mailbox, who waits for a place, and what was handled.
#[derive(Default)]
struct Model {
    /// `None` is a message that its caller has withdrawn.
    messages: VecDeque<Option<u32>>,
    waiting: VecDeque<Waiting>,
    places: VecDeque<u32>,
    handled: Vec<u32>,
}

impl Model {
    fn free(&self) -> bool {
        self.messages.len() + self.places.len() < CAPACITY
    }

    fn settle(&mut self) {
        while self.free() {
            match self.waiting.pop_front() {
                Some(Waiting::Call(number)) => self.messages.push_back(Some(number)),
                Some(Waiting::Reserve(number)) => self.places.push_back(number),
                None => return,
            }
        }
    }

    fn enter(&mut self, sender: Waiting) {
        self.waiting.push_back(sender);
        self.settle();
    }

    fn handle(&mut self) {
        // A withdrawn message costs no permit.
        while let Some(message) = self.messages.pop_front() {
            self.settle();
            if let Some(number) = message {
                self.handled.push(number);
                return;
            }
        }
    }
}

type Call<'a> = Pin<Box<dyn Future<Output = Result<usize, CallError>> + 'a>>;
type Reserve<'a> = Pin<Box<dyn Future<Output = Result<Place<Numbers>, Reason>> + 'a>>;

async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}

/// Polls everything that waits, until nothing changes.
async fn poll_all<'a>(
    calls: &mut Vec<(u32, Call<'a>)>,
    reserves: &mut Vec<(u32, Reserve<'a>)>,
    places: &mut VecDeque<(u32, Place<Numbers>)>,
    done: &mut Vec<u32>,
) {
    for _ in 0..CAPACITY + 2 {
        settle().await;
        calls.retain_mut(|(number, call)| match call.as_mut().now_or_never() {
            Some(reply) => {
                reply.expect("the server runs");
                done.push(*number);
                false
            }
            None => true,
        });
        reserves.retain_mut(|(number, reserve)| match reserve.as_mut().now_or_never() {
            Some(place) => {
                places.push_back((*number, place.expect("the server runs")));
                false
            }
            None => true,
        });
    }
}

async fn play(steps: Vec<Step>) {
    let log = Log::default();
    let (numbers, gate) = Numbers::gated(&log);
    let running = spawn(CAPACITY, numbers);
    let server = running.server();
    let mut model = Model::default();
    let (mut calls, mut reserves) = (Vec::new(), Vec::new());
    let (mut places, mut done) = (VecDeque::<(u32, Place<Numbers>)>::new(), Vec::new());
    for (number, step) in (0..).zip(steps) {
        match step {
            Step::Cast => {
                let expected = if model.free() && model.waiting.is_empty() {
                    model.messages.push_back(Some(number));
                    Ok(())
                } else {
                    Err(CastError::Full(Add(number)))
                };
                assert_eq!(server.cast(Add(number)), expected);
            }
            Step::Call => {
                model.enter(Waiting::Call(number));
                let mut call: Call<'_> = Box::pin(server.call(Add(number)));
                assert!(call.as_mut().now_or_never().is_none(), "the gate is closed");
                calls.push((number, call));
            }
            Step::Reserve => {
                model.enter(Waiting::Reserve(number));
                reserves.push((number, Box::pin(server.reserve()) as Reserve<'_>));
            }
            Step::Use => {
                if let Some((number, place)) = places.pop_front() {
                    place.cast(Add(number)).unwrap();
                    model.places.retain(|known| *known != number);
                    model.messages.push_back(Some(number));
                }
            }
            Step::GiveBack => {
                if let Some((number, place)) = places.pop_front() {
                    drop(place);
                    model.places.retain(|known| *known != number);
                    model.settle();
                }
            }
            Step::GiveUp(at) => {
                if !calls.is_empty() {
                    let (number, call) = calls.remove(at % calls.len());
                    drop(call);
                    model.waiting.retain(|sender| *sender != Waiting::Call(number));
                    let message = model.messages.iter_mut().find(|known| **known == Some(number));
                    if let Some(message) = message {
                        *message = None;
                    }
                }
            }
            Step::Handle => {
                if model.messages.iter().any(Option::is_some) {
                    gate.add_permits(1);
                    model.handle();
                }
            }
        }
        poll_all(&mut calls, &mut reserves, &mut places, &mut done).await;
        let handled: Vec<u32> = log.entries().iter().map(|entry| entry.parse().unwrap()).collect();
        assert_eq!(handled, model.handled);
        assert!(done.iter().all(|number| handled.contains(number)), "{done:?} of {handled:?}");
        let reserved: Vec<u32> = places.iter().map(|(number, _)| *number).collect();
        assert_eq!(reserved, Vec::from(model.places.clone()));
        assert_eq!(server.waiting(), model.messages.len());
    }
    running.stop();
    for (_, call) in calls {
        assert_eq!(call.await, Err(CallError::Down { reason: Reason::Stopped, begun: false }));
    }
    for (_, reserve) in reserves {
        assert_eq!(reserve.await.unwrap_err(), Reason::Stopped);
    }
}

proptest! {
    #[test]
    fn a_mailbox_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        Builder::new_current_thread().build().unwrap().block_on(play(steps));
    }
}
