//! Names that one node owns at a time: claims, leases, and a log that a stale owner cannot write to.
//!
//! ```text
//!   claim ─▶ generation 1, 2, 3 …   created once each; the highest owns the name
//!   beat  ─▶ one for each node      an owner without a beat for a lease and a tenth is replaced
//!   log   ─▶ number 1, 2, 3 …       created once each: the number is the fence
//! ```
//!
//! # What holds
//! - A generation is created, never changed, so one of any number of claims wins ([`crate`]).
//! - The owner's lease counts from *before* its beat was sent, the challenger's wait from *after*
//!   it has first seen the owner's last beat, both on the boot clock. No clocks are compared. Clocks
//!   whose rates differ by less than a tenth never let two nodes own a name.
//! - An error of the store starts the challenger's wait anew: while the store was away, the owner
//!   could not beat either.
//! - The next owner writes a mark under the next number of the log before it serves. Whatever an old
//!   owner writes later meets that mark or a later number and is refused, even if all clocks are
//!   wrong.

mod beating;
mod claim;
mod held;
mod node;
mod record;
mod registry;

pub use claim::{AppendError, Claim};
pub use node::{ClaimError, Place, RegistryOptions};
pub use record::{Entry, Log};
pub use registry::Registry;
