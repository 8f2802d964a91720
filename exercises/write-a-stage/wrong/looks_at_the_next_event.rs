// A producer-consumer that looks at the clock only when an event arrives.

use std::time::Duration;

use tokio::time::Instant;
use weir_stage::demand::Limits;
use weir_stage::stage::{self, ProducerConsumer, ProducerRef};

/// Collects the events that arrive.
struct Collect {
    size: usize,
    patience: Duration,
    batch: Vec<u32>,
    began: Instant,
}

impl ProducerConsumer for Collect {
    type In = u32;
    type Out = Vec<u32>;

    async fn process(&mut self, events: Vec<u32>) -> Vec<Vec<u32>> {
        let mut out = Vec::new();
        for event in events {
            if self.batch.is_empty() {
                self.began = Instant::now();
            }
            self.batch.push(event);
            if self.batch.len() >= self.size || self.began.elapsed() >= self.patience {
                out.push(std::mem::take(&mut self.batch));
            }
        }
        out
    }

    async fn finish(&mut self) -> Vec<Vec<u32>> {
        let last = std::mem::take(&mut self.batch);
        if last.is_empty() { Vec::new() } else { vec![last] }
    }
}

/// Starts the stage behind `source`.
pub(crate) fn batches(source: &ProducerRef<u32>, size: usize, patience: Duration) -> ProducerRef<Vec<u32>> {
    let collect = Collect { size, patience, batch: Vec::new(), began: Instant::now() };
    stage::producer_consumer(collect).subscribe_to(source, Limits::ONE).spawn().producer()
}
