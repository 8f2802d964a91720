//! A hub: one event to many watchers, at close to the cost of a bare loop of `send`.
//!
//! ```text
//!                                   ┌─▶ shard 0: window ─▶ 5,000 sockets
//!   any producer ─▶ events ─────────┤
//!                   numbered,       └─▶ shard 1: window ─▶ 5,000 sockets
//!                   broadcast
//! ```
//!
//! A *shard* is one task that owns its watchers and a *window*: the encoded bytes of the newest
//! events, one after the other. A *watcher* is a sink and a position in the window. An event is
//! encoded once and costs each watcher one write. If more events arrive during a walk over the
//! watchers, the later ones get them in the same write, so ten events in a burst cost little
//! more than one. A watcher that takes only half of its bytes has a different position, and the
//! shard copies nothing for it.
//!
//! The hub knows no HTTP. It takes its events from any
//! [`ProducerRef`](weir_stage::stage::ProducerRef), so a producer that reads them from another
//! machine makes this hub one of several.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//! use tokio::sync::mpsc;
//! use weir_parts::hub::{Encode, Hub, MemorySink, Since};
//! use weir_stage::stage;
//!
//! struct Lines;
//!
//! impl Encode<String> for Lines {
//!     fn event(&self, event: &String, seq: u64, out: &mut Vec<u8>) {
//!         out.extend_from_slice(format!("{seq} {event}\n").as_bytes());
//!     }
//!     fn snapshot(&self, last: Option<&String>, _next: u64, out: &mut Vec<u8>) {
//!         out.extend_from_slice(format!("last: {last:?}\n").as_bytes());
//!     }
//!     fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
//!         out.extend_from_slice(format!("missed {from}..{to}\n").as_bytes());
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (publish, events) = mpsc::channel(8);
//! let source = stage::producer(events).spawn();
//! let hub: Hub<String, MemorySink> = Hub::builder(&source.producer(), Lines).shards(1).spawn();
//!
//! let sink = Arc::new(MemorySink::unlimited());
//! hub.join(0, Arc::clone(&sink), Vec::new(), Since::Snapshot).await.expect("the hub runs");
//! for event in ["kick-off", "goal"] {
//!     publish.send(event.to_owned()).await.expect("the source runs");
//! }
//! drop(publish);
//!
//! // The source has ended, so the hub ends when every watcher has every event.
//! hub.ended().await;
//! assert_eq!(sink.taken(), b"last: None\n0 kick-off\n1 goal\n");
//! let ledger = hub.figures().deliveries();
//! assert_eq!((ledger.sent, ledger.delivered, ledger.unaccounted()), (2, 2, 0));
//! # }
//! ```
//!
//! # Joining
//! A watcher joins in the shard's task between two events. The snapshot is made there, so it
//! and the events have no gap and no overlap. A watcher that resumes
//! ([`Since::Event`]) is given the events of the window first, and is sent the gap if the window
//! no longer has them all.
//!
//! # Watchers that are behind
//! Only a watcher whose socket takes no more bytes is behind. [`Behind`] decides what happens
//! to it, and [`Settings::silence`] closes it if it reads nothing at all. The kernel's send
//! buffer hides a slow watcher: set it to 16 KiB or so.
//!
//! # Failures
//! A supervisor restarts a shard that dies. If the encoder panicked or the task was killed, the
//! watchers stay, and are sent a gap for the events that they missed. After any other panic the
//! watchers are closed.
//!
//! # Deliveries
//! [`Hub::figures`] returns a ledger in which
//! sent = delivered + behind + dropped + closed. A delivery is one event to one watcher.

mod build;
mod command;
mod curve;
mod deliveries;
mod encode;
mod handle;
mod memory;
mod number;
mod own;
mod seat;
mod settings;
mod shard;
mod sink;
mod task;
#[cfg(test)]
mod tests;
mod watcher;
mod window;

pub use build::HubBuilder;
pub use curve::Curve;
pub use deliveries::{Deliveries, HubFigures, ShardFigures};
pub use encode::Encode;
pub use handle::{Flushed, Hub, HubClosed};
pub use memory::MemorySink;
pub use number::Numbered;
pub use settings::{Behind, Encoding, MAX_UNREAD, Settings};
pub use sink::Sink;
pub use watcher::{BehindWatcher, Joined, Left, LeftReason, Since, WatcherId};
