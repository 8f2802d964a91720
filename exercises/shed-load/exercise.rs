// Refuse early: a fixed number of requests may be inside, and all others are refused at once.
//
// Four bodies are `todo!()`. `weir exercise watch shed-load` checks your code every time you
// save. The limiter that you need is in `crates/weir-stage/src/limit.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_parts::resource::Failed;
use weir_stage::limit::Limiter;

/// Guards a slow resource: admits requests while a place is free, and refuses all others.
///
/// Handlers on several threads share it by reference.
#[derive(Debug)]
pub struct Shed {
    /// The places: a permit is a place.
    places: Limiter,
    /// How many requests were refused.
    refused: AtomicU64,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The work is done.
    Done,
    /// The work was started and failed.
    Failed,
    /// All places were taken, and the work did not start.
    Refused,
}

impl Answer {
    /// The HTTP status: 200 if the work is done, and 500 for everything else.
    pub fn status(self) -> u16 {
        todo!("the HTTP status of each answer")
    }
}

impl Shed {
    /// A guard with `places` places, all of them free.
    pub fn new(places: usize) -> Self {
        todo!("a Limiter with that capacity: `Some(places)`, as `None` is no limit")
    }

    /// Serves one request: runs `work` if a place is free, and otherwise refuses the
    /// request at once, without waiting. Counts each refusal.
    ///
    /// The request keeps its place until the work ends, and frees it in every case: when
    /// the work is done, fails, or panics, and when the client hangs up and this future is
    /// dropped.
    pub async fn handle<W>(&self, work: W) -> Answer
    where
        W: Future<Output = Result<(), Failed>>,
    {
        todo!("take a place or refuse; run the work; return the answer")
    }

    /// The number of requests inside now, and the number refused so far.
    pub fn counts(&self) -> (usize, u64) {
        todo!("the Limiter knows the first, and you count the second")
    }
}
