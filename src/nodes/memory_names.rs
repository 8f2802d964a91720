//! Names in memory, for nodes in one process. A node can be paused, as if its lease were over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tokio::sync::watch;

use super::Away;
use super::names::{NamePlace, Names, NotAppended, NotClaimed, Owned};

/// The names of one node. [`MemoryNames::node`] makes another node.
#[derive(Debug, Clone)]
pub struct MemoryNames {
    node: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    store: Mutex<Store>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Store {
    names: BTreeMap<String, Entry>,
    paused: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Entry {
    generation: u64,
    owner: Option<String>,
    /// The generation that has written each event; a mark has none.
    log: Vec<(u64, Option<Bytes>)>,
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

impl MemoryNames {
    /// Makes the first node of a new registry.
    #[must_use]
    pub fn new(node: &str) -> Self {
        Self { node: node.to_owned(), shared: Arc::default() }
    }

    /// Returns the same registry for another node.
    #[must_use]
    pub fn node(&self, node: &str) -> Self {
        Self { node: node.to_owned(), shared: Arc::clone(&self.shared) }
    }

    /// Pauses this node, as if its lease were over: other nodes may claim its names, and its own claims
    /// are not valid. It does not notice by itself that it has lost them.
    pub fn pause(&self, is_paused: bool) {
        let mut store = self.shared.store();
        match is_paused {
            true => _ = store.paused.insert(self.node.clone()),
            false => _ = store.paused.remove(&self.node),
        }
        drop(store);
        self.shared.change();
    }

    fn take(&self, name: &str) -> Result<Box<dyn Owned>, NotClaimed> {
        let mut store = self.shared.store();
        let Store { names, paused } = &mut *store;
        let entry = names.entry(name.to_owned()).or_default();
        if let Some(node) = entry.owner.clone().filter(|node| !paused.contains(node)) {
            let is_here = node == self.node;
            return Err(NotClaimed::Taken(NamePlace { node, generation: entry.generation, is_here }));
        }
        entry.generation += 1;
        entry.owner = Some(self.node.clone());
        // The mark: a later append of an earlier owner comes after it and is refused.
        entry.log.push((entry.generation, None));
        let (generation, mark) = (entry.generation, entry.log.len());
        drop(store);
        self.shared.change();
        let claim = MemoryClaim { names: self.clone(), name: name.to_owned(), generation, mark };
        Ok(Box::new(claim))
    }
}

impl Names for MemoryNames {
    fn try_claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>> {
        ready(self.take(name)).boxed()
    }

    fn claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>> {
        let mut changed = self.shared.changed.subscribe();
        async move {
            loop {
                changed.mark_unchanged();
                if let Ok(claim) = self.take(name) {
                    return Ok(claim);
                }
                // The sender lives as long as the node.
                _ = changed.changed().await;
            }
        }
        .boxed()
    }

    fn whereis<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<NamePlace>, Away>> {
        let store = self.shared.store();
        let place = store.names.get(name).and_then(|entry| {
            let node = entry.owner.clone()?;
            let is_here = node == self.node;
            Some(NamePlace { node, generation: entry.generation, is_here })
        });
        ready(Ok(place)).boxed()
    }
}

#[derive(Debug)]
struct MemoryClaim {
    names: MemoryNames,
    name: String,
    generation: u64,
    mark: usize,
}

impl MemoryClaim {
    fn owner(&self) -> Option<u64> {
        self.names.shared.store().names.get(&self.name).map(|entry| entry.generation)
    }
}

impl Owned for MemoryClaim {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn is_valid(&self) -> bool {
        self.owner() == Some(self.generation)
            && !self.names.shared.store().paused.contains(&self.names.node)
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Bytes>, Away>> {
        let store = self.names.shared.store();
        let log = store.names.get(&self.name).map(|entry| &entry.log[..self.mark]).unwrap_or_default();
        ready(Ok(log.iter().filter_map(|(_, event)| event.clone()).collect())).boxed()
    }

    fn append(&self, event: Vec<u8>) -> BoxFuture<'_, Result<u64, NotAppended>> {
        let mut store = self.names.shared.store();
        let appended = match store.names.get_mut(&self.name) {
            Some(entry) if entry.generation == self.generation => {
                entry.log.push((self.generation, Some(event.into())));
                Ok(entry.log.len() as u64)
            }
            entry => Err(NotAppended::Fenced { by: entry.map_or(0, |entry| entry.generation) }),
        };
        ready(appended).boxed()
    }

    fn lost(&self) -> BoxFuture<'_, u64> {
        let mut changed = self.names.shared.changed.subscribe();
        async move {
            loop {
                changed.mark_unchanged();
                // A paused node notices nothing.
                let is_paused = self.names.shared.store().paused.contains(&self.names.node);
                match self.owner() {
                    Some(owner) if owner != self.generation && !is_paused => return owner,
                    _ => _ = changed.changed().await,
                }
            }
        }
        .boxed()
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        let mut store = self.names.shared.store();
        if let Some(entry) = store.names.get_mut(&self.name)
            && entry.generation == self.generation
        {
            entry.owner = None;
        }
        drop(store);
        self.names.shared.change();
    }
}
