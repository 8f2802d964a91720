use super::*;

/// 10,000 watchers of a machine with round times.
const STAND: Broadcast = Broadcast {
    machine: Machine {
        send: 6e-6,
        byte: 2e-9,
        connect: 20e-6,
        art: 300e-6,
        wake: 3e-6,
        encode: 5e-6,
        snapshot: 30e-6,
    },
    watchers: 10_000,
    threads: 1,
    burst: 1,
    rate: 0.0,
    joins: 0.0,
    frame: 150,
    snapshot_frame: 4_000,
    writer: Writer::Shards,
    encode: Encode::Once,
    snapshot: SnapshotFrom::Shared,
    behind: Behind::DropOldest,
    behind_limit: 64,
    send_buffer: 16 << 10,
    receive_buffer: 128 << 10,
};

fn figures(broadcast: &Broadcast) -> Figures {
    predict(broadcast).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= expected.abs() * 1e-4, "{found}, not {expected}");
}

#[test]
fn one_event_takes_a_send_for_each_watcher_before() {
    let one = figures(&STAND).one;
    near(one.first_ms, 0.011);
    near(one.median_ms, 30.005);
    near(one.last_ms, 60.005);
    near(figures(&Broadcast { threads: 2, ..STAND }).one.last_ms, 30.005);
    near(figures(&Broadcast { watchers: 1_000, ..STAND }).one.last_ms, 6.005);
    near(figures(&Broadcast { writer: Writer::Task, ..STAND }).one.last_ms, 90.005);
    near(figures(&Broadcast { encode: Encode::Each, ..STAND }).one.last_ms, 110.005);
}

#[test]
fn a_burst_of_ten_costs_one_send_and_its_bytes_in_two_walks() {
    let burst = figures(&Broadcast { burst: 10, ..STAND }).burst.unwrap();
    // 84 watchers get one event and then nine; the other 9,916 get ten at once.
    near(burst.last_ms, 0.05 + 84.0 * 0.0144 + 9_916.0 * 0.0087);
    near(burst.unjoined_ms, 600.05);
    near(burst.deliveries_per_s, 100_000.0 / 0.087_528_8);
    assert_eq!((burst.events, burst.walks), (10, 2));
    assert_eq!(figures(&STAND).burst, None);
    // 50 watchers are through before the others come: two full walks.
    let few = figures(&Broadcast { burst: 10, watchers: 50, ..STAND }).burst.unwrap();
    near(few.last_ms, 0.05 + 50.0 * 0.0144);
    // The window takes 128 of 192 events, and 64 after the walk.
    let long = figures(&Broadcast { burst: 192, ..STAND }).burst.unwrap();
    assert_eq!(long.walks, 3);
    near(long.last_ms, 0.96 + 84.0 * (0.006 + 0.0438) + 9_916.0 * 0.0441 + 249.0);
}

#[test]
fn beyond_one_walk_per_event_a_write_carries_more_than_one() {
    let at = |rate| figures(&Broadcast { rate, ..STAND }).steady.unwrap();
    let slow = at(10.0);
    near(slow.walk_ms, 60.0);
    near(slow.busy, 0.6);
    near(slow.p50_ms, 30.005);
    near(slow.events_per_write, 1.0);
    let joined = at(20.0);
    near(joined.walk_ms, 57.0 / 0.94);
    near(joined.events_per_write, 20.0 * 0.057 / 0.94);
    near(joined.busy, 1.0);
    near(joined.p99_ms, 0.005 + 0.99 * 57.0 / 0.94);
    // At the limit of the model, a walk carries a window.
    let most = figures(&STAND).saturates_per_s;
    near(most, 64.0 / 0.249_32);
    assert!((60.0..64.0).contains(&at(most * 0.999).events_per_write));
}

#[test]
fn a_rate_that_piles_up_and_tasks_that_are_never_idle_have_no_model() {
    let refused = |broadcast: Broadcast| predict(&broadcast).unwrap_err().why;
    let why = refused(Broadcast { rate: 300.0, ..STAND });
    assert!(why.starts_with("300 events/s to 10000 watchers are more than the 257 events/s"), "{why}");
    let why = refused(Broadcast { rate: 20.0, writer: Writer::Task, ..STAND });
    assert!(why.contains("180 % of the time"), "{why}");
    assert!(predict(&Broadcast { rate: 10.0, writer: Writer::Task, ..STAND }).is_ok());
    let why = refused(Broadcast { joins: 20_000.0, ..STAND });
    assert!(why.starts_with("20000 newcomers/s are more than a thread joins: each takes 54.0 µs"), "{why}");
    let slow = Machine { snapshot: 2e-3, ..STAND.machine };
    let mailbox = Broadcast { machine: slow, joins: 600.0, snapshot: SnapshotFrom::Match, ..STAND };
    assert!(refused(mailbox).contains("the mailbox of the match takes"));
    assert_eq!(figures(&Broadcast { snapshot: SnapshotFrom::Shared, ..mailbox }).joins.matched, None);
}

#[test]
fn a_newcomer_waits_for_a_pause_and_in_the_mailbox_behind_the_events() {
    let quiet = figures(&Broadcast { joins: 1_000.0, ..STAND }).joins;
    near(quiet.shared.p99_ms, 0.300 + 0.054 + 1e6 * 54e-6 * 54e-6 / (2.0 * 0.946));
    near(quiet.most_per_s, 1.0 / 54e-6);
    near(quiet.in_flight_ms, 256.0 * 0.054);
    near(quiet.waiting.unwrap(), quiet.shared.mean_ms);

    let storm = Broadcast { watchers: 1_000, rate: 100.0, joins: 1_000.0, ..STAND };
    let joins = figures(&storm).joins;
    near(joins.shared.mean_ms, quiet.shared.mean_ms + 0.150);
    near(joins.shared.p50_ms, quiet.shared.mean_ms + 0.5 * (1.0 - 0.5 / 0.6));
    let mailbox = 1e3 * (100.0 * 25e-12 + 1_000.0 * 900e-12) / (2.0 * 0.9695);
    near(joins.matched.unwrap().mean_ms, quiet.shared.mean_ms + 2.0 * 0.150 + 0.030 + mailbox);
    let matched = figures(&Broadcast { snapshot: SnapshotFrom::Match, ..storm }).joins;
    near(matched.waiting.unwrap(), joins.matched.unwrap().mean_ms);
}

#[test]
fn behind_a_burst_that_the_window_cannot_take_a_newcomer_waits_for_walks() {
    let behind = |burst| figures(&Broadcast { burst, ..STAND }).joins;
    let (small, large) = (behind(100), behind(256));
    near(small.behind_burst_ms.unwrap() - small.matched.unwrap().mean_ms, 0.5);
    near(large.behind_burst_ms.unwrap() - large.matched.unwrap().mean_ms, 441.0 + 2.0 * 249.32);
    assert_eq!(large.shared, small.shared);
}

#[test]
fn wait_stops_after_the_kernels_buffers_and_two_windows() {
    let wait = figures(&Broadcast { behind: Behind::Wait, ..STAND });
    assert_eq!(wait.stop, Some(Stop { in_kernel: 1_092, in_window: 128, after: 1_220 }));
    assert_eq!((wait.joins.matched, figures(&STAND).stop), (None, None));
    assert!(wait.caution.unwrap().contains("stops the match for all"));
}

#[test]
fn a_task_of_its_own_costs_a_watcher_its_buffer() {
    let memory = figures(&STAND).memory;
    assert_eq!((memory.shards_each, memory.task_each, memory.all), (1_550, 133_322, 15_500_000));
    assert_eq!(figures(&Broadcast { writer: Writer::Task, ..STAND }).memory.all, 1_333_220_000);
}
