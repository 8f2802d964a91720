//! Every key as a form shows it: its allowed values, its default, and its purpose.
//!
//! Kinds and bounds come from the code that reads a key, so a form allows exactly what that
//! code accepts. Only the descriptions are written here.

use serde::Serialize;

use super::Settings;
use super::kind::Kind;
use super::reader::Reader;

/// Keys that keep their value until the server restarts.
pub const NEEDS_RESTART: [&str; 16] = [
    "data.directory",
    "jobs.lease",
    "jobs.registry",
    "matches.nodes",
    "queue.attempts",
    "queue.engine",
    "queue.group",
    "queue.lease",
    "queue.stream",
    "queue.sync",
    "queue.url",
    "rooms.lease",
    "rooms.registry",
    "server.listen",
    "server.node",
    "server.reuse_port",
];

/// One key of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// Such as `consumers.concurrency`.
    pub name: &'static str,
    /// The kind of value it takes.
    #[serde(flatten)]
    pub kind: Kind,
    /// The allowed values in words: "a whole number from 0 to 10000".
    pub allowed: String,
    /// The default, as TOML.
    pub default: String,
    /// Its purpose, in one sentence.
    pub about: &'static str,
    /// Whether a change takes effect only after a restart.
    pub restart: bool,
}

/// Returns every key, in the order of the file.
pub fn keys() -> Vec<Key> {
    let mut reader = Reader::default();
    let defaults = Settings::read(&mut reader).flat();
    let default = |name: &str| {
        let found = defaults.iter().find(|(key, _)| key == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let about = |name: &str| ABOUT.iter().find(|(key, _)| *key == name).map_or("", |(_, about)| about);
    reader
        .into_kinds()
        .map(|(name, (kind, allowed))| Key {
            name,
            kind,
            allowed,
            default: default(name),
            about: about(name),
            restart: NEEDS_RESTART.contains(&name),
        })
        .collect()
}

/// What each key is for.
const ABOUT: &[(&str, &str)] = &[
    ("server.listen", "The address and port that the server listens on."),
    ("server.reuse_port", "true lets several servers share the port; the system spreads connections."),
    ("server.node", "The name of this server among several; empty: its address."),
    ("server.drain_timeout", "How long accepted events may take to finish after Ctrl-C."),
    ("server.hosts", "Names that clients may use for this server, besides localhost and its addresses."),
    ("server.read_only", "true refuses every change: pause, reset, loads, and edits on this page."),
    ("server.max_connections", "The most open connections; a new one then replaces the longest idle one."),
    ("server.head_timeout", "How long a client may take to send the head of a request."),
    ("server.body_timeout", "How long a client may take to send the body of a request."),
    ("server.idle_timeout", "How long a connection stays open without a request."),
    ("server.write_timeout", "How long a client may leave a reply unread."),
    ("resource.kind", "mock: the work only waits. jobs: each request runs a job on its ?n= number."),
    ("resource.latency.distribution", "How the time that the work takes is distributed."),
    ("resource.latency.mean", "The mean time that the work takes, before min and max clamp it."),
    ("resource.latency.min", "The shortest time that the work takes."),
    ("resource.latency.max", "The longest time that the work takes. Follows the mean unless it is set."),
    (
        "resource.latency.sigma",
        "The spread of a lognormal distribution: the standard deviation of the log.",
    ),
    ("resource.max_concurrent", "The most events inside the resource at once; 0 means no limit."),
    ("resource.on_full", "What the resource does with the next event when it is at its limit."),
    ("resource.reject_status", "The HTTP status of a rejection by the resource."),
    ("resource.failure_rate", "The share of the work that fails, from 0 to 1."),
    (
        "resource.freeze_every",
        "How often all work stands still, as in a garbage collection pause; 0s means never.",
    ),
    ("resource.freeze_for", "How long each freeze lasts."),
    ("resource.seed", "The same seed draws the same latencies and failures."),
    ("queue.capacity", "The most events that may wait in the queue."),
    ("queue.when_full", "What a full queue does with the next event."),
    ("queue.wait_timeout", "How long a client waits for a place in the queue, under when_full = \"wait\"."),
    (
        "queue.engine",
        "What keeps the queue: memory, a file on the disk, or a stream that several servers share.",
    ),
    (
        "queue.sync",
        "disk: always syncs before a 202. With an interval, a kill loses the events since the last sync.",
    ),
    ("queue.group", "disk: the largest number of events in one sync."),
    ("queue.attempts", "disk, jetstream: the number of attempts before an event is a dead letter."),
    (
        "queue.retry_delay",
        "The delay before the second attempt; it doubles before each further one, up to 1min.",
    ),
    ("queue.lease", "jetstream: how long a server may be silent before another one gets its events."),
    ("queue.max_payload", "The longest body of a pipelined POST; a longer one gets 413."),
    ("queue.max_bytes", "The total bytes of the bodies in the queue; at this limit it counts as full."),
    ("queue.url", "jetstream: the address of the NATS server."),
    ("queue.stream", "jetstream: the name of the stream; servers with the same name share one queue."),
    ("consumers.concurrency", "The most events that consumers handle at a time."),
    ("consumers.mode", "workers: one consumer per unit of concurrency. per_event: a task for each event."),
    ("consumers.max_demand", "The most events that one worker may hold, the one in progress included."),
    ("consumers.min_demand", "A worker asks for more events when it holds no more than this."),
    ("consumers.recall", "Whether a change of these keys redistributes events that have not started."),
    ("async.max_in_flight", "The most async events accepted and not finished; 0 means no limit."),
    ("data.directory", "The folder of runs and of the workshop's progress."),
    ("data.record", "Whether each load is kept as a run; false keeps only runs of weir load."),
    ("data.keep", "The most unnamed runs to keep; beyond that, the oldest is deleted."),
    ("jobs.code", "The file with the code. A saved change is rehearsed, and runs only after a swap."),
    (
        "jobs.isolation",
        "How a job shares its thread: fuel takes turns; task and thread show what goes wrong.",
    ),
    ("jobs.slice", "Reductions (about one instruction each) before the next job gets its turn."),
    ("jobs.max_reductions", "The most reductions of one job; 0 means no limit."),
    ("jobs.max_memory", "The most memory of one job: bytes, or a size such as 64KiB or 1MiB."),
    ("jobs.workers", "The number of scheduler threads: threads that run jobs and nothing else."),
    ("jobs.keep_inputs", "The number of latest distinct inputs that are kept for rehearsals."),
    (
        "jobs.registry",
        "local: names of jobs are this server's own. jetstream: servers on one NATS share them.",
    ),
    ("jobs.lease", "With jetstream: how long a node may be silent before its names are taken over."),
    ("jobs.load.workers", "The number of workers that submit jobs."),
    ("jobs.load.rate", "Jobs per second of each worker."),
    ("jobs.load.fail_share", "The share of jobs that get the input 13 and fail, from 0 to 1."),
    ("matches.acceptors", "The number of tasks that accept connections, for the whole server."),
    ("matches.backlog", "The most connections that wait in the kernel until a task accepts them."),
    (
        "matches.writer",
        "shards: a few tasks write to all watchers. task: each watcher has a task and buffers of its own.",
    ),
    ("matches.shards", "Shards per transport, for matches that begin later; 0 means one per core."),
    ("matches.encode", "once: an event is encoded once for all watchers. each: again for each watcher."),
    (
        "matches.snapshot",
        "shared: newcomers get a copy that is made once per event. match: the match makes one for each.",
    ),
    ("matches.behind", "What happens to a watcher that reads too slowly."),
    ("matches.behind_limit", "The number of events that a watcher may be behind."),
    (
        "matches.send_buffer",
        "The kernel's send buffer per watcher, for later joins; a large one hides slow watchers.",
    ),
    ("matches.silence", "The server closes a watcher that sends nothing for this long."),
    ("matches.supervisors", "The number of tasks that let watchers join, each one at a time."),
    (
        "matches.nodes",
        "alone: the matches of this server only. nats: servers on one NATS share their matches.",
    ),
    ("matches.log", "sampled: a log line a second with counts. every: one for each join, leave and event."),
    (
        "rooms.backup",
        "When a move is acknowledged: before or after the backup has it. none: there is no backup.",
    ),
    ("rooms.backup_every", "How often the backup takes new moves, with backup = \"after\"."),
    ("rooms.mailbox", "The most moves that may wait at a room, for rooms that start later."),
    ("rooms.idle_stop", "A room without moves and watchers stops after this time; its state stays."),
    ("rooms.snapshot_every", "The number of updates between two snapshots of the backup."),
    ("rooms.history", "The most updates that the history of a room keeps."),
    (
        "rooms.registry",
        "local: a registry of this server. jetstream: servers on one NATS share it, with a log for each room.",
    ),
    ("rooms.lease", "jetstream: how long a node may be silent before other nodes take over its rooms."),
    ("rooms.max_rooms", "The most rooms; a further one is refused."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_sentence_a_default_and_a_kind_that_takes_it() {
        let keys = keys();
        assert_eq!(keys.len(), Settings::default().flat().len());
        assert_eq!(ABOUT.len(), keys.len(), "a sentence about a key that does not exist");
        for key in &keys {
            assert!(key.about.ends_with('.') && !key.default.is_empty(), "{key:?}");
            if let Kind::Choice { words } = &key.kind {
                assert!(words.iter().any(|word| key.default == format!("{word:?}")), "{key:?}");
            }
        }
        for name in NEEDS_RESTART {
            assert!(keys.iter().any(|key| key.name == name && key.restart));
        }
    }
}
