//! NATS is away for longer than a lease: what nodes hold, what they refuse, and what comes after.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use weir_nats::{JetStreamQueue, StreamOptions};
use weir_parts::engine::{Engine, Leased, Refused, Settle};

use crate::poison::noted;
use crate::queue::{all, ids, open, options};
use crate::servers::Servers;

const WAIT: Duration = Duration::from_millis(500);
/// Nodes that were away together give each other five seconds to connect again, and a second to
/// answer, before an event of a lost one is handed out.
const SILENCE: Duration = Duration::from_secs(12);

/// Asks for events and finishes them until none has come for a while. Returns their numbers.
async fn rest(queue: &JetStreamQueue) -> Vec<Leased> {
    let mut rest = Vec::new();
    while let Ok(Some(events)) = timeout(SILENCE, queue.ask(10)).await {
        queue.begin(&events.iter().map(|event| event.id).collect::<Vec<_>>());
        queue.settle(all(&events, &Settle::Done)).await.unwrap();
        rest.extend(events);
    }
    rest
}

/// Two nodes hold four events each, and one holds one and is lost during the outage. The server is
/// killed, or stops without a word, and comes back.
async fn outage(away: Duration, lease: Duration, is_silent: bool) {
    assert!(away > lease, "the leases pass");
    let mut servers = Servers::start(1).await;
    let nodes = || StreamOptions { lease, wait: WAIT, ..options("weir") };
    let a = open(&servers.connect("a").await, nodes()).await;
    let b = open(&servers.connect("b").await, nodes()).await;
    let lost = open(&servers.connect("lost").await, nodes()).await;
    for number in 0..12 {
        a.push(vec![number]).await.unwrap();
    }
    let (of_a, of_b, of_lost) =
        (a.ask(4).await.unwrap(), b.ask(4).await.unwrap(), lost.ask(1).await.unwrap());
    for (queue, events) in [(&a, &of_a), (&b, &of_b), (&lost, &of_lost)] {
        queue.begin(&events.iter().map(|event| event.id).collect::<Vec<_>>());
    }
    noted(&servers, &["1 1", "2 1", "3 1", "4 1", "5 1", "6 1", "7 1", "8 1", "9 1"]).await;
    // The server writes what it has delivered to its disk a tenth of a second later.
    sleep(Duration::from_secs(1)).await;

    if is_silent {
        servers.pause(0);
    } else {
        servers.kill(0);
    }
    let began = Instant::now();
    drop(lost);
    let mut refused = 0;
    while began.elapsed() < away {
        for queue in [&a, &b] {
            let pushed = Instant::now();
            let answer = queue.push(b"refused".to_vec()).await;
            assert!(matches!(answer, Err(Refused::Away { .. })), "{answer:?}");
            assert!(pushed.elapsed() < WAIT * 2, "it was refused after {:?}", pushed.elapsed());
            assert!(timeout(WAIT, queue.ask(4)).await.is_err(), "an ask waits");
            assert_eq!(queue.depth().leased, 4, "what it holds it keeps");
            refused += 1;
        }
    }
    // Settled while NATS is away: stored when it is back.
    let settling = {
        let first = all(&of_a[..1], &Settle::Done);
        let settled = a.settle(first);
        let back = async {
            sleep(WAIT).await;
            if is_silent {
                servers.resume(0);
            } else {
                servers.start_again(0).await;
            }
        };
        tokio::join!(settled, back).0
    };
    assert_eq!(settling, Ok(()));
    for queue in [&a, &b] {
        let until = Instant::now() + Duration::from_secs(10);
        while let Err(error) = queue.push(b"works again".to_vec()).await {
            assert!(Instant::now() < until, "{error}");
        }
    }
    // The server gives all nine again, at once. Each node says of its own that it holds them.
    let (more_of_a, more_of_b) = tokio::join!(rest(&a), rest(&b));
    let more: Vec<Leased> = more_of_a.into_iter().chain(more_of_b).collect();
    let mut twice: Vec<u64> = ids(&more);
    twice.sort_unstable();
    let distinct: HashSet<u64> = twice.iter().copied().collect();
    assert_eq!(twice.len(), distinct.len(), "no event is handed out twice: {twice:?}");
    let held: HashSet<u64> = ids(&of_a).into_iter().chain(ids(&of_b)).collect();
    let again: Vec<u64> = ids(&more).into_iter().filter(|id| held.contains(id)).collect();
    assert_eq!(again, [0; 0], "a held event is not given to another node");
    let tries: Vec<_> =
        more.iter().filter(|event| event.tries > 0).map(|event| (event.id, event.tries)).collect();
    assert_eq!(tries, [(of_lost[0].id, 1)], "only the lost node has lost an attempt");
    assert_eq!(a.settle(all(&of_a[1..], &Settle::Done)).await, Ok(()));
    assert_eq!(b.settle(all(&of_b, &Settle::Done)).await, Ok(()));

    // Pushes that were sent and not answered are found by their ids, and count as accepted.
    let until = Instant::now() + Duration::from_secs(20);
    let sum = |of: fn(&weir_parts::engine::Book) -> u64| of(&a.book()) + of(&b.book());
    loop {
        let counts = a.read_counts().await.unwrap();
        if sum(|book| book.accepted) == counts.accepted && sum(|book| book.done) == counts.accepted {
            assert_eq!((counts.held, counts.dead), (0, 0));
            break;
        }
        assert!(Instant::now() < until, "{}; {}; {counts:?}", a.book(), b.book());
        sleep(Duration::from_millis(100)).await;
    }
    println!(
        "away for {:.1?}, lease {lease:?}, silent {is_silent}: {refused} pushes refused; {}; {}",
        began.elapsed(),
        a.book(),
        b.book()
    );
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn leases_that_pass_while_the_server_is_gone_leave_each_event_with_its_node() {
    outage(Duration::from_secs(8), Duration::from_secs(3), false).await;
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn leases_that_pass_while_the_server_is_silent_leave_each_event_with_its_node() {
    outage(Duration::from_secs(8), Duration::from_secs(3), true).await;
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn nats_may_be_away_for_a_minute() {
    outage(Duration::from_secs(60), Duration::from_secs(30), false).await;
}
