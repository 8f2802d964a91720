//! What a lab needs to share names with other nodes, and what it does with those it owns.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::{Bus, MemoryBus, MemoryNames, Names, Owned};
use crate::shutdown::StopToken;

/// What the nodes of one lab have in common: a registry of names, and a bus.
#[derive(Debug, Clone)]
pub struct Common {
    /// The registry.
    pub names: Arc<dyn Names>,
    /// The bus.
    pub bus: Arc<dyn Bus>,
}

impl Common {
    /// Makes that of a server without other nodes.
    #[must_use]
    pub fn alone(node: &str) -> Self {
        Self { names: Arc::new(MemoryNames::new(node)), bus: Arc::new(MemoryBus::default()) }
    }
}

/// A lab, as the owner of names.
pub trait Host: Send + Sync + 'static {
    /// Returns the token that ends its waits.
    fn stop(&self) -> StopToken;

    /// Returns the names that this node owns and may answer for now, each with its generation.
    fn owned(&self) -> Vec<(String, u64)>;

    /// Returns whether this node serves a name, even if its lease is over.
    fn serves(&self, name: &str) -> bool;

    /// Serves a name whose owner was lost. The earlier owners have written `log`.
    fn take_over(
        self: Arc<Self>,
        name: String,
        claim: Box<dyn Owned>,
        log: Vec<Bytes>,
    ) -> BoxFuture<'static, ()>;
}
