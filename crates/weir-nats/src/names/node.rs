//! A node of a registry: its reads and writes of the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::Stream;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::beating::{Deadline, GONE, RELEASED};
use super::claim::{AGAIN, Claim, write_mark};
use super::held::{Names, Reserved};
use super::record::Log;
use crate::connection::Nats;
use crate::stores::{Created, create, last, number_of};
use crate::token::escaped;
use crate::trouble::NatsError;

/// The options of a registry.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The name of the registry; nodes with the same bucket share it. Letters, digits, `-`, `_`.
    pub bucket: String,
    /// How other nodes find this one, such as its address; see [`Place::node`].
    pub node: String,
    /// How long a node may be silent before other nodes may claim its names. At least a second.
    pub lease: Duration,
    /// The number of servers that keep the registry: 1, or 3 in a cluster.
    pub replicas: usize,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        let (bucket, node) = ("weir-names".to_owned(), String::new());
        Self { bucket, node, lease: Duration::from_secs(3), replicas: 1 }
    }
}

/// The owner of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node that owns it: its [`RegistryOptions::node`].
    pub node: String,
    /// The generation.
    pub generation: u64,
    /// True if it is this node, since its last start.
    pub is_here: bool,
}

/// Why a name was not claimed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// It has an owner.
    #[error("node {} owns it in generation {}", .0.node, .0.generation)]
    Taken(Place),
    /// The registry has stopped.
    #[error("the registry has stopped")]
    Stopped,
    /// The store cannot be reached.
    #[error(transparent)]
    Nats(#[from] NatsError),
}

/// The owner of a generation.
pub(super) enum Owner {
    Free,
    Instance { instance: String, node: String },
}

/// The node.
pub(super) struct Node {
    pub(super) nats: Nats,
    pub(super) stream: Stream,
    pub(super) log: Stream,
    pub(super) options: RegistryOptions,
    pub(super) instance: String,
    pub(super) deadline: Arc<Deadline>,
    pub(super) names: Arc<Names>,
    pub(super) released: mpsc::UnboundedSender<(String, u64)>,
    pub(super) stop: CancellationToken,
    pub(super) beats: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Node {
    /// Takes the task that beats, the first time.
    pub(super) fn take_beats(&self) -> Option<JoinHandle<()>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn check_running(&self) -> Result<(), ClaimError> {
        if self.stop.is_cancelled() { Err(ClaimError::Stopped) } else { Ok(()) }
    }

    /// Returns the highest generation of a name, and its owner.
    pub(super) async fn owner_of(&self, name: &str) -> Result<Option<(u64, Owner)>, NatsError> {
        let subject = format!("{}.claim.{}.*", self.options.bucket, escaped(name));
        let Some(message) = last(&self.stream, &subject).await? else { return Ok(None) };
        let text = String::from_utf8_lossy(&message.payload);
        let owner = match text.split_once('\n') {
            Some((instance, node)) => {
                Owner::Instance { instance: instance.to_owned(), node: node.to_owned() }
            }
            None => {
                debug_assert_eq!(text, RELEASED);
                Owner::Free
            }
        };
        Ok(Some((number_of(&message.subject), owner)))
    }

    /// Returns the number of the last beat of a node; `None` if it has said that it is gone.
    pub(super) async fn beat_of(&self, instance: &str) -> Result<Option<u64>, NatsError> {
        let subject = format!("{}.beat.{instance}", self.options.bucket);
        let message = last(&self.stream, &subject).await?;
        // An owner beats before it claims. If its beat is missing, the challenger waits as usual.
        Ok(message
            .map_or(Some(0), |message| (message.payload != GONE.as_bytes()).then_some(message.sequence)))
    }

    /// Creates a generation of a name. Returns false if it exists already.
    pub(super) async fn create(&self, name: &str, generation: u64) -> Result<bool, NatsError> {
        let subject = format!("{}.claim.{}.{generation}", self.options.bucket, escaped(name));
        let owner = format!("{}\n{}", self.instance, self.options.node);
        let created = create(&self.nats, subject, HeaderMap::new(), owner.into()).await?;
        Ok(matches!(created, Created::Yes(_)))
    }

    pub(super) fn log_of(&self, token: &str) -> Log {
        Log { stream: self.log.clone(), subject: format!("{}.log.{token}", self.options.bucket) }
    }

    /// Writes the mark of a generation that was created, and returns its number; `None` if a later
    /// generation was faster.
    pub(super) async fn mark(&self, name: &str, generation: u64) -> Result<Option<u64>, ClaimError> {
        let log = self.log_of(&escaped(name));
        let entry = format!("{}-mark-{generation}", self.instance);
        loop {
            self.check_running()?;
            match write_mark(&self.nats, &log, generation, &entry).await {
                Ok(mark) => return Ok(mark),
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Makes a claim of a generation that was created and marked.
    pub(super) fn take_over(&self, name: &str, generation: u64, mark: u64, reserved: Reserved) -> Claim {
        let token = escaped(name);
        let log = self.log_of(&token);
        Claim {
            nats: self.nats.clone(),
            bucket: self.options.bucket.clone(),
            name: name.to_owned(),
            token,
            instance: self.instance.clone(),
            lease: self.options.lease,
            deadline: Arc::clone(&self.deadline),
            held: reserved.keep(generation),
            names: Arc::clone(&self.names),
            log,
            next: tokio::sync::Mutex::new(mark + 1),
            mark,
            released: self.released.clone(),
        }
    }
}
