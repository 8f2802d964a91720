//! Files that are read by others than a queue: inspected, exported, verified.

use std::collections::BTreeMap;

use weir_parts::engine::{DeadEvent, Depth};

use super::*;
use crate::{Exported, export, inspect};

/// A file with an event that is done, one that waits for its second attempt, a dead letter, and two
/// that were never leased.
async fn mixed() -> File {
    let file = File::new();
    let queue = file.open();
    for payload in ["done", "late", "dead", "one", "two"] {
        queue.push(payload.into()).await.unwrap();
    }
    let leased = queue.ask(3).await.unwrap();
    let settled = [
        Settle::Done,
        Settle::Again { after: HOUR, why: "refused".to_owned() },
        Settle::Dead { why: "unreadable".to_owned() },
    ];
    let settled = leased.iter().map(|leased| leased.id).zip(settled).collect();
    queue.settle(settled).await.unwrap();
    file
}

#[tokio::test]
async fn a_file_is_inspected_without_being_changed() {
    let file = mixed().await;
    let before = std::fs::read(&file.path).unwrap();
    let inspected = inspect(&file.path).unwrap();
    assert_eq!(inspected.book, Book { accepted: 5, done: 1, failed: 1, dropped: 0 });
    assert_eq!(inspected.depth, Depth { ready: 2, delayed: 1, dead: 1, leased: 0, settling: 0 });
    assert_eq!((inspected.next, inspected.begun), (5, 0));
    assert_eq!(inspected.tries, BTreeMap::from([(0, 2), (1, 1)]));
    assert_eq!((inspected.payload_bytes, inspected.bytes), (10, before.len() as u64));
    assert!(std::fs::read(&file.path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn held_events_are_exported_and_then_dead_letters() {
    let file = mixed().await;
    let mut events = Vec::new();
    let exported = export::<OpenError>(&file.path, |event| {
        events.push(event);
        Ok(())
    });
    assert_eq!(exported.unwrap(), 4);
    let delay = match &events[0] {
        Exported::Held { delay: Some(delay), .. } => *delay,
        other => panic!("{other:?}"),
    };
    assert!(delay <= HOUR && delay > HOUR / 2, "{delay:?}");
    let held = |id, payload: &str, tries, delay| Exported::Held {
        id: EventId(id),
        payload: payload.into(),
        tries,
        delay,
    };
    let why = "unreadable".to_owned();
    let expected = [
        held(1, "late", 1, Some(delay)),
        held(3, "one", 0, None),
        held(4, "two", 0, None),
        Exported::Dead(DeadEvent { id: EventId(2), payload: "dead".into(), tries: 1, why }),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn an_export_ends_at_the_first_error_of_its_reader() {
    #[derive(Debug)]
    enum Stopped {
        ByTheReader,
        ByTheFile(OpenError),
    }
    impl From<OpenError> for Stopped {
        fn from(error: OpenError) -> Self {
            Self::ByTheFile(error)
        }
    }
    let file = mixed().await;
    let mut calls = 0;
    let exported = export(&file.path, |_| {
        calls += 1;
        if calls == 2 { Err(Stopped::ByTheReader) } else { Ok(()) }
    });
    assert!(matches!(exported, Err(Stopped::ByTheReader)) && calls == 2);
    let missing = export::<Stopped>(&file.path.with_extension("missing"), |_| Ok(()));
    assert!(matches!(missing, Err(Stopped::ByTheFile(OpenError::Store { .. }))));
}

#[tokio::test]
async fn what_a_kill_leaves_is_read_without_a_repair() {
    let file = File::new();
    let queue = file.open();
    for _ in 0..100 {
        queue.push(b"an event".to_vec()).await.unwrap();
    }
    let killed = file.killed();
    let before = std::fs::read(&killed.path).unwrap();
    let inspected = inspect(&killed.path).unwrap();
    assert_eq!((inspected.book.accepted, inspected.depth.ready), (100, 100));
    assert_eq!(export::<OpenError>(&killed.path, |_| Ok(())).unwrap(), 100);
    assert_eq!(verify(&killed.path).unwrap().problems, Vec::<String>::new());
    assert!(std::fs::read(&killed.path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn readers_are_refused_while_a_queue_has_the_file_and_the_queue_while_one_reads() {
    let file = File::new();
    let queue = file.open();
    queue.push(Vec::new()).await.unwrap();
    let pid = Some(std::process::id());
    for refused in [
        inspect(&file.path).map(|_| ()),
        export(&file.path, |_| Ok(())).map(|_| ()),
        verify(&file.path).map(|_| ()),
    ] {
        assert!(
            matches!(&refused, Err(OpenError::InUse { pid: found, .. }) if *found == pid),
            "{refused:?}"
        );
    }
    drop(queue);
    let mut opened = None;
    export::<OpenError>(&file.path, |_| {
        opened = Some(DiskQueue::open(&file.path, Options::default()).map(|_| ()));
        Ok(())
    })
    .unwrap();
    assert!(matches!(opened, Some(Err(OpenError::InUse { .. }))), "{opened:?}");
}
