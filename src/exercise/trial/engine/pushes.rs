//! Clients that push to a queue on a disk whose syncs take a known time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use weir_parts::engine::Engine;
use weir_queue_redb::{DiskQueue, Options};

use super::found;
use crate::exercise::format::Pushes;
use crate::exercise::trial::folder::Folder;
use crate::exercise::trial::lab::Found;

/// Theory of a run: each sync takes `t`, and accepts the events of a group. With fewer clients than
/// two groups, a transaction has between half of them and all: those that are answered while the
/// next one begins have missed it. Then theory is silent.
pub(super) fn predict(pushes: &Pushes) -> Found {
    let clients = u64::from(pushes.clients);
    let group = match u64::from(pushes.group) {
        _ if clients == 1 => 1,
        group if clients >= 2 * group => group,
        _ => return Found::new(),
    };
    let accepted = group as f64 / (pushes.sync_ms / 1e3);
    found([("accepted_s", accepted), ("push_ms", clients as f64 / accepted * 1e3)])
}

/// Measures a run.
pub(super) fn measure(pushes: &Pushes) -> Result<Found, String> {
    let folder = Folder::create().map_err(|error| error.to_string())?;
    let options = Options {
        group: pushes.group as usize,
        least_commit: Duration::from_secs_f64(pushes.sync_ms / 1e3),
        ..Options::default()
    };
    let queue = DiskQueue::open(&folder.queue(), options).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(push_all(Arc::new(queue), pushes))
}

async fn push_all(queue: Arc<DiskQueue>, pushes: &Pushes) -> Result<Found, String> {
    let (began, sent) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..pushes.clients {
        let (queue, sent, n) = (Arc::clone(&queue), Arc::clone(&sent), pushes.n);
        clients.spawn(async move {
            let mut waited = Duration::ZERO;
            while sent.fetch_add(1, Ordering::Relaxed) < n {
                let began = Instant::now();
                queue.push(Vec::new()).await.map_err(|error| error.to_string())?;
                waited += began.elapsed();
            }
            Ok::<_, String>(waited)
        });
    }
    let mut waited = Duration::ZERO;
    while let Some(ended) = clients.join_next().await {
        waited += ended.map_err(|error| error.to_string())??;
    }
    let (seconds, n) = (began.elapsed().as_secs_f64(), pushes.n as f64);
    queue.end().await;
    Ok(found([("accepted_s", n / seconds), ("push_ms", waited.as_secs_f64() * 1e3 / n)]))
}
