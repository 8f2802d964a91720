// Refuse early: at most so many requests inside, and everybody else is sent away at once.
//
// There are four places with `todo!()`. `weir exercise watch shed-load` checks again
// whenever you save. What you need is in `crates/weir-stage/src/limit.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_parts::resource::Failed;
use weir_stage::limit::Limiter;

/// Guards something slow: lets so many requests in, and refuses all others.
///
/// Handlers share it, each with a reference to it, and on several threads.
#[derive(Debug)]
pub struct Shed {
    /// The places. Who holds a permit of it has one.
    places: Limiter,
    /// How many were sent away.
    refused: AtomicU64,
}

/// What a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The work is done.
    Done,
    /// The work was tried, and failed.
    Failed,
    /// All places were taken. The work was not even begun.
    Refused,
}

impl Answer {
    /// The HTTP status: 200 if the work is done, and 500 for everything else.
    pub fn status(self) -> u16 {
        todo!("say what each answer is in HTTP")
    }
}

impl Shed {
    /// A guard with so many places, all of them free.
    pub fn new(places: usize) -> Self {
        todo!("make a Limiter with so many places: `Some(…)`, as `None` is no limit")
    }

    /// Serves one request: does `work` if there is a place for it, or else refuses it
    /// at once, without waiting for anything. Each refusal is counted.
    ///
    /// The place is taken for as long as the work takes, and comes back however that
    /// ends: done, failed, with a panic, or not at all, because the client hung up and
    /// this future was dropped.
    pub async fn handle<W>(&self, work: W) -> Answer
    where
        W: Future<Output = Result<(), Failed>>,
    {
        todo!("take a place or refuse; do the work; say how it went")
    }

    /// How many requests are inside now, and how many were refused so far.
    pub fn counts(&self) -> (usize, u64) {
        todo!("the Limiter knows the first, and you count the second")
    }
}
