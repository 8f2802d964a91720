//! Connects several machines over [NATS](https://nats.io).
//!
//! [`Nats`] is a connection that reconnects by itself. It carries
//! - [`JetStreamQueue`]: a queue that all nodes share, an engine of [`weir_parts::engine`];
//! - [`Registry`]: names that one node owns at a time, with leases, generations and a fenced log;
//! - [`FanOut`] and [`Beats`]: messages to all nodes, and the list of nodes, which can get lost.
//!
//! # Servers
//! Version 2.9 of `nats-server` or later, with JetStream (`nats-server -js`): one, or a cluster of
//! three. Stored events survive a kill of any process and, with three servers, the loss of one server.
//! By default a server syncs its files every two minutes, so a power cut of all servers can lose the
//! events of these two minutes.

mod beats;
mod boot_clock;
mod connection;
mod fan_out;
mod jetstream;
mod names;
mod stores;
mod token;
mod trouble;

pub use beats::{Beat, Beats};
pub use connection::Nats;
pub use fan_out::FanOut;
pub use jetstream::{JetStreamQueue, StreamCounts, StreamOptions};
pub use names::{AppendError, Claim, ClaimError, Entry, Log, Place, Registry, RegistryOptions};
pub use trouble::NatsError;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
