//! The answers about the queue. The contents of a file take the same form.

use serde::{Deserialize, Serialize};

use crate::engine;

/// `GET /api/queue`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::cli) struct Report {
    pub(in crate::cli) engine: String,
    pub(in crate::cli) safety: String,
    /// What a 202 means, in a sentence.
    pub(in crate::cli) promise: String,
    pub(in crate::cli) file: Option<String>,
    pub(in crate::cli) attempts: Option<u64>,
    pub(in crate::cli) book: Option<Book>,
    pub(in crate::cli) depth: Depth,
    pub(in crate::cli) recovered: u64,
    pub(in crate::cli) payload_bytes: u64,
    pub(in crate::cli) max_bytes: Option<u64>,
    pub(in crate::cli) trouble: Option<String>,
    /// Events in work when the process ended; only for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) begun: Option<u64>,
    /// The size of the file; only for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) file_bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::cli) struct Book {
    pub(in crate::cli) accepted: u64,
    pub(in crate::cli) done: u64,
    pub(in crate::cli) failed: u64,
    pub(in crate::cli) dropped: u64,
    pub(in crate::cli) held: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::cli) struct Depth {
    pub(in crate::cli) ready: u64,
    /// Including the settling ones.
    pub(in crate::cli) leased: u64,
    pub(in crate::cli) delayed: u64,
    pub(in crate::cli) settling: u64,
    pub(in crate::cli) dead: u64,
}

impl From<engine::Depth> for Depth {
    fn from(depth: engine::Depth) -> Self {
        let engine::Depth { ready, leased, delayed, settling, dead } = depth;
        Self { ready, leased, delayed, settling, dead }
    }
}

/// `GET /api/queue/dead`.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::cli) struct Letters {
    pub(in crate::cli) letters: Vec<Letter>,
    /// The number of all dead letters, also of those not listed.
    pub(in crate::cli) dead: u64,
}

#[derive(Debug, Deserialize, Serialize)]
pub(in crate::cli) struct Letter {
    pub(in crate::cli) id: u64,
    pub(in crate::cli) tries: u32,
    pub(in crate::cli) why: String,
    pub(in crate::cli) bytes: u64,
    /// The payload, if it is text.
    pub(in crate::cli) payload: Option<String>,
}

/// `POST /api/queue/dead/retry`.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::cli) struct Retried {
    pub(in crate::cli) retried: u64,
}

/// `POST /api/queue/dead/purge`.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::cli) struct Deleted {
    pub(in crate::cli) purged: u64,
}
