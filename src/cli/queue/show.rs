//! The texts of `weir queue`.

use std::path::Path;

use crate::clean;
use crate::cli::answers::queue::{Book, Depth, Letters, Report};
use crate::cli::text::{Table, fit, hang, left, pad, right};
use crate::config::{Queue, QueueEngine, Settings, Syncs};
use crate::duration;

/// The width of a label; the text follows it.
const LABEL: usize = 12;
/// How many bytes of a payload a row shows.
pub(super) const START: usize = 60;

/// Returns a report, under the name of its server or file.
pub(super) fn report(of: &str, report: &Report) -> String {
    let Report { engine, file, promise, depth, recovered, attempts, book, trouble, .. } = report;
    let named = |file: &String| format!("{engine}, {}", clean::line(file));
    let engine = file.as_ref().filter(|file| *file != of).map_or(engine.clone(), named);
    let mut rows = vec![("engine", engine)];
    if !promise.is_empty() {
        rows.push(("promise", promise.clone()));
    }
    rows.push(("held", held(depth)));
    if *recovered > 0 {
        rows.push(("recovered", format!("{}, held when the server started", events(*recovered))));
    }
    if report.engine == "memory" {
        rows.push(("dead", no_letters_in_memory()));
    } else {
        let after = attempts.map_or(String::new(), |n| format!(", each after up to {n} attempts"));
        rows.push(("dead", format!("{}{after}", counted(depth.dead, "dead letter"))));
    }
    if let Some(begun @ 1..) = report.begun {
        let words = "in work when the process ended; the next start counts a failed attempt of each";
        rows.push(("begun", format!("{} {words}", events(begun))));
    }
    if let Some(max) = report.max_bytes {
        rows.push(("payloads", format!("{} of at most {}", size(report.payload_bytes), size(max))));
    }
    if let Some(book) = book {
        rows.push(("book", in_the_book(book)));
    }
    if let Some(bytes) = report.file_bytes {
        rows.push(("file", format!("{}, with {} of payloads", size(bytes), size(report.payload_bytes))));
    }
    if let Some(trouble) = trouble {
        rows.push(("trouble", trouble.clone()));
    }
    let rows = rows.iter().map(|(label, text)| hang(&pad(label, LABEL), text));
    fit(&clean::line(of)) + "\n" + &rows.collect::<String>()
}

/// Returns the result of a verification, and the contents of the file.
pub(super) fn verified(file: &str, of: &Report, problems: &[String]) -> String {
    let mut text = match problems.len() {
        0 => fit(&format!("{file} is sound: every checksum is right, and the book adds up")) + "\n",
        n => fit(&format!("{file}: {}", counted(n as u64, "problem"))) + "\n",
    };
    text.extend(problems.iter().map(|problem| hang("  ", &clean::line(problem))));
    let mut rows = vec![("held", held(&of.depth)), ("dead", counted(of.depth.dead, "dead letter"))];
    rows.extend(of.book.iter().map(|book| ("book", in_the_book(book))));
    rows.extend(of.file_bytes.map(|bytes| ("file", size(bytes))));
    text.extend(rows.iter().map(|(label, text)| hang(&pad(label, LABEL), text)));
    text
}

/// Returns the engine that the settings name, where its events are, and what a 202 promises. `None` for the
/// memory engine.
pub(in crate::cli) fn engine_of(settings: &Settings) -> Option<String> {
    let Queue { engine, sync, url, stream, .. } = &settings.queue;
    match engine {
        QueueEngine::Memory => None,
        QueueEngine::Disk => {
            let file = Queue::file(Path::new(&settings.data.directory));
            let promise = match sync {
                Syncs::Always => "events survive a power cut".to_owned(),
                Syncs::Every(every) => {
                    format!("a kill or a power cut loses the last {}", duration::format(*every))
                }
            };
            Some(format!("disk, {}: {promise}", clean::path(&file)))
        }
        QueueEngine::JetStream => {
            let (stream, url) = (clean::line(stream), clean::line(url));
            Some(format!("jetstream, stream {stream} at {url}: events survive a kill of this server"))
        }
    }
}

/// Returns where the held events are, without the numbers that are zero.
fn held(depth: &Depth) -> String {
    let Depth { ready, leased, delayed, settling, .. } = *depth;
    let parts = [("ready", ready), ("leased", leased), ("delayed", delayed), ("settling", settling)];
    let named: Vec<String> =
        parts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    let all = events(ready + leased + delayed);
    if named.is_empty() { all } else { format!("{all}: {}", named.join(", ")) }
}

/// Returns the equation of the book.
pub(super) fn in_the_book(book: &Book) -> String {
    let Book { accepted, done, failed, dropped, held } = book;
    format!("accepted {accepted} = done {done} + failed {failed} + dropped {dropped} + held {held}")
}

/// Returns a row for each letter, and how to list the next ones if `most` letters are shown.
pub(super) fn letters(Letters { letters, dead }: &Letters, most: usize) -> String {
    if letters.is_empty() {
        return match dead {
            0 => "no dead letters".to_owned(),
            _ => format!("none of the {dead} dead letters has a higher id"),
        };
    }
    let header = ["id", "attempts", "bytes", "reason", "payload"];
    let columns = [right(6), right(8), right(6), left(24), left(20)];
    let mut table = Table::new(columns).header(header);
    for letter in letters {
        let payload = letter.payload.clone().unwrap_or_else(|| "(not text: see --json)".to_owned());
        let numbers = [letter.id, letter.tries.into(), letter.bytes].map(|n| n.to_string());
        let [id, tries, bytes] = numbers;
        table.row([id, tries, bytes, letter.why.clone(), payload]);
    }
    let mut text = table.to_string();
    let last = letters.last().map_or(0, |letter| letter.id);
    if letters.len() >= most && (letters.len() as u64) < *dead {
        text += &fit(&format!("\n{} of {dead}; --after {last} lists the next ones", letters.len()));
        text.push('\n');
    }
    text
}

pub(super) fn no_letters_in_memory() -> String {
    "the memory engine keeps no dead letters: a failure is final".to_owned()
}

pub(super) fn retried(n: u64) -> String {
    match n {
        0 => "no dead letters".to_owned(),
        1 => "1 dead letter is accepted again, as a new event".to_owned(),
        _ => format!("{n} dead letters are accepted again, as new events"),
    }
}

pub(super) fn deleted(n: u64) -> String {
    match n {
        0 => "no dead letters".to_owned(),
        1 => "1 dead letter deleted; the ledger still counts it as failed".to_owned(),
        _ => format!("{n} dead letters deleted; the ledger still counts them as failed"),
    }
}

pub(super) fn events(n: u64) -> String {
    counted(n, "event")
}

fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A size for people: three digits and a unit.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1023.95 && unit + 1 < units.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    let text = if unit == 0 || size >= 99.95 { format!("{size:.0}") } else { format!("{size:.1}") };
    format!("{} {}", text.trim_end_matches(".0"), units[unit])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::answers::queue::Letter;
    use crate::cli::text::assert_fits;

    #[test]
    fn a_size_has_at_most_three_digits_and_a_unit() {
        let sizes = [0, 1023, 1024, 1_331, 65_536, 268_435_456, (1 << 20) - 1, u64::MAX];
        assert_eq!(
            sizes.map(size),
            ["0 B", "1023 B", "1 KiB", "1.3 KiB", "64 KiB", "256 MiB", "1 MiB", "16777216 TiB"]
        );
    }

    #[test]
    fn the_engine_of_the_settings_is_named_with_its_promise() {
        let mut settings = Settings::default();
        assert_eq!(engine_of(&settings), None, "nothing for the memory engine");
        settings.queue.engine = QueueEngine::Disk;
        let said = "disk, data/queue.redb: events survive a power cut";
        assert_eq!(engine_of(&settings).as_deref(), Some(said));
        settings.queue.sync = Syncs::Every(Duration::from_millis(50));
        let said = "disk, data/queue.redb: a kill or a power cut loses the last 50ms";
        assert_eq!(engine_of(&settings).as_deref(), Some(said));
        settings.queue.engine = QueueEngine::JetStream;
        let said = "jetstream, stream weir at nats://127.0.0.1:4222: events survive a kill of this server";
        assert_eq!(engine_of(&settings).as_deref(), Some(said));
    }

    #[test]
    fn a_report_names_only_what_there_is() {
        let memory = Report { engine: "memory".to_owned(), ..Report::default() };
        let said = report("http://127.0.0.1:4000", &memory);
        assert_eq!(
            said,
            "http://127.0.0.1:4000\n\
             engine      memory\n\
             held        0 events\n\
             dead        the memory engine keeps no dead letters: a failure is final\n"
        );
    }

    #[test]
    fn a_report_of_a_durable_engine_says_where_the_events_are_and_what_is_wrong() {
        let disk = Report {
            engine: "disk".to_owned(),
            promise: "A 202 survives a power cut.".to_owned(),
            file: Some("data/queue.redb".to_owned()),
            attempts: Some(3),
            book: Some(Book { accepted: 1000, done: 580, failed: 4, dropped: 4, held: 412 }),
            depth: Depth { ready: 400, leased: 10, delayed: 2, settling: 1, dead: 4 },
            recovered: 412,
            payload_bytes: 12_595,
            max_bytes: Some(268_435_456),
            trouble: Some("the disk is nearly full: 12 bytes are free; 16777216 are reserved".to_owned()),
            ..Report::default()
        };
        let said = report("http://127.0.0.1:4000", &disk);
        assert_fits(&said);
        for line in [
            "engine      disk, data/queue.redb",
            "promise     A 202 survives a power cut.",
            "held        412 events: 400 ready, 10 leased, 2 delayed, 1 settling",
            "recovered   412 events, held when the server started",
            "dead        4 dead letters, each after up to 3 attempts",
            "payloads    12.3 KiB of at most 256 MiB",
            "book        accepted 1000 = done 580 + failed 4 + dropped 4 + held 412",
            "trouble     the disk is nearly full: 12 bytes are free; 16777216 are reserved",
        ] {
            assert!(said.lines().any(|said| said == line), "{line:?} is not in {said}");
        }
    }

    #[test]
    fn a_list_of_letters_fits_whatever_is_in_them_and_says_that_there_are_more() {
        let letter = |id, payload: Option<&str>| Letter {
            id,
            tries: 3,
            why: "the resource failed \u{1b}[31m ".repeat(9),
            bytes: 99,
            payload: payload.map(str::to_owned),
        };
        let long = "an order ".repeat(50);
        let all = Letters { letters: vec![letter(7, Some(&long)), letter(413, None)], dead: 12 };
        let said = letters(&all, 2);
        assert_fits(&said);
        assert!(!said.contains('\u{1b}') && said.contains("not text"), "{said}");
        assert!(said.ends_with("\n2 of 12; --after 413 lists the next ones\n"), "{said}");
        assert!(!letters(&all, 3).contains("--after"), "a list that is not full is the end");
        assert_eq!(letters(&Letters { letters: Vec::new(), dead: 0 }, 100), "no dead letters");
    }
}
