//! Theory of a run with watchers.

use crate::config::{Matches, Writer};
use crate::exercise::Value;
use crate::exercise::format::WatchRun;
use crate::exercise::trial::lab::{Found, LabFound};
use crate::theory::watch::{Broadcast, Machine, predict};

/// The times of two shared cores in the cloud. Exercises ask for ratios, in which they cancel.
const TYPICAL: Machine = Machine {
    send: 6.3e-6,
    byte: 2e-9,
    connect: 21e-6,
    art: 0.3e-3,
    wake: 3e-6,
    encode: 5e-6,
    snapshot: 30e-6,
};
/// Bytes of the frames: of a shot, and of the status of a match.
const FRAME: u32 = 160;
const SNAPSHOT: u32 = 3_000;
/// The receive buffer of a watcher that reads nothing.
const RECEIVE_BUFFER: u64 = 4 << 10;
/// Handshakes in flight while the watchers connect.
const IN_FLIGHT: usize = 256;

/// Theory of a run, as far as it covers it.
pub(in crate::exercise::trial) fn expected(settings: &Matches, run: &WatchRun) -> LabFound {
    let broadcast = Broadcast {
        machine: TYPICAL,
        watchers: run.watchers as u32,
        threads: settings.shards.max(1) as u32,
        burst: run.burst,
        rate: 0.0,
        joins: 0.0,
        frame: FRAME,
        snapshot_frame: SNAPSHOT,
        writer: settings.writer,
        encode: settings.encode,
        snapshot: settings.snapshot,
        behind: settings.behind,
        behind_limit: settings.behind_limit as u32,
        send_buffer: settings.send_buffer,
        receive_buffer: RECEIVE_BUFFER,
    };
    let Ok(theory) = predict(&broadcast) else { return LabFound::default() };
    let each =
        if settings.writer == Writer::Task { theory.memory.task_each } else { theory.memory.shards_each };
    let due = run.rate * run.seconds;
    let stop = theory.stop.filter(|_| run.slow > 0);
    let mut predicted = Found::new();
    for (name, number) in [
        ("watchers", run.watchers as f64),
        ("under_way", run.watchers.min(IN_FLIGHT) as f64),
        ("last_ms", theory.one.last_ms),
        ("slowest_ms", theory.burst.map_or(theory.one.last_ms, |burst| burst.last_ms)),
        ("kb", each as f64 / 1e3),
        ("mb_of_10000", each as f64 / 100.0),
        ("due", due),
        ("others_share", stop.map_or(100.0, |stop| (100.0 * stop.after as f64 / due).min(100.0))),
    ] {
        predicted.insert(name, Value::Number(number));
    }
    LabFound { predicted, ..LabFound::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::trial::watch::NAMES;
    use crate::exercise::trial::watch::tests::{config, number, run};

    #[test]
    fn theory_joins_a_burst_and_stops_behind_a_slow_watcher_only_with_wait() {
        let expected =
            |flags: &[&str], text| expected(&config(flags).settings.matches, &run(text)).predicted;
        let single = expected(&["matches.shards=1"], "watchers = 1000");
        let burst = expected(&["matches.shards=1"], "watchers = 1000\nburst = 10");
        let ratio = number(&burst, "slowest_ms") / number(&single, "last_ms");
        assert!((1.0..3.0).contains(&ratio), "{ratio}");
        let slow = "watchers = 51\nslow = 1\nrate = 500\nseconds = 5";
        let waits = expected(&["matches.behind=wait", "matches.send_buffer=4KiB"], slow);
        assert!((1.0..40.0).contains(&number(&waits, "others_share")), "{waits:?}");
        assert_eq!(number(&expected(&[], slow), "others_share"), 100.0);
        assert!(single.keys().all(|name| NAMES.contains(name)));
    }
}
