//! A hub and its watchers, under a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use weir_stage::stage::{self, Reason};

use super::super::{Behind, Encoding, Hub, HubClosed, LeftReason, MAX_UNREAD, MemorySink, Settings, Since};
use super::support::{Bench, Lines, MS};

const ROOMY: usize = usize::MAX;

#[tokio::test(start_paused = true)]
async fn every_watcher_of_every_shard_gets_each_event_once_whenever_it_joins() {
    let bench = Bench::new(|builder| builder.shards(3).first(100));
    let mut watchers = Vec::new();
    for round in 0..10 {
        watchers.push(bench.join(ROOMY, Since::Snapshot).await);
        watchers.push(bench.join(0, Since::Now).await);
        bench.publish(round).await;
    }
    for watcher in &watchers {
        watcher.sink.allow(ROOMY);
    }
    sleep(MS).await;
    for watcher in &watchers {
        assert_eq!(watcher.read().next, 145);
    }
    let figures = bench.hub.figures();
    assert!(figures.is_quiet(), "{figures:?}");
    assert_eq!((figures.watchers(), figures.next), (20, 145));
    let ledger = figures.deliveries();
    let events = watchers.iter().map(|watcher| watcher.read().events).sum::<u64>();
    assert_eq!((ledger.sent, ledger.delivered, ledger.unaccounted()), (events, events, 0));
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_is_encoded_once_per_event_and_the_event_once_per_shard() {
    let lines = Lines::default();
    let (encoded, snapshots) = (Arc::clone(&lines.encoded), Arc::clone(&lines.snapshots));
    let bench = Bench::with(lines, |builder| builder);
    for _ in 0..3 {
        for _ in 0..50 {
            bench.join(ROOMY, Since::Snapshot).await;
        }
        bench.publish(1).await;
    }
    assert_eq!((*snapshots.lock().unwrap(), *encoded.lock().unwrap()), (3, 3));

    let each = Settings { encoding: Encoding::Each, ..Settings::default() };
    bench.hub.change(each);
    bench.publish(1).await;
    assert_eq!(*encoded.lock().unwrap(), 3 + 1 + 150, "once for the window and once per watcher");
    assert_eq!(bench.hub.figures().deliveries().delivered, 50 * (1 + 2 + 3) + 150);
}

#[tokio::test(start_paused = true)]
async fn a_burst_costs_a_watcher_one_write() {
    let bench = Bench::new(|builder| builder);
    for _ in 0..10 {
        bench.join(ROOMY, Since::Now).await;
    }
    bench.source.producer().emit(vec![6; 40]).await.unwrap();
    sleep(MS).await;
    let figures = bench.hub.figures();
    assert_eq!((figures.deliveries().delivered, figures.shards[0].writes), (400, 10));
}

#[tokio::test(start_paused = true)]
async fn a_watcher_resumes_where_it_was_or_is_sent_the_gap() {
    let bench = Bench::new(|builder| {
        builder.settings(Settings { window: 10, behind: Behind::Wait, ..Settings::default() })
    });
    bench.publish(45).await;
    let near = bench.join(ROOMY, Since::Event(40)).await;
    let far = bench.join(ROOMY, Since::Event(3)).await;
    let future = bench.join(ROOMY, Since::Event(47)).await;
    bench.publish(5).await;
    assert_eq!((near.read().events, near.read().missed), (10, 0));
    assert_eq!((future.read().events, future.read().missed), (3, 0));
    let far = far.read();
    assert_eq!((far.next, far.events + far.missed), (50, 47));
    assert!((15..=25).contains(&far.events), "the window has 10 to 20 of 45 events: {far:?}");
}

#[tokio::test(start_paused = true)]
async fn under_wait_the_publisher_waits_until_the_silent_watcher_is_closed() {
    let settings = Settings {
        behind: Behind::Wait,
        window: 8,
        silence: Duration::from_secs(60),
        ..Settings::default()
    };
    let bench = Bench::new(|builder| builder.settings(settings));
    let good = bench.join(ROOMY, Since::Now).await;
    let silent = bench.join(3, Since::Now).await;
    let begin = Instant::now();
    let publishing = bench.publish(1000);
    assert!(timeout(Duration::from_secs(59), publishing).await.is_err(), "the publisher waits");
    assert_eq!(good.read().events, 16, "2 × the window");
    assert_eq!(bench.hub.figures().shards[0].slowest, 16);

    while !silent.sink.is_shut() {
        sleep(MS).await;
    }
    let waited = begin.elapsed().as_secs();
    assert!((60..=75).contains(&waited), "{waited} s");
    assert_eq!(bench.reasons(), [LeftReason::Silent]);
    bench.publish(1000).await;
    let ledger = bench.hub.figures().deliveries();
    assert_eq!((ledger.closed, ledger.dropped, ledger.unaccounted()), (16, 0, 0));
    assert_eq!(good.read().events, bench.hub.figures().next);
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_loses_events_and_the_others_do_not() {
    for behind in [Behind::DropOldest(8), Behind::Latest, Behind::Close(8)] {
        let bench =
            Bench::new(|builder| builder.settings(Settings { behind, window: 8, ..Settings::default() }));
        let good = bench.join(ROOMY, Since::Now).await;
        let slow = bench.join(3, Since::Now).await;
        bench.publish(100).await;
        assert_eq!(good.read().events, 100);
        assert!(bench.hub.figures().deliveries().behind <= 17, "{:?}", bench.hub.figures());

        slow.sink.allow(ROOMY);
        sleep(MS).await;
        let read = slow.read();
        let closed = behind == Behind::Close(8);
        assert_eq!((slow.sink.is_shut(), read.next == 100), (closed, !closed), "{behind:?} {read:?}");
        let ledger = bench.hub.figures().deliveries();
        assert_eq!((ledger.unaccounted(), ledger.behind), (0, 0));
        assert_eq!(ledger.dropped, read.missed, "its gap has every event that it lost");
        assert_eq!(ledger.delivered, 100 + read.events);
    }
}

#[tokio::test(start_paused = true)]
async fn own_frames_come_in_order_and_are_reported_as_written() {
    let bench = Bench::new(|builder| builder);
    let watcher = bench.join(4, Since::Now).await;
    bench.publish(1).await;
    let mut flushed = bench.hub.say(watcher.id, b"O0\n".to_vec());
    assert!(timeout(MS, &mut flushed).await.is_err(), "the watcher has not read it");
    bench.publish(1).await;
    watcher.sink.allow(ROOMY);
    assert!(flushed.await);
    sleep(MS).await;
    let read = watcher.read();
    assert_eq!((read.own, read.events), (1, 2));

    bench.hub.close(watcher.id, b"Z\n".to_vec());
    bench.publish(1).await;
    assert!(watcher.sink.is_shut() && watcher.read().ended);
    assert!(!bench.hub.say(watcher.id, b"O1\n".to_vec()).await, "it has left");
    assert_eq!(bench.reasons(), [LeftReason::Closed]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unread_answers_closes_only_its_watcher() {
    let bench = Bench::new(|builder| builder);
    let good = bench.join(ROOMY, Since::Now).await;
    let flooder = bench.join(0, Since::Now).await;
    for _ in 0..=MAX_UNREAD / 1000 {
        drop(bench.hub.say(flooder.id, vec![b'O'; 1000]));
    }
    bench.publish(1).await;
    assert_eq!(bench.reasons(), [LeftReason::Unread]);
    assert_eq!(good.read().events, 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_source_sends_a_last_frame_and_ends_the_hub() {
    let bench = Bench::new(|builder| builder.shards(2));
    let watchers = [bench.join(ROOMY, Since::Now).await, bench.join(9, Since::Now).await];
    bench.publish(3).await;
    let Bench { hub, publish, left, .. } = bench;
    drop(publish);
    sleep(MS).await;
    assert!(watchers[0].sink.is_shut());
    let late = Arc::new(MemorySink::unlimited());
    assert_eq!(hub.join(0, late, Vec::new(), Since::Now).await.err(), Some(HubClosed));
    assert!(!watchers[1].sink.is_shut(), "it has not read everything");
    watchers[1].sink.allow(ROOMY);
    assert_eq!(hub.ended().await, Reason::Finished);
    for watcher in &watchers {
        assert_eq!((watcher.read().events, watcher.read().ended), (3, true));
    }
    assert_eq!(left.lock().unwrap().len(), 2);
    assert_eq!(hub.figures().deliveries().unaccounted(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_all_watchers_waits_for_the_slow_ones() {
    let bench = Bench::new(|builder| builder.shards(2));
    let slow = bench.join(3, Since::Now).await;
    bench.join(ROOMY, Since::Now).await;
    bench.publish(2).await;
    let closing = bench.hub.close_all(|_| b"Z\n".to_vec());
    let mut closing = std::pin::pin!(closing);
    assert!(timeout(MS, &mut closing).await.is_err());
    slow.sink.allow(ROOMY);
    closing.await;
    assert!(slow.read().ended);
    assert_eq!(bench.reasons(), [LeftReason::Ended; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_traced_event_gives_a_curve_over_all_shards() {
    let bench = Bench::new(|builder| builder.shards(2));
    for _ in 0..7 {
        bench.join(ROOMY, Since::Now).await;
    }
    bench.publish(3).await;
    assert_eq!(bench.hub.curve(), None);
    bench.hub.trace_next();
    bench.publish(2).await;
    let curve = bench.hub.curve().unwrap();
    assert_eq!((curve.seq, curve.sent, curve.watchers, curve.points.len()), (3, 7, 7, 7));
    assert!(curve.is_settled);

    let slow = bench.join(3, Since::Now).await;
    bench.hub.trace_next();
    bench.publish(1).await;
    let curve = bench.hub.curve().unwrap();
    assert_eq!((curve.seq, curve.sent, curve.watchers), (5, 8, 7), "one has not read it yet");
    assert!(curve.is_settled, "the one that is missing takes no bytes");
    sleep(200 * MS).await;
    slow.sink.allow(ROOMY);
    sleep(MS).await;
    let curve = bench.hub.curve().unwrap();
    assert_eq!((curve.watchers, curve.points[7] >= 200 * MS), (8, true));
}

#[tokio::test(start_paused = true)]
async fn the_slowest_watchers_are_listed_with_what_they_miss() {
    let settings = Settings { behind: Behind::DropOldest(4), window: 4, ..Settings::default() };
    let bench = Bench::new(|builder| builder.settings(settings).shards(2));
    bench.join(ROOMY, Since::Now).await;
    let first = bench.join(3, Since::Now).await;
    bench.publish(6).await;
    let second = bench.join(3, Since::Now).await;
    bench.publish(2).await;
    sleep(500 * MS).await;
    let listed = bench.hub.slowest(20).await;
    assert!(Arc::ptr_eq(&listed[0].1, &first.sink) && Arc::ptr_eq(&listed[1].1, &second.sink));
    let slowest: Vec<_> = listed.iter().map(|(slow, _)| *slow).collect();
    assert_eq!(slowest.iter().map(|slow| slow.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert_eq!((slowest[0].events + slowest[0].dropped, slowest[0].next), (8, 0));
    assert_eq!((slowest[1].events, slowest[1].dropped, slowest[1].next), (2, 0, 6));
    assert!(slowest[0].dropped > 0 && slowest[1].blocked >= 500 * MS, "{slowest:?}");
    let gap = slowest[0].gap.unwrap();
    assert_eq!((gap.0, gap.1 - gap.0), (1, slowest[0].dropped), "event 0 was begun, so it is not lost");
    assert_eq!(slowest[1].gap, None);
    assert_eq!(bench.hub.slowest(1).await.len(), 1);
}

#[tokio::test]
async fn a_hub_writes_to_tcp_and_shuts_the_socket_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let lines = Arc::<Mutex<usize>>::default();
    let source = stage::from_iter([6, 7, 8]).paused().spawn();
    let encoder = Lines { encoded: Arc::clone(&lines), ..Lines::default() };
    let hub: Hub<usize> = Hub::builder(&source.producer(), encoder).shards(1).spawn();
    let socket = Arc::new(socket);
    hub.join(0, Arc::clone(&socket), Vec::new(), Since::Snapshot).await.unwrap();
    source.producer().resume().unwrap();
    let mut got = Vec::new();
    let mut bytes = [0; 256];
    loop {
        client.readable().await.unwrap();
        match client.try_read(&mut bytes) {
            Ok(0) => break,
            Ok(n) => got.extend_from_slice(&bytes[..n]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    // The end of the stream arrives although the application still holds the socket.
    drop(socket);
    let read = super::naive::read(&got, 0);
    assert_eq!((read.events, read.ended, *lines.lock().unwrap()), (3, true, 3));
}
