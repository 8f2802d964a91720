use super::*;
use futures::FutureExt;
use tokio::time::advance;

fn reason(entry: &Entry) -> Option<CloseReason> {
    entry.connection.must_close().now_or_never()
}

#[tokio::test(start_paused = true)]
async fn each_phase_has_its_own_time() {
    let second = Duration::from_secs(1);
    let limits = Limits { head: 2 * second, idle: 10 * second, write: 5 * second, ..Limits::default() };
    let connections = Connections::new(Arc::default());
    let (idle, head, busy, stuck) =
        (connections.add(), connections.add(), connections.add(), connections.add());
    head.connection.begins(ConnectionState::Head);
    busy.connection.is_at(ConnectionState::Busy);
    stuck.connection.is_at(ConnectionState::Reply);
    stuck.connection.wrote(true);
    let mut seen: Vec<(&str, CloseReason, u64)> = Vec::new();
    for seconds in 1..=11 {
        advance(second).await;
        connections.look(&limits);
        for (name, entry) in [("idle", &idle), ("head", &head), ("busy", &busy), ("stuck", &stuck)] {
            if let Some(reason) = reason(entry)
                && !seen.iter().any(|(seen, ..)| *seen == name)
            {
                seen.push((name, reason, seconds));
            }
        }
    }
    // A limit is passed once it is exceeded.
    assert_eq!(
        seen,
        [
            ("head", CloseReason::SlowHead, 3),
            ("stuck", CloseReason::Unread, 6),
            ("idle", CloseReason::Idle, 11)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_since_it_was_accepted_and_later_since_its_request_began() {
    let connections = Connections::new(Arc::default());
    let (accepted, entry) = (Instant::now(), connections.add());
    let connection = &entry.connection;
    advance(JUST_IDLE).await;
    connection.begins(ConnectionState::Head);
    connection.takes(ConnectionState::Busy);
    assert!(connection.asked() - accepted < JUST_IDLE / 10);
    connection.begins(ConnectionState::Idle);
    advance(JUST_IDLE).await;
    connection.begins(ConnectionState::Head);
    advance(JUST_IDLE).await;
    connection.takes(ConnectionState::Busy);
    connection.begins(ConnectionState::Idle);
    assert_eq!(connection.asked() - accepted, 2 * JUST_IDLE);
}

#[tokio::test(start_paused = true)]
async fn room_is_made_by_the_longest_idle_and_never_by_one_with_a_request_or_a_taken_socket() {
    let connections = Connections::new(Arc::default());
    let busy = connections.add();
    busy.connection.is_at(ConnectionState::Busy);
    let taken = connections.add();
    taken.connection.is_at(ConnectionState::Taken);
    let oldest = connections.add();
    advance(2 * JUST_IDLE).await;
    let older = connections.add();
    assert!(connections.make_room());
    assert_eq!(reason(&oldest), Some(CloseReason::Idle));
    assert_eq!((reason(&busy), reason(&taken), reason(&older)), (None, None, None));
    assert!(!connections.make_room(), "the other has only just come");
    drop(oldest);
    assert_eq!(connections.len(), 3);
}
