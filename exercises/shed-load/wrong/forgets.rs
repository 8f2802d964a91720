// A wrong answer: a refused request is counted in, and never counted out.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use weir_parts::resource::Failed;

/// Guards a slow resource: admits requests while a place is free, and refuses all others.
#[derive(Debug)]
pub struct Shed {
    /// How many requests may be inside.
    places: usize,
    /// How many requests are inside.
    inside: AtomicUsize,
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
        Self { places, inside: AtomicUsize::new(0), refused: AtomicU64::new(0) }
    }

    /// Serves one request: runs `work` if a place is free, and otherwise refuses the
    /// request at once, without waiting. Counts each refusal.
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
            Err(_) => Answer::Failed,
        }
    }

    /// The number of requests inside now, and the number refused so far.
    pub fn counts(&self) -> (usize, u64) {
        (self.inside.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}

/// Counts a request out when it is dropped.
struct Out<'a>(&'a AtomicUsize);

impl Drop for Out<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
