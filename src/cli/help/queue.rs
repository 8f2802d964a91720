//! Examples of the commands below `weir queue`.

pub(in crate::cli) const QUEUE: &str = "\
Examples:
  weir queue inspect
  weir queue dead list
  weir queue dead retry --all
  weir queue verify data/queue.redb

The commands ask the running server. Without a server, or with FILE, they open
the file of the engine disk. They refuse a file that a process uses, and name
the process. The memory engine keeps neither a file nor dead letters.

Exit codes:
  0    success
  1    no server and no file, a file in use or damaged, or a refusal
  2    wrong arguments or configuration";
pub(in crate::cli) const INSPECT: &str = "\
Examples:
  weir queue inspect
  weir queue inspect data/queue.redb
  weir queue inspect --json | jq .depth.ready";
pub(in crate::cli) const VERIFY: &str = "\
Examples:
  weir queue verify
  weir queue verify backup/queue.redb --json | jq .problems

Exit code: 0 if the file is sound, 1 if it is damaged or in use.";
pub(in crate::cli) const DEAD: &str = "\
Examples:
  weir queue dead list
  weir queue dead retry 413
  weir queue dead purge --file data/queue.redb";
pub(in crate::cli) const DEAD_LIST: &str = "\
Examples:
  weir queue dead list
  weir queue dead list --after 413 --most 1000
  weir queue dead list --json | jq -r '.letters[].payload'";
pub(in crate::cli) const DEAD_RETRY: &str = "\
Examples:
  weir queue dead retry 413
  weir queue dead retry --all";
pub(in crate::cli) const DEAD_PURGE: &str = "\
Examples:
  weir queue dead purge
  weir queue dead purge --file data/queue.redb";
pub(in crate::cli) const EXPORT: &str = "\
Examples:
  weir queue export > events.jsonl
  weir queue export data/queue.redb | jq -r 'select(.state == \"dead\") | .why'";
pub(in crate::cli) const PURGE: &str = "\
With the engine jetstream, it also drops what other running servers have delayed. Events
that a lost server has delayed stay until their delay is over.

Examples:
  weir queue purge
  weir queue purge --file data/queue.redb";
