//! Measures the engine beside the loop of the bare client, in turns in one run, on a server of its
//! own: `cargo bench -p weir-nats`. It needs `nats-server`.

#![allow(clippy::unwrap_used, reason = "a bench")]

/// The servers of the tests.
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/servers.rs"]
mod servers;

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use tokio::time::Instant;
use weir_nats::{JetStreamQueue, StreamOptions};
use weir_parts::engine::{Engine, Settle};

use crate::servers::Servers;

const EVENTS: usize = 2_000;
const ROUNDS: usize = 5;

/// Returns events per second.
fn rate(began: Instant) -> f64 {
    EVENTS as f64 / began.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(compare());
}

async fn compare() {
    let servers = Servers::start(1).await;
    let nats = servers.connect("engine").await;
    let long = StreamOptions { lease: Duration::from_secs(60), ..StreamOptions::default() };
    let queue = JetStreamQueue::open(&nats, long).await.unwrap();
    let client = async_nats::connect(servers.url()).await.unwrap();
    let bare = async_nats::jetstream::new(client);
    let stream =
        Config { name: "bare".to_owned(), retention: RetentionPolicy::WorkQueue, ..Default::default() };
    let stream = bare.create_stream(stream).await.unwrap();
    let consumer = pull::Config {
        durable_name: Some("c".to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: -1,
        ..Default::default()
    };
    let consumer = stream.create_consumer(consumer).await.unwrap();
    let payload = vec![7_u8; 200];
    for demand in [1, 50] {
        let (mut ours, mut confirmed, mut unconfirmed) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            join_all((0..EVENTS).map(|_| queue.push(payload.clone()))).await;
            let (began, mut taken) = (Instant::now(), 0);
            while taken < EVENTS {
                let events = queue.ask(demand).await.unwrap();
                taken += events.len();
                queue.begin(&events.iter().map(|event| event.id).collect::<Vec<_>>());
                queue.settle(events.iter().map(|event| (event.id, Settle::Done)).collect()).await.unwrap();
            }
            ours.push(rate(began));
            for is_confirmed in [true, false] {
                let sent = (0..EVENTS).map(|_| bare.publish("bare", Bytes::from(payload.clone())));
                for answer in join_all(sent).await {
                    answer.unwrap().await.unwrap();
                }
                let (began, mut taken) = (Instant::now(), 0);
                while taken < EVENTS {
                    let mut messages = consumer.fetch().max_messages(demand).messages().await.unwrap();
                    let mut batch = Vec::new();
                    while let Some(message) = messages.next().await {
                        batch.push(message.unwrap());
                    }
                    taken += batch.len();
                    if is_confirmed {
                        let acks = join_all(batch.iter().map(|message| message.double_ack())).await;
                        acks.into_iter().for_each(|ack| ack.unwrap());
                    } else {
                        let acks = join_all(batch.iter().map(|message| message.ack())).await;
                        acks.into_iter().for_each(|ack| ack.unwrap());
                    }
                }
                if is_confirmed { &mut confirmed } else { &mut unconfirmed }.push(rate(began));
            }
        }
        let [ours, confirmed, unconfirmed] = [ours, confirmed, unconfirmed].map(median);
        println!(
            "ask({demand}) and settle: {ours:.0}/s; bare fetch and confirmed ack {confirmed:.0}/s ({:.0} %); bare fetch and unconfirmed ack {unconfirmed:.0}/s ({:.0} %)",
            100.0 * ours / confirmed,
            100.0 * ours / unconfirmed
        );
    }
}
