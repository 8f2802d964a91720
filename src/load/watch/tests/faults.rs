//! Watchers of a server that does something wrong, or something that has to be counted.

use super::*;

#[test]
fn what_goes_wrong_is_counted_for_each_watcher() {
    for transport in [WatchTransport::Ws, WatchTransport::Sse] {
        let fake = Fake::start(transport);
        let run = watching(&fake, plan(transport, 5));
        let mut streams = fake.join(5, 1);
        let gap = fake.bytes(r#"{"gap":{"from":2,"to":4}}"#);
        let event = |seq| fake.event(seq);
        let scripts: [Vec<Vec<u8>>; 5] = [
            (1..=6).map(event).collect(),
            vec![event(1), gap, event(5), event(6)],
            vec![event(1), event(4), event(5), event(6)],
            vec![event(1), event(2), event(2), event(3), event(4), event(5), event(6)],
            vec![event(1), event(3), event(2), event(4), event(5), event(6)],
        ];
        for (stream, script) in streams.iter_mut().zip(scripts) {
            stream.write_all(&script.concat()).unwrap();
        }
        fake.end(streams);
        let side = run.join().unwrap();
        assert_eq!((side.gaps, side.gap_events), (1, 3), "{side:?}");
        assert_eq!((side.missed, side.twice, side.disordered), (2, 1, 1), "{side:?}");
        assert_eq!((side.deliveries, side.expected, side.pending), (25, 30, 0), "{side:?}");
        assert_eq!(side.expected, side.deliveries + side.gap_events + side.missed + side.pending);
    }
}

#[test]
fn refusals_and_losses_have_their_reasons() {
    let fake = Fake::start(WatchTransport::Ws);
    // One after another, so that the test knows which is which.
    let run = watching(&fake, WatchPlan { in_flight: 1, ..plan(WatchTransport::Ws, 6) });
    let refuse = |answer: &str| fake.next().write_all(answer.as_bytes()).unwrap();
    refuse("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    refuse("HTTP/1.1 404 X\r\n\r\n{\"error\":{\"name\":\"unknown_match\",\"message\":\"no match m\"}}");
    drop(fake.next());
    let mut streams = fake.join(3, 1);
    streams[0].write_all(&[0x88, 2, 3, 0xf4]).unwrap();
    streams[1].write_all(&[0xc1, 0]).unwrap();
    // A reset, since bytes of the other side were never read.
    socket2::SockRef::from(&streams[2]).set_linger(Some(Duration::ZERO)).unwrap();
    drop(streams);
    let side = run.join().unwrap();
    let expected = [("answered 404: no match m", 1), ("answered 503", 1), ("closed by the server", 1)];
    let refusals: Vec<(&str, u64)> = side.refusals.iter().map(|(why, n)| (why.as_str(), *n)).collect();
    assert_eq!(refusals, expected);
    let losses: Vec<(&str, u64)> = side.losses.iter().map(|(why, n)| (why.as_str(), *n)).collect();
    let expected = [
        ("a frame with a reserved bit", 1),
        ("closed by the server with code 1012", 1),
        ("connection reset by peer", 1),
    ];
    assert_eq!(losses, expected);
    assert_eq!((side.refused, side.connected, side.watchers, side.lost), (3, 3, side.watchers, 3));
}

#[test]
fn a_slow_watcher_reads_nothing_after_the_snapshot() {
    let fake = Fake::start(WatchTransport::Ws);
    let plan = WatchPlan {
        slow: 1,
        in_flight: 1,
        duration: Duration::from_millis(400),
        ..plan(WatchTransport::Ws, 2)
    };
    let run = watching(&fake, plan);
    let mut streams = fake.join(2, 1);
    streams[0].set_nonblocking(true).unwrap();
    // As Weir does, or the system would take megabytes for the watcher.
    socket2::SockRef::from(&streams[0]).set_send_buffer_size(16 << 10).unwrap();
    let mut blocked = false;
    for seq in 1..2000 {
        let event = fake.event(seq);
        streams[1].write_all(&event).unwrap();
        blocked |= streams[0].write_all(&event).is_err();
    }
    let side = run.join().unwrap();
    assert!(blocked, "200 kB fit nowhere");
    assert_eq!((side.slow, side.watchers, side.events, side.deliveries), (1, 2, 1999, 1999), "{side:?}");
    assert_eq!((side.lost, side.missed, side.expected), (0, 0, 1999));
}

#[test]
fn a_ping_is_answered() {
    let fake = Fake::start(WatchTransport::Ws);
    let run = watching(&fake, plan(WatchTransport::Ws, 1));
    let mut streams = fake.join(1, 1);
    fake.send(&mut streams, &[0x89, 2, b'h', b'i']);
    let mut pong = [0; 8];
    streams[0].read_exact(&mut pong).unwrap();
    assert_eq!(pong, [0x8a, 0x82, 0, 0, 0, 0, b'h', b'i']);
    fake.end(streams);
    assert_eq!(run.join().unwrap().ended, 1);
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let fake = Fake::start(WatchTransport::Ws);
    let target = WatchTarget::of_match(&format!("http://{}", fake.address), "other").unwrap();
    let error = watch(&target, &plan(WatchTransport::Ws, 1), &StopToken::new(), &mut |_| {}).unwrap_err();
    assert!(error.is_usage() && error.to_string().ends_with("has no match \"other\"; it has m"), "{error}");
    let absent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = WatchTarget::of_match(&format!("http://{absent}"), "m").unwrap();
    let error = watch(&target, &plan(WatchTransport::Ws, 1), &StopToken::new(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("connection refused") && !error.is_usage(), "{error}");
    // Without a match nothing is asked before, and the refusals are the result.
    let target = WatchTarget::of_server(&format!("http://{absent}/")).unwrap();
    let side = watch(&target, &plan(WatchTransport::Ws, 7), &StopToken::new(), &mut |_| {}).unwrap().side;
    assert_eq!((side.refused, side.refusals["connect: connection refused"]), (7, 7));
}

#[test]
fn a_stopped_run_keeps_what_it_has() {
    let fake = Fake::start(WatchTransport::Ws);
    let stop = StopToken::new();
    let token = stop.clone();
    let target = WatchTarget::of_match(&format!("http://{}", fake.address), "m").unwrap();
    let plan = plan(WatchTransport::Ws, 2);
    let (seen, progress) = mpsc::channel();
    let run = thread::spawn(move || {
        let mut note = |progress: &WatchProgress| seen.send(*progress).unwrap_or_default();
        watch(&target, &plan, &token, &mut note).unwrap().side
    });
    let mut streams = fake.join(2, 1);
    fake.send(&mut streams, &fake.event(1));
    while progress.recv().unwrap().deliveries < 2 {}
    stop.cancel();
    let side = run.join().unwrap();
    assert!(side.interrupted && side.seconds < 30.0);
    assert_eq!((side.deliveries, side.lost, side.server.is_none()), (2, 0, true));
}
