//! Servers: state in a task of its own that answers messages, in the manner of Erlang's
//! `gen_server`. Stages move events; a server keeps state that several tasks ask and change.
//!
//! ```text
//!   call ─▶ ┌─ mailbox, bounded ─┐     ┌─ task ─┐ ─▶ reply, to the caller of a call
//!   cast ─▶ │ m  m  m            │ ──▶ │ state  │
//!           └────────────────────┘     └────────┘ ─▶ its end, to each monitor
//! ```
//!
//! Each message is a type with a reply of its own. A *call* waits for its reply, and a *cast*
//! has none. Both wait in one mailbox, first in, first out.
//!
//! # Example
//!
//! ```
//! use weir_stage::server::{self, Context, Handle, Server};
//!
//! struct Counter(u64);
//! impl Server for Counter {}
//!
//! struct Add(u64);
//! impl Handle<Add> for Counter {
//!     type Reply = ();
//!     fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) {
//!         self.0 += n;
//!     }
//! }
//!
//! struct Total;
//! impl Handle<Total> for Counter {
//!     type Reply = u64;
//!     fn handle(&mut self, _: Total, _: &mut Context<'_, Self>) -> u64 {
//!         self.0
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let running = server::spawn(100, Counter(0));
//! let counter = running.server();
//! for n in 1..=4 {
//!     counter.cast(Add(n)).expect("the mailbox has room for 100 messages");
//! }
//! // The call waits behind the casts, so its reply reflects all of them.
//! assert_eq!(counter.call(Total).await, Ok(10));
//! # }
//! ```
//!
//! # Handlers are plain functions
//! A handler cannot await, so two servers cannot wait for each other inside their handlers. A
//! server that has to wait before it can answer implements [`HandleLater`] and keeps the
//! [`Reply`]. A server whose own downstream may be full waits in [`Server::ready`], before it
//! takes the next message.
//!
//! # Errors say whether a message was handled
//! Each error of a call has the field `begun`. With `begun: false` the message was certainly not
//! handled, so the caller may repeat it. With `begun: true` the effect is unknown. A caller that
//! drops the future of its call withdraws the message, unless the handler has begun.
//!
//! # The end of a server
//! Whatever ends a server (a handler's request, [`ServerRef::stop`], a panic, an abort), the
//! order is the same:
//! 1. the exit reason is set;
//! 2. [`Server::ended`] runs, and the state is dropped;
//! 3. the mailbox is closed, and messages in it go back to their callers with `begun: false`;
//! 4. monitors fire.
//!
//! A task that learns of the end through a monitor therefore knows that the state is gone and
//! that its files, for example, are closed.
//!
//! # Differences from `gen_server`
//! - The mailbox is bounded. A call waits for a place, and [`ServerRef::cast`] returns the
//!   message if there is none.
//! - A call has no timeout unless it is made with [`ServerRef::call_within`]. It does not need
//!   one to notice a server that died.
//! - A call that timed out is withdrawn, so its reply never arrives late.
//! - A server ends when the last reference to it is dropped and its mailbox is empty. Under a
//!   [supervisor](crate::supervise) it runs until it is stopped.
//! - A [`Monitor`] fires exactly once, because waiting for it consumes it.
//!
//! `server/tests/README.md` lists the behaviours of `gen_server` that servers keep, row by row,
//! each with its test. The example `key_value` is a registry of servers.

mod cell;
mod ending;
mod error;
mod life;
mod mailbox;
mod name;
mod refs;
mod reply;
mod running;
mod shared;
mod slot;
mod wait;

#[cfg(test)]
mod tests;

use std::future::Future;

pub use ending::Monitor;
pub use error::{CallError, CastError};
pub use name::ServerName;
pub use refs::{Place, ServerRef, WeakServerRef};
pub use reply::Reply;
pub use running::{RunningServer, spawn, spawn_from};
pub use shared::Context;

use crate::stage::Reason;

/// State that answers messages.
pub trait Server: Send + Sized + 'static {
    /// Completes when the server can take its next message. The default is at once.
    ///
    /// Called before each message. Messages wait in the mailbox meanwhile, so a server that
    /// forwards to another one can reserve a [`Place`] here and never has to refuse a message.
    ///
    /// # Cancel safety
    /// Must be cancel safe: the future is dropped if the server is stopped meanwhile.
    fn ready(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Runs once when the server ends, before its state is dropped. Must not block. A panic in
    /// it is logged.
    fn ended(&mut self, reason: &Reason) {
        let _ = reason;
    }
}

/// Answers messages of the type `M` at once.
pub trait Handle<M>: Server {
    /// The reply to a call.
    type Reply: Send + 'static;

    /// Handles a message. It runs in the server's task and must not block.
    ///
    /// A panic ends the server with [`Reason::Panicked`].
    fn handle(&mut self, message: M, context: &mut Context<'_, Self>) -> Self::Reply;
}

/// Answers messages of the type `M` at once or later. Implemented for each [`Handle`].
pub trait HandleLater<M>: Server {
    /// The reply to a call.
    type Reply: Send + 'static;

    /// Handles a message. The reply may be kept, moved to another task, or dropped, in which
    /// case the caller gets [`CallError::Unanswered`].
    fn handle(&mut self, message: M, reply: Reply<Self::Reply>, context: &mut Context<'_, Self>);
}

impl<M, S: Handle<M>> HandleLater<M> for S {
    type Reply = <S as Handle<M>>::Reply;

    fn handle(&mut self, message: M, reply: Reply<Self::Reply>, context: &mut Context<'_, Self>) {
        reply.send(Handle::handle(self, message, context));
    }
}
