//! The list of nodes. A node describes itself to all nodes, by custom once a second.
//!
//! Nothing is stored. The age of a description counts from its arrival here, so no clocks of two
//! machines are compared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connection::Nats;
use crate::token::escaped;
use crate::trouble::NatsError;

/// The list drops a node that is silent for this long.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// A node's last description of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The node's name.
    pub node: String,
    /// The description; JSON, by custom.
    pub about: Bytes,
    /// The time since the description arrived.
    pub age: Duration,
}

/// The nodes that have described themselves. Clones share the list.
#[derive(Debug, Clone)]
pub struct Beats {
    nats: Nats,
    subject: String,
    heard: Arc<Mutex<Heard>>,
    _listening: Arc<DropGuard>,
}

type Heard = BTreeMap<String, (Bytes, Instant)>;

impl Beats {
    /// Begins to listen. The list is complete once every node has described itself.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn open(nats: &Nats, subject: &str) -> Result<Self, NatsError> {
        let client = nats.client();
        let mut messages = client.subscribe(format!("{subject}.*")).await.map_err(NatsError::away)?;
        nats.read_by_server().await?;
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let stop = CancellationToken::new();
        let listen = {
            let heard = Arc::clone(&heard);
            async move {
                while let Some(message) = messages.next().await {
                    // The name is the first line; the description follows.
                    let Some(end) = message.payload.iter().position(|byte| *byte == b'\n') else {
                        continue;
                    };
                    let name = String::from_utf8_lossy(&message.payload[..end]).into_owned();
                    hear(&heard, name, message.payload.slice(end + 1..));
                }
            }
        };
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = listen => {}
                () = stopped.cancelled() => {}
            }
        });
        let guard = Arc::new(stop.drop_guard());
        Ok(Self { nats: nats.clone(), subject: subject.to_owned(), heard, _listening: guard })
    }

    /// Sends a node's description to all nodes, this one included. An empty one takes the node off
    /// their lists.
    ///
    /// # Errors
    /// [`NatsError::Away`] without a connection. This node's own list is updated even then.
    ///
    /// # Cancel safety
    /// The description may be sent or not.
    pub async fn put(&self, node: &str, about: impl AsRef<[u8]>) -> Result<(), NatsError> {
        let about = about.as_ref();
        hear(&self.heard, node.to_owned(), Bytes::copy_from_slice(about));
        if !self.nats.is_connected() {
            return Err(NatsError::Away { why: "there is no connection".to_owned() });
        }
        let message = [node.replace('\n', " ").as_bytes(), b"\n", about].concat();
        let subject = format!("{}.{}", self.subject, escaped(node));
        self.nats.client().publish(subject, message.into()).await.map_err(NatsError::away)
    }

    /// Returns the nodes in the order of their names.
    pub fn list(&self) -> Vec<Beat> {
        let now = Instant::now();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, (_, at)| now.duration_since(*at) < FORGOTTEN);
        let beat = |(node, (about, at)): (&String, &(Bytes, Instant))| Beat {
            node: node.clone(),
            about: about.clone(),
            age: now.duration_since(*at),
        };
        heard.iter().map(beat).collect()
    }
}

fn hear(heard: &Mutex<Heard>, node: String, about: Bytes) {
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    if about.is_empty() {
        heard.remove(&node);
    } else {
        heard.insert(node, (about, Instant::now()));
    }
}
