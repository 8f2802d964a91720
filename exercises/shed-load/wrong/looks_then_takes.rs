// A wrong answer: it looks whether there is a place, and then takes one, or waits for it.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_stage::limit::Limiter;
use weir_parts::resource::Failed;

/// Guards something slow: lets so many requests in, and refuses all others.
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
        match self {
            Self::Done => 200,
            // No `_` here: whoever adds an answer has to think about its status.
            Self::Failed | Self::Refused => 500,
        }
    }
}

impl Shed {
    /// A guard with so many places, all of them free.
    pub fn new(places: usize) -> Self {
        Self { places: Limiter::new(Some(places)), refused: AtomicU64::new(0) }
    }

    /// Serves one request: does `work` if there is a place for it, or else refuses it
    /// at once, without waiting for anything. Each refusal is counted.
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
            Err(Failed) => Answer::Failed,
        }
    }

    /// How many requests are inside now, and how many were refused so far.
    pub fn counts(&self) -> (usize, u64) {
        (self.places.in_use(), self.refused.load(Ordering::Relaxed))
    }
}
