//! Opens the engine `jetstream`, which servers with the same stream share.

use std::time::Duration;

use weir_nats::{JetStreamQueue, Nats, NatsError, StreamOptions};

use super::EngineOpenError;
use crate::config::{Queue, Settings};
use crate::engine::AnyEngine;

/// The shortest time that a push waits for NATS, even if `queue.wait_timeout` is shorter.
const LEAST_WAIT: Duration = Duration::from_millis(250);

/// Connects to NATS and opens the queue of the settings.
///
/// # Errors
/// [`EngineOpenError::Away`].
///
/// # Cancel safety
/// If the future is dropped, the stream may have been created.
pub(super) async fn open(settings: &Settings) -> Result<AnyEngine, EngineOpenError> {
    let opened = connect_and_open(settings).await;
    opened.map(AnyEngine::new).map_err(|error| EngineOpenError::Away(error.to_string()))
}

async fn connect_and_open(settings: &Settings) -> Result<JetStreamQueue, NatsError> {
    let queue = &settings.queue;
    let nats = Nats::connect(&queue.url, &format!("weir {}", settings.server.node)).await?;
    let options = StreamOptions {
        stream: queue.stream.clone(),
        replicas: nats.replicas(),
        attempts: u32::try_from(queue.attempts).unwrap_or(u32::MAX),
        lease: queue.lease,
        // `queue.max_payload` refuses longer payloads before they get here.
        max_payload: Queue::LONGEST_PAYLOAD as usize,
        // A push takes some time even if NATS answers at once.
        wait: queue.wait_timeout.max(LEAST_WAIT),
    };
    JetStreamQueue::open(&nats, options).await
}
