// A wrong answer: who is refused has been counted in, and is never counted out.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use weir_parts::resource::Failed;

/// Guards something slow: lets so many requests in, and refuses all others.
#[derive(Debug)]
pub struct Shed {
    /// How many there may be.
    places: usize,
    /// How many are inside.
    inside: AtomicUsize,
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
        Self { places, inside: AtomicUsize::new(0), refused: AtomicU64::new(0) }
    }

    /// Serves one request: does `work` if there is a place for it, or else refuses it
    /// at once, without waiting for anything. Each refusal is counted.
    pub async fn handle<W>(&self, work: W) -> Answer
    where
        W: Future<Output = Result<(), Failed>>,
    {
        if self.inside.fetch_add(1, Ordering::AcqRel) >= self.places {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Answer::Refused;
        }
        let _out = Out(&self.inside);
        match work.await {
            Ok(()) => Answer::Done,
            Err(Failed) => Answer::Failed,
        }
    }

    /// How many requests are inside now, and how many were refused so far.
    pub fn counts(&self) -> (usize, u64) {
        (self.inside.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}

/// Counts one out.
struct Out<'a>(&'a AtomicUsize);

impl Drop for Out<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
