// A separate task reads, collects, and sends the batches into a channel.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, ProducerRef};

/// Starts the stage behind `source`.
pub(crate) fn batches(source: &ProducerRef<u32>, size: usize, patience: Duration) -> ProducerRef<Vec<u32>> {
    let mut events = source.subscribe(Limits::new(size, 0).unwrap_or(Limits::ONE));
    let (send, batches) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(first) = events.next().await {
            let deadline = Instant::now() + patience;
            let mut batch = vec![first];
            while batch.len() < size {
                match timeout_at(deadline, events.next()).await {
                    Ok(Some(event)) => batch.push(event),
                    Ok(None) | Err(_) => break,
                }
            }
            if send.send(batch).is_err() {
                return;
            }
        }
    });
    stage::producer(batches).spawn().producer()
}
