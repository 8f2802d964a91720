//! Keys that need a restart: an edit keeps their values and leaves a note.

use std::fmt::Display;

use crate::config::Settings;
use crate::duration;

/// Reverts changes of keys that need a restart, and returns a note for each.
pub(super) fn keep(old: &Settings, new: &mut Settings) -> Vec<String> {
    let mut notes = Vec::new();
    let listen = old.server.listen;
    revert(&mut notes, "server.listen", "listen on", listen, &mut new.server.listen, ToString::to_string);
    let reuse = old.server.reuse_port;
    revert(&mut notes, "server.reuse_port", "use", reuse, &mut new.server.reuse_port, ToString::to_string);
    let quoted = |text: &String| format!("{text:?}");
    let node = old.server.node.clone();
    revert(&mut notes, "server.node", "use", node, &mut new.server.node, quoted);
    let nodes = old.matches.nodes;
    revert(&mut notes, "matches.nodes", "use", nodes, &mut new.matches.nodes, in_quotes);
    let rooms = &mut new.rooms;
    revert(&mut notes, "rooms.registry", "use", old.rooms.registry, &mut rooms.registry, in_quotes);
    let time = |time: &std::time::Duration| duration::format(*time);
    revert(&mut notes, "rooms.lease", "use", old.rooms.lease, &mut rooms.lease, time);
    let jobs = &mut new.jobs;
    revert(&mut notes, "jobs.registry", "use", old.jobs.registry, &mut jobs.registry, in_quotes);
    revert(&mut notes, "jobs.lease", "use", old.jobs.lease, &mut jobs.lease, time);
    let directory = old.data.directory.clone();
    revert(&mut notes, "data.directory", "use", directory, &mut new.data.directory, quoted);
    let (was, queue) = (old.queue.clone(), &mut new.queue);
    revert(&mut notes, "queue.engine", "use", was.engine, &mut queue.engine, in_quotes);
    revert(&mut notes, "queue.sync", "use", was.sync, &mut queue.sync, in_quotes);
    revert(&mut notes, "queue.group", "use", was.group, &mut queue.group, ToString::to_string);
    revert(&mut notes, "queue.attempts", "use", was.attempts, &mut queue.attempts, ToString::to_string);
    let lease = |time: &std::time::Duration| duration::format(*time);
    revert(&mut notes, "queue.lease", "use", was.lease, &mut queue.lease, lease);
    revert(&mut notes, "queue.url", "use", was.url, &mut queue.url, quoted);
    revert(&mut notes, "queue.stream", "use", was.stream, &mut queue.stream, quoted);
    notes
}

fn in_quotes(word: &impl Display) -> String {
    format!("\"{word}\"")
}

fn revert<T: PartialEq>(
    notes: &mut Vec<String>,
    key: &str,
    verb: &str,
    old: T,
    new: &mut T,
    show: impl Fn(&T) -> String,
) {
    if *new == old {
        return;
    }
    let still = show(&old);
    let wanted = show(&std::mem::replace(new, old));
    notes.push(format!("{key} cannot change while running: still {still}; restart to {verb} {wanted}"));
}
