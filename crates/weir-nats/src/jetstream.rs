//! The engine `jetstream`: a queue that several machines share.
//!
//! ```text
//!   push ─▶ stream ──pull of n──▶ leased ──ack──▶ gone
//!             ▲                     │ │
//!             ├──── nak, at once ───┘ ├─ tries + 1, nak with a delay
//!             └──── lease over        └─ copied to the dead letters, then acked
//! ```

mod counts;
mod finishing;
mod inner;
mod leases;
mod letters;
mod options;
mod pull;
mod push;
mod queue;
mod settle;

pub use counts::StreamCounts;
pub use options::StreamOptions;
pub use queue::JetStreamQueue;
