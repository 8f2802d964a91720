//! The behaviour of `gen_server` that servers keep, row by row, and where they differ.

use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::support::{Add, All, Fail, Ignore, Later, Log, Numbers, Quit};
use crate::server::{CallError, CastError, spawn, spawn_from};
use crate::stage::Reason;

fn panicked() -> Reason {
    Reason::Panicked("a fault".to_owned())
}

async fn until(mut is_true: impl FnMut() -> bool) {
    while !is_true() {
        yield_now().await;
    }
}

// Calls and casts.

#[tokio::test]
async fn casts_and_calls_of_one_sender_are_handled_in_order() {
    let running = spawn(200, Numbers::new(&Log::default()));
    let server = running.server();
    for number in 0..100 {
        server.cast(Add(number)).unwrap();
    }
    assert_eq!(server.call(All).await.unwrap(), (0..100).collect::<Vec<_>>());
    assert_eq!(server.call(Add(100)).await, Ok(101));
}

#[tokio::test]
async fn a_reply_may_be_sent_later_and_by_another_task() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let mut waits = Box::pin(server.call(Later));
    assert!(waits.as_mut().now_or_never().is_none());
    // The server handles other messages meanwhile.
    assert_eq!(server.call(Add(1)).await, Ok(1));
    let kept = server.with(|state| state.kept.pop().unwrap()).await.unwrap();
    assert!(kept.is_awaited());
    tokio::spawn(async move { kept.send(5) }).await.unwrap();
    assert_eq!(waits.await, Ok(5));
}

#[tokio::test]
async fn a_reply_that_is_dropped_leaves_the_caller_unanswered_and_the_server_running() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    assert_eq!(server.call(Ignore).await, Err(CallError::Unanswered));
    let waits = server.call(Later);
    let drops = async {
        until(|| server.waiting() == 0).await;
        server.with(|state| state.kept.clear()).await.unwrap();
    };
    assert_eq!(tokio::join!(waits, drops).0, Err(CallError::Unanswered));
    assert_eq!(server.call(Add(1)).await, Ok(1));
}

#[tokio::test]
async fn a_handler_may_reply_and_end_the_server() {
    let log = Log::default();
    let running = spawn(10, Numbers::new(&log));
    let server = running.server();
    let behind = server.call(Add(1));
    assert_eq!(server.call(Quit).await, Ok(7));
    let reason = Reason::failed("asked to quit");
    assert_eq!(behind.await, Err(CallError::Down { reason: reason.clone(), begun: false }));
    assert_eq!(running.join().await, reason);
    assert_eq!(log.entries(), ["ended: asked to quit", "dropped"]);
}

#[tokio::test]
async fn a_closure_runs_on_the_state_and_its_panic_ends_the_server() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    server.cast(Add(3)).unwrap();
    assert_eq!(server.with(|state| state.numbers.len()).await, Ok(1));
    let failed = server.with(|_| panic!("a fault")).await;
    let failed: Result<(), _> = failed;
    assert_eq!(failed, Err(CallError::Down { reason: panicked(), begun: true }));
}

// Timeouts, and callers that give up.

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_before_it_is_handled_is_withdrawn() {
    let log = Log::default();
    let (numbers, gate) = Numbers::gated(&log);
    let running = spawn(10, numbers);
    let server = running.server();
    let limit = Duration::from_millis(100);
    let begun = Instant::now();
    assert_eq!(server.call_within(limit, Add(1)).await, Err(CallError::Late { begun: false }));
    assert_eq!(begun.elapsed(), limit);
    gate.add_permits(1);
    assert_eq!(server.call(Add(2)).await, Ok(1));
    assert_eq!(log.entries(), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_while_it_is_handled_says_so_and_gets_no_late_reply() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let late = server.call_within(Duration::from_secs(5), Later).await;
    assert_eq!(late, Err(CallError::Late { begun: true }));
    let kept = server.with(|state| state.kept.pop().unwrap()).await.unwrap();
    assert!(!kept.is_awaited());
    kept.send(5);
    assert_eq!(server.call(Add(1)).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_includes_waiting_for_a_place() {
    let (numbers, _gate) = Numbers::gated(&Log::default());
    let running = spawn(1, numbers);
    let server = running.server();
    server.cast(Add(1)).unwrap();
    let late = server.call_within(Duration::from_secs(1), Add(2)).await;
    assert_eq!(late, Err(CallError::Late { begun: false }));
    assert_eq!(server.waiting(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_withdraws_its_message() {
    let log = Log::default();
    let (numbers, gate) = Numbers::gated(&log);
    let running = spawn(10, numbers);
    let server = running.server();
    let mut given_up = Box::pin(server.call(Add(1)));
    assert!(given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    gate.add_permits(1);
    assert_eq!(server.call(Add(2)).await, Ok(1));
    assert_eq!(log.entries(), ["2"]);
}

#[tokio::test]
async fn a_caller_that_gives_up_after_the_handler_began_changes_nothing_for_the_server() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let mut given_up = Box::pin(server.call(Later));
    assert!(given_up.as_mut().now_or_never().is_none());
    until(|| server.waiting() == 0).await;
    drop(given_up);
    let kept = server.with(|state| state.kept.pop().unwrap()).await.unwrap();
    assert!(!kept.is_awaited());
    kept.send(5);
    assert_eq!(server.call(Add(1)).await, Ok(1));
}

// The mailbox.

#[tokio::test]
async fn a_full_mailbox_returns_a_cast_and_lets_callers_wait_in_order() {
    let log = Log::default();
    let (numbers, gate) = Numbers::gated(&log);
    let running = spawn(2, numbers);
    let server = running.server();
    server.cast(Add(1)).unwrap();
    server.cast(Add(2)).unwrap();
    assert_eq!(server.cast(Add(9)), Err(CastError::Full(Add(9))));
    let mut third = Box::pin(server.call(Add(3)));
    let mut fourth = Box::pin(server.cast_waiting(Add(4)));
    assert!(third.as_mut().now_or_never().is_none() && fourth.as_mut().now_or_never().is_none());
    gate.add_permits(1);
    until(|| log.entries().len() == 1).await;
    // The free place belongs to the caller that waits.
    assert_eq!(server.cast(Add(9)), Err(CastError::Full(Add(9))));
    gate.add_permits(3);
    let (third, fourth) = tokio::join!(third, fourth);
    assert_eq!((third, fourth), (Ok(3), Ok(())));
    until(|| log.entries().len() == 4).await;
    assert_eq!(log.entries(), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_place_that_is_not_used_goes_to_the_next_sender() {
    let (numbers, _gate) = Numbers::gated(&Log::default());
    let running = spawn(1, numbers);
    let server = running.server();
    let place = server.reserve().await.unwrap();
    let mut gives_up = Box::pin(server.reserve());
    let mut next = Box::pin(server.reserve());
    assert!(gives_up.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(place);
    // It has been granted the place, and passes it on.
    drop(gives_up);
    next.await.unwrap().cast(Add(1)).unwrap();
    assert_eq!((server.waiting(), server.cast(Add(2))), (1, Err(CastError::Full(Add(2)))));
}

#[tokio::test]
async fn a_server_that_is_not_ready_takes_no_message_and_can_be_stopped() {
    let log = Log::default();
    let (numbers, _gate) = Numbers::gated(&log);
    let running = spawn(10, numbers);
    let server = running.server();
    let waits = server.call(Add(1));
    running.stop();
    assert_eq!(waits.await, Err(CallError::Down { reason: Reason::Stopped, begun: false }));
    assert_eq!(log.entries(), ["ended: stopped", "dropped"]);
}

#[tokio::test]
async fn a_busy_server_lets_other_tasks_run() {
    let running = spawn(1000, Numbers::new(&Log::default()));
    let server = running.server();
    for number in 0..1000 {
        server.cast(Add(number)).unwrap();
    }
    yield_now().await;
    assert!((1..1000).contains(&server.waiting()), "{}", server.waiting());
}

// The end.

#[tokio::test]
async fn a_panic_ends_the_server_and_says_which_messages_were_begun() {
    let log = Log::default();
    let running = spawn(10, Numbers::new(&log));
    let server = running.server();
    let (kept, failing, behind) = (server.call(Later), server.call(Fail), server.call(Add(1)));
    let (kept, failing, behind) = tokio::join!(kept, failing, behind);
    assert_eq!(kept, Err(CallError::Down { reason: panicked(), begun: true }));
    assert_eq!(failing, Err(CallError::Down { reason: panicked(), begun: true }));
    assert_eq!(behind, Err(CallError::Down { reason: panicked(), begun: false }));
    assert_eq!(running.join().await, panicked());
    assert_eq!(log.entries(), ["ended: panicked: a fault", "dropped"]);
}

#[tokio::test]
async fn messages_to_a_server_that_has_ended_are_returned_with_the_reason() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    running.stop();
    running.join().await;
    let down = CallError::Down { reason: Reason::Stopped, begun: false };
    assert_eq!(server.call(Add(1)).await, Err(down.clone()));
    assert_eq!(server.with(|_| ()).await, Err(down));
    assert_eq!(server.cast(Add(1)), Err(CastError::Down(Add(1), Reason::Stopped)));
    assert_eq!(server.cast_waiting(Add(1)).await, Err(CastError::Down(Add(1), Reason::Stopped)));
    assert!(server.is_down());
}

#[tokio::test]
async fn monitors_fire_once_the_state_is_gone_also_after_an_abort() {
    let log = Log::default();
    let running = spawn(10, Numbers::new(&log));
    let server = running.server();
    let (first, second, unused) = (server.monitor(), server.monitor(), server.monitor());
    let mut given_up = Box::pin(unused.down());
    let watch = |monitor: crate::server::Monitor| {
        let log = log.clone();
        tokio::spawn(async move { (monitor.down().await, log.entries()) })
    };
    let (first, second) = (watch(first), watch(second));
    assert!(given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    yield_now().await;
    running.abort();
    let entries = ["ended: aborted", "dropped"].map(str::to_owned).to_vec();
    assert_eq!(first.await.unwrap(), (Reason::Aborted, entries.clone()));
    assert_eq!(second.await.unwrap(), (Reason::Aborted, entries));
    assert_eq!(server.monitor().down().await, Reason::Aborted, "at once, with the same reason");
}

#[tokio::test]
async fn each_of_many_monitors_fires_with_the_reason_of_the_panic() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let monitors: Vec<_> = (0..100).map(|_| tokio::spawn(server.monitor().down())).collect();
    yield_now().await;
    assert!(server.call(Fail).await.is_err());
    for monitor in monitors {
        assert_eq!(monitor.await.unwrap(), panicked());
    }
}

#[tokio::test]
async fn the_first_reason_to_stop_counts_and_waiting_messages_are_returned() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let waits = server.call(Add(1));
    server.stop(Reason::failed("first"));
    server.stop(Reason::failed("second"));
    assert_eq!(waits.await, Err(CallError::Down { reason: Reason::failed("first"), begun: false }));
}

#[tokio::test]
async fn a_server_without_references_handles_its_mailbox_and_finishes() {
    let log = Log::default();
    let running = spawn(10, Numbers::new(&log));
    let server = running.server();
    let weak = server.downgrade();
    server.cast(Add(1)).unwrap();
    assert!(weak.upgrade().is_some());
    drop(server);
    assert_eq!(running.join().await, Reason::Finished);
    assert!(weak.upgrade().is_none());
    assert_eq!(log.entries(), ["1", "ended: finished", "dropped"]);
}

// The start.

#[tokio::test(start_paused = true)]
async fn messages_wait_for_a_server_that_starts_slowly() {
    let log = Log::default();
    let state = Numbers::new(&log);
    let slow = spawn_from(10, async move {
        sleep(Duration::from_secs(3)).await;
        Ok(state)
    });
    let quick = spawn(10, Numbers::new(&log));
    let begun = Instant::now();
    assert_eq!(quick.server().call(Add(1)).await, Ok(1));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(slow.server().call(Add(2)).await, Ok(1));
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn a_start_that_fails_or_panics_ends_the_server() {
    let failed = spawn_from::<Numbers>(10, async { Err(Reason::failed("no file")) });
    let server = failed.server();
    let down = CallError::Down { reason: Reason::failed("no file"), begun: false };
    assert_eq!(server.call(Add(1)).await, Err(down));
    let panics = spawn_from::<Numbers>(10, async { panic!("a fault") });
    assert_eq!(panics.join().await, panicked());
}

#[tokio::test]
async fn a_handler_can_reach_its_own_server() {
    let running = spawn(10, Numbers::new(&Log::default()));
    let server = running.server();
    let (sender, mut receiver) = mpsc::channel(1);
    let own = server.downgrade();
    server
        .with(move |_| {
            let own = own.upgrade().unwrap();
            tokio::spawn(async move { sender.send(own.call(Add(4)).await).await });
        })
        .await
        .unwrap();
    assert_eq!(receiver.recv().await, Some(Ok(1)));
}
