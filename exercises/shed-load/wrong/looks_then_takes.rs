// A wrong answer: it checks for a free place first, and then acquires one, which may wait.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_stage::limit::Limiter;
use weir_parts::resource::Failed;

/// Guards a slow resource: admits requests while a place is free, and refuses all others.
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
        match self {
            Self::Done => 200,
            // No `_` here, so that a new answer does not compile without a status.
            Self::Failed | Self::Refused => 500,
        }
    }
}

impl Shed {
    /// A guard with `places` places, all of them free.
    pub fn new(places: usize) -> Self {
        Self { places: Limiter::new(Some(places)), refused: AtomicU64::new(0) }
    }

    /// Serves one request: runs `work` if a place is free, and otherwise refuses the
    /// request at once, without waiting. Counts each refusal.
    pub async fn handle<W>(&self, work: W) -> Answer
    where
        W: Future<Output = Result<(), Failed>>,
    {
        if self.places.limit() == Some(self.places.in_use()) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Answer::Refused;
        }
        let _place = self.places.acquire().await;
        match work.await {
            Ok(()) => Answer::Done,
            Err(_) => Answer::Failed,
        }
    }

    /// The number of requests inside now, and the number refused so far.
    pub fn counts(&self) -> (usize, u64) {
        (self.places.in_use(), self.refused.load(Ordering::Relaxed))
    }
}
