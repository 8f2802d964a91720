//! Tests of the queue within one process.

mod begun;
mod every;
mod faults;
mod files;

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::time::Instant;
use weir_parts::engine::contract::{check, script};
use weir_parts::engine::{Book, Engine, EngineError, EventId, Refused, Settle};

use crate::{DiskQueue, OpenError, Options, Sync, verify};

struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.redb");
        Self { _folder: folder, path }
    }

    fn open(&self) -> DiskQueue {
        self.open_with(Options::default())
    }

    fn open_with(&self, options: Options) -> DiskQueue {
        DiskQueue::open(&self.path, options).unwrap()
    }

    /// Copies the file as a kill would leave it now: while the queue has it open.
    fn killed(&self) -> Self {
        let copy = Self::new();
        std::fs::copy(&self.path, &copy.path).unwrap();
        copy
    }
}

/// Longer than a test.
const HOUR: Duration = Duration::from_secs(3_600);

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_keeps_the_contract(numbers in proptest::collection::vec(any::<(u8, u8)>(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let file = File::new();
        let queue = file.open();
        runtime.block_on(check(&queue, Options::default().attempts, &script(&numbers)));
        drop(queue);
        prop_assert_eq!(verify(&file.path).unwrap().problems, Vec::<String>::new());
    }

    #[test]
    fn it_keeps_the_contract_when_it_answers_before_the_commit(
        numbers in proptest::collection::vec(any::<(u8, u8)>(), 1..40),
        // From a commit for each request to none within the script.
        interval in prop_oneof![Just(Duration::ZERO), Just(Duration::from_millis(1)), Just(HOUR)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let file = File::new();
        let queue = file.open_with(Options { sync: Sync::Every(interval), ..Options::default() });
        runtime.block_on(check(&queue, Options::default().attempts, &script(&numbers)));
        let book = queue.book();
        drop(queue);
        let verified = verify(&file.path).unwrap();
        prop_assert_eq!(verified.problems, Vec::<String>::new());
        prop_assert_eq!(verified.book, book);
    }
}

fn numbers(leased: &[weir_parts::engine::Leased]) -> Vec<u64> {
    leased.iter().map(|leased| leased.id.0).collect()
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart_and_numbers_go_on() {
    let file = File::new();
    let queue = file.open();
    for payload in [b"a", b"b", b"c"] {
        queue.push(payload.to_vec()).await.unwrap();
    }
    let leased = queue.ask(2).await.unwrap();
    queue.settle(vec![(leased[0].id, Settle::Done)]).await.unwrap();
    drop(queue);

    let queue = file.open();
    assert_eq!(queue.book(), Book { accepted: 3, done: 1, failed: 0, dropped: 0 });
    let leased = queue.ask(10).await.unwrap();
    assert_eq!((numbers(&leased), leased[0].payload.as_slice()), (vec![1, 2], &b"b"[..]));
    assert!(leased.iter().all(|leased| leased.recovered && leased.tries == 0));
    let settled = leased.iter().map(|leased| (leased.id, Settle::Done)).collect();
    queue.settle(settled).await.unwrap();
    drop(queue);

    let queue = file.open();
    assert_eq!(queue.push(Vec::new()).await, Ok(EventId(3)), "also when the queue was empty");
    assert!(!queue.ask(1).await.unwrap()[0].recovered);
}

#[tokio::test]
async fn attempts_and_delays_outlive_the_process_and_end_among_the_dead_letters() {
    let file = File::new();
    let mut queue = file.open();
    queue.push(b"poison".to_vec()).await.unwrap();
    for tries in 0..3 {
        let leased = queue.ask(1).await.unwrap();
        assert_eq!(leased[0].tries, tries);
        queue
            .settle(vec![(
                leased[0].id,
                Settle::Again { after: Duration::from_millis(20), why: "refused".to_owned() },
            )])
            .await
            .unwrap();
        drop(queue);
        queue = file.open();
    }
    let dead = queue.dead(None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].tries, dead[0].payload.as_slice()), (1, 3, &b"poison"[..]));
    assert_eq!(dead[0].why, "refused");
    assert_eq!((queue.book().failed, queue.depth().held()), (1, 0));

    assert_eq!(queue.retry_dead(Some(EventId(9))).await, Ok(0), "there is no such letter");
    assert_eq!(queue.retry_dead(None).await, Ok(1));
    let leased = queue.ask(1).await.unwrap();
    assert_eq!((leased[0].id, leased[0].tries), (EventId(1), 0), "under a number of its own");
    queue.settle(vec![(leased[0].id, Settle::Dead { why: "unreadable".to_owned() })]).await.unwrap();
    assert_eq!(queue.dead(None, 10).await.unwrap()[0].why, "unreadable");
    assert_eq!((queue.purge_dead().await, queue.dead(None, 10).await.unwrap().len()), (Ok(1), 0));
    assert_eq!(queue.book(), Book { accepted: 2, done: 0, failed: 2, dropped: 0 });
}

#[tokio::test]
async fn a_delayed_event_waits_and_does_not_hold_up_others() {
    let file = File::new();
    let queue = file.open();
    queue.push(b"late".to_vec()).await.unwrap();
    queue.push(b"next".to_vec()).await.unwrap();
    let late = queue.ask(1).await.unwrap();
    let (after, began) = (Duration::from_millis(50), Instant::now());
    queue.settle(vec![(late[0].id, Settle::Again { after, why: "refused".to_owned() })]).await.unwrap();
    let mut found = numbers(&queue.ask(5).await.unwrap());
    if !found.contains(&0) {
        assert_eq!(found, [1]);
        found.extend(numbers(&queue.ask(5).await.unwrap()));
    }
    assert!(found.contains(&0) && began.elapsed() >= after, "{found:?} after {:?}", began.elapsed());
}

#[tokio::test]
async fn an_event_that_was_delayed_at_the_restart_is_leased_once() {
    for asks in [1, 2, 9] {
        let file = File::new();
        let queue = file.open();
        for _ in 0..4 {
            queue.push(Vec::new()).await.unwrap();
        }
        let leased = queue.ask(4).await.unwrap();
        let again = Settle::Again { after: Duration::ZERO, why: "refused".to_owned() };
        queue.settle(vec![(leased[2].id, again)]).await.unwrap();
        drop(queue);
        let queue = file.open();
        let mut found = Vec::new();
        while found.len() < 4 {
            found.extend(numbers(&queue.ask(asks).await.unwrap()));
        }
        assert_eq!((queue.depth().leased, queue.depth().ready), (4, 0));
        assert_eq!(found, [2, 0, 1, 3], "{asks} at a time");
    }
}

#[tokio::test]
async fn a_file_in_use_is_refused_and_the_process_is_named() {
    let file = File::new();
    let queue = file.open();
    let refused = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(refused.to_string().ends_with(&format!("is in use by process {}", std::process::id())));
    assert!(matches!(verify(&file.path), Err(OpenError::InUse { .. })));
    drop(queue);
    assert!(verify(&file.path).unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_nearly_full_disk_refuses_pushes_and_still_settles() {
    let file = File::new();
    let queue = file.open();
    queue.push(Vec::new()).await.unwrap();
    drop(queue);
    let options = Options { reserve: u64::MAX, ..Options::default() };
    let queue = DiskQueue::open(&file.path, options).unwrap();
    assert!(matches!(queue.push(Vec::new()).await, Err(Refused::DiskFull { reserve: u64::MAX, .. })));
    let leased = queue.ask(1).await.unwrap();
    assert_eq!(queue.settle(vec![(leased[0].id, Settle::Done)]).await, Ok(()));
    assert_eq!(queue.book(), Book { accepted: 1, done: 1, failed: 0, dropped: 0 });
}

#[tokio::test]
async fn a_commit_takes_at_least_the_time_of_the_disk_that_it_stands_for() {
    let file = File::new();
    let least_commit = Duration::from_millis(30);
    let queue = DiskQueue::open(&file.path, Options { least_commit, ..Options::default() }).unwrap();
    let began = Instant::now();
    for _ in 0..3 {
        queue.push(Vec::new()).await.unwrap();
    }
    assert!(began.elapsed() >= 3 * least_commit);
}

#[tokio::test]
async fn a_payload_that_is_too_long_is_refused() {
    let file = File::new();
    let queue = DiskQueue::open(&file.path, Options { max_payload: 10, ..Options::default() }).unwrap();
    assert_eq!(queue.push(vec![0; 11]).await, Err(Refused::TooLong { bytes: 11, max: 10 }));
    assert_eq!(queue.push(vec![0; 10]).await, Ok(EventId(0)));
}

#[tokio::test]
async fn an_event_is_settled_once_also_when_two_try() {
    let file = File::new();
    let queue = file.open();
    queue.push(Vec::new()).await.unwrap();
    let id = queue.ask(1).await.unwrap()[0].id;
    let settle = || queue.settle(vec![(id, Settle::Done)]);
    let both = tokio::join!(settle(), settle());
    let refused = Err(EngineError::NotLeased(id));
    assert!(both == (Ok(()), refused.clone()) || both == (refused, Ok(())), "{both:?}");
    assert_eq!(queue.book().done, 1);
}

#[tokio::test]
async fn a_purge_leaves_what_is_leased() {
    let file = File::new();
    let queue = file.open();
    for _ in 0..5 {
        queue.push(Vec::new()).await.unwrap();
    }
    let leased = queue.ask(2).await.unwrap();
    assert_eq!(queue.purge().await, Ok(3));
    assert_eq!((queue.depth().held(), queue.book().dropped), (2, 3));
    let settled = leased.into_iter().map(|leased| (leased.id, Settle::Back)).collect();
    queue.settle(settled).await.unwrap();
    assert_eq!(numbers(&queue.ask(5).await.unwrap()), [0, 1]);
}

#[tokio::test]
async fn requests_after_the_end_are_refused() {
    let file = File::new();
    let queue = file.open();
    queue.push(Vec::new()).await.unwrap();
    let id = queue.ask(1).await.unwrap()[0].id;
    queue.end().await;
    assert_eq!(queue.push(Vec::new()).await, Err(Refused::Closed));
    assert_eq!(queue.settle(vec![(id, Settle::Done)]).await, Err(EngineError::Ended));
    assert!(verify(&file.path).unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_never_served_as_if_it_were_whole() {
    let file = File::new();
    let queue = file.open();
    for _ in 0..500 {
        queue.push(vec![7; 1_000]).await.unwrap();
    }
    drop(queue);
    let size = std::fs::metadata(&file.path).unwrap().len();
    let mut bytes = OpenOptions::new().write(true).open(&file.path).unwrap();
    bytes.set_len(size / 3).unwrap();
    bytes.seek(SeekFrom::Start(size / 4)).unwrap();
    bytes.write_all(&[0xff; 4_096]).unwrap();
    drop(bytes);
    let found = std::panic::catch_unwind(|| verify(&file.path));
    let is_noticed =
        !matches!(found, Ok(Ok(verified)) if verified.problems.is_empty() && verified.held == 500);
    assert!(is_noticed);
}
