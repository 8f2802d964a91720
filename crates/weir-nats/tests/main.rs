//! Tests with servers of their own. They need `nats-server` and are ignored by default:
//! `cargo test -p weir-nats -- --ignored --test-threads=1`.

#![allow(clippy::unwrap_used, reason = "tests")]

/// Servers that go away under load.
mod faults;
/// NATS is away for longer than a lease.
mod outage;
/// A process that owns a name, and is killed or stopped.
mod owner;
/// Events whose work ends the process.
mod poison;
/// The engine.
mod queue;
/// Claims, leases, fences.
mod registry;
/// Servers that are started, stopped and killed.
mod servers;
/// Fan-out and the list of nodes.
mod talk;
/// Events that the server delivers or stores twice.
mod twice;
