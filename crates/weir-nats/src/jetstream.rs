//! The engine `jetstream`: a queue that several machines share.
//!
//! ```text
//!   push ─▶ stream ──pull of n──▶ leased ──ack──▶ gone
//!             ▲                     │ │
//!             ├──── nak, at once ───┘ ├─ tries + 1, nak with a delay
//!             └──── lease over        └─ copied to the dead letters, then acked
//! ```
//!
//! # Whose event is it?
//! A server that leads may not know of the last answers and deliveries of its predecessor, and a lease
//! may pass while a node works. So before a node hands out an event that another node may have had, it
//! asks the others (`others`). A node that does not answer is lost, and its note (`notes`) says what it
//! had begun: that is the only evidence of an attempt, because deliveries are also counted for events
//! that were given back, for leases that passed without a begin, and after a change of the leader.

mod begun;
mod counts;
mod delivery;
mod doubt;
mod find;
mod finishing;
mod inner;
mod leases;
mod leftovers;
mod letters;
mod notes;
mod options;
mod others;
mod pull;
mod push;
mod queue;
mod recent;
mod settle;
mod take;
mod verdict;

pub use counts::StreamCounts;
pub use options::StreamOptions;
pub use queue::JetStreamQueue;
