//! A durable queue in one file, on [redb](https://docs.rs/redb).
//!
//! ```text
//!   push ───┐                    ┌─▶ answer, after the commit
//!   push ───┤  one thread, one   │
//!   settle ─┼─▶ transaction for ─┼─▶ answer
//!   settle ─┘   all that waits   └─▶ the index: ready, leased, delayed
//!                                          │
//!   ask ◀──────────────────────────────────┘ leases cost no commit
//! ```
//!
//! [`DiskQueue`] is an [`Engine`] whose events survive a kill of the process and a power cut. A push
//! resolves when its transaction is synced to the disk. A disk syncs a few hundred to some thousand
//! times a second, so the thread that commits takes everything that waits, at most
//! [`Options::group`] events, into one transaction.
//!
//! # The book
//! Each transaction writes the counts ([`Book`]) in the same row, so accepted = done + failed +
//! dropped + held is true of every state that a crash can leave. Numbers of events never start
//! again, not even when the queue is empty.
//!
//! # After a crash
//! Events that were leased are ready again and come with [`Leased::recovered`]. Work that was
//! finished and not settled is then done twice, at most once for each event that was leased.
//!
//! # Example
//!
//! ```
//! use weir_parts::engine::{Engine, Settle};
//! use weir_queue_redb::{DiskQueue, Options};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("queue.redb");
//! let queue = DiskQueue::open(&file, Options::default())?;
//! let id = queue.push(b"an order".to_vec()).await?;
//! queue.end().await;
//!
//! // The next life of the process finds it.
//! let queue = DiskQueue::open(&file, Options::default())?;
//! queue.close();
//! while let Some(events) = queue.ask(10).await {
//!     for event in events {
//!         assert_eq!((event.id, &*event.payload, event.recovered), (id, &b"an order"[..], true));
//!         queue.settle(vec![(event.id, Settle::Done)]).await?;
//!     }
//! }
//! assert_eq!((queue.book().accepted, queue.book().done), (1, 1));
//! # Ok(()) }
//! ```

mod commits;
mod disk;
mod error;
mod index;
mod inspect;
mod lock;
mod opening;
mod options;
mod recovery;
mod shared;
mod store;
mod tables;
mod transaction;
mod verify;

pub use disk::DiskQueue;
pub use error::{OpenError, StoreError};
pub use inspect::{Exported, Inspected, export, inspect};
pub use options::{Options, Sync};
pub use verify::{Verified, verify};

#[allow(unused_imports, reason = "for links")]
use weir_parts::engine::{Book, Engine, Leased};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
