//! A bus and a board in memory, for nodes in one process. A node can be cut off, as by an outage.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{BoxFuture, ready};
use futures::stream::unfold;
use futures::{FutureExt, StreamExt};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{Away, Board, Bus, Heard, Messages};

/// Messages that may wait at a node before it loses the oldest one.
const WAITING: usize = 65_536;

/// One node's end of a bus. [`MemoryBus::node`] makes the end of another node.
#[derive(Debug)]
pub struct MemoryBus {
    sender: broadcast::Sender<Bytes>,
    is_cut: Arc<AtomicBool>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(WAITING), is_cut: Arc::default() }
    }
}

impl MemoryBus {
    /// Returns another node's end of the same bus.
    #[must_use]
    pub fn node(&self) -> Self {
        Self { sender: self.sender.clone(), is_cut: Arc::default() }
    }

    /// Cuts the node off, or connects it again. It misses the messages sent in between.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

impl Bus for MemoryBus {
    fn publish(&self, message: Vec<u8>) -> BoxFuture<'_, Result<(), Away>> {
        let result = match self.away() {
            Some(why) => Err(Away { why }),
            None => {
                // An error means that no node listens.
                _ = self.sender.send(message.into());
                Ok(())
            }
        };
        ready(result).boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Messages, Away>> {
        let state = (self.sender.subscribe(), Arc::clone(&self.is_cut));
        let messages = unfold(state, |(mut receiver, is_cut)| async move {
            loop {
                match receiver.recv().await {
                    Ok(message) if !is_cut.load(Ordering::SeqCst) => {
                        return Some((message, (receiver, is_cut)));
                    }
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        ready(Ok(messages.boxed())).boxed()
    }

    fn away(&self) -> Option<String> {
        self.is_cut.load(Ordering::SeqCst).then(|| "the node is cut off".to_owned())
    }
}

/// A board in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryBoard {
    heard: Arc<Mutex<BTreeMap<String, (Bytes, Instant)>>>,
}

impl MemoryBoard {
    fn heard(&self) -> MutexGuard<'_, BTreeMap<String, (Bytes, Instant)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board for MemoryBoard {
    fn put(&self, node: &str, about: Vec<u8>) -> BoxFuture<'_, Result<(), Away>> {
        match about.is_empty() {
            true => _ = self.heard().remove(node),
            false => _ = self.heard().insert(node.to_owned(), (about.into(), Instant::now())),
        }
        ready(Ok(())).boxed()
    }

    fn list(&self) -> Vec<Heard> {
        let heard = self.heard();
        let of = |(node, (about, at)): (&String, &(Bytes, Instant))| Heard {
            node: node.clone(),
            about: about.clone(),
            age: at.elapsed(),
        };
        heard.iter().map(of).collect()
    }
}
