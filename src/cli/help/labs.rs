//! The help of `weir load` and `weir predict` in the labs.

pub(in crate::cli) const LOAD_WATCH: &str = "\
Examples:
  weir match play && weir load watch -c 1000 -d 20s
  weir load watch -c 10000 --closed --transport sse --name sse
  weir load watch -c 1000 --slow 100
  weir load watch --url http://127.0.0.1:8080 --path /events -c 5000

Figures:
  N      the most watchers at once that had the snapshot
  C      handshakes per second while the watchers connected
  ART    time until a newcomer has the snapshot, from when its connect was due
         (with --closed: from its connect)
  first, median, last
         time from the publication of an event until the first watcher, half of
         the watchers and the last watcher had it

A run is invalid if an event is missed, comes twice or out of order without a
gap being told, if watchers are lost, if the generator had no time to spare, or
if no match was playing.";
pub(in crate::cli) const LOAD_ROOMS: &str = "\
Examples:
  weir load rooms --rooms 1000 --moves 5/s --kill 1/s -d 30s
  weir load rooms --rooms 100 --kill 10/s --what alternate --watchers 50
  weir load rooms --rooms 10 --moves max -c 10 -d 10s --name max
  weir load rooms --rooms 10 --moves 100/s --kill 5/s --seed 7 --json

Figures:
  moves  time until a move is acknowledged, from when it was due (with
         --moves max: from sending it)
  after a kill
         the moves of rooms that were killed at most one second before
  down   how long a room was away, as the answer to its kill says
  lost   moves that were acknowledged and are not in the state of their room

Each player repeats a move whose outcome is unknown, with the same number, and
compares its account with its room at the end. A run is invalid if a move is
lost that rooms.backup does not allow to be lost, if the server's ledger or its
answers to kills count less, or if a watcher misses an update without a word.";
pub(in crate::cli) const PREDICT_WATCH: &str = "\
Examples:
  weir predict watch -c 10000 --burst 10
  weir predict watch -c 1000 --rate 100 --joins 1000/s --snapshot match
  weir predict watch -c 10000 --send 6300ns --connect 21us --writer task
  weir predict watch -c 5000 --behind wait --frame 1130";
pub(in crate::cli) const PREDICT_ROOMS: &str = "\
Examples:
  weir predict rooms --moves 5/s --kill 1/s -d 30s
  weir predict rooms --moves 1000/s --backup-every 100ms
  weir predict rooms --moves 5/s --age 1min --json | jq .none.mean";
