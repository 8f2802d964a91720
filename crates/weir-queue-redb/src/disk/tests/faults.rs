//! Damaged files, full disks, folders without permission, and files of others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::*;
use crate::{Exported, export};

/// Events and dead letters, as they are exported.
fn contents(file: &Path) -> Result<Vec<Exported>, OpenError> {
    let mut events = Vec::new();
    export::<OpenError>(file, |event| {
        events.push(event);
        Ok(())
    })?;
    Ok(events)
}

/// A file with some pages of events, dead letters and attempts: as an orderly end leaves it, and as
/// a kill does.
fn samples() -> [File; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let file = File::new();
    let killed = runtime.block_on(async {
        let queue = std::sync::Arc::new(file.open());
        let pushes = (0..150_u8).map(|n| {
            let queue = std::sync::Arc::clone(&queue);
            tokio::spawn(async move { queue.push(vec![n; usize::from(n) * 20]).await.unwrap() })
        });
        for push in pushes.collect::<Vec<_>>() {
            push.await.unwrap();
        }
        for (n, leased) in queue.ask(60).await.unwrap().into_iter().enumerate() {
            let why = "refused".to_owned();
            let how = match n % 3 {
                0 => Settle::Done,
                1 => Settle::Again { after: Duration::ZERO, why },
                _ => Settle::Dead { why },
            };
            queue.settle(vec![(leased.id, how)]).await.unwrap();
        }
        file.killed()
    });
    [file, killed]
}

/// A fault of a file, at shares of its length.
#[derive(Debug, Clone)]
enum Fault {
    Flip { at: f64, bits: u8 },
    Overwrite { at: f64, bytes: usize, with: u8 },
    Cut { at: f64 },
}

fn faults() -> impl Strategy<Value = Fault> {
    // The head of the file is small and decides about everything.
    let at = || prop_oneof![0.0..1.0, 0.0..0.002_f64];
    prop_oneof![
        4 => (at(), 1_u8..).prop_map(|(at, bits)| Fault::Flip { at, bits }),
        2 => (at(), 1_usize..10_000, any::<u8>())
            .prop_map(|(at, bytes, with)| Fault::Overwrite { at, bytes, with }),
        1 => at().prop_map(|at| Fault::Cut { at }),
    ]
}

impl Fault {
    fn damage(&self, bytes: &mut Vec<u8>) {
        let position = |at: f64| (at * bytes.len() as f64) as usize;
        match *self {
            Self::Flip { at, bits } => {
                let at = position(at);
                bytes[at] ^= bits;
            }
            Self::Overwrite { at, bytes: count, with } => {
                let at = position(at);
                let end = bytes.len().min(at + count);
                bytes[at..end].fill(with);
            }
            Self::Cut { at } => bytes.truncate(position(at)),
        }
    }
}

/// An event that can be leased: its number, its payload, and its failed attempts.
type Served = (u64, Vec<u8>, u32);

/// The events that a queue serves, by number, and its dead letters.
fn served(queue: &DiskQueue) -> (Vec<Served>, Vec<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut events = Vec::new();
        while queue.depth().ready > 0 {
            let leased = queue.ask(50).await.unwrap();
            events.extend(leased.into_iter().map(|leased| (leased.id.0, leased.payload, leased.tries)));
        }
        events.sort_unstable();
        let dead = queue.dead(None, 1_000).await.unwrap();
        (events, dead.iter().map(|letter| letter.id.0).collect())
    })
}

#[test]
fn a_damaged_file_is_refused_or_serves_what_it_held_and_never_panics() {
    damage(60);
}

#[test]
#[ignore = "takes minutes: thousands of damaged files"]
fn thousands_of_damaged_files_are_refused_or_serve_what_they_held() {
    damage(10_000);
}

/// Damages files, and holds what they serve against what they held.
fn damage(cases: u32) {
    let files = samples();
    let originals = files.each_ref().map(|file| std::fs::read(&file.path).unwrap());
    let whole = files.each_ref().map(|file| served(&file.open()));
    assert_eq!((whole[0].0.len(), whole[0].1.len()), (110, 20));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let refused = std::cell::Cell::new(0_u32);
    let result = runner.run(&(faults(), 0..2_usize), |(fault, which)| {
        let damaged = File::new();
        let mut bytes = originals[which].clone();
        fault.damage(&mut bytes);
        std::fs::write(&damaged.path, &bytes).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let exported = contents(&damaged.path).map(drop);
            let verified = verify(&damaged.path).map(|verified| verified.problems);
            let opened = DiskQueue::open(&damaged.path, Options::default());
            (exported, verified, opened.map(|queue| (queue.book(), served(&queue))))
        }));
        let Ok((exported, verified, opened)) = outcome else {
            return Err(TestCaseError::fail("it panicked"));
        };
        prop_assert_eq!(exported.is_ok(), opened.is_ok(), "{:?}, {:?}", exported, opened.err());
        match (verified, opened) {
            (Ok(problems), Ok((book, served))) => {
                prop_assert_eq!(problems, Vec::<String>::new());
                prop_assert_eq!(book.held(), served.0.len() as u64);
                // The last commit before a kill looks like one that was interrupted.
                let lost = book.accepted - book.done - book.failed - whole[which].0.len() as u64;
                prop_assert!(served == whole[which] || which == 1 && lost <= 1, "{} are lost", lost);
            }
            (Err(_), Err(_)) => refused.set(refused.get() + 1),
            (verified, opened) => prop_assert!(false, "{:?}, {:?}", verified, opened.err()),
        }
        Ok(())
    });
    result.unwrap();
    assert!(refused.get() > cases / 10, "only {} files were refused", refused.get());
}

#[tokio::test]
async fn a_torn_tail_is_named_and_the_queue_does_not_open() {
    let file = File::new();
    let queue = file.open();
    for n in 0..200_u8 {
        queue.push(vec![n; 1_000]).await.unwrap();
    }
    drop(queue);
    let bytes = std::fs::read(&file.path).unwrap();
    std::fs::write(&file.path, &bytes[..bytes.len() - 5_000]).unwrap();
    let opened = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    let verified = verify(&file.path).unwrap_err();
    for refused in [opened, verified] {
        assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_damaged_payload_is_named_and_the_queue_does_not_open() {
    let file = File::new();
    let queue = file.open();
    for n in 0..200_u8 {
        queue.push(vec![n; 1_000]).await.unwrap();
    }
    drop(queue);
    let mut bytes = std::fs::read(&file.path).unwrap();
    // Old copies of a page are free pages, so each of them is damaged.
    let found: Vec<usize> = bytes
        .windows(1_000)
        .enumerate()
        .filter(|(_, bytes)| *bytes == [77; 1_000])
        .map(|(at, _)| at)
        .collect();
    found.iter().for_each(|at| bytes[at + 500] = 78);
    std::fs::write(&file.path, &bytes).unwrap();
    let opened = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    let verified = verify(&file.path).unwrap_err();
    assert_eq!(opened.to_string(), verified.to_string());
    assert!(matches!(opened, OpenError::Damaged { .. }), "{opened}");
    assert!(std::fs::read(&file.path).unwrap() == bytes, "a file that is refused is left as it is");
}

#[tokio::test]
async fn what_is_no_queue_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "a text of some length\n".repeat(1_000)).unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let other = folder.path().join("other");
    let table = redb::TableDefinition::<u64, &str>::new("users");
    let database = redb::Database::create(&other).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(1, "a user").unwrap();
    transaction.commit().unwrap();
    drop(database);
    for (path, what) in [
        (folder.path(), "it is a folder"),
        (&text, "it was written by another program"),
        (&empty, "it is empty"),
        (&other, "it was written by another program that uses redb"),
    ] {
        let opened = DiskQueue::open(path, Options::default()).map(drop).unwrap_err();
        let verified = verify(path).map(drop).unwrap_err();
        for refused in [opened, verified] {
            let expected = format!("{} is not the file of a queue: {what}", path.display());
            assert_eq!(refused.to_string(), expected);
        }
    }
    assert_eq!(std::fs::read_to_string(&empty).unwrap(), "");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let file = File::new();
    drop(file.open());
    let database = redb::Database::open(&file.path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(crate::tables::META).unwrap().insert(crate::tables::FORMAT_KEY, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { format: 2, known: 1, .. }), "{refused}");
    assert!(refused.to_string().ends_with("has format 2, and this version reads formats up to 1"));
    assert!(matches!(verify(&file.path), Err(OpenError::Newer { .. })));
}

#[tokio::test]
async fn a_folder_in_which_nothing_can_be_written_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut permissions = std::fs::metadata(folder.path()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(folder.path(), permissions).unwrap();
    // The superuser may write there, but not here.
    let is_root = std::fs::write(folder.path().join("probe"), "").is_ok();
    let folder = if is_root { Path::new("/proc") } else { folder.path() };
    let refused = DiskQueue::open(&folder.join("queue.redb"), Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Store { .. }), "{refused}");
    let text = refused.to_string().to_lowercase();
    assert!(text.contains("permission denied") || text.contains("no such file"), "{text}");
}

#[tokio::test]
async fn the_pid_of_a_dead_process_names_no_holder() {
    let file = File::new();
    drop(file.open());
    let mut name = file.path.clone().into_os_string();
    name.push(".pid");
    // A process that has ended.
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let dead = child.id();
    child.wait().unwrap();
    std::fs::write(&name, format!("{dead}\n")).unwrap();
    let queue = file.open();
    let refused = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    // Another program has overwritten the note: better no number than that of a dead process.
    std::fs::write(&name, format!("{dead}\n")).unwrap();
    let refused = DiskQueue::open(&file.path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { pid: None, .. }), "{refused}");
    assert!(refused.to_string().ends_with("is in use by another process"));
    drop(queue);
    assert!(verify(&file.path).is_ok());
}

/// Writes when a delayed event is due, as a clock that has jumped since would see it.
fn set_due(file: &File, id: u64, times: (u64, u64)) {
    let database = redb::Database::open(&file.path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(crate::tables::DUE).unwrap().insert(id, times).unwrap();
    transaction.commit().unwrap();
}

#[tokio::test]
async fn a_clock_that_jumps_shortens_a_delay_and_never_lengthens_it() {
    let file = File::new();
    let queue = file.open();
    queue.push(Vec::new()).await.unwrap();
    let id = queue.ask(1).await.unwrap()[0].id;
    let after = Duration::from_millis(50);
    queue.settle(vec![(id, Settle::Again { after, why: "refused".to_owned() })]).await.unwrap();
    drop(queue);
    // The clock was set back by years: the event is due then, and waits for 50 ms at most.
    let wall = crate::tables::wall();
    set_due(&file, id.0, (wall + 10 * 365 * 24 * 3_600_000, 50));
    let queue = file.open();
    let began = Instant::now();
    assert_eq!(queue.depth().delayed, 1);
    assert_eq!(queue.ask(1).await.unwrap()[0].id, id);
    assert!(began.elapsed() < HOUR);
    drop(queue);
    // The clock was set forward: the delay is over.
    set_due(&file, id.0, (wall - 1, 3_600_000));
    let queue = file.open();
    assert_eq!((queue.depth().delayed, queue.ask(1).await.unwrap()[0].tries), (0, 1));
}
