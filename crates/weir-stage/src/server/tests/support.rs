//! A server for tests: it records what it handles, and takes messages only as allowed.

use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::server::{Context, Handle, HandleLater, Reply, Server};
use crate::stage::Reason;

/// What happened to a server, in order.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn add(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    pub(super) fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Keeps numbers. Each message takes a permit of the gate, if there is a gate.
pub(super) struct Numbers {
    pub(super) numbers: Vec<u32>,
    pub(super) kept: Vec<Reply<u32>>,
    pub(super) log: Log,
    pub(super) gate: Option<Arc<Semaphore>>,
}

impl Numbers {
    pub(super) fn new(log: &Log) -> Self {
        Self { numbers: Vec::new(), kept: Vec::new(), log: log.clone(), gate: None }
    }

    /// Makes a server that handles a message for each permit that is added to the gate.
    pub(super) fn gated(log: &Log) -> (Self, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        let mut numbers = Self::new(log);
        numbers.gate = Some(Arc::clone(&gate));
        (numbers, gate)
    }
}

impl Server for Numbers {
    async fn ready(&mut self) {
        if let Some(gate) = &self.gate {
            let permit = gate.acquire().await.expect("the gate is not closed");
            // Returned by `Drop` of a permit unless it is forgotten; a wait for a message that is
            // repeated finds it again.
            drop(permit);
        }
    }

    fn ended(&mut self, reason: &Reason) {
        self.log.add(format!("ended: {reason}"));
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.log.add("dropped");
    }
}

/// Adds a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Add(pub(super) u32);
impl Handle<Add> for Numbers {
    type Reply = usize;

    fn handle(&mut self, Add(number): Add, _: &mut Context<'_, Self>) -> usize {
        if let Some(gate) = &self.gate {
            gate.forget_permits(1);
        }
        self.numbers.push(number);
        self.log.add(format!("{number}"));
        self.numbers.len()
    }
}

/// Returns all numbers.
pub(super) struct All;
impl Handle<All> for Numbers {
    type Reply = Vec<u32>;

    fn handle(&mut self, _: All, _: &mut Context<'_, Self>) -> Vec<u32> {
        self.numbers.clone()
    }
}

/// Keeps the reply.
pub(super) struct Later;
impl HandleLater<Later> for Numbers {
    type Reply = u32;

    fn handle(&mut self, _: Later, reply: Reply<u32>, _: &mut Context<'_, Self>) {
        self.kept.push(reply);
    }
}

/// Drops the reply.
pub(super) struct Ignore;
impl HandleLater<Ignore> for Numbers {
    type Reply = u32;

    fn handle(&mut self, _: Ignore, reply: Reply<u32>, _: &mut Context<'_, Self>) {
        drop(reply);
    }
}

/// Panics.
pub(super) struct Fail;
impl Handle<Fail> for Numbers {
    type Reply = ();

    fn handle(&mut self, _: Fail, _: &mut Context<'_, Self>) {
        panic!("a fault");
    }
}

/// Replies, and ends the server.
pub(super) struct Quit;
impl Handle<Quit> for Numbers {
    type Reply = u32;

    fn handle(&mut self, _: Quit, context: &mut Context<'_, Self>) -> u32 {
        context.stop(Reason::failed("asked to quit"));
        7
    }
}
