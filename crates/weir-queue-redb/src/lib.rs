//! A durable queue in one file, on [redb](https://docs.rs/redb).
//!
//! ```text
//!   push ───┐                    ┌─▶ answer, after the commit
//!   push ───┤  one thread, one   │
//!   settle ─┼─▶ transaction for ─┼─▶ answer
//!   settle ─┘   all that wait    └─▶ the index: ready, leased, delayed
//!                                          │
//!   ask ◀──────────────────────────────────┘ leases cost no commit
//! ```
//!
//! [`DiskQueue`] is an [`Engine`] whose events survive a kill of the process and a power cut. A push
//! resolves when its transaction is synced to the disk. A disk syncs a few hundred to some thousand
//! times a second, so the thread that commits takes all waiting requests, up to
//! [`Options::group`] events, into one transaction.
//!
//! # The book
//! Each transaction also writes the counts ([`Book`]), so accepted = done + failed + dropped + held
//! is true of every state that a crash can leave. Event numbers are never used twice, not even after
//! the queue was empty.
//!
//! # After a crash
//! Events that were leased are ready again and come with [`Leased::recovered`]. Work that was
//! finished and not settled is repeated, at most once for each leased event.
//!
//! A crash counts as a failed attempt of each event whose work had begun, if a commit stored the note
//! of [`Engine::begin`]. An event whose last attempt failed is a dead letter. A note alone causes no
//! commit, so a crash before the next commit of any event counts as no attempt. An orderly end
//! ([`Engine::end`], or a drop) counts as none either.
//!
//! # Answers before the commit
//! With [`Sync::Every`], pushes and settlings are answered at once, and committed at the interval or
//! after 32,768 of them or 16 MiB of payloads. Until then they are in memory
//! ([`Safety::Memory`]). After a crash, the file has the state of the last commit, and its book counts
//! that state. A crash loses at most the pushes and settlings of one interval and one commit; an event
//! whose settling was lost is worked on again. Numbers do not repeat, because each commit reserves
//! 65,536 ahead. Making, retrying and purging dead letters is answered after the commit.
//!
//! # Damage
//! Opening a file checks every page against its checksum. If a page is damaged, the whole file is
//! refused ([`OpenError::Damaged`]) and stays unchanged. The pages of the last commit before a kill
//! are an exception: damage there looks like an interrupted commit, so the file opens in the state
//! before that commit.
//!
//! A write that fails, for example on a full disk, is answered with an error, and the queue opens the
//! file again. [`Options::reserve`] keeps space for settlings: if the file cannot grow by a page, an
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
