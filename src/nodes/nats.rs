//! The board and the bus over NATS.

mod names;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tokio::time::timeout;
use weir_nats::{Beat, Beats, FanOut, Nats, NatsError, Registry, RegistryOptions};

use names::NatsNames;

use super::{Away, Board, Bus, Common, Connected, Heard, Messages, Names};
use crate::config::{Queue, RegistryKind, Settings};

/// How long a message may wait for the connection. A stopped server still counts as connected for
/// some seconds, and no caller may wait that long.
const PATIENCE: Duration = Duration::from_millis(250);

/// Connects to NATS. All subjects begin with `weir-nodes`, so that no stream stores the messages.
pub(super) async fn connect(settings: &Settings, node: &str) -> Result<Connected, NatsError> {
    let Queue { url, stream, .. } = &settings.queue;
    let nats = Nats::connect(url, &format!("weir {node}")).await?;
    let beats = Beats::open(&nats, &format!("weir-nodes.{stream}.beats")).await?;
    let subject = |lab: &str| format!("weir-nodes.{stream}.{lab}");
    let bus = |lab: &str| -> Arc<dyn Bus> {
        Arc::new(NatsBus { nats: nats.clone(), fan_out: FanOut::open(&nats, &subject(lab)) })
    };
    let common = async |lab: &str, registry: RegistryKind, lease: Duration| match registry {
        RegistryKind::Local => Ok(None),
        RegistryKind::Jetstream => {
            let bucket = format!("{stream}-{lab}");
            let options =
                RegistryOptions { bucket, node: node.to_owned(), lease, ..RegistryOptions::default() };
            let names: Arc<dyn Names> = Arc::new(NatsNames(Registry::open(&nats, options).await?));
            Ok::<_, NatsError>(Some(Common { names, bus: bus(lab) }))
        }
    };
    let Settings { rooms, jobs, .. } = settings;
    Ok(Connected {
        rooms: common("rooms", rooms.registry, rooms.lease).await?,
        jobs: common("jobs", jobs.registry, jobs.lease).await?,
        board: Arc::new(NatsBoard(beats)),
        matches: bus("matches"),
    })
}

fn away(error: &NatsError) -> Away {
    Away { why: error.to_string() }
}

#[derive(Debug)]
struct NatsBoard(Beats);

impl Board for NatsBoard {
    fn put(&self, node: &str, about: Vec<u8>) -> BoxFuture<'_, Result<(), Away>> {
        let node = node.to_owned();
        async move { self.0.put(&node, about).await.map_err(|error| away(&error)) }.boxed()
    }

    fn list(&self) -> Vec<Heard> {
        let heard = |beat: Beat| Heard { node: beat.node, about: beat.about, age: beat.age };
        self.0.list().into_iter().map(heard).collect()
    }
}

#[derive(Debug)]
struct NatsBus {
    nats: Nats,
    fan_out: FanOut,
}

impl Bus for NatsBus {
    fn publish(&self, message: Vec<u8>) -> BoxFuture<'_, Result<(), Away>> {
        async move {
            match timeout(PATIENCE, self.fan_out.publish(message)).await {
                Ok(published) => published.map_err(|error| away(&error)),
                Err(_) => Err(Away { why: "NATS takes no messages".to_owned() }),
            }
        }
        .boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Messages, Away>> {
        async move {
            let messages = self.fan_out.subscribe().await.map_err(|error| away(&error))?;
            Ok(messages.boxed())
        }
        .boxed()
    }

    fn away(&self) -> Option<String> {
        (!self.nats.is_connected()).then(|| format!("there is no connection to {}", self.nats.url()))
    }
}
