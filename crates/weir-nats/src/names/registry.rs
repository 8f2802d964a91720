//! The registry: finds the owner of a name, and claims names.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::stream::{self, StorageType};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::beating::{Beating, Deadline, GONE};
use super::claim::{AGAIN, Claim};
use super::held::Names;
use super::node::{ClaimError, Node, Owner, Place, RegistryOptions};
use super::record::Log;
use crate::boot_clock;
use crate::connection::Nats;
use crate::stores::put;
use crate::token::{escaped, plain};
use crate::trouble::NatsError;

/// A registry of names, each owned by at most one node. Clones are the same node.
#[derive(Clone)]
pub struct Registry {
    node: Arc<Node>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Node { options, instance, .. } = &*self.node;
        f.debug_struct("Registry")
            .field("options", options)
            .field("instance", instance)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens a registry and begins to beat. Resolves once the first beat is stored.
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
        let beats = Mutex::new(Some(beats));
        let nats = nats.clone();
        let node = Node { nats, stream, log, options, instance, deadline, names, released, stop, beats };
        Ok(Self { node: Arc::new(node) })
    }

    /// Returns whether this node's lease is valid. Without it, no claim is valid
    /// ([`Claim::is_valid`]).
    pub fn is_valid(&self) -> bool {
        !self.node.deadline.is_over()
    }

    /// Returns the owner of a name; `None` if it has none. The answer may be out of date when it
    /// arrives, and the node may have died: only [`Registry::claim`] finds that out.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn whereis(&self, name: &str) -> Result<Option<Place>, NatsError> {
        let Some((generation, owner)) = self.node.owner_of(name).await? else { return Ok(None) };
        let Owner::Instance { instance, node } = owner else { return Ok(None) };
        let is_here = instance == self.node.instance;
        let is_gone = match is_here {
            // A claim that this node has dropped.
            true => self.node.names.generation_of(name).is_none(),
            false => self.node.beat_of(&instance).await?.is_none(),
        };
        Ok((!is_gone).then_some(Place { node, generation, is_here }))
    }

    /// Claims a name if it has no owner, or if its owner has stopped in good order.
    ///
    /// # Errors
    /// [`ClaimError`].
    ///
    /// # Cancel safety
    /// If the name was claimed meanwhile, the claim is not kept: the next one from this node wins.
    pub async fn try_claim(&self, name: &str) -> Result<Claim, ClaimError> {
        let node = &*self.node;
        let reserved = match node.names.reserve(name) {
            Ok(reserved) => reserved,
            Err(generation) => return Err(ClaimError::Taken(self.place_of(name, generation).await?)),
        };
        loop {
            node.check_running()?;
            let next = match node.owner_of(name).await? {
                None => 1,
                Some((generation, Owner::Free)) => generation + 1,
                Some((generation, Owner::Instance { instance, .. })) if instance == node.instance => {
                    generation + 1
                }
                Some((generation, Owner::Instance { instance, node: owner })) => {
                    if node.beat_of(&instance).await?.is_some() {
                        let place = Place { node: owner, generation, is_here: false };
                        return Err(ClaimError::Taken(place));
                    }
                    generation + 1
                }
            };
            if node.deadline.is_over() {
                return Err(NatsError::Away { why: "the lease of this node is over".to_owned() }.into());
            }
            if node.create(name, next).await?
                && let Some(mark) = node.mark(name, next).await?
            {
                return Ok(node.take_over(name, next, mark, reserved));
            }
        }
    }

    /// Returns the owner of a name that this node owns in `generation`, or waits for if that is 0.
    async fn place_of(&self, name: &str, generation: u64) -> Result<Place, NatsError> {
        let node = &*self.node;
        let here = |generation| Place { node: node.options.node.clone(), generation, is_here: true };
        if generation > 0 {
            return Ok(here(generation));
        }
        Ok(match node.owner_of(name).await? {
            Some((generation, Owner::Instance { instance, node: owner })) => {
                let is_here = instance == node.instance;
                Place { node: owner, generation, is_here }
            }
            // The waiting claim of this node is about to get it.
            Some((generation, Owner::Free)) => here(generation + 1),
            None => here(1),
        })
    }

    /// Waits until this node owns the name. If another node owns it, waits until that node gives it up
    /// or has sent no beat for 1.1 leases.
    ///
    /// # Errors
    /// [`ClaimError::Stopped`]. After an error of the store it tries again.
    ///
    /// # Cancel safety
    /// If the name was claimed meanwhile, the claim is not kept: the next one from this node wins.
    pub async fn claim(&self, name: &str) -> Result<Claim, ClaimError> {
        let node = &*self.node;
        let patience = node.options.lease + node.options.lease / 10;
        let pause = (node.options.lease / 20).max(Duration::from_millis(10));
        // The owner's generation and last beat, and the time at which they were first seen.
        let mut seen: Option<(u64, u64, Duration)> = None;
        let reserved = loop {
            let freed = node.names.freed().notified();
            match node.names.reserve(name) {
                Ok(reserved) => break reserved,
                Err(_) => tokio::select! {
                    () = freed => {}
                    () = node.stop.cancelled() => return Err(ClaimError::Stopped),
                },
            }
        };
        loop {
            node.check_running()?;
            match self.challenge(name, &mut seen, patience).await {
                Ok(Some(next)) if !node.deadline.is_over() => match node.create(name, next).await {
                    Ok(true) => {
                        if let Some(mark) = node.mark(name, next).await? {
                            return Ok(node.take_over(name, next, mark, reserved));
                        }
                    }
                    Ok(false) => seen = None,
                    Err(_) => {
                        seen = None;
                        sleep(AGAIN).await;
                    }
                },
                Ok(_) => sleep(pause).await,
                // While the store is away, the owner cannot beat either, so the wait restarts.
                Err(_) => {
                    seen = None;
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Returns the generation that may be claimed now; `None` while the owner may be alive.
    async fn challenge(
        &self,
        name: &str,
        seen: &mut Option<(u64, u64, Duration)>,
        patience: Duration,
    ) -> Result<Option<u64>, NatsError> {
        let node = &*self.node;
        let (generation, instance) = match node.owner_of(name).await? {
            None => return Ok(Some(1)),
            Some((generation, Owner::Free)) => return Ok(Some(generation + 1)),
            Some((generation, Owner::Instance { instance, .. })) => (generation, instance),
        };
        // This node claimed the name, but its future was dropped.
        if instance == node.instance {
            return Ok(Some(generation + 1));
        }
        let Some(beat) = node.beat_of(&instance).await? else { return Ok(Some(generation + 1)) };
        // The clock is read after the beat was seen.
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

    /// Returns the log of a name, for reading.
    pub fn log(&self, name: &str) -> Log {
        self.node.log_of(&escaped(name))
    }

    /// Stops beating and tells the other nodes, so that this node's names are free at once. Its claims
    /// are no longer valid.
    ///
    /// # Errors
    /// [`NatsError::Away`]: the names are free when the lease is over.
    ///
    /// # Cancel safety
    /// The registry stops. The other nodes may have to wait for the end of the lease.
    pub async fn stop(&self) -> Result<(), NatsError> {
        let node = &*self.node;
        node.stop.cancel();
        let beats = node.take_beats();
        if let Some(beats) = beats {
            // A beat in flight would arrive after the farewell.
            _ = beats.await;
        }
        for (_, held) in node.names.all() {
            held.lose(held.generation + 1);
        }
        let subject = format!("{}.beat.{}", node.options.bucket, node.instance);
        put(&node.nats, subject, Bytes::from_static(GONE.as_bytes())).await.map(|_| ())
    }

    /// Stops the beats and makes this node ignore the end of its lease. It is then a stale owner, for
    /// tests of the fence.
    #[doc(hidden)]
    pub fn go_stale(&self) {
        self.node.deadline.ignore();
        let beats = self.node.take_beats();
        if let Some(beats) = beats {
            beats.abort();
        }
    }
}
