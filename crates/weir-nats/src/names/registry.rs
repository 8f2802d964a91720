//! The registry: who owns a name, and how to become its owner.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::{self, StorageType, Stream};
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::beating::{Beating, Deadline, GONE, RELEASED};
use super::claim::{AGAIN, Claim, write_mark};
use super::held::{Names, Reserved};
use super::record::Log;
use crate::boot_clock;
use crate::connection::Nats;
use crate::stores::{Created, create, last, number_of, put};
use crate::token::{escaped, plain};
use crate::trouble::NatsError;

/// How a registry is opened.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The names of the registry: nodes with the same bucket share them. Letters, digits, `-`, `_`.
    pub bucket: String,
    /// How other nodes find this one, such as its address. [`Place::node`] says it.
    pub node: String,
    /// How long a node may be silent before its names go to others. A second or more.
    pub lease: Duration,
    /// The servers that keep the registry: 1, or 3 of a cluster.
    pub replicas: usize,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        let (bucket, node) = ("weir-names".to_owned(), String::new());
        Self { bucket, node, lease: Duration::from_secs(3), replicas: 1 }
    }
}

/// Where a name lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node that owns it, as that node has called itself.
    pub node: String,
    /// The generation.
    pub generation: u64,
    /// True if it is this node, in this life.
    pub is_here: bool,
}

/// Why a name was not claimed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// It has an owner.
    #[error("it is owned by {} in generation {}", .0.node, .0.generation)]
    Taken(Place),
    /// The registry has stopped.
    #[error("the registry has stopped")]
    Stopped,
    /// The store cannot be reached.
    #[error(transparent)]
    Nats(#[from] NatsError),
}

/// Who owns a generation.
enum Owner {
    Nobody,
    Instance { instance: String, node: String },
}

/// The names that nodes own. Clones are the same node.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    nats: Nats,
    stream: Stream,
    log: Stream,
    options: RegistryOptions,
    instance: String,
    deadline: Arc<Deadline>,
    names: Arc<Names>,
    released: mpsc::UnboundedSender<(String, u64)>,
    stop: CancellationToken,
    beats: std::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { options, instance, .. } = &*self.shared;
        f.debug_struct("Registry")
            .field("options", options)
            .field("instance", instance)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens a registry and begins to beat. Resolves with the first beat that is stored.
    ///
    /// # Errors
    /// [`NatsError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn open(nats: &Nats, options: RegistryOptions) -> Result<Self, NatsError> {
        let bucket = plain("a bucket", &options.bucket)?;
        let config = |name: String, subjects, max_messages_per_subject| stream::Config {
            name,
            subjects,
            max_messages_per_subject,
            num_replicas: options.replicas.max(1),
            storage: StorageType::File,
            allow_direct: true,
            ..Default::default()
        };
        let subjects = vec![format!("{bucket}.claim.*.*"), format!("{bucket}.beat.*")];
        let stream = nats.stream(config(format!("{bucket}-names"), subjects, 1)).await?;
        let subjects = vec![format!("{bucket}.log.*.*")];
        let log = nats.stream(config(format!("{bucket}-log"), subjects, 1)).await?;

        let instance = nats.unique();
        let (deadline, names) = (Arc::<Deadline>::default(), Arc::<Names>::default());
        let (released, releases) = mpsc::unbounded_channel();
        let beating = Beating {
            nats: nats.clone(),
            stream: stream.clone(),
            bucket,
            instance: instance.clone(),
            lease: options.lease,
            deadline: Arc::clone(&deadline),
            names: Arc::clone(&names),
        };
        if !beating.beat().await {
            return Err(NatsError::Away { why: "the first beat was not stored".to_owned() });
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let beats = tokio::spawn(async move {
            tokio::select! {
                () = beating.run(releases) => {}
                () = stopped.cancelled() => {}
            }
        });
        let beats = std::sync::Mutex::new(Some(beats));
        let nats = nats.clone();
        let shared =
            Shared { nats, stream, log, options, instance, deadline, names, released, stop, beats };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns whether the lease of this node is good. Claims of a node whose lease is over answer
    /// nobody ([`Claim::is_valid`]).
    pub fn is_valid(&self) -> bool {
        !self.shared.deadline.is_over()
    }

    /// Returns where a name lives; `None` if it has no owner. The answer may be old when it arrives,
    /// and its node may have died without a word: [`Registry::claim`] finds that out.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn whereis(&self, name: &str) -> Result<Option<Place>, NatsError> {
        let Some((generation, owner)) = self.shared.owner_of(name).await? else { return Ok(None) };
        let Owner::Instance { instance, node } = owner else { return Ok(None) };
        let is_here = instance == self.shared.instance;
        let is_gone = match is_here {
            // A claim that this node has dropped.
            true => self.shared.names.generation_of(name).is_none(),
            false => self.shared.beat_of(&instance).await?.is_none(),
        };
        Ok((!is_gone).then_some(Place { node, generation, is_here }))
    }

    /// Claims a name if it has no owner, or one that has said that it is gone.
    ///
    /// # Errors
    /// [`ClaimError`].
    ///
    /// # Cancel safety
    /// If the name was claimed meanwhile, the claim is not kept: the next one from this node wins.
    pub async fn try_claim(&self, name: &str) -> Result<Claim, ClaimError> {
        let shared = &*self.shared;
        let reserved = shared.names.reserve(name).map_err(|generation| {
            ClaimError::Taken(Place { node: shared.options.node.clone(), generation, is_here: true })
        })?;
        loop {
            shared.check_running()?;
            let next = match shared.owner_of(name).await? {
                None => 1,
                Some((generation, Owner::Nobody)) => generation + 1,
                Some((generation, Owner::Instance { instance, .. })) if instance == shared.instance => {
                    generation + 1
                }
                Some((generation, Owner::Instance { instance, node })) => {
                    if shared.beat_of(&instance).await?.is_some() {
                        return Err(ClaimError::Taken(Place { node, generation, is_here: false }));
                    }
                    generation + 1
                }
            };
            if shared.deadline.is_over() {
                return Err(NatsError::Away { why: "the lease of this node is over".to_owned() }.into());
            }
            if shared.create(name, next).await?
                && let Some(mark) = shared.mark(name, next).await?
            {
                return Ok(shared.take_over(name, next, mark, reserved));
            }
        }
    }

    /// Waits until the name is this node's. If it has an owner, waits until that has given it up or
    /// has not beaten for a lease and a tenth.
    ///
    /// # Errors
    /// [`ClaimError::Stopped`]. Errors of the store are waited out.
    ///
    /// # Cancel safety
    /// As for [`Registry::try_claim`].
    pub async fn claim(&self, name: &str) -> Result<Claim, ClaimError> {
        let shared = &*self.shared;
        let patience = shared.options.lease + shared.options.lease / 10;
        let pause = (shared.options.lease / 20).max(Duration::from_millis(10));
        // The owner's generation and last beat, and the time at which they were first seen.
        let mut seen: Option<(u64, u64, Duration)> = None;
        let reserved = loop {
            let freed = shared.names.freed().notified();
            match shared.names.reserve(name) {
                Ok(reserved) => break reserved,
                Err(_) => tokio::select! {
                    () = freed => {}
                    () = shared.stop.cancelled() => return Err(ClaimError::Stopped),
                },
            }
        };
        loop {
            shared.check_running()?;
            match self.challenge(name, &mut seen, patience).await {
                Ok(Some(next)) if !shared.deadline.is_over() => match shared.create(name, next).await {
                    Ok(true) => {
                        if let Some(mark) = shared.mark(name, next).await? {
                            return Ok(shared.take_over(name, next, mark, reserved));
                        }
                    }
                    Ok(false) => seen = None,
                    Err(_) => {
                        seen = None;
                        sleep(AGAIN).await;
                    }
                },
                Ok(_) => sleep(pause).await,
                // While the store is away its owner cannot beat either: the wait begins anew.
                Err(_) => {
                    seen = None;
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Returns the generation that may be claimed now.
    async fn challenge(
        &self,
        name: &str,
        seen: &mut Option<(u64, u64, Duration)>,
        patience: Duration,
    ) -> Result<Option<u64>, NatsError> {
        let shared = &*self.shared;
        let (generation, instance) = match shared.owner_of(name).await? {
            None => return Ok(Some(1)),
            Some((generation, Owner::Nobody)) => return Ok(Some(generation + 1)),
            Some((generation, Owner::Instance { instance, .. })) => (generation, instance),
        };
        // A claim of this node that was not kept.
        if instance == shared.instance {
            return Ok(Some(generation + 1));
        }
        let Some(beat) = shared.beat_of(&instance).await? else { return Ok(Some(generation + 1)) };
        // Read after the beat was seen.
        let now = boot_clock::now();
        match *seen {
            Some((of, last, since)) if (of, last) == (generation, beat) => {
                Ok((now.saturating_sub(since) > patience).then_some(generation + 1))
            }
            _ => {
                *seen = Some((generation, beat, now));
                Ok(None)
            }
        }
    }

    /// Returns the log of a name, to be read.
    pub fn log(&self, name: &str) -> Log {
        self.shared.log_of(&escaped(name))
    }

    /// Stops: says that this node is gone, so that its names are free at once. Claims that are left
    /// are no longer valid.
    ///
    /// # Errors
    /// [`NatsError::Away`]: the names are free when the lease is over.
    ///
    /// # Cancel safety
    /// It has stopped, and may not have said so.
    pub async fn stop(&self) -> Result<(), NatsError> {
        let shared = &*self.shared;
        shared.stop.cancel();
        let beats = shared.beats.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(beats) = beats {
            // A beat on its way would come behind the farewell.
            _ = beats.await;
        }
        for (_, held) in shared.names.all() {
            held.lose(held.generation + 1);
        }
        let subject = format!("{}.beat.{}", shared.options.bucket, shared.instance);
        put(&shared.nats, subject, Bytes::from_static(GONE.as_bytes())).await.map(|_| ())
    }

    /// Makes this node ignore the end of its lease, and stop beating: a stale owner, for tests of the
    /// fence.
    #[doc(hidden)]
    pub fn go_stale(&self) {
        self.shared.deadline.ignore();
        let beats = self.shared.beats.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(beats) = beats {
            beats.abort();
        }
    }
}

impl Shared {
    fn check_running(&self) -> Result<(), ClaimError> {
        if self.stop.is_cancelled() { Err(ClaimError::Stopped) } else { Ok(()) }
    }

    /// Returns the highest generation of a name, and its owner.
    async fn owner_of(&self, name: &str) -> Result<Option<(u64, Owner)>, NatsError> {
        let subject = format!("{}.claim.{}.*", self.options.bucket, escaped(name));
        let Some(message) = last(&self.stream, &subject).await? else { return Ok(None) };
        let text = String::from_utf8_lossy(&message.payload);
        let owner = match text.split_once('\n') {
            Some((instance, node)) => {
                Owner::Instance { instance: instance.to_owned(), node: node.to_owned() }
            }
            None => {
                debug_assert_eq!(text, RELEASED);
                Owner::Nobody
            }
        };
        Ok(Some((number_of(&message.subject), owner)))
    }

    /// Returns the number of the last beat of a node; `None` if it has said that it is gone.
    async fn beat_of(&self, instance: &str) -> Result<Option<u64>, NatsError> {
        let subject = format!("{}.beat.{instance}", self.options.bucket);
        let message = last(&self.stream, &subject).await?;
        // An owner beats before it claims. If its beat is missing, it is waited for as any other.
        Ok(message
            .map_or(Some(0), |message| (message.payload != GONE.as_bytes()).then_some(message.sequence)))
    }

    /// Creates a generation of a name. Returns false if it is taken.
    async fn create(&self, name: &str, generation: u64) -> Result<bool, NatsError> {
        let subject = format!("{}.claim.{}.{generation}", self.options.bucket, escaped(name));
        let owner = format!("{}\n{}", self.instance, self.options.node);
        let created = create(&self.nats, subject, HeaderMap::new(), owner.into()).await?;
        Ok(matches!(created, Created::Yes(_)))
    }

    fn log_of(&self, token: &str) -> Log {
        Log { stream: self.log.clone(), subject: format!("{}.log.{token}", self.options.bucket) }
    }

    /// Writes the mark of a generation that was created, and returns its number; `None` if a later
    /// generation was faster.
    async fn mark(&self, name: &str, generation: u64) -> Result<Option<u64>, ClaimError> {
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
    fn take_over(&self, name: &str, generation: u64, mark: u64, reserved: Reserved) -> Claim {
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
            next: Mutex::new(mark + 1),
            mark,
            released: self.released.clone(),
        }
    }
}
