//! The end of a tree of stages, and the statuses it lists until then.

use weir::stage::{Kind, State, Status};
use weir::supervise::ChildState;

use super::*;
use crate::support::Logs;

#[tokio::test(start_paused = true)]
async fn one_restart_too_many_ends_all_stages_in_reverse_order() {
    let (cursor, reserved, pooled) =
        (Cursor::below(u64::MAX), ProducerRef::reserve("source"), Seen::nothing());
    let (sink, _, done) = cursor.sink(&reserved, CancelMode::Resubscribe, 5 * MS);
    let tree = Supervisor::new(Strategy::OneForOne)
        .max_restarts(2, SECOND)
        .child(cursor.child(&reserved))
        .child(sink)
        .child(pool_child(&reserved, &pooled))
        .spawn()
        .unwrap();
    for _ in 0..3 {
        sleep(20 * MS).await;
        cursor.blow();
    }
    let text = "gave up on child \"source\" (panicked: the fuse has blown): more than 2 restarts within 1s";
    assert_eq!(tree.join().await, failed(text));
    assert_eq!(cursor.crew.log(), "+source +sink -source +source -source +source -source -sink");
    // The stages that had not failed have finished what they had begun.
    assert_eq!(tree.list()[1].state, ChildState::Ended(Reason::Stopped));
    assert_eq!(tree.list()[2].state, ChildState::Ended(Reason::Stopped));
    assert_eq!(sorted([done.all(), pooled.all()].concat()), (0..cursor.produced()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_stages_in_reverse_order_each_within_its_grace() {
    let cursor = Cursor::below(u64::MAX);
    let ([source, middle, sink], done) = chain(&cursor, u64::MAX);
    let tree = Supervisor::new(Strategy::OneForOne)
        .child(source.grace(Grace::After(SECOND)))
        .child(middle.grace(Grace::After(2 * SECOND)))
        .child(sink.grace(Grace::Forever))
        .spawn()
        .unwrap();
    sleep(32 * MS).await;
    let start = Instant::now();
    tree.stop();
    assert_eq!(tree.join().await, Reason::Stopped);
    assert_eq!(cursor.crew.log(), "+source +middle +sink -sink -middle -source");
    assert!(start.elapsed() <= 3 * SECOND + 5 * MS, "{:?}", start.elapsed());
    // The sink finishes the batch it had begun.
    assert_eq!(done.all(), (0..35).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn terminating_the_source_drains_the_stages_after_it() {
    let cursor = Cursor::below(u64::MAX);
    let (children, done) = chain(&cursor, u64::MAX);
    let children = children.map(|child| child.restart(Restart::Transient));
    let supervisor = Supervisor::new(Strategy::OneForOne).ends_with_last_child();
    let tree = children.into_iter().fold(supervisor, Supervisor::child).spawn().unwrap();
    sleep(32 * MS).await;
    tree.terminate("source").await.unwrap();
    assert_eq!(tree.join().await, Reason::Finished);
    // Each stage waits until those after it have finished its events.
    assert_eq!(cursor.crew.log(), "+source +middle +sink -sink -middle -source");
    assert_eq!(done.all(), (0..cursor.produced()).collect::<Vec<_>>());
}

/// Returns the number of events that the stages logged as dropped.
fn logged_as_dropped(logs: &Logs) -> u64 {
    let lines = logs.take();
    let lines = lines.iter().filter(|line| line.contains("are discarded") || line.contains("are dropped"));
    let number = |line: &String| line.split(' ').find_map(|word| word.parse::<u64>().ok());
    lines.map(|line| number(line).unwrap_or_else(|| panic!("a number in {line:?}"))).sum()
}

/// A group is stopped from its end, so the events that its middle makes of its last batch have
/// no consumer.
#[tokio::test(start_paused = true)]
async fn events_dropped_by_the_restart_of_a_group_are_counted_exactly() {
    for strategy in [Strategy::RestForOne, Strategy::OneForAll] {
        let (logs, cursor) = (Logs::capture(), Cursor::below(u64::MAX));
        let (children, done) = chain(&cursor, u64::MAX);
        let tree = children.into_iter().fold(patient(strategy), Supervisor::child).spawn().unwrap();
        for wait in [31, 42, 53] {
            sleep(wait * MS).await;
            cursor.blow();
        }
        sleep(34 * MS).await;
        tree.stop();
        assert_eq!(tree.join().await, Reason::Stopped);
        assert_eq!(restarts(&tree)[0], ("source".into(), 3));
        assert_eq!(done.len() as u64 + logged_as_dropped(&logs), cursor.produced(), "{strategy:?}");
    }
}

/// The figures of a stage: its kind and state; events in and out; events it has asked for, and
/// is asked for; events buffered and held; busy milliseconds.
type Row = (Kind, State, [u64; 2], [usize; 2], [usize; 2], u128);

fn rows(tree: &SupervisorHandle) -> Vec<(String, u64, Option<Row>)> {
    let row = |status: Status| {
        let (flow, demand) = ([status.events_in, status.events_out], [status.asked, status.demand]);
        (status.kind, status.state, flow, demand, [status.buffered, status.held], status.busy.as_millis())
    };
    let list = tree.list().into_iter();
    list.map(|child| (child.path.join("/"), child.restarts, child.status.map(row))).collect()
}

#[tokio::test(start_paused = true)]
async fn the_list_shows_the_status_of_each_stage() {
    let cursor = Cursor::below(u64::MAX);
    let ([source, middle, sink], _) = chain(&cursor, u64::MAX);
    let (own, reserved, pooled) =
        (Cursor::below(u64::MAX), ProducerRef::reserve("source"), Seen::nothing());
    let blown = own.clone();
    let nested = ChildSpec::supervisor("nested", move || {
        patient(Strategy::OneForOne).child(own.child(&reserved)).child(pool_child(&reserved, &pooled))
    });
    let supervisor = patient(Strategy::RestForOne).child(source).child(middle).child(sink);
    let tree = supervisor.child(nested).spawn().unwrap();
    sleep(10 * MS + MS / 2).await;
    blown.blow();
    sleep(22 * MS).await;
    let running = |path: &str, restarts, kind, flow, demand, kept, busy| {
        (path.to_owned(), restarts, Some((kind, State::Running, flow, demand, kept, busy)))
    };
    // After 33 ms the middle has passed on 8 batches of 1 ms each, the sink has finished 6 of
    // 5 ms each, and each handler of the pool 32 events. The second source has counts of its
    // own; its predecessor had delivered 28.
    let expected = [
        running("source", 0, Kind::Producer, [0, 50], [0, 0], [0, 0], 0),
        running("middle", 0, Kind::ProducerConsumer, [50, 40], [0, 0], [0, 10], 8),
        running("sink", 0, Kind::Consumer, [40, 0], [0, 0], [0, 10], 30),
        ("nested".to_owned(), 0, None),
        running("nested/source", 1, Kind::Producer, [0, 44], [0, 0], [0, 0], 0),
        running("nested/pool", 0, Kind::Pool, [72, 0], [0, 0], [0, 8], 64),
    ];
    assert_eq!(rows(&tree), expected);
    assert_eq!(tree.list()[1].status.as_ref().unwrap().dispatcher, Some("DemandDispatcher"));

    tree.stop();
    tree.join().await;
    assert!(tree.list().iter().all(|child| child.status.is_none()), "what is down does nothing");
}
