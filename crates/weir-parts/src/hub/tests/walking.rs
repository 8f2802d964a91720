//! A walk during which the next event comes. On the real clock, because a walk yields by time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};
use weir_stage::stage;

use super::super::shard::Shard;
use super::super::{Hub, MemorySink, Settings, Since, Sink};
use super::naive::read;
use super::support::Lines;

const WATCHERS: u64 = 256;

/// A sink that takes 50 µs for a write. The first write of all publishes the second event.
struct Costly {
    inner: MemorySink,
    publish: mpsc::Sender<usize>,
    is_published: Arc<AtomicBool>,
}

impl Sink for Costly {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_published.swap(true, Ordering::Relaxed) {
            self.publish.try_send(6).expect("the channel has room for one event");
        }
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_micros(50) {}
        self.inner.try_write(bytes)
    }

    async fn writable(&self) -> io::Result<()> {
        self.inner.writable().await
    }

    fn shutdown(&self) {
        self.inner.shutdown();
    }
}

#[tokio::test]
async fn an_event_that_comes_during_a_walk_goes_along_with_it_and_reaches_those_passed_before() {
    let (publish, events) = mpsc::channel(1);
    let source = stage::producer(events).spawn();
    let hub: Hub<usize, Costly> = Hub::builder(&source.producer(), Lines::default()).shards(1).spawn();
    let is_published = Arc::<AtomicBool>::default();
    let mut sinks = Vec::new();
    for _ in 0..WATCHERS {
        let (publish, is_published) = (publish.clone(), Arc::clone(&is_published));
        let sink = Arc::new(Costly { inner: MemorySink::unlimited(), publish, is_published });
        hub.join(0, Arc::clone(&sink), Vec::new(), Since::Now).await.unwrap();
        sinks.push(sink);
    }
    publish.send(6).await.unwrap();
    let all = async {
        while hub.figures().deliveries().delivered < 2 * WATCHERS {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), all).await.expect("every watcher gets both events");
    assert!(sinks.iter().all(|sink| read(&sink.inner.taken(), 0).events == 2));
    let writes = hub.figures().shards[0].writes;
    assert!(writes < 2 * WATCHERS, "{writes} writes: the later watchers got both events in one");
}

#[test]
fn a_walk_comes_round_although_watchers_join_meanwhile() {
    let no_gap = |_: u64, _: u64, _: &mut Vec<u8>| panic!("nothing is lost");
    let mut shard: Shard<()> = Shard::new(0, 0, Settings::default(), 0);
    let join = |shard: &mut Shard<()>| {
        shard.join(Arc::new(()), &[], Since::Now, &no_gap).expect("the shard is open");
    };
    (0..4).for_each(|_| join(&mut shard));
    // The first walk leaves the cursor in the middle, since a watcher joins before it wraps.
    for event in 0..3 {
        shard.publish(event, b"event", &no_gap);
        shard.begin_walk();
        while let Some(slot) = shard.next_in_walk() {
            shard.wrote(slot, 5);
            join(&mut shard);
            if shard.figures().watchers > 40 {
                break;
            }
        }
        assert_eq!(shard.figures().deliveries.behind, 0, "after event {event}");
    }
}
