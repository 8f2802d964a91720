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
//! A crash counts a failed attempt of each event whose work had begun ([`Engine::begin`]), if a
//! commit has carried the note; after its last attempt, the event is a dead letter. No commit is
//! made for a note alone, so work that ends the process before the next commit of any event counts
//! none. An orderly end ([`Engine::end`], or a drop) counts none either.
//!
//! # Answers before the commit
//! With [`Sync::Every`], pushes and settlings are answered at once, and committed at the interval or
//! after 32,768 of them or 16 MiB of payloads. Until then they are in memory
//! ([`Safety::Memory`]). The commit before a crash is what the next life finds: its book counts
//! what is in the file. A crash takes at most the answers of the last interval and of the time of a
//! commit; an event whose settling was lost comes again. Numbers do not repeat,
//! because each commit reserves 65,536 ahead. Retried, purged and dead letters are answered after
//! their commit, with all that waits.
//!
//! # Damage
//! Opening a file reads every page and holds it against its checksum. A file with a damaged page is
//! refused as a whole ([`OpenError::Damaged`]) and not changed; its events are not skipped. Only the
//! pages of the very last commit before a kill are an exception: such a commit looks like one that
//! was interrupted, and the file is read as it was before it.
//!
//! A write that fails, because the disk is full, is answered with an error, and the file is opened
//! again. [`Options::reserve`] keeps space for settlings: in a file that cannot grow by a page, an
//! event stays leased until there is space.
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
use weir_parts::engine::{Book, Engine, Leased, Safety};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
