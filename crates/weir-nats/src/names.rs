//! Names that one node owns at a time: claims, leases, and a log that a stale owner cannot write to.
//!
//! ```text
//!   claim ─▶ generation 1, 2, 3 …   created once each; the highest owns the name
//!   beat  ─▶ one for each node      an owner without a beat for 1.1 leases can be replaced
//!   log   ─▶ number 1, 2, 3 …       created once each: the number is the fence
//! ```
//!
//! # Guarantees
//! - A generation is created and never changed, so exactly one of several claims wins.
//! - The owner's lease counts from *before* it sends a beat. The challenger's wait counts from *after*
//!   it first sees the owner's last beat. Both use their own boot clock, and no clocks are compared.
//!   Two nodes never own a name as long as the rates of their clocks differ by less than a tenth.
//! - An error of the store restarts the challenger's wait: while the store was away, the owner could
//!   not beat either.
//! - Before the next owner serves, it writes a mark under the next number of the log. A later write
//!   of the old owner finds its number taken and is refused, even if all clocks are wrong.

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
